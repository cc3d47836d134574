-- Every mid price as it was, drawn with the 1000 points that keep its shape; of the newest ten minutes of the range.
$__lttb(1000, receive_time, mid_price)
from features
where venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
    and receive_time > $__toTime_ms - interval 10 minute and isFinite(mid_price)
