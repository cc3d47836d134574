-- Do the states of volatility mean what they say? Realised volatility of the seconds after each was held.
--
-- A state is known at the bar's close; the seconds counted are those after it. Yearly, from squared log returns of the
-- mid over one second, 365 days.
with returns as (
    select
        venue, instrument, time + 1 as known_at,
        log(mid_close / any(mid_close) over before) as log_return,
        any(time) over before = time - 1 as next_second  -- a return over a hole would be one of many seconds
    from quotes_1s final
    where source = 'book' and valid_updates > 0
    window before as (
        partition by venue, instrument order by time rows between 1 preceding and 1 preceding
    )
)
select
    splitByChar('/', toString(regimes.regime))[1] as volatility_state,
    count() as seconds,
    sqrt(avg(log_return * log_return) * 365 * 86400) as yearly_volatility
from returns
asof inner join (select * from regimes final where timeframe = 'ultra_short') as regimes
    on returns.venue = regimes.venue
    and returns.instrument = regimes.instrument
    and returns.known_at > regimes.receive_time
where next_second
group by volatility_state
order by yearly_volatility
