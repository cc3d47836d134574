-- What the regime of one timeframe rests on: every measure over time, a series per name.
select $__timeInterval_ms(time) as at, item.1 as measure, avg(item.2) as evidence
from (
    select time, arrayJoin(arrayZip(mapKeys(evidence), mapValues(evidence))) as item
    from regimes final
    where venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
        and timeframe in (${timeframe:singlequote}) and $__timeFilter_ms(time)
)
where isFinite(item.2)
group by at, measure
order by at, measure
