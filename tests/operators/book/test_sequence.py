"""What a depth message means, for every small combination of numbers, beside the venues' rules in their own words."""

from itertools import product
from types import SimpleNamespace

import pytest

from market.schema import NO_SEQUENCE
from operators.book.rows import APPLIED, DUPLICATE, GAP, OLD, PENDING
from operators.book.sequence import CHAIN, RANGE, STREAM, judge, judge_stream, rule_of

SMALL = range(NO_SEQUENCE, 6)


def slow(last: int, seen: int, previous: int, sequence: int, chained: bool) -> int:
    """Binance: a message covers previous + 1 … sequence."""
    covered = set(range(previous + 1, sequence + 1))
    came = seen != NO_SEQUENCE
    if came and max(covered | {sequence}) <= seen:
        return DUPLICATE
    if came and (seen + 1 not in {*covered, previous + 1} and previous > seen):
        return GAP
    if came and chained and previous != seen:
        return GAP
    if last == NO_SEQUENCE:
        return PENDING
    if sequence <= last:
        return OLD
    return APPLIED if previous + 1 <= last + 1 else GAP


@pytest.mark.parametrize("chained", [False, True])
def test_a_message_of_a_range_or_a_chain_is_judged_as_the_venue_says(chained: bool) -> None:
    verdicts = set()
    for last, seen, previous, sequence in product(SMALL, SMALL, range(6), range(6)):
        verdict = judge(last, seen, previous, sequence, chained)
        assert verdict == slow(last, seen, previous, sequence, chained), (last, seen, previous, sequence)
        verdicts.add(verdict)
    assert verdicts == {APPLIED, DUPLICATE, GAP, OLD, PENDING}


@pytest.mark.parametrize(
    ("last", "previous", "sequence", "late", "verdict"),
    [
        (NO_SEQUENCE, 1, 2, False, PENDING),
        (NO_SEQUENCE, NO_SEQUENCE, 2, True, PENDING),
        (5, NO_SEQUENCE, 2, False, APPLIED),
        (5, NO_SEQUENCE, 9, True, DUPLICATE),
        (5, 5, 6, False, APPLIED),
        (5, 5, 5, True, APPLIED),
        (5, 5, 2, False, APPLIED),
        (5, 4, 5, True, DUPLICATE),
        (5, 3, 4, True, DUPLICATE),
        (5, 3, 4, False, GAP),
        (5, 4, 6, True, GAP),
        (5, 7, 8, False, GAP),
        (0, 0, 1, False, APPLIED),
    ],
)
def test_a_message_of_a_stream_is_judged_by_what_it_continues(
    last: int, previous: int, sequence: int, late: bool, verdict: int
) -> None:
    assert judge_stream(last, previous, sequence, late) == verdict


@pytest.mark.parametrize(
    ("snapshot", "detection", "rule"),
    [("stream", "chain", STREAM), ("stream", "range", STREAM), ("rest", "chain", CHAIN), ("rest", "range", RANGE)],
)
def test_the_rule_follows_from_what_a_venue_gives(snapshot: str, detection: str, rule: int) -> None:
    assert rule_of(SimpleNamespace(snapshot=snapshot, detection=detection)) == rule  # type: ignore[arg-type]


def test_rules_and_verdicts_are_told_apart() -> None:
    assert len({RANGE, CHAIN, STREAM}) == 3
    assert len({APPLIED, DUPLICATE, GAP, OLD, PENDING}) == 5
