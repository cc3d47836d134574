-- The largest trades of the range's newest hour.
select
    receive_time as time, if(side > 0, 'buy', 'sell') as aggressor, price, size, price * size as turnover, off_book, trade_id
from trades final
where venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
    and $__timeFilter_ms(receive_time) and receive_time > $__toTime_ms - interval 1 hour
order by turnover desc, time desc
limit 50
