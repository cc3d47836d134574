"""`FrameQueue`: the bounded way from the sockets' thread to the journal, with counted shedding.

As it fills, depth frames are no longer taken, then best quotes and marks, but trades always: when it is full of those,
the reader waits, which the venue feels as TCP back-pressure. What was shed stands as a `Shed` record where the frames
would be.
"""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from market import record
from venues.venue import Channel

LIMIT_FRAMES = 200_000  # 20 s at 10 000 frames/s, some 100 MB
LIMIT_BYTES = 256 << 20
# Share of a limit beyond which a channel is shed.
SHED_ABOVE: Mapping[Channel, float] = {Channel.DEPTH: 0.5, Channel.MARK: 0.75, Channel.TICKER: 0.75}

ORDER = tuple(Channel)  # of shedding

Frame = tuple[int, bytes]


@dataclass
class FrameQueue:
    """Frames as (receive time, bytes) in order of arrival. One thread puts, one takes."""

    limit_frames: int = LIMIT_FRAMES
    limit_bytes: int = LIMIT_BYTES
    shed: Counter[Channel] = field(default_factory=Counter)  # frames, since the beginning
    _frames: deque[Frame] = field(default_factory=deque)
    _put_bytes: int = 0
    _taken_bytes: int = 0  # two counters, as each is written by one thread only
    _unsaid: dict[Channel, Counter[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def fill(self) -> float:
        """How full it is, 1 is the limit; of frames or bytes, whichever is nearer."""
        return max(len(self._frames) / self.limit_frames, (self._put_bytes - self._taken_bytes) / self.limit_bytes)

    @property
    def full(self) -> bool:
        """Whether the reader has to wait."""
        return self.fill >= 1.0

    def offer(
        self,
        received_ns: int,
        frame: bytes,
        channel: Channel,
        symbol: str,
        more: Sequence[tuple[Channel, str]] = (),
    ) -> bool:
        """Put a frame of market data, unless its channel is being shed; whether it was taken.

        `more` is what it carries besides: it is shed as the channel of it all that is shed last.
        """
        last = max((channel, *(other for other, _ in more)), key=ORDER.index) if more else channel
        if last in SHED_ABOVE and self.fill >= SHED_ABOVE[last]:
            self.shed[last] += 1
            for lost, of in ((channel, symbol), *more):
                self._unsaid.setdefault(lost, Counter())[of] += 1
            return False
        if self._unsaid:
            self._say_shed(received_ns)
        self.put(received_ns, frame)
        return True

    def put(self, received_ns: int, frame: bytes) -> None:
        """Put what is never shed: trades, control frames, records."""
        self._put_bytes += len(frame)
        self._frames.append((received_ns, frame))

    def take(self, most_frames: int, most_bytes: int) -> list[Frame]:
        """Everything that arrived, up to so many frames and about so many bytes."""
        taken: list[Frame] = []
        size = 0
        for _ in range(min(len(self._frames), most_frames)):
            taken.append(self._frames.popleft())
            size += len(taken[-1][1])
            if size >= most_bytes:
                break
        self._taken_bytes += size
        return taken

    def _say_shed(self, received_ns: int) -> None:
        """Write down what was lost, for channels that are taken again."""
        for channel in [channel for channel in self._unsaid if self.fill < SHED_ABOVE[channel]]:
            lost = self._unsaid.pop(channel)
            self.put(received_ns, record.encode(record.Shed(channel.value, dict(lost))))
