create materialized view touched_features to touched as
select
    'features' as name,
    venue,
    toDateTime(min(receive_time), 'UTC') as first_time,
    toDateTime(max(receive_time), 'UTC') as last_time,
    generateUUIDv4() as id,
    now64(3, 'UTC') as noted_at,
    1 as sign
from features
group by venue, toStartOfHour(receive_time)  -- so that a clock that jumps within a block does not span decades
