-- The signals of an instrument that were known when its target moved: the newest of each timeframe, at most two
-- days old, of ultra_short a minute and of short an hour, 60 bars where timeframes are as long as they are by default: an
-- opinion counts for three of its bars, and two days of seconds are slow to read.
-- Clocks of venues may be five seconds ahead of ours.
-- Parameters: venue, instrument, known_at.
select *
from signals
where venue = {venue:String} and instrument = {instrument:String}
    and receive_time <= {known_at:DateTime64(9, 'UTC')} and receive_time >= {known_at:DateTime64(9, 'UTC')} - interval 2 day
    and time <= {known_at:DateTime64(9, 'UTC')} + interval 5 second and time >= {known_at:DateTime64(9, 'UTC')} - interval 4 day
    and (timeframe != 'ultra_short' or time > {known_at:DateTime64(9, 'UTC')} - interval 1 minute)
    and (timeframe != 'short' or time > {known_at:DateTime64(9, 'UTC')} - interval 1 hour)
order by receive_time desc, `offset` desc, frame desc
limit 1 by timeframe
