-- What is held: gross, net, and by side, quote currency at the mid of the time.
with
    multiIf($__interval_s < 20, 1, $__interval_s < 1200, 60, 3600) as resolution_s,
    greatest($__interval_s, resolution_s) as step_s,
    held as (
        select account, venue, instrument, receive_time, size, average_price, mark_price, realised_pnl, fees
        from positions final
        where $__conditionalAll(account in (${account:singlequote}), $account)
            and receive_time <= $__toTime_ms
    ),
    units as (
        select venue, instrument, argMax(contract_size, receive_time) as contract_size, argMax(inverse, receive_time) as inverse
        from instruments
        group by venue, instrument
    ),
    mids as (
        select toStartOfInterval(bucket, toIntervalSecond(step_s)) as time, venue, instrument, argMaxOrNullIf(mid_close, bucket, isFinite(mid_close)) as mid_price
        from (
            select time as bucket, venue, instrument, mid_close
            from features_1s final
            where resolution_s = 1 and $__timeFilter(time)
                and (venue, instrument) in (select venue, instrument from held)
            union all
            select time as bucket, venue, instrument, mid_close
            from features_1m final
            where resolution_s = 60 and $__timeFilter(time)
                and (venue, instrument) in (select venue, instrument from held)
            union all
            select time as bucket, venue, instrument, mid_close
            from features_1h final
            where resolution_s = 3600 and $__timeFilter(time)
                and (venue, instrument) in (select venue, instrument from held)
        )
        group by time, venue, instrument
    ),
    marked as (
        select
            account, mids.venue as venue, mids.instrument as instrument, mids.time as time, held.size as size, mid_price,
            held.realised_pnl as realised_pnl, held.fees as fees,
            if(inverse, size * contract_size, size * contract_size * mid_price) as value,
            multiIf(size = 0, 0, inverse, size * contract_size * (1 - held.average_price / mid_price),
                size * contract_size * (mid_price - held.average_price)) as unrealised_pnl
        from (select mids.*, accounts.account from mids cross join (select distinct account from held) as accounts) as mids
        asof inner join held on held.account = mids.account and held.venue = mids.venue and held.instrument = mids.instrument
            and held.receive_time <= mids.time + toIntervalSecond(step_s)
        inner join units on units.venue = mids.venue and units.instrument = mids.instrument
    )
select time, sum(abs(value)) as gross, sum(value) as net, coalesce(sumIf(value, value > 0), 0) as long,
    coalesce(sumIf(value, value < 0), 0) as short
from marked
group by time
order by time
