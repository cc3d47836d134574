-- Rows of `regimes` that are there for good: of blocks that are committed whole, every key once.
create or replace view settled_regimes as
with
    (
        select mapFromArrays(groupArray(name), groupArray(reached))
        from (select toString(shard) as name, max(last_offset) as reached from commits group by name)
    ) as settled
select *
from regimes final
where `offset` <= settled[shard]
