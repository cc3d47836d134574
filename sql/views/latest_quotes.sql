-- The newest quote of every instrument and source, among those received in the last ten minutes of recorded
-- time: the window keeps the cost the same however large the table grows.
create or replace view latest_quotes as
with
    (select max(receive_time) from quotes) as newest,
    last_times as (
        select venue, instrument, source, max(receive_time)
        from quotes
        where receive_time >= newest - interval 10 minute
        group by venue, instrument, source
    )
select *
from quotes
where receive_time >= newest - interval 10 minute and (venue, instrument, source, receive_time) in last_times
order by receive_time desc, `offset` desc, frame desc
limit 1 by venue, instrument, source
