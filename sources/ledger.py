"""`Ledger`: what a connection should be subscribed to, what it asked for, what the venue acknowledged.

Answers come by the id of a request, by the names of streams, or as the whole set that is subscribed. An error that
names nothing is about the oldest request, as venues answer in order. What is missing is asked for again, later every
time; a refused request is split, until the stream that is to blame stands alone and is left out.
"""

import logging
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from market.clock import SECOND_NS
from venues.venue import Reply, Venue

ACK_TIMEOUT_NS = 10 * SECOND_NS
ACK_TIMEOUT_MOST_NS = 320 * SECOND_NS  # it doubles up to here
DEAF_TRIES = 2  # after so many without an answer a stream is reported, which is half a minute
LEFT_OUT_MOST = 3  # times that a stream may be missing from the whole set before it counts as refused

Action = Literal["SUBSCRIBE", "UNSUBSCRIBE"]

log = logging.getLogger("barograph.capture")


class _Request(NamedTuple):
    number: int
    message: bytes
    streams: tuple[str, ...]
    action: Action


@dataclass
class Ledger:
    """The subscriptions of one connection. Times are monotonic."""

    venue: Venue
    desired: tuple[str, ...]
    acknowledged: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    refusals: list[tuple[str, str]] = field(default_factory=list)  # stream and reason, until somebody takes them
    tries: Counter[str] = field(default_factory=Counter)  # since the last answer
    _asked: dict[int, tuple[Action, list[str]]] = field(default_factory=dict)  # request id -> what is not answered yet
    _asked_ns: dict[str, int] = field(default_factory=dict)  # when a stream was last asked for
    _to_send: deque[_Request] = field(default_factory=deque)
    _left_out: Counter[str] = field(default_factory=Counter)
    _last_id: int = 0

    @property
    def complete(self) -> bool:
        """Whether every stream is acknowledged or refused."""
        return len(self.acknowledged) + len(self.refused) >= len(self.desired)

    def subscribe(self, streams: Sequence[str]) -> None:
        """Queue requests for these streams; one that was refused gets another chance."""
        self.refused.difference_update(streams)
        self._queue("SUBSCRIBE", streams)

    def renew(self, streams: Sequence[str]) -> None:
        """Queue requests that end these subscriptions and begin them again."""
        self._queue("UNSUBSCRIBE", streams)
        self._queue("SUBSCRIBE", streams)
        self.acknowledged.difference_update(streams)

    def next_message(self, now_ns: int) -> bytes | None:
        """The message to send now, None where there is none; the caller keeps the venue's limit of messages."""
        if not self._to_send:
            return None
        request = self._to_send.popleft()
        self._asked[request.number] = request.action, list(request.streams)
        if request.action == "SUBSCRIBE":
            self.tries.update(request.streams)
            self._asked_ns.update(dict.fromkeys(request.streams, now_ns))
        return request.message

    def has_message(self) -> bool:
        """Whether there is something to send."""
        return bool(self._to_send)

    def answered(self, reply: Reply) -> tuple[str, ...]:
        """Take an answer in; returns the streams that it acknowledged."""
        if reply.kind == "ack":
            return self._accept(self._whole(reply) if reply.whole else self._named(reply))
        streams = self._named(reply) if reply.request is not None or reply.streams else self._oldest()
        for stream in streams:
            del self.tries[stream]
        if len(streams) == 1 or reply.streams:
            for stream in streams:
                self._refuse(stream, reply.text)
        else:
            middle = len(streams) // 2
            for half in (streams[:middle], streams[middle:]):
                self._queue("SUBSCRIBE", half)
        return ()

    def gave_data(self, stream: str) -> bool:
        """Data are an answer too, where none came; whether they were needed as one."""
        if stream in self.acknowledged or self.tries[stream] == 0 or stream in self.refused:
            return False
        return bool(self._accept((stream,)))

    def repeat_unanswered(self, now_ns: int) -> list[str]:
        """Queue again what was not acknowledged in time, though it was asked for; what was so `DEAF_TRIES` times."""
        late = [stream for stream in self._missing() if now_ns >= self._due_ns(stream)]
        if late:
            self._forget(late)
            self._queue("SUBSCRIBE", late)
        return [stream for stream in late if self.tries[stream] >= DEAF_TRIES]

    def next_ns(self) -> int | None:
        """When the next answer is overdue."""
        return min((self._due_ns(stream) for stream in self._missing()), default=None)

    def take_refusals(self) -> list[tuple[str, str]]:
        """Streams that were left out since the last call, and why."""
        taken, self.refusals = self.refusals, []
        return taken

    def _accept(self, streams: tuple[str, ...]) -> tuple[str, ...]:
        self.acknowledged.update(streams)
        self.refused.difference_update(streams)
        self._forget(streams)
        for stream in streams:
            del self.tries[stream]
            del self._left_out[stream]
        return streams

    def _refuse(self, stream: str, reason: str) -> None:
        self.refused.add(stream)
        self.acknowledged.discard(stream)
        self.refusals.append((stream, reason))

    def _named(self, reply: Reply) -> tuple[str, ...]:
        """The streams of ours that an answer is about; those of an unsubscription are settled and not returned."""
        if reply.streams:
            known = set(self.desired)
            found = tuple(stream for stream in reply.streams if stream in known)
            waiting = set() if reply.request is None else {reply.request}
            return tuple(stream for stream in found if self._settle(stream, waiting) != "UNSUBSCRIBE")
        action, streams = self._asked.pop(reply.request or 0, ("SUBSCRIBE", []))
        return tuple(streams) if action == "SUBSCRIBE" else ()

    def _oldest(self) -> tuple[str, ...]:
        while self._asked:
            action, streams = self._asked.pop(next(iter(self._asked)))
            if action == "SUBSCRIBE":
                return tuple(streams)
        return ()

    def _whole(self, reply: Reply) -> tuple[str, ...]:
        """Streams that are new in the whole set; those gone from it are asked for again in time."""
        there = set(reply.streams)
        oldest = next(iter(self._asked), None)
        number = oldest if reply.request is None else reply.request
        action, asked = self._asked.pop(number, ("SUBSCRIBE", [])) if number is not None else ("SUBSCRIBE", [])
        self.acknowledged &= there
        for stream in asked if action == "SUBSCRIBE" else ():
            if stream not in there:
                self._left_out[stream] += 1
                if self._left_out[stream] >= LEFT_OUT_MOST:
                    self._refuse(stream, "the venue leaves it out of what it says is subscribed")
        if action == "UNSUBSCRIBE":
            there -= set(asked)  # asked for again by the next request
        return tuple(stream for stream in self.desired if stream in there and stream not in self.acknowledged)

    def _settle(self, stream: str, numbers: set[int]) -> Action | None:
        """One answer about a stream came; the action of the first request, of these or of all, that awaits it."""
        for number in [number for number in self._asked if not numbers or number in numbers]:
            action, waiting = self._asked[number]
            if stream in waiting:
                self._strike(number, {stream})
                return action
        return None

    def _forget(self, streams: Iterable[str]) -> None:
        """No answer is expected for these streams any more."""
        gone = set(streams)
        for number in list(self._asked):
            self._strike(number, gone)

    def _strike(self, number: int, gone: set[str]) -> None:
        action, waiting = self._asked[number]
        left = [stream for stream in waiting if stream not in gone]
        if left:
            self._asked[number] = action, left
        else:
            del self._asked[number]

    def _missing(self) -> list[str]:
        """Streams that were asked for and are neither acknowledged nor refused nor about to be asked for."""
        if len(self.acknowledged) + len(self.refused) >= len(self.desired):
            return []
        queued = {stream for request in self._to_send for stream in request.streams}
        settled = self.acknowledged | self.refused | queued
        return [stream for stream in self.desired if stream in self._asked_ns and stream not in settled]

    def _due_ns(self, stream: str) -> int:
        wait_ns = min(ACK_TIMEOUT_NS << max(0, self.tries[stream] - 1), ACK_TIMEOUT_MOST_NS)
        return self._asked_ns[stream] + wait_ns

    def _queue(self, action: Action, streams: Sequence[str]) -> None:
        requests = self.venue.requests(action, streams, self._last_id + 1) if streams else []
        self._last_id += len(requests)
        self._to_send.extend(_Request(*request, action) for request in requests)
