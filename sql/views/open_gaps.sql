-- Gaps that nothing has healed yet: the newest word on a channel of an instrument is `open`. A duplicate is no such word.
create or replace view open_gaps as
select *
from (
    select *
    from gaps
    where cause != 'duplicate'
    order by receive_time desc, `offset` desc, frame desc
    limit 1 by venue, instrument, channel
)
where state = 'open'
