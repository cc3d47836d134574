"""The records in the pages of a SQLite file, read without SQLite: what is left when the file's structure is damaged.

SQLite finds a row by a tree of pages; one bad page hides all that hang from it. The rows themselves stand in leaves,
each with its rowid, so they can be found by looking at every page of the file and of its write-ahead log. What is found
may be old, doubled or spoilt: the caller must know a good row when it sees one, as a journal does by its checksums.

Source: https://www.sqlite.org/fileformat2.html; sections 1.6 (cells), 2.1 (records) and 4 (write-ahead log).
"""

import re
import struct
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

DEFAULT_PAGE_BYTES = 4096
LEAF_TABLE, LEAF_INDEX = 0x0D, 0x0A
TREE_PAGES = (0x02, 0x05, LEAF_INDEX, LEAF_TABLE)
WAL_HEADER, FRAME_HEADER = 32, 24
_WIDTHS = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)  # bytes of a value by serial type, below 12
_HEADS = re.compile(
    rb"(?=[\x04-\x12]\x00[\x01-\x06\x08\x09])"
)  # how the record of a row with a rowid and a time begins

Record = tuple[int, tuple[Any, ...]]  # rowid, columns; the column that is the rowid itself is None


class Place(NamedTuple):
    """Where a cell begins."""

    image: int  # which of the page images
    position: int  # byte in it


