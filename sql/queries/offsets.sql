-- How far the tables hold each shard's journal, by the rows of its last hour of recorded time.
-- Parameters: limit (rows).
with
    (select max(receive_time) from quotes) as newest_quote,
    (select max(receive_time) from trades) as newest_trade,
    greatest(newest_quote, newest_trade) as newest
select shard, max(stored) as stored_offset, max(stored_time) as stored_time
from (
    select shard, max(`offset`) as stored, max(receive_time) as stored_time
    from quotes where receive_time > newest - interval 1 hour group by shard
    union all
    select shard, max(`offset`), max(receive_time)
    from trades where receive_time > newest - interval 1 hour group by shard
)
group by shard
order by shard
limit {limit:UInt32}
