create materialized view touched_trades to touched as
select
    'trades' as name,
    venue,
    toDateTime(min(receive_time), 'UTC') as first_time,
    toDateTime(max(receive_time), 'UTC') as last_time,
    generateUUIDv4() as id,
    now64(3, 'UTC') as noted_at,
    1 as sign
from trades
group by venue, toStartOfHour(receive_time)  -- so that a clock that jumps within a block does not span decades
