-- Rows of `orders` that are there for good: of blocks that are committed whole, every key once.
create or replace view settled_orders as
with (select max(last_offset) from commits where startsWith(shard, 'trading/')) as settled
select *
from orders final
where `offset` <= settled
