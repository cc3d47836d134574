-- Every frame of a committed block became something.
select shard, first_offset, last_offset, received, applied, duplicate, dead_lettered, control
from commits
where received != applied + duplicate + dead_lettered + control
limit 100
