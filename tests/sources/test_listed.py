"""`listed` tells listed symbols from others without reading a listing once per symbol."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from market.errors import OddAnswerError, VenueError
from market.record import InstrumentDefined
from sources.listed import listed


@dataclass
class Listing:
    """A venue that lists some symbols."""

    lists: frozenset[str]
    reads: list[int] = field(default_factory=list)

    def read_metadata(self, bodies: Sequence[bytes], symbols: Sequence[str]) -> list[InstrumentDefined]:
        self.reads.append(len(symbols))
        if bodies == [b"<html>"]:
            raise OddAnswerError("no listing")
        missing = [symbol for symbol in symbols if symbol not in self.lists]
        if missing:
            raise VenueError(f"not listed: {', '.join(missing)}")
        return [InstrumentDefined(symbol, "0.1", "1") for symbol in symbols]


SYMBOLS = [f"S{number}" for number in range(200)]


@pytest.mark.parametrize("gone", [[], ["S7"], ["S0", "S199"], SYMBOLS])
def test_listed_and_unlisted_symbols_are_told_apart(gone: list[str]) -> None:
    venue = Listing(frozenset(SYMBOLS) - frozenset(gone))
    found, unlisted = listed(venue, [b"{}"], SYMBOLS)  # type: ignore[arg-type]
    assert [defined.symbol for defined in found] == [symbol for symbol in SYMBOLS if symbol not in gone]
    assert list(unlisted) == gone
    assert all(str(error) == f"not listed: {symbol}" for symbol, error in unlisted.items())


def test_a_listing_is_read_once_where_all_are_listed_and_seldom_where_one_is_not() -> None:
    venue = Listing(frozenset(SYMBOLS))
    listed(venue, [b"{}"], SYMBOLS)  # type: ignore[arg-type]
    assert venue.reads == [200]
    venue = Listing(frozenset(SYMBOLS[1:]))
    listed(venue, [b"{}"], SYMBOLS)  # type: ignore[arg-type]
    assert len(venue.reads) < 20


def test_an_answer_that_is_no_listing_is_no_word_about_any_symbol() -> None:
    with pytest.raises(OddAnswerError):
        listed(Listing(frozenset()), [b"<html>"], SYMBOLS)  # type: ignore[arg-type]
