-- When a forecast said 70 %, was it so in 70 of 100 cases? Calibration of the direction forecasts.
--
-- A forecast for five bars ahead is joined with the regime that was held five bars later, by bar time: the outcome is
-- looked up, never the other way. Where `foretold` and `came` agree in every row, probabilities may be used as such.
with
    told as (
        select venue, instrument, timeframe, time + interval 5 second as outcome_time, probability_bull
        from regime_forecasts final
        where timeframe = 'ultra_short' and horizon_bars = 5 and isFinite(probability_bull)
    )
select
    floor(probability_bull, 1) as from_probability,
    count() as forecasts,
    avg(probability_bull) as foretold,
    avg(splitByChar('/', toString(regimes.regime))[2] = 'bull') as came
from told
inner join (select * from regimes final where timeframe = 'ultra_short') as regimes
    on told.venue = regimes.venue and told.instrument = regimes.instrument and told.outcome_time = regimes.time
group by from_probability
order by from_probability
