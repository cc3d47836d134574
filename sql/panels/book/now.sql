-- The book's numbers of now: of the newest row of the range.
select
    if(isFinite(mid_price), mid_price, null) as mid_price, if(isFinite(micro_price), micro_price, null) as micro_price,
    if(isFinite(spread_bps), spread_bps, null) as spread_bps, if(isFinite(imbalance_10), imbalance_10, null) as imbalance_10,
    if(isFinite(vpin), vpin, null) as vpin, if(isFinite(kyle_lambda), kyle_lambda, null) as kyle_lambda,
    dateDiff('millisecond', receive_time, $__toTime_ms) / 1000 as age_s
from features
where venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
    and receive_time > $__toTime_ms - interval 10 minute and receive_time <= $__toTime_ms
order by receive_time desc, `offset` desc, frame desc
limit 1
