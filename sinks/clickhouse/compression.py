"""Request and response bodies in the encodings of ClickHouse's HTTP interface: gzip, deflate, lz4 and zstd frames."""

import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import lz4.frame
import zstandard

from sinks.clickhouse.exceptions import BAD_ARGUMENTS, UNKNOWN_COMPRESSION_METHOD, refused

ENCODINGS = ("lz4", "zstd", "gzip", "deflate")
_PREFERRED = ("zstd", "lz4", "gzip", "deflate")
LZ4_STEP_BYTES = 4 << 20  # its decoder allocates as much as it may give
ZSTD_STEP_BYTES = 1024  # its decoder knows no limit of output, and a block of 4 bytes may become 128 kB
FAST = 1  # compression level: the wire is a loopback or a local network


class Compressor(NamedTuple):
    """An encoding of one response."""

    piece: Callable[[bytes], bytes]
    end: Callable[[], bytes]


def accepted(accept_encoding: str) -> str | None:
    """The encoding to answer in, or None for identity. One with q=0 is refused by the client.

    >>> accepted("gzip, deflate, br"), accepted("gzip;q=0, identity"), accepted("")
    ('gzip', None, None)
    """
    wanted = set()
    for part in accept_encoding.lower().split(","):
        name, _, quality = part.partition(";")
        if quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            wanted.add(name.strip())
    return next((encoding for encoding in _PREFERRED if encoding in wanted), None)


def compressor(encoding: str | None) -> Compressor:
    """A compressor for one response; None leaves the bytes as they are."""
    if encoding is None:
        return Compressor(bytes, bytes)
    if encoding == "lz4":
        return _lz4()
    if encoding == "zstd":
        stream = zstandard.ZstdCompressor(level=FAST).compressobj()
        return Compressor(stream.compress, stream.flush)
    deflate = zlib.compressobj(FAST, wbits=31 if encoding == "gzip" else 15)
    return Compressor(deflate.compress, deflate.flush)


def _lz4() -> Compressor:
    frame = lz4.frame.LZ4FrameCompressor()
    header = [frame.begin()]  # goes before the first piece, whichever it is
    return Compressor(
        lambda data: b"".join([*header, frame.compress(data), *_emptied(header)]),
        lambda: b"".join([*header, frame.flush(), *_emptied(header)]),
    )


def _emptied(header: list[bytes]) -> list[bytes]:
    header.clear()
    return []


class Decompressor:
    """Undoes one request's Content-Encoding piece by piece; several frames may follow each other."""

    def __init__(self, encoding: str) -> None:
        if encoding not in ENCODINGS:
            raise refused(
                UNKNOWN_COMPRESSION_METHOD, f"Unknown Content-Encoding {encoding}; one of {', '.join(ENCODINGS)}"
            )
        self._encoding = encoding
        self._decoder: Any = None

    def piece(self, data: bytes, limit: int) -> bytes:
        """The plain bytes of one piece, at most `limit` and one block; raises QueryError on rubbish."""
        plain = bytearray()
        try:
            while (data or self._holds_back()) and len(plain) <= limit:
                if self._decoder is None:
                    self._decoder = self._new()
                plain += self._step(data, limit - len(plain) + 1)
                if not self._decoder.eof:
                    data = self._left(data)
                    continue
                data, self._decoder = (self._decoder.unused_data or b"") + self._left(data), None
        except (zlib.error, zstandard.ZstdError, RuntimeError, EOFError) as error:
            raise refused(BAD_ARGUMENTS, f"The request body is not {self._encoding}: {error}") from error
        return bytes(plain)

    def end(self) -> None:
        """Raise QueryError where the last frame was cut short."""
        if self._decoder is not None:
            raise refused(BAD_ARGUMENTS, f"The request body ends within a {self._encoding} frame")

    def _new(self) -> Any:
        if self._encoding == "lz4":
            return lz4.frame.LZ4FrameDecompressor()
        if self._encoding == "zstd":
            return zstandard.ZstdDecompressor().decompressobj()
        return zlib.decompressobj(47)  # gzip or zlib, told apart by the header

    def _step(self, data: bytes, limit: int) -> bytes:
        if self._encoding == "lz4":
            return bytes(self._decoder.decompress(data, min(limit, LZ4_STEP_BYTES)))
        if self._encoding == "zstd":
            return bytes(self._decoder.decompress(data[:ZSTD_STEP_BYTES]))
        return bytes(self._decoder.decompress(data, limit))

    def _holds_back(self) -> bool:
        """Whether the decoder keeps input that it has not turned into output yet."""
        return self._encoding == "lz4" and self._decoder is not None and not self._decoder.needs_input

    def _left(self, data: bytes) -> bytes:
        if self._encoding in ("gzip", "deflate"):
            return bytes(self._decoder.unconsumed_tail)
        return data[ZSTD_STEP_BYTES:] if self._encoding == "zstd" else b""
