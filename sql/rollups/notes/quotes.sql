create materialized view touched_quotes to touched as
select
    'quotes' as name,
    venue,
    toDateTime(min(receive_time), 'UTC') as first_time,
    toDateTime(max(receive_time), 'UTC') as last_time,
    generateUUIDv4() as id,
    now64(3, 'UTC') as noted_at,
    1 as sign
from quotes
group by venue, toStartOfHour(receive_time)  -- so that a clock that jumps within a block does not span decades
