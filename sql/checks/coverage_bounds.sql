-- No book is valid for longer than capture was there, and capture was never there for longer than the session.
select venue, instrument, session, time, valid_s, recorded_s, elapsed_s, share
from coverage
where not (0 <= valid_s and valid_s <= recorded_s and recorded_s <= elapsed_s and share <= 1)
limit 100
