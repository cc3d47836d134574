"""Every frame is counted once: against a slow twin one by one, on captures, and on every venue under faults."""

from functools import reduce

import pytest

from market import record
from market.accounts import Accounts
from market.batch import Batch
from operators import accounting, decode
from operators.book import consolidate, rebuild
from operators.stage import Stage
from simulator.venues import DIALECTS
from simulator.venues.script import draw_script
from tests import tape
from tests.captures import real
from tests.faults.run import play
from tests.operators import case_accounting
from tests.operators.slow_accounting import SlowAccounts, slow_accounts
from tests.operators.test_availability import DEFINED, book, depth

CLASSES = ("applied", "duplicate", "dead_lettered", "control")
UP: tuple[Stage, ...] = (decode.stage(), consolidate.stage(), rebuild.stage())


def fed(batches: list[Batch]) -> list[Batch]:
    for stage in UP:
        batches = stage.run(batches)
    return batches


def total(batches: list[Batch]) -> Accounts:
    return reduce(Accounts.plus, (batch.accounts for batch in accounting.stage().run(batches)), Accounts())


@pytest.mark.parametrize("seed", [1, 2])
def test_each_single_frame_is_of_the_class_that_its_own_json_says(seed: int) -> None:
    whole = case_accounting.items(seed, 1)
    single = fed([tape.cut([row])[0]._replace(offset=n) for n, row in enumerate(tape.uncut(whole))])
    slow = SlowAccounts()
    for batch in accounting.stage().run(single):
        (expected,) = slow.classes(batch)
        found = [name for name in CLASSES if getattr(batch.accounts, name)]
        assert found == [expected], batch.frames[0]


def test_a_message_that_a_snapshot_contains_is_known_and_one_that_waits_for_it_is_news() -> None:
    frames = [record.encode(DEFINED), depth(4, 6, 3), record.encode(book(9)), depth(7, 8, 6), depth(9, 10, 8)]
    received = [(1, frames[0]), *((2, frame) for frame in frames[1:])]
    batches = accounting.stage().run(fed([*tape.cut(received[:1]), *tape.cut(received[1:])]))
    assert batches[1].accounts == Accounts(received=4, applied=3, duplicate=1)


def test_the_tape_has_frames_of_every_class() -> None:
    found = total(fed(case_accounting.items(1, 1)))
    assert all(found)
    assert found.balanced


@pytest.mark.parametrize("name", sorted(real.PAIRS))
def test_captures_are_accounted_for_frame_by_frame(name: str) -> None:
    batches = fed(real.batches(name))
    found = total(batches)
    assert found == slow_accounts(batches)
    assert found.dead_lettered == found.shed == 0
    assert found.applied > 0.99 * found.received


@pytest.mark.parametrize("venue", DIALECTS)
def test_what_the_journal_holds_is_what_was_accounted_for(venue: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL", "barograph")  # warnings are meant
    played = play(venue, draw_script(7, faults=6, until_s=12.0), quiet_s=6.0)
    found = total(played.batches)
    assert found.received == len(played.frames)
    assert found.balanced
    valid = [batch.ticks["frame"][batch.ticks["valid"]] for batch in played.batches]
    assert found.applied >= sum(len(set(frames.tolist())) for frames in valid) > 0
    dead = [batch.tables["dead_letters"]["frame"] for batch in played.batches if "dead_letters" in batch.tables]
    assert found.dead_lettered == sum(frames.n_unique() for frames in dead)
    assert found.control > 0  # acknowledgements at least
