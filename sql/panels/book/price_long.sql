-- Mid price over the whole range, drawn with the points that keep its shape (largest triangles): one-minute closes where
-- the range is longer than six hours, one-second closes else.
$__lttb(auto, bucket, mid_close)
from (
    select time as bucket, mid_close
    from quotes_1s final
    where $__interval_s < 20 and $__timeFilter(time) and source = 'book'
        and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
    union all
    select time as bucket, mid_close
    from quotes_1m final
    where $__interval_s >= 20 and $__timeFilter(time) and source = 'book'
        and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
)
where isFinite(mid_close)
