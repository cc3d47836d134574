-- No row key of `commits` occurs twice, not even for a while.
select shard, last_offset, first_offset, source, journal_rows, count() as copies
from commits
group by shard, last_offset, first_offset, source, journal_rows
having copies > 1
limit 100
