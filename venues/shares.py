"""What venues of US stocks share: sizes of quotes in shares, and ids of trades.

Quotes carried round lots until the SIPs changed over to shares, on 2025-11-03 (SEC Market Data Infrastructure rules,
release 34-101070; UTP Vendor Alert 2025-10). Alpaca: "Alpaca will display the CTA/UTP (US stock) quote sizes in shares,
instead of round lots, starting November 3, 2025" (changelog, "Market data: bid and ask size display change"; the
page of the stream still says round lots). Massive: "we will begin publishing bid_size and ask_size values in shares
instead of round lots" (blog, 2025-10-27). A round lot was 100 shares for all but a few stocks above some thousand
dollars, which no message tells apart.
"""

from market.clock import SECOND_NS
from venues.ids import number_of

ROUND_LOT = 100.0  # shares
SHARES_SINCE_NS = 1_762_146_000 * SECOND_NS  # 2025-11-03 00:00 in New York
DAY_NS = 86_400 * SECOND_NS
TURN_NS = 5 * 3600 * SECOND_NS  # midnight or one o'clock in New York, when no exchange trades

# The SIPs carry prices of trades with up to six decimals (average prices, midpoints below a dollar); quotes stand on
# cents, or on hundredths of them below a dollar (Regulation NMS, rule 612).
TICK_SIZE, LOT_SIZE = "0.000001", "1"


def in_shares(size: float, exchange_time: int) -> float:
    """The size of a quote in shares.

    >>> in_shares(2.0, SHARES_SINCE_NS - 1), in_shares(200.0, SHARES_SINCE_NS)
    (200.0, 200.0)
    """
    return size if exchange_time >= SHARES_SINCE_NS else size * ROUND_LOT


def trade_number(exchange_time: int, *parts: object) -> int:
    """The number of a trade whose id is unique only per day and exchange, tape and reporting facility (`parts`).

    The day is the one in New York, so that a session lies within one.
    """
    day = (exchange_time - TURN_NS) // DAY_NS
    return number_of("|".join(map(str, (day, *parts))))
