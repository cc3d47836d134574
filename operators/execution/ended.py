"""`EndedOrders`: orders that nothing more may come of, remembered so that a late word of one is told from a stranger's.

Packed, for every snapshot of the account holds them all: as objects, 10 000 of them stop the flow ten times as long
(benchmarks/orders.py meets it every 5 s).
"""

import msgspec
from msgspec.structs import replace

from operators.execution.orders import WorkingOrder

MOST_ENDED = 10_000

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(WorkingOrder)


class EndedOrders:
    """The newest `most`, by client order id. What the gate measured of them is not kept."""

    def __init__(self, most: int = MOST_ENDED) -> None:
        self._most = most
        self._packed: dict[str, bytes] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._packed

    def __len__(self) -> int:
        return len(self._packed)

    def keep(self, working: WorkingOrder) -> None:
        """Remember one as it stands now, and forget the oldest beyond `most`."""
        bare = replace(working, approved=replace(working.approved, checks={}))
        self._packed[working.order.client_order_id] = _encoder.encode(bare)
        if len(self._packed) > self._most:
            del self._packed[next(iter(self._packed))]

    def get(self, name: str) -> WorkingOrder | None:
        """The order of an id; None for one that is not known."""
        packed = self._packed.get(name)
        return None if packed is None else _decoder.decode(packed)

    def forget(self, name: str) -> None:
        """It works again, or is owed something; one that is not known says nothing."""
        self._packed.pop(name, None)
