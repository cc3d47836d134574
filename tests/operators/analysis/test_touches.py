"""Touches: tickers at an update id, or about their time, whichever of ticker and book comes first."""

import pytest

from market.clock import SECOND_NS
from operators.analysis.touches import IDS_KEPT, Quote, Touches

OLD, NOW, OTHER = (1.0, 5.0, 2.0, 5.0), (1.0, 6.0, 2.0, 5.0), (1.0, 7.0, 2.0, 5.0)


@pytest.mark.parametrize("is_ticker", [False, True])
def test_at_one_id_both_orders_compare(is_ticker: bool) -> None:
    touches = Touches()
    assert touches.at_one_id(7, NOW, is_ticker=is_ticker) is None
    assert touches.at_one_id(8, NOW, is_ticker=not is_ticker) is None
    assert touches.at_one_id(7, NOW, is_ticker=not is_ticker) is True
    assert touches.at_one_id(8, OTHER, is_ticker=is_ticker) is False


def test_ids_are_bounded() -> None:
    touches = Touches()
    for sequence in range(2 * IDS_KEPT):
        touches.at_one_id(sequence, NOW, is_ticker=False)
    assert len(touches.books) == IDS_KEPT
    assert touches.at_one_id(0, NOW, is_ticker=True) is None


@pytest.mark.parametrize(("ticker", "agrees"), [(OLD, True), (NOW, True), (OTHER, False)])
def test_a_ticker_is_the_touch_before_or_after_it(ticker: Quote, agrees: bool) -> None:
    touches = Touches()
    assert touches.changed(10, OLD) is None
    assert touches.told(11, ticker) is None
    assert touches.changed(12, NOW) is agrees


def test_only_the_newest_ticker_before_a_message_counts() -> None:
    touches = Touches()
    touches.changed(10, OLD)
    touches.told(11, OTHER)
    touches.told(12, OLD)
    assert touches.changed(13, NOW) is True
    assert touches.changed(14, OTHER) is None


def test_a_touch_of_long_ago_is_none() -> None:
    touches = Touches()
    touches.changed(0, OLD)
    touches.changed(SECOND_NS, NOW)
    touches.told(3 * SECOND_NS, OLD)
    assert touches.changed(3 * SECOND_NS, NOW) is False
    touches.told(3 * SECOND_NS + 1, NOW)
    assert touches.changed(9 * SECOND_NS, OTHER) is True  # it was the touch until now


def test_sockets_recorded_one_after_the_other_compare_by_time() -> None:
    tickers_first, books_first = Touches(), Touches()
    tickers_first.told(12, NOW)
    assert [tickers_first.changed(time, touch) for time, touch in ((10, OLD), (11, NOW), (13, OTHER))][-1] is True
    for time, touch in ((10, OLD), (11, NOW), (13, OTHER)):
        books_first.changed(time, touch)
    assert (books_first.told(12, NOW), books_first.told(10, OTHER)) == (True, False)
    assert books_first.told(9, NOW) is None


def test_a_book_that_is_not_valid_answers_nothing() -> None:
    touches = Touches()
    touches.changed(10, OLD)
    touches.told(11, OLD)
    assert touches.changed(12, ()) is None
    assert touches.changed(13, OLD) is None
