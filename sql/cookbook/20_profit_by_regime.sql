-- In which regimes was money made? Every change of realised profit, put to the regime that was known at the fill.
--
-- Positions hold running totals; the difference to the row before is what one fill realised, after fees.
with earned as (
    select
        account, venue, instrument, receive_time,
        realised_pnl - lagInFrame(realised_pnl, 1, 0.) over (
            partition by account, venue, instrument order by receive_time, `offset`, `row`
            rows between 1 preceding and current row
        ) as profit
    from positions final
)
select
    earned.account as account,
    regimes.regime as regime,
    count() as fills,
    sum(earned.profit) as profit,
    avg(earned.profit > 0) as share_of_gains,
    min(earned.profit) as worst
from earned
asof inner join (select * from regimes final where timeframe = 'ultra_short') as regimes
    on earned.venue = regimes.venue
    and earned.instrument = regimes.instrument
    and earned.receive_time >= regimes.receive_time
group by account, regime
order by profit desc
