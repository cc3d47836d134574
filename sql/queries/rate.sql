-- Frames that became rows in the last ten seconds of recorded time, and the newest of them.
-- Every depth, ticker, trade and mark frame is exactly one row of one of these tables.
with
    (select max(receive_time) from quotes) as newest_quote,
    (select max(receive_time) from trades) as newest_trade,
    greatest(newest_quote, newest_trade) as newest
select max(newest_row) as data_time, sum(frames) / 10 as frames_per_s
from (
    select max(receive_time) as newest_row, count() as frames from quotes where receive_time > newest - interval 10 second
    union all
    select max(receive_time), count() from trades where receive_time > newest - interval 10 second
    union all
    select max(receive_time), count() from marks where receive_time > newest - interval 10 second
)
