-- What every account holds now.
create or replace view current_positions as
select *
from positions
order by receive_time desc, `offset` desc, `row` desc
limit 1 by account, venue, instrument
