import polars as pl
import pytest

from market.batch import Batch
from market.schema import Flag, Kind
from operators.book import consolidate
from operators.book.quotes import MAX_EXCHANGES
from tests.contract import cases
from tests.operators.book.case_consolidate import MS, START, Message, batch_of, other, quote

ARCA, NYSE, NASDAQ = 15, 13, 16


def run(*messages: Message, skew_ms: int = 100) -> Batch:
    return consolidate.stage(skew_ms=skew_ms).run([batch_of(list(messages))])[0]


def pictures(batch: Batch) -> list[tuple[list[tuple[int, float]], list[tuple[int, float]]]]:
    """(bids, asks) of every picture."""
    found: list[tuple[list[tuple[int, float]], list[tuple[int, float]]]] = []
    for row in batch.events:
        if row["kind"] == Kind.PICTURE:
            found.append(([], []))
        elif row["kind"] == Kind.LEVEL:
            found[-1][0 if row["side"] > 0 else 1].append((int(row["price"]), float(row["size"])))
    return found


def causes(batch: Batch) -> list[str]:
    return batch.tables["gaps"]["cause"].to_list() if "gaps" in batch.tables else []


def at(ms: float) -> int:
    return START + int(ms * MS)


def test_sizes_at_one_price_are_summed_and_prices_stand_best_first() -> None:
    found = run(
        quote(ARCA, at(0), (1, 100, 5.0), (-1, 103, 1.0)),
        quote(NYSE, at(1), (1, 100, 2.0), (-1, 102, 4.0)),
        quote(NASDAQ, at(2), (1, 101, 1.0)),
    )
    assert pictures(found)[-1] == ([(101, 1.0), (100, 7.0)], [(102, 4.0), (103, 1.0)])


def test_one_sided_quotes_leave_the_other_side_as_it_was_and_size_0_withdraws() -> None:
    found = run(quote(ARCA, at(0), (1, 100, 5.0)), quote(ARCA, at(1), (-1, 103, 1.0)), quote(ARCA, at(2), (1, 0, 0.0)))
    assert pictures(found) == [([(100, 5.0)], []), ([(100, 5.0)], [(103, 1.0)]), ([], [(103, 1.0)])]


def test_a_picture_has_the_time_of_its_newest_quote_and_the_receipt_of_the_one_it_answers() -> None:
    found = run(
        quote(ARCA, at(50), (1, 100, 5.0), received=at(51)), quote(NYSE, at(20), (-1, 103, 1.0), received=at(60))
    )
    head = found.events[found.events["kind"] == Kind.PICTURE][1]
    assert (head["exchange_time"], head["receive_time"], head["sequence"], head["previous"]) == (at(50), at(60), 0, -1)
    assert head["frame"] == 1


def test_a_quote_older_than_the_newest_of_its_exchange_is_late_and_only_counted() -> None:
    found = run(quote(ARCA, at(5), (1, 100, 5.0)), quote(ARCA, at(4), (1, 99, 9.0)), quote(NYSE, at(1), (-1, 103, 1.0)))
    assert pictures(found) == [([(100, 5.0)], []), ([(100, 5.0)], [(103, 1.0)])]
    assert found.tables["gaps"].select("instrument", "cause", "state", "start_time", "frame").rows() == [
        ("AAA", "late", "healed", at(4), 1)
    ]


@pytest.mark.parametrize(("later_ms", "bids"), [(100, [(100, 5.0), (98, 1.0)]), (100.001, [(98, 1.0)])])
def test_a_crossed_quote_is_left_out_only_beyond_the_skew_bound(later_ms: float, bids: list[tuple[int, float]]) -> None:
    found = run(
        quote(ARCA, at(0), (1, 100, 5.0)), quote(NASDAQ, at(50), (1, 98, 1.0)), quote(NYSE, at(later_ms), (-1, 99, 1.0))
    )
    assert pictures(found)[-1] == (bids, [(99, 1.0)])


