-- Every interval has a length, and a cause exactly where its subscription is not up.
select venue, instrument, channel, start_time, end_time, state, cause, seconds
from availability
where end_time <= start_time
    or abs(seconds - toFloat64(toDecimal128(end_time, 9) - toDecimal128(start_time, 9))) > 1e-6
    or state not in ('up', 'down', 'unverifiable', 'closed')
    or (cause = '') != (state = 'up')
limit 100
