"""The order side as a server opens it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from simulator.exchange import Exchange
from simulator.orders.desk import Desk
from simulator.orders.faults import OrderFaults
from simulator.orders.front import Front
from simulator.orders.rules import Rules
from simulator.orders.wire import Counter

NUMBER_EVERY_NS = 1_000


def _unheard(_: int) -> None:
    """For whoever needs no port."""


@dataclass(frozen=True)
class OrderSide:
    """How and where orders are taken."""

    port: int = 0  # 0 takes a free one
    rules: Rules = field(default_factory=Rules)
    faults: OrderFaults = field(default_factory=OrderFaults)
    ready: Callable[[int], None] = _unheard  # told the port, before the market's

    def counter(self, exchange: Exchange, *, epoch_ns: int) -> Counter:
        """Everything there is behind the port; an exchange that opens again begins above all order numbers it gave."""
        desk = Desk(exchange, self.rules, epoch_ns=epoch_ns, numbers_after=epoch_ns // NUMBER_EVERY_NS)
        return Counter(Front(desk, self.faults))

    async def open(self, counter: Counter, host: str) -> Callable[[], None]:
        """Listen; what closes it again."""
        server = await counter.open(host, self.port)
        self.ready(server.sockets[0].getsockname()[1])

        def close() -> None:
            server.close()
            counter.close()

        return close
