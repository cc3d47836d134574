"""`Ledger`: what a connection should be subscribed to, what it asked for, and what the venue acknowledged.

A request without an answer is sent again; a refused one is split, until the stream that is to blame stands alone and
is left out.
"""

import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from market.clock import SECOND_NS
from venues.venue import Reply, Venue

ACK_TIMEOUT_NS = 10 * SECOND_NS

log = logging.getLogger("barograph.capture")


@dataclass
class Ledger:
    """The subscriptions of one connection. Times are monotonic."""

    venue: Venue
    desired: tuple[str, ...]
    acknowledged: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    _asked: dict[int, tuple[tuple[str, ...], int]] = field(default_factory=dict)  # request id -> streams, when
    _to_send: deque[tuple[int, bytes, tuple[str, ...]]] = field(default_factory=deque)
    _last_id: int = 0

    @property
    def complete(self) -> bool:
        """Whether every stream is acknowledged or refused."""
        return len(self.acknowledged) + len(self.refused) >= len(self.desired)

    def subscribe(self, streams: Sequence[str]) -> None:
        """Queue requests for these streams."""
        self._queue("SUBSCRIBE", streams)

    def renew(self, streams: Sequence[str]) -> None:
        """Queue requests that end these subscriptions and begin them again."""
        self._queue("UNSUBSCRIBE", streams)
        self._queue("SUBSCRIBE", streams)

    def next_message(self, now_ns: int) -> bytes | None:
        """The message to send now, None where there is none; the caller keeps the venue's limit of messages."""
        if not self._to_send:
            return None
        number, message, streams = self._to_send.popleft()
        self._asked[number] = streams, now_ns
        return message

    def answered(self, reply: Reply) -> tuple[str, ...]:
        """Take an answer in; returns the streams that it acknowledged."""
        streams, _ = self._asked.pop(reply.request, ((), 0)) if reply.request is not None else ((), 0)
        if reply.kind == "ack":
            self.acknowledged.update(streams)
            return streams
        if len(streams) == 1:
            self.refused.update(streams)
            log.error("the venue refuses %s: %s; it is left out", streams[0], reply.text)
        else:
            middle = len(streams) // 2
            for half in (streams[:middle], streams[middle:]):
                self._queue("SUBSCRIBE", half)
        return ()

    def repeat_unanswered(self, now_ns: int) -> None:
        """Queue again what was not answered in time."""
        late = [number for number, (_, sent_ns) in self._asked.items() if now_ns - sent_ns >= ACK_TIMEOUT_NS]
        for number in late:
            streams, _ = self._asked.pop(number)
            self._queue("SUBSCRIBE", streams)

    def _queue(self, action: Literal["SUBSCRIBE", "UNSUBSCRIBE"], streams: Sequence[str]) -> None:
        requests = self.venue.requests(action, streams, self._last_id + 1)
        self._last_id += len(requests)
        self._to_send.extend(requests)
