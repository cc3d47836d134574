-- Rows of `fills` that are there for good: of blocks that are committed whole, every key once.
create or replace view settled_fills as
with (select max(last_offset) from commits where startsWith(shard, 'trading/')) as settled
select *
from fills final
where `offset` <= settled
