"""One data frame out of an R .rda file (bzip2, XDR serialisation 2): as much of the format as such a file needs.

R Core Team, "R Internals", 1.8 Serialization Formats.
"""

import bz2
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC = b"RDX2\nX\n"
SYMBOL, PAIRS, CHARACTERS, LOGICAL, INTEGER, REAL, TEXTS, LIST = 1, 2, 9, 10, 13, 14, 16, 19
POINTER, NIL, SEEN = 22, 254, 255


def read_frame(path: Path) -> dict[str, NDArray[Any]]:
    """Columns by name."""
    content = bz2.decompress(path.read_bytes())
    assert content.startswith(MAGIC), "not the serialisation that this reads"
    reader = _Reader(content, len(MAGIC) + 12)  # behind it: version, writer's and oldest reader's version of R
    variables = reader.item()
    ((values, attributes),) = variables.values()
    return dict(zip(attributes["names"], values, strict=True))


class _Reader:
    def __init__(self, content: bytes, position: int) -> None:
        self._content, self._position = content, position
        self._symbols: list[str] = []

    def item(self) -> Any:
        flags = self._integer()
        kind, has_attributes, has_tag = flags & 0xFF, flags & 0x200, flags & 0x400
        match kind:
            case _ if kind == NIL:
                return {}
            case _ if kind == SYMBOL:
                self._symbols.append(self.item())
                return self._symbols[-1]
            case _ if kind == POINTER:  # means something in the process that wrote it only
                self._symbols.append("")
                return self.item(), self.item()
            case _ if kind == SEEN:
                return self._symbols[(flags >> 8) - 1]
            case _ if kind == CHARACTERS:
                length = self._integer()
                return "" if length < 0 else self._take(length).decode()
            case _ if kind == PAIRS:
                assert has_tag
                assert not has_attributes
                return {self.item(): self.item()} | self.item()
        length = self._integer()
        values: Any
        if kind in (LOGICAL, INTEGER):
            values = np.frombuffer(self._take(4 * length), ">i4").astype(np.int64)
        elif kind == REAL:
            values = np.frombuffer(self._take(8 * length), ">f8").astype(np.float64)
        else:
            assert kind in (TEXTS, LIST), f"kind {kind} is not read"
            values = [self.item() for _ in range(length)]
        if not has_attributes:
            return values
        attributes = self.item()
        return (values, attributes) if kind == LIST else values

    def _integer(self) -> int:
        return int(struct.unpack(">i", self._take(4))[0])

    def _take(self, length: int) -> bytes:
        self._position += length
        return self._content[self._position - length : self._position]
