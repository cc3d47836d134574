-- From which state to which, how often, and after how long: of the range.
select view, previous, regime as next, count() as times, avg(held_bars) as mean_held_bars, median(held_bars) as median_held_bars
from regime_changes final
where venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
    and $__conditionalAll(timeframe in (${timeframe:singlequote}), $timeframe)
    and $__timeFilter_ms(time)
group by view, previous, regime
order by view, previous, times desc
