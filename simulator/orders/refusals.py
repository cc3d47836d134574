"""What the venue says no with: HTTP status, code and words.

Codes: developers.binance.com, USDⓈ-M Futures, "Error Code".
"""

from typing import NamedTuple

import msgspec


class Refusal(NamedTuple):
    """One no."""

    code: int
    message: str
    status: int = 400

    def body(self) -> bytes:
        """The venue's error object."""
        return msgspec.json.encode({"code": self.code, "msg": self.message})


TOO_MANY_REQUESTS = Refusal(-1003, "Too many requests; current limit of the IP is exceeded.", 429)
TIMEOUT = Refusal(
    -1007, "Timeout waiting for response from backend server. Send status unknown; execution status unknown.", 408
)
OVERLOADED = Refusal(-1008, "Server is currently overloaded with other requests. Please try again in a few minutes.",
                     503)  # fmt: skip
TOO_MANY_ORDERS = Refusal(-1015, "Too many new orders; current limit is exceeded.", 429)
CLOCK_BEHIND = Refusal(-1021, "Timestamp for this request is outside of the recvWindow.")
CLOCK_AHEAD = Refusal(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
BAD_SIGNATURE = Refusal(-1022, "Signature for this request is not valid.")
TOO_PRECISE = Refusal(-1111, "Precision is over the maximum defined for this asset.")
BAD_TIME_IN_FORCE = Refusal(-1115, "Invalid timeInForce.")
BAD_TYPE = Refusal(-1116, "Invalid orderType.")
BAD_SIDE = Refusal(-1117, "Invalid side.")
BAD_SYMBOL = Refusal(-1121, "Invalid symbol.")
BAD_LISTEN_KEY = Refusal(-1125, "This listenKey does not exist.")
REJECTED = Refusal(-2010, "NEW_ORDER_REJECTED")
SUSPENDED = Refusal(-2010, "NEW_ORDER_REJECTED: the account is suspended, no new order is taken.")
UNKNOWN_ORDER = Refusal(-2011, "Unknown order sent.")
NO_ORDER = Refusal(-2013, "Order does not exist.")
BAD_KEY = Refusal(-2014, "API-key format invalid.", 401)
NO_MARGIN = Refusal(-2019, "Margin is insufficient.")
NOT_REDUCING = Refusal(-2022, "ReduceOnly Order is rejected.")
TOO_MANY_OPEN = Refusal(-2025, "Reach max open order limit.")
NO_QUANTITY = Refusal(-4003, "Quantity less than or equal to zero.")
QUANTITY_BEYOND = Refusal(-4005, "Quantity greater than max quantity.")
OFF_TICK = Refusal(-4014, "Price not increased by tick size.")
BAD_CLIENT_ID = Refusal(-4015, "Client order id is not valid.")
PRICE_BEYOND = Refusal(-4016, "Price is higher or lower than the limit of the ladder.")
OFF_LOT = Refusal(-4023, "Qty not increased by step size.")
BAD_POSITION_SIDE = Refusal(-4061, "Order's position side does not match user's setting.")
DOUBLE_CLIENT_ID = Refusal(-4116, "ClientOrderId is duplicated.")
TOO_SMALL = Refusal(-4164, "Order's notional must be no smaller than 5 (unless you choose reduce only).")
NOT_AT_ONCE = Refusal(
    -5021, "Due to the order could not be filled immediately, the FOK order has been rejected. "
           "The order will not be recorded in the order history.",
)  # fmt: skip
NOT_A_MAKER = Refusal(
    -5022, "Due to the order could not be executed as maker, the Post Only order will be rejected. "
           "The order will not be recorded in the order history",
)  # fmt: skip


def missing(name: str) -> Refusal:
    """A parameter that must be there is not."""
    return Refusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def no_path(method: str, path: str) -> Refusal:
    """There is no such thing here."""
    return Refusal(-5000, f"Path {path[:100]}, Method {method[:10]} is invalid", 404)
