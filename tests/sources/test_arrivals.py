"""Rows that came over Kafka are the journal's own: put together, once each, and what is missing is told."""

import pytest

from market import record
from market.batch import Batch
from market.journal import pack
from market.shipped import Piece, ShippedRow, piece_of, pieces
from sources.arrivals import Arrivals

SHARD = "v/0"


def row(offset: int, frame: bytes = b"") -> ShippedRow:
    return ShippedRow(SHARD, offset, bytes(pack([offset * 10], [frame or b"frame %d" % offset])), 1_000)


def sent(*rows: ShippedRow) -> list[Piece]:
    return [piece_of(key, value, headers) for one in rows for key, value, headers in pieces(one)]


def arrived(logic: Arrivals, *rows: ShippedRow) -> list[Batch]:
    return list(logic.on_batch(sent(*rows))[0])


def test_a_row_arrives_as_it_stands_in_its_journal() -> None:
    (batch,) = arrived(Arrivals(), row(7))
    assert (batch.shard, batch.offset, batch.receive_times.tolist()) == (SHARD, 7, [70])
    assert [bytes(frame) for frame in batch.frames] == [b"frame 7"]


def test_a_long_row_is_put_together_from_its_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("market.shipped.PIECE_BYTES", 100)
    long = row(1, bytes(range(256)) * 4)
    assert len(sent(long)) > 10
    (batch,) = arrived(Arrivals(), long)
    assert bytes(batch.frames[0]) == bytes(range(256)) * 4


def test_rows_that_are_shipped_again_are_dropped() -> None:
    logic = Arrivals()
    assert len(arrived(logic, row(1), row(2), row(3))) == 3
    assert [batch.offset for batch in arrived(logic, row(2), row(3), row(4))] == [4]


def test_a_row_of_which_only_the_beginning_came_is_taken_when_it_is_shipped_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("market.shipped.PIECE_BYTES", 100)
    long, logic = row(2, b"x" * 1000), Arrivals()
    arrived(logic, row(1, b"y"))
    assert logic.on_batch(sent(long)[:3])[0] == []
    (batch,) = arrived(logic, long)
    assert bytes(batch.frames[0]) == b"x" * 1000


def test_missing_rows_are_told_by_a_torn_record_in_their_place() -> None:
    logic = Arrivals()
    arrived(logic, row(1))
    hole, after = arrived(logic, row(5))
    assert (hole.offset, after.offset) == (4, 5)
    (frame,) = hole.frames
    told = record.decode(bytes(frame))
    assert isinstance(told, record.Torn)
    assert told.reason.startswith("3 rows")


def test_the_first_row_of_a_topic_may_have_any_offset() -> None:
    assert [batch.offset for batch in arrived(Arrivals(), row(500))] == [500]


def test_it_goes_on_from_a_snapshot_in_the_middle_of_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("market.shipped.PIECE_BYTES", 100)
    long, logic = row(2, b"x" * 1000), Arrivals()
    arrived(logic, row(1, b"y"))
    first, rest = sent(long)[:3], sent(long)[3:]
    logic.on_batch(first)
    (batch,) = Arrivals(logic.snapshot()).on_batch(rest)[0]
    assert (batch.offset, bytes(batch.frames[0])) == (2, b"x" * 1000)


def test_the_end_closes_the_shard_at_its_last_row() -> None:
    logic = Arrivals()
    arrived(logic, row(1), row(2))
    (closing,) = logic.on_eof()[0]
    assert (closing.shard, closing.offset, closing.receive_time, closing.last) == (SHARD, 2, 20, True)
    assert list(Arrivals().on_eof()[0]) == []


@pytest.mark.parametrize("headers", [[], [("offset", b"1")], [("offset", b"x"), ("block_ns", b"1")]])
def test_a_message_of_somebody_else_is_refused(headers: list[tuple[str, bytes]]) -> None:
    with pytest.raises(ValueError, match=r"header|invalid"):
        piece_of(b"k", b"v", headers)
