-- A valid quote has two positive sides, the bid below the ask.
select venue, instrument, receive_time, source, sequence, bid_price, ask_price, bid_size, ask_size
from quotes
where valid and not (0 < bid_price and bid_price < ask_price and 0 < bid_size and 0 < ask_size)
limit 100
