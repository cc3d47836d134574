"""`Terms`: how the executor deals with a venue; every limit it keeps has its name here."""

from dataclasses import dataclass
from math import isfinite


@dataclass(frozen=True)
class Terms:
    """Limits and times of one executor."""

    max_intent_age_s: float = 2.0  # wall clock since the row that decided it; an older intent is never sent
    max_pending: int = 2_000  # orders whose end is not known; a further one is refused
    connections: int = 16  # HTTP connections to the venue at once
    connect_s: float = 3.0  # to wait for a connection: a free one, or a new one with its handshake
    answer_s: float = 5.0  # to wait for a whole answer; then the request is in doubt
    idle_s: float = 45.0  # a connection that rested for longer is not used again
    order_socket: bool = True  # send orders over WebSocket where the venue takes them so
    rest_s: float = 10.0  # after the venue said that it was asked too much; who goes on is banned for longer
    queries: int = 4  # orders asked after at once
    never_arrived_s: float = 10.0  # an order the venue still does not know so long after it could last have been sent
    reconcile_s: float = 30.0  # between two statements of the account
    cancel_at_stop: bool = True  # take back what works when the executor is stopped
    alone_s: float = 10.0  # the trading flow without a sign of life for so long: what works is taken back

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if not (isinstance(value, bool) or (isfinite(value) and value > 0)):
                raise ValueError(f"{name} must be finite and above 0, got {value}")
