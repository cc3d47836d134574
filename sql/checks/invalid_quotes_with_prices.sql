-- A quote that is not valid shows no price, so that nobody can use it by mistake.
select venue, instrument, receive_time, source, sequence, bid_price, ask_price
from quotes
where source = 'book' and not valid and (isFinite(bid_price) or isFinite(ask_price))
limit 100
