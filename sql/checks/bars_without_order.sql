-- Within a bar: low <= open, close <= high, volumes add up, and it ends after it begins.
select venue, instrument, timeframe, open_time, open, high, low, close, volume, buy_volume, sell_volume
from bars
where close_time <= open_time
    or (
        trades > 0 and (
            least(open, close) < low or greatest(open, close) > high
            or abs(buy_volume + sell_volume - volume) > 1e-6 * greatest(volume, 1)
        )
    )
limit 100
