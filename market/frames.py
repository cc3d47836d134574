"""`Frames`: the raw frames of one micro-batch in one buffer, as the journal keeps them.

Kernels walk the bytes; whoever wants one frame gets it as `bytes`. Nothing is copied until then.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import overload

import numpy as np
from numpy.typing import NDArray


class Frames(Sequence[bytes]):
    """A sequence of frames; frame n is data[offsets[n] : offsets[n + 1]].

    >>> frames = Frames.of([b"one", b"", b"three"])
    >>> len(frames), frames[2], frames.offsets.tolist()
    (3, b'three', [0, 3, 3, 8])
    """

    __slots__ = ("data", "offsets")

    def __init__(self, data: NDArray[np.uint8], offsets: NDArray[np.int32]) -> None:
        self.data = data  # read-only or not, contiguous
        self.offsets = offsets  # one more than there are frames, ascending; the last is at most len(data)

    @classmethod
    def of(cls, frames: Sequence[bytes]) -> "Frames":
        """Frames from separate bytes."""
        offsets = np.zeros(len(frames) + 1, np.int32)
        np.cumsum([len(frame) for frame in frames], out=offsets[1:])
        return cls(np.frombuffer(b"".join(frames), np.uint8), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, number: int) -> bytes: ...
    @overload
    def __getitem__(self, number: slice) -> list[bytes]: ...
    def __getitem__(self, number: int | slice) -> bytes | list[bytes]:
        if isinstance(number, slice):
            return list(self)[number]
        number = range(len(self))[number]
        return self.data[self.offsets[number] : self.offsets[number + 1]].tobytes()

    def __iter__(self) -> Iterator[bytes]:
        data = self.data.tobytes()
        return (data[start:end] for start, end in pairwise(self.offsets.tolist()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Frames) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Frames.of({list(self)!r})"


NO_FRAMES = Frames.of(())
