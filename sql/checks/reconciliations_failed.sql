-- Nothing was found wrong with a range of a journal but what a later proof that holds the range whole found right.
with
    newest as (
        select
            shard, first_offset, last_offset, argMax(verdict, time) as newest_verdict, argMax(reason, time) as newest_reason,
            max(time) as newest_time
        from reconciliations
        group by shard, first_offset, last_offset
    ),
    proven as (
        select shard, groupArray((first_offset, last_offset, newest_time)) as ranges
        from newest
        where newest_verdict = 'proven'
        group by shard
    )
select newest.shard as shard, first_offset, last_offset, newest_reason
from newest
left join proven on newest.shard = proven.shard
where newest_verdict = 'failed'
    and not arrayExists(
        held -> held.1 <= first_offset and held.2 >= last_offset and held.3 > newest_time,
        ranges
    )
limit 100
