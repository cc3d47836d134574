-- How much of every trading session the book of every instrument was valid; the session under way as of its last minute.
create or replace view latest_coverage as
select *
from coverage
order by time desc
limit 1 by venue, instrument, session
