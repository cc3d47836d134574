-- The newest quote of every instrument and source.
create or replace view latest_quotes as
select *
from quotes
order by receive_time desc, `offset` desc, frame desc
limit 1 by venue, instrument, source