class Pages:
    """All page images of a database file and the committed part of its write-ahead log, as bytes or maps of them."""

    def __init__(self, database: Any, log: Any = b"") -> None:
        self._database, self._log = database, log
        self.page_bytes, self._usable = _sizes(database)
        self._logged = _committed(log, self.page_bytes)
        self._most_bytes = len(database) + len(log)  # of a record
        self._whole_pages = len(database) // self.page_bytes
        self._newest = dict(self._logged)  # by page number, where in the log

    def places(self, *, only_log: bool = False) -> Iterator[Place]:
        """Where a leaf page says that a row of a table begins; and where one seems to, in pages without such order."""
        for image in range(self._whole_pages if only_log else 0, self._whole_pages + len(self._logged)):
            page, first = self._image(image), 100 if image == 0 else 0
            kind = page[first] if len(page) > first else 0
            said = [Place(image, position) for position in _pointers(page, first)] if kind == LEAF_TABLE else []
            yield from said
            if kind not in TREE_PAGES or any(self.record(place) is None for place in said):
                yield from (Place(image, position) for position in self._likely(page, first))

    def record(self, place: Place, *, logged: bool = True) -> Record | None:
        """The record of a row, None where none can be read. `logged`: with overflow as the log has it."""
        page = self._image(place.image)
        try:
            payload_bytes, position = _varint(page, place.position)
            rowid, position = _varint(page, position)
            if not 0 < payload_bytes <= self._most_bytes:
                return None
            payload = self._payload(page, position, payload_bytes, self._usable - 35, logged)
            return None if payload is None else (rowid, _columns(payload))
        except (IndexError, struct.error, UnicodeDecodeError, ValueError):
            return None

    def texts(self) -> Iterator[dict[str, str]]:
        """The records of two texts of each leaf of an index: a table `without rowid` of keys and values has such."""
        for image in range(self._whole_pages + len(self._logged)):
            page, first = self._image(image), 100 if image == 0 else 0
            if len(page) > first and page[first] == LEAF_INDEX:
                yield dict(filter(None, (self._pair(page, start) for start in _pointers(page, first))))

    def _pair(self, page: bytes, start: int) -> tuple[str, str] | None:
        try:
            payload_bytes, position = _varint(page, start)
            payload = self._payload(page, position, payload_bytes, (self._usable - 12) * 64 // 255 - 23, logged=True)
            key, value = () if payload is None else _columns(payload)
        except (IndexError, struct.error, UnicodeDecodeError, ValueError):
            return None
        return (key, value) if isinstance(key, str) and isinstance(value, str) else None

    def _image(self, image: int) -> bytes:
        if image < self._whole_pages:
            start, whole = image * self.page_bytes, self._database
        else:
            start, whole = self._logged[image - self._whole_pages][1], self._log
        return bytes(whole[start : start + self.page_bytes])

    def _likely(self, page: bytes, first: int) -> Iterator[int]:
        """Where the cell of a row may begin: two varints, of at most 5 and 9 bytes, before the head of a record."""
        for found in _HEADS.finditer(page, first):
            for start in range(max(first, found.start() - 14), found.start() - 1):
                _, position = _varint(page, start)
                if _varint(page, position)[1] == found.start():
                    yield start

    def _payload(self, page: bytes, position: int, size: int, most: int, logged: bool) -> bytes | None:
        """A record's bytes, with those on overflow pages."""
        if size <= most:
            found = page[position : position + size]
            return found if len(found) == size else None
        least = (self._usable - 12) * 32 // 255 - 23
        local = least + (size - least) % (self._usable - 4)
        local = local if local <= most else least
        parts, left = [page[position : position + local]], size - local
        (following,) = struct.unpack_from(">I", page, position + local)
        while left > 0:
            overflow = self._page(following, logged)
            if overflow is None:
                return None
            (following,) = struct.unpack_from(">I", overflow)
            parts.append(overflow[4 : min(self._usable, 4 + left)])
            left -= len(parts[-1])
        return b"".join(parts)

    def _page(self, number: int, logged: bool) -> bytes | None:
        if logged and number in self._newest:
            start = self._newest[number]
            return bytes(self._log[start : start + self.page_bytes])
        if not 0 < number <= self._whole_pages:
            return None
        return self._image(number - 1)


def _sizes(database: Any) -> tuple[int, int]:
    """Bytes of a page, and how many of them SQLite uses; our own where the header does not say."""
    head = bytes(database[:100])
    if len(head) == 100 and head.startswith(b"SQLite format 3\0"):
        (page_bytes,) = struct.unpack_from(">H", head, 16)
        page_bytes = 65536 if page_bytes == 1 else page_bytes
        if page_bytes >= 512 and page_bytes & (page_bytes - 1) == 0 and head[20] <= page_bytes - 480:
            return page_bytes, page_bytes - head[20]
    return DEFAULT_PAGE_BYTES, DEFAULT_PAGE_BYTES


def _committed(log: Any, page_bytes: int) -> Sequence[tuple[int, int]]:
    """Page number and place of every frame of a write-ahead log, up to its last commit; older ones before newer."""
    starts = range(WAL_HEADER, len(log) - FRAME_HEADER - page_bytes + 1, FRAME_HEADER + page_bytes)
    heads = [struct.unpack(">II8s", bytes(log[start : start + 16])) for start in starts]
    if bytes(log[:3]) == b"\x37\x7f\x06":
        salts = bytes(log[16:24])
    else:
        salts = next((salt for _, _, salt in heads if any(salt)), b"")
    found: list[tuple[int, int]] = []
    committed = 0
    for start, (number, pages, salt) in zip(starts, heads, strict=True):
        if salt != salts:
            continue  # of an earlier round of the log, or spoilt
        found.append((number, start + FRAME_HEADER))
        committed = len(found) if pages else committed
    return found[:committed]


def _pointers(page: bytes, first: int) -> Sequence[int]:
    """Where the cells of a leaf begin."""
    (count,) = struct.unpack_from(">H", page, first + 3)
    count = min(count, (len(page) - first - 8) // 2)
    return struct.unpack_from(f">{count}H", page, first + 8)


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """A big-endian integer of 1 to 9 bytes, and where it ends."""
    value = 0
    for place in range(position, position + 8):
        if place >= len(data):
            return value, len(data) + 1
        value = value << 7 | data[place] & 0x7F
        if data[place] < 0x80:
            return value, place + 1
    if position + 8 >= len(data):
        return value, len(data) + 1
    value = value << 8 | data[position + 8]
    return value - (1 << 64) if value >> 63 else value, position + 9


def _columns(payload: bytes) -> tuple[Any, ...]:
    """The values of a record; raises where its header does not fit its bytes."""
    header_bytes, position = _varint(payload, 0)
    if header_bytes > len(payload):
        raise ValueError("the header of a record is longer than the record")
    kinds: list[int] = []
    while position < header_bytes:
        kind, position = _varint(payload, position)
        kinds.append(kind)
    values: list[Any] = []
    for kind in kinds:
        size = _WIDTHS[kind] if kind < 10 else (kind - 12) // 2
        if size < 0 or position + size > len(payload):
            raise ValueError("a record is longer than its bytes")
        values.append(_value(kind, payload[position : position + size]))
        position += size
    return tuple(values)


def _value(kind: int, data: bytes) -> Any:
    if kind == 0:
        return None
    if kind == 7:
        return struct.unpack(">d", data)[0]
    if kind < 10:
        return int.from_bytes(data, "big", signed=True) if kind < 8 else kind - 8
    return data if kind % 2 == 0 else data.decode()
