"""Random scripts of faults against every mock venue. BAROGRAPH_FAULTS says how many scripts a venue; `make faults`."""

import logging
import os
from collections.abc import Iterator
from itertools import pairwise

import pytest

from market.clock import SECOND_NS
from simulator.venues import DIALECTS
from simulator.venues.script import Fault, draw_script
from tests.faults.judge import UNVERIFIABLE, allowed, complaints, shown_books, unrecovered, wrong_books
from tests.faults.run import Run, play

SCRIPTS = int(os.environ.get("BAROGRAPH_FAULTS", "5"))
FIRST = int(os.environ.get("BAROGRAPH_FAULTS_FROM", "0"))
UNTIL_S = 25.0
BOOKS = ("*@depth*", "book:*", "books:*", "orderbook.*", "level2:*")  # streams, as the mocks call them
SOON_NS = 8_000_000_000  # a gap of ten frames takes some seconds
ENDS = {"halt": "resume", "maintenance": "back"}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of warnings are meant."""
    logger = logging.getLogger("barograph")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(before)


def script(seed: int) -> list[Fault]:
    """Four faults within UNTIL_S; what a notice begins, another ends."""
    drawn = draw_script(seed, faults=4, until_s=UNTIL_S)
    return [*drawn, *(Fault("notice", UNTIL_S, text=ENDS[one.text]) for one in drawn if one.text in ENDS)]


def is_well(played: Run) -> bool:
    return not any(unrecovered(played))


@pytest.mark.timeout(0 if SCRIPTS > 50 else 180)
@pytest.mark.parametrize("venue", DIALECTS)
def test_no_wrong_book_no_limit_exceeded_and_recovered_within_a_minute(venue: str) -> None:
    found = {}
    for seed in range(FIRST, FIRST + SCRIPTS):
        faults = script(seed)
        told = complaints(play(venue, faults, seed=seed, recovered=is_well))
        serious = [what for what in told if not allowed(venue, faults, what)]
        if serious:
            found[seed] = serious[:3]
    assert found == {}


@pytest.mark.parametrize("venue", [name for name in DIALECTS if name not in UNVERIFIABLE])
@pytest.mark.parametrize("kind", ["drop", "gap", "reorder"])
def test_what_is_lost_of_a_book_is_reported(venue: str, kind: str) -> None:
    """Book frames are hit, three times, far apart; each time the books' gaps say so with the next messages."""
    scripted = [Fault(kind, 5.0 + 6.0 * number, 4.0, stream) for number in range(3) for stream in BOOKS]
    played = play(venue, scripted, recovered=is_well)
    hit = [one for one in played.desk.faults.injected if one.kind == kind]
    told = doubts(played)
    assert len(hit) >= 3
    for one in hit:
        assert any(begun - SOON_NS <= one.time_ns <= ended for begun, ended in told), one


@pytest.mark.parametrize("venue", ["bybit-spot", "bybit-linear"])
def test_a_venue_that_restarts_with_its_clock_set_back_is_followed_at_once(venue: str) -> None:
    wrong_clock = Fault("skew", 5.0, 5.0, value=20.0)
    played = play(venue, [wrong_clock, Fault("notice", 10.2, 1.0, text="maintenance")], quiet_s=10)
    assert complaints(played) == []
    times = [time for batch in played.batches for _, time, _ in shown_books(played, batch)]
    assert max(after - before for before, after in pairwise(times)) < 2 * SECOND_NS
    assert not any(row["cause"] in ("duplicate", "sequence") for row in played.rows("gaps"))


def doubts(played: Run) -> list[tuple[int, int]]:
    """From when until when a book was in doubt; a duplicate is over at once."""
    open_since: dict[tuple[str, str], int] = {}
    found = []
    for row in played.rows("gaps"):
        if row["channel"] != "depth":
            continue
        key, time = (row["instrument"], row["cause"]), row["receive_time"]
        if row["state"] == "open":
            open_since[key] = time
        else:
            found.append((open_since.pop(key, time), time))
    return [*found, *((since, played.ended_ns) for since in open_since.values())]


def test_the_judge_sees_a_book_that_is_wrong_and_one_that_never_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    played = play("kraken", quiet_s=8)
    assert complaints(played) == []
    states = played.truth.states[0]
    played.truth.states[0] = [(time, ((), ())) for time, _ in states]
    assert any("BTC/USD" in what for what in wrong_books(played))
    assert any(what.startswith("not recovered") for what in complaints(played))
    silent = play("kraken", [Fault("mute", 2.0, 20.0)], quiet_s=0)
    assert any(unrecovered(silent))
