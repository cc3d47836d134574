"""Bodies: every frame in full, several in a row, never much more at once than asked for."""

import gzip
import zlib
from typing import Any

import lz4.frame
import pytest
import zstandard

from sinks.clickhouse.compression import ENCODINGS, Decompressor, accepted, compressor
from sinks.clickhouse.exceptions import QueryError

ENCODERS: dict[str, Any] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "lz4": lz4.frame.compress,
    "zstd": zstandard.compress,
}
TEXT = b"".join(b"%d," % number for number in range(50_000))
ALL = 1 << 40


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("size", [1, 1000, 1 << 20])
def test_pieces_of_any_size_give_the_whole(encoding: str, size: int) -> None:
    body = ENCODERS[encoding](TEXT)
    decompressor = Decompressor(encoding)
    plain = b"".join(decompressor.piece(body[at : at + size], ALL) for at in range(0, len(body), size))
    decompressor.end()
    assert plain == TEXT


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_frames_in_a_row_are_one_body(encoding: str) -> None:
    decompressor = Decompressor(encoding)
    body = ENCODERS[encoding](b"first ") + ENCODERS[encoding](b"second")
    assert decompressor.piece(body, ALL) == b"first second"
    decompressor.end()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_bomb_does_not_go_off(encoding: str) -> None:
    bomb = ENCODERS[encoding](bytes(200 << 20))
    grown = Decompressor(encoding).piece(bomb[: 1 << 16], 1000)
    assert 1000 < len(grown) < 64 << 20


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_rubbish_and_cut_frames_are_refused(encoding: str) -> None:
    with pytest.raises(QueryError, match=encoding):
        Decompressor(encoding).piece(b"this was never compressed", ALL)
    cut = Decompressor(encoding)
    cut.piece(ENCODERS[encoding](TEXT)[:-9], ALL)
    with pytest.raises(QueryError, match="ends within"):
        cut.end()


@pytest.mark.parametrize("encoding", [*ENCODINGS, None])
@pytest.mark.parametrize("pieces", [[], [b""], [TEXT[:10], TEXT[10:]]])
def test_an_answer_in_pieces_is_one_body(encoding: str | None, pieces: list[bytes]) -> None:
    encoder = compressor(encoding)
    body = b"".join(encoder.piece(piece) for piece in pieces) + encoder.end()
    if encoding is not None:
        decompressor = Decompressor(encoding)
        body = decompressor.piece(body, ALL)
        decompressor.end()
    assert body == b"".join(pieces)


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        ("", None),
        ("identity", None),
        ("br", None),
        ("gzip", "gzip"),
        ("GZIP;q=0.5, deflate", "gzip"),
        ("zstd;q=0, lz4", "lz4"),
    ],
)
def test_the_client_chooses_the_encoding(header: str, encoding: str | None) -> None:
    assert accepted(header) == encoding
