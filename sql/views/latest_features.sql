-- The newest features of every instrument, among those received in the last ten minutes of recorded
-- time: the window keeps the cost the same however large the table grows.
create or replace view latest_features as
with
    (select max(receive_time) from features) as newest,
    last_times as (
        select venue, instrument, max(receive_time)
        from features
        where receive_time >= newest - interval 10 minute
        group by venue, instrument
    )
select *
from features
where receive_time >= newest - interval 10 minute and (venue, instrument, receive_time) in last_times
order by receive_time desc, `offset` desc, frame desc
limit 1 by venue, instrument
