-- Every instrument over the range and now: price, its change, cost, flow, activity, and how old its newest book is.
with
    multiIf($__interval_s < 20, 1, $__interval_s < 1200, 60, 3600) as resolution_s,
    greatest($__interval_s, resolution_s) as step_s,
    books as (
        select
            venue, instrument, max(newest) as newest, argMax(mid_close, bucket) as mid_price, argMin(mid_open, bucket) as mid_before,
            argMax(spread_bps, bucket) as spread_bps, argMax(imbalance, bucket) as imbalance,
            argMax(ofi_50, bucket) as ofi_50, argMax(vpin, bucket) as vpin,
            argMax(realised_volatility, bucket) as realised_volatility, sum(updates) as updates
        from (
            select venue, instrument, time as bucket, receive_time as newest, mid_open, mid_close, spread_bps, imbalance, ofi_50, vpin,
                realised_volatility, updates
            from features_1s final
            where resolution_s = 1 and $__timeFilter(time)
                and $__conditionalAll(venue in (${venue:singlequote}), $venue)
                and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
            union all
            select venue, instrument, time as bucket, receive_time as newest, mid_open, mid_close, spread_bps, imbalance, ofi_50, vpin,
                realised_volatility, updates
            from features_1m final
            where resolution_s = 60 and $__timeFilter(time)
                and $__conditionalAll(venue in (${venue:singlequote}), $venue)
                and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
            union all
            select venue, instrument, time as bucket, receive_time as newest, mid_open, mid_close, spread_bps, imbalance, ofi_50, vpin,
                realised_volatility, updates
            from features_1h final
            where resolution_s = 3600 and $__timeFilter(time)
                and $__conditionalAll(venue in (${venue:singlequote}), $venue)
                and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
        )
        group by venue, instrument
    ),
    flows as (
        select venue, instrument, sum(volume) as volume, sum(price_volume) as turnover, sum(trades) as trades
        from (
            select venue, instrument, volume, price_volume, trades
            from trades_1s final
            where resolution_s = 1 and $__timeFilter(time)
                and $__conditionalAll(venue in (${venue:singlequote}), $venue)
                and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
            union all
            select venue, instrument, volume, price_volume, trades
            from trades_1m final
            where resolution_s = 60 and $__timeFilter(time)
                and $__conditionalAll(venue in (${venue:singlequote}), $venue)
                and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
            union all
            select venue, instrument, volume, price_volume, trades
            from trades_1h final
            where resolution_s = 3600 and $__timeFilter(time)
                and $__conditionalAll(venue in (${venue:singlequote}), $venue)
                and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
        )
        group by venue, instrument
    )
select
    venue, instrument, if(isFinite(mid_price), mid_price, null) as mid_price,
    if(isFinite(mid_price / mid_before), mid_price / mid_before - 1, null) as change,
    if(isFinite(spread_bps), spread_bps, null) as spread_bps, if(isFinite(imbalance), imbalance, null) as imbalance,
    if(isFinite(ofi_50), ofi_50, null) as ofi_50, if(isFinite(vpin), vpin, null) as vpin,
    if(isFinite(realised_volatility), realised_volatility * sqrt(31557600), null) as yearly_volatility,
    trades, turnover, updates, dateDiff('millisecond', newest, $__toTime_ms) / 1000 as age_s
from books
left join flows using (venue, instrument)
order by turnover desc, venue, instrument
limit 500