def test_a_quote_left_out_counts_again_when_what_it_crossed_is_gone() -> None:
    found = run(
        quote(ARCA, at(0), (1, 100, 5.0)), quote(NYSE, at(500), (-1, 99, 1.0)), quote(NYSE, at(600), (-1, 101, 1.0))
    )
    assert pictures(found)[1:] == [([], [(99, 1.0)]), ([(100, 5.0)], [(101, 1.0)])]


def test_the_best_of_all_exchanges_ends_what_others_had_on_its_side() -> None:
    found = run(
        quote(ARCA, at(0), (1, 100, 5.0), flags=Flag.BEST),
        quote(ARCA, at(0), (-1, 101, 5.0), flags=Flag.BEST),
        quote(NYSE, at(1), (1, 99, 2.0), flags=Flag.BEST),
    )
    assert pictures(found)[-1] == ([(99, 2.0)], [(101, 5.0)])


def test_a_reset_forgets_the_quotes_also_in_a_batch_without_any() -> None:
    stage = consolidate.stage()
    quotes, reset = quote(ARCA, at(0), (1, 100, 5.0)), other(Kind.RESET, at(1), flags=Flag.DISCONNECTED)
    batches = [batch_of([quotes]), batch_of([reset]), batch_of([quote(NYSE, at(2), (-1, 103, 1.0))])]
    said = stage.run(batches)
    assert said[1].events["kind"].tolist() == [Kind.RESET]
    assert pictures(said[2]) == [([], [(103, 1.0)])]


def test_other_rows_pass_in_their_places() -> None:
    found = run(
        other(Kind.TRADE, at(0), price=7, size=2.0, sequence=9),
        quote(ARCA, at(1), (1, 100, 5.0)),
        other(Kind.TRADE, at(2), price=8, size=3.0, sequence=10),
    )
    assert found.events["kind"].tolist() == [Kind.TRADE, Kind.PICTURE, Kind.LEVEL, Kind.TRADE]
    assert found.events["sequence"].tolist() == [9, 0, 0, 10]


def test_a_batch_without_quotes_is_handed_on_as_it_is() -> None:
    batch = batch_of([other(Kind.TRADE, at(0))])
    assert consolidate.stage().run([batch])[0] is batch


def test_a_stamp_that_is_missing_or_far_ahead_counts_as_the_receipt() -> None:
    found = run(
        quote(ARCA, at(60_000), (1, 100, 5.0), received=at(0)),
        quote(ARCA, 0, (1, 99, 1.0), received=at(1)),
        quote(ARCA, at(2), (1, 98, 1.0)),
    )
    assert causes(found) == []
    assert pictures(found)[-1] == ([(98, 1.0)], [])


def test_a_doubted_quote_is_only_counted() -> None:
    found = run(quote(ARCA, at(0), (1, 100, 5.0), flags=Flag.OFF_BOOK))
    assert (len(found.events), causes(found)) == (0, ["suspicious"])


def test_one_exchange_too_many_takes_the_place_of_the_most_silent() -> None:
    quotes = [quote(number, at(number), (1, 100 + number, 1.0)) for number in range(MAX_EXCHANGES + 1)]
    found = run(*quotes)
    assert causes(found) == ["limit"]
    again = run(*quotes, quote(0, at(99), (-1, 10_000, 1.0)))
    assert causes(again) == ["limit", "limit"]


def test_the_stream_of_the_contract_has_every_trouble_and_the_bound_matters() -> None:
    case = cases()["book.consolidate"]
    items = case.whole(1)
    found = case.output(case.stage().run(items))
    assert set(found["gaps"]["cause"]) == {"late", "suspicious", "limit"}
    levels = [
        case.output(consolidate.stage(skew_ms=skew_ms).run(items))["events"].filter(pl.col("kind") == Kind.LEVEL).height
        for skew_ms in (0, 100, 60_000)
    ]
    assert levels == sorted(set(levels))


@pytest.mark.parametrize("skew_ms", [-1, 60_001])
def test_a_bound_out_of_range_is_refused(skew_ms: int) -> None:
    with pytest.raises(ValueError, match="skew_ms"):
        consolidate.stage(skew_ms=skew_ms)
