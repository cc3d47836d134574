-- The newest features of every instrument.
create or replace view latest_features as
select *
from features
order by receive_time desc, `offset` desc, frame desc
limit 1 by venue, instrument
