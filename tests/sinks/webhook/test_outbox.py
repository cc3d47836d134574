"""What is said becomes deliveries once, whatever is read again; what is not queued is noted, and can be had later."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from market.broadcast import GoneError, broadcast_path
from market.clock import SECOND_NS, ManualClock
from sinks.webhook import limits, outbox
from sinks.webhook.address import Rules
from sinks.webhook.attempt import Tried, outcome_of
from sinks.webhook.counts import counts
from sinks.webhook.database import database_path, opened
from sinks.webhook.desk import Desk
from sinks.webhook.endpoints import Endpoint
from sinks.webhook.errors import ConflictError, DatabaseError, UnknownError, WebhookError
from sinks.webhook.filters import Filters
from sinks.webhook.follower import Follower, events_of
from sinks.webhook.signing import shown
from sources.broadcast import Broadcast, Told
from tests.sinks.webhook.said import START_NS, Saying, signal

URL = "https://ok.example/hook"


class Case:
    """A data folder, somebody who says things in it, and what follows."""

    def __init__(self, data: Path) -> None:
        self.data, self.clock, self.say = data, ManualClock(START_NS), Saying(data)
        self.desk = Desk(data, self.clock, Rules())

    def endpoint(self, tenant: str = "default", **filters: object) -> Endpoint:
        return self.desk.add(URL, Filters(**filters), tenant)[0]  # type: ignore[arg-type]

    def follow(self) -> Follower:
        follower = Follower(Broadcast(self.data), self.desk.outbox, self.desk.endpoints, self.clock)
        while follower.turn():
            pass
        return follower

    def sequences(self, endpoint: Endpoint, state: str = "") -> list[tuple[int, int]]:
        found = self.desk.outbox.deliveries(endpoint.id, state=state)
        return sorted((one.sequence, one.position) for one in found)


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    made = Case(tmp_path)
    with made.desk:
        yield made


def test_an_endpoint_hears_of_what_it_wants_and_of_what_came_after_it(case: Case) -> None:
    early = case.endpoint(kinds=("signal",), instruments=("BTCUSDT",), timeframes=("short",), min_confidence=0.6)
    case.say.say(signal("BTCUSDT"))
    all_of_it = case.endpoint()
    some = case.endpoint(
        kinds=("signal", "regime_change"), instruments=("BTCUSDT",), timeframes=("short",), min_confidence=0.6
    )
    case.say.say(signal("ETHUSDT"), signal("BTCUSDT"), signal("BTCUSDT", 0.59), signal(kind="quote"))
    case.say.say(signal("BTCUSDT", timeframe="long"), signal("BTCUSDT", 0.6), signal("BTCUSDT", float("nan")))
    case.say.say(signal("BTCUSDT", kind="regime_change", probability=0.7))
    case.say.say(signal("", kind="risk_event", event="halted", timeframe=""))
    case.follow().close()
    assert case.sequences(early) == [(1, 0), (2, 1), (3, 1)]
    assert case.sequences(some) == [(2, 1), (3, 1), (4, 0)]
    assert case.sequences(all_of_it) == [(2, 0), (2, 1), (2, 2), (3, 0), (3, 1), (3, 2), (4, 0), (5, 0)]


def test_a_tenant_hears_nothing_of_the_account_of_another(case: Case) -> None:
    stranger, owner = case.endpoint("acme"), case.endpoint(kinds=("risk_event",))
    case.say.say(signal(), signal("", kind="risk_event"))
    case.follow().close()
    assert (case.sequences(stranger), case.sequences(owner)) == ([(1, 0)], [(1, 1)])
    with pytest.raises(WebhookError, match="unknown kind 'risk_event'; there are signal, regime_change"):
        case.endpoint("acme", kinds=("risk_event",))


def test_deliveries_and_cursor_are_one_transaction_wherever_it_breaks(case: Case) -> None:
    heard = case.endpoint()
    for _ in range(5):
        case.say.say(signal(), signal("ETHUSDT"))
    wanted = [(row, place) for row in range(1, 6) for place in (0, 1)]
    statements = 0
    for fail_at in range(1, 60):
        database = sqlite3.connect(database_path(case.data), isolation_level=None)
        failing = Failing(database, fail_at)
        broken = Desk(case.data, case.clock, Rules())
        broken.outbox._database = failing  # type: ignore[assignment]
        follower = Follower(Broadcast(case.data), broken.outbox, broken.endpoints, case.clock)
        try:
            follower.turn()
        except WebhookError:
            cursor, found = case.desk.outbox.cursor(), case.sequences(heard)
            assert (cursor is None, found) == (True, []), f"half of it is there after {fail_at} statements"
        else:
            statements = fail_at
            break
        finally:
            database.close()
            broken.__exit__()
            follower._broadcast.close()
    assert statements > 10, "it did not break anywhere"
    assert case.sequences(heard) == wanted
    case.follow().close()
    assert case.sequences(heard) == wanted


class Failing:
    """A connection whose nth statement fails, and all after it."""

    def __init__(self, database: sqlite3.Connection, fail_at: int) -> None:
        self._database, self._left = database, fail_at

    def execute(self, statement: str, values: object = ()) -> sqlite3.Cursor:
        self._left -= 1
        if self._left <= 0 and not statement.startswith("select stream"):
            raise sqlite3.OperationalError("disk I/O error")
        return self._database.execute(statement, values)  # type: ignore[arg-type]

    def rollback(self) -> None:
        self._database.rollback()

    def commit(self) -> None:
        self.execute("select 1")
        self._database.commit()


def test_what_is_read_again_after_a_crash_is_the_same_delivery(case: Case) -> None:
    heard = case.endpoint()
    case.say.say(signal())
    case.follow().close()
    (made,) = case.desk.outbox.deliveries(heard.id)
    case.desk.outbox.record([outcome_of(Tried(made.webhook_id, heard.id, 0, START_NS, 5, 200))])
    first = case.desk.outbox.deliveries(heard.id)
    database = opened(case.data)
    database.execute("delete from cursors")
    database.close()
    case.follow().close()
    assert case.desk.outbox.deliveries(heard.id) == first


def test_what_is_not_queued_is_noted_told_in_the_log_and_can_be_queued_later(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PENDING_PER_ENDPOINT", 3)
    heard, other = case.endpoint(), case.endpoint(instruments=("ETHUSDT",))
    for number in range(6):
        case.say.say(signal("ETHUSDT" if number == 5 else "BTCUSDT"))
    case.follow().close()
    assert case.sequences(heard) == [(1, 0), (2, 0), (3, 0)]
    assert case.sequences(other) == [(6, 0)], "what one endpoint does not take keeps nothing from another"
    (_, note), *more = case.desk.outbox.missed(heard.id)
    assert (note.reason, note.first_sequence, note.last_sequence, note.events, more) == (outbox.TOO_MANY, 4, 6, 3, [])
    told = [(one.state, one.attempt, one.sequence, one.error) for one in case.desk.outbox.attempts(heard.id)]
    assert told == [("missed", 0, 4, outbox.TOO_MANY)]
    monkeypatch.setattr(outbox, "PENDING_PER_ENDPOINT", 5)
    assert case.desk.replay_missed(heard.id, None) == 2
    assert case.sequences(heard) == [(1, 0), (2, 0), (3, 0), (4, 0), (5, 0)]
    monkeypatch.setattr(outbox, "PENDING_PER_ENDPOINT", 9)
    assert case.desk.replay_missed(heard.id, None) == 1
    assert (case.sequences(heard)[-1], case.desk.outbox.missed(heard.id)) == ((6, 0), [])


def test_while_disabled_events_are_missed_and_not_queued(case: Case) -> None:
    heard = case.endpoint()
    case.say.say(signal())
    follower = case.follow()
    case.desk.endpoints.disable(heard.id)
    case.say.say(signal())
    follower.turn()
    case.desk.endpoints.enable(heard.id)
    case.say.say(signal())
    follower.turn()
    follower.close()
    assert case.sequences(heard) == [(1, 0), (3, 0)]
    assert [note.reason for _, note in case.desk.outbox.missed(heard.id)] == ["disabled: by hand"]
    assert case.desk.replay_missed(heard.id, None) == 1
    assert case.sequences(heard) == [(1, 0), (2, 0), (3, 0)]


def test_a_full_database_and_a_large_event_are_noted_too(case: Case) -> None:
    heard = case.endpoint()
    case.say.say(signal(regime="x" * limits.PAYLOAD_BYTES), signal())
    case.follow().close()
    case.desk.outbox._limit = 1
    case.say.say(signal())
    case.follow().close()
    assert [note.reason for _, note in case.desk.outbox.missed(heard.id)] == [outbox.TOO_LARGE, outbox.FULL]
    assert case.sequences(heard) == [(1, 1)]


def test_rows_that_went_before_they_were_read_are_noted(case: Case) -> None:
    heard = case.endpoint()
    for _ in range(5):
        case.say.say(signal())
    database = opened(case.data)
    database.execute("insert into cursors values ('stream-a', 1, 0)")
    database.close()
    with case.say.writer() as journal:
        journal.prune(3, most_rows=10)
    case.follow().close()
    (_, note), *_ = case.desk.outbox.missed(heard.id)
    assert (note.reason, note.first_sequence, note.last_sequence) == (outbox.NOT_KEPT, 2, 3)
    assert case.sequences(heard) == [(4, 0), (5, 0)]


def test_an_unknown_number_of_missed_events_counts_as_one_at_least(case: Case) -> None:
    heard = case.endpoint()
    for _ in range(5):
        case.say.say(signal())
    database = opened(case.data)
    database.execute("insert into cursors values ('stream-a', 1, 0)")
    with case.say.writer() as journal:
        journal.prune(3, most_rows=10)
    case.follow().close()
    assert [note.events for _, note in case.desk.outbox.missed(heard.id)] == [0]
    assert (counts(database, START_NS).missed, case.desk.standing(heard).missed) == (1, 1), "0 would raise no alarm"
    database.close()


@pytest.mark.parametrize("frame", [b"not json", b'{"kind":"signal"}', b"\xff", signal(receive_time=0), b"{" * 9])
def test_a_frame_that_is_no_event_is_left_out_and_stops_nobody(
    case: Case, frame: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    heard = case.endpoint()
    told: list[Mapping[str, Any]] = []
    follower = Follower(Broadcast(case.data), case.desk.outbox, case.desk.endpoints, case.clock, offer=told.extend)
    case.say.say(frame, signal("ETHUSDT"))
    case.say.say(signal("BTCUSDT"))
    while follower.turn():
        pass
    follower.close()
    assert case.sequences(heard) == [(1, 1), (2, 0)]
    assert [one["instrument"] for one in told][-2:] == ["ETHUSDT", "BTCUSDT"]
    assert "row 1 of the broadcast holds what is no event" in caplog.text


def test_a_time_that_is_none_is_no_event() -> None:
    frame = signal().replace(b"2026-09-21T", b"2026-99-21T")
    assert frame != signal()
    assert events_of("stream-a", Told(1, (frame, frame.replace(b"2026-99-21T14:13:20.000000005Z", b"NaT")))) == []


def test_replay_keeps_the_note_of_what_it_could_not_queue(case: Case) -> None:
    heard = case.endpoint()
    large = signal(regime="x" * limits.PAYLOAD_BYTES)
    case.say.say(large, signal())
    case.say.say(large)
    case.follow().close()
    for _ in range(2):
        assert case.desk.replay_missed(heard.id, None) == 0
        told = [(note.reason, *note[3:6]) for _, note in case.desk.outbox.missed(heard.id)]
        assert told == [(outbox.TOO_LARGE, 1, 2, 2)]
    assert len(case.desk.outbox.attempts(heard.id)) == 1, "and tells the log of it no second time"


def test_replay_keeps_the_note_of_what_the_journal_holds_no_more(case: Case) -> None:
    heard = case.endpoint()
    follower = case.follow()
    case.desk.endpoints.disable(heard.id)
    for _ in range(5):
        case.say.say(signal())
    follower.turn()
    follower.close()
    case.desk.endpoints.enable(heard.id)
    case.desk.outbox.prune(delivered_before_ns=0, dead_before_ns=START_NS, shipped=0)
    with case.say.writer() as journal:
        journal.prune(2, most_rows=10)
    assert case.desk.replay_missed(heard.id, None) == 3
    assert case.sequences(heard) == [(3, 0), (4, 0), (5, 0)]
    told = [(note.reason, *note[3:6]) for _, note in case.desk.outbox.missed(heard.id)]
    assert told == [("disabled: by hand", 1, 2, 0)]
    case.desk.outbox.prune(delivered_before_ns=0, dead_before_ns=START_NS + 1, shipped=0)
    assert case.desk.outbox.missed(heard.id) == [], "it is forgotten as dead deliveries are"


def test_replay_reads_the_journal_that_the_note_is_of(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = case.endpoint()
    case.desk.outbox._limit = 1
    case.say.say(signal())
    case.follow().close()
    case.desk.outbox._limit = 1 << 30
    begun_anew, read = [False], Broadcast.read

    def swapped(self: Broadcast, *values: int, **named: object) -> list[Told]:
        if not begun_anew[0]:
            begun_anew[0] = True
            for path in broadcast_path(case.data).parent.glob("*"):
                path.unlink()
            Saying(case.data, "stream-b").say(signal("ETHUSDT"))
        return read(self, *values, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Broadcast, "read", swapped)
    with pytest.raises(GoneError):
        case.desk.replay_missed(heard.id, None)
    assert (case.sequences(heard), len(case.desk.outbox.missed(heard.id))) == ([], 1)


def test_a_cursor_ahead_of_its_journal_goes_on_behind_the_newest_row(case: Case) -> None:
    heard = case.endpoint()
    for _ in range(3):
        case.say.say(signal())
    database = opened(case.data)
    database.execute("insert into cursors values ('stream-a', 9, 0)")
    database.close()
    follower = case.follow()
    assert (case.sequences(heard), case.desk.outbox.missed(heard.id)) == ([], []), "those were queued once already"
    case.say.say(signal())
    follower.turn()
    follower.close()
    assert case.sequences(heard) == [(4, 0)]


def test_a_database_that_cannot_be_read_says_so_in_words_of_ours(case: Case) -> None:
    heard = case.endpoint()
    case.desk.outbox._database.execute("alter table deliveries rename to gone")
    case.desk.outbox._database.execute("alter table endpoints rename to gone_too")
    case.desk.outbox._database.execute("alter table missed rename to gone_as_well")
    reads: list[Callable[[], object]] = [
        case.desk.endpoints.all,
        lambda: case.desk.outbox.deliveries(heard.id),
        lambda: case.desk.outbox.missed(heard.id),
        lambda: case.desk.outbox.due(heard.id, START_NS, 9),
        lambda: case.desk.outbox.get("msg_a", heard.id),
        lambda: case.desk.outbox.next_due_ns(heard.id),
        lambda: case.desk.outbox.overdue(START_NS),
        lambda: case.desk.endpoints.get(heard.id),
        lambda: case.desk.standing(heard),
        lambda: counts(case.desk.outbox._database, START_NS),
    ]
    for read in reads:
        with pytest.raises(DatabaseError, match="cannot be read"):
            read()


def test_another_journal_in_its_place_is_followed_from_its_beginning(case: Case) -> None:
    heard = case.endpoint()
    case.say.say(signal())
    follower = case.follow()
    for path in broadcast_path(case.data).parent.glob("*"):
        path.unlink()
    Saying(case.data, "stream-b").say(signal())
    for _ in range(3):
        follower.turn()
    follower.close()
    found = {(one.stream, one.sequence) for one in case.desk.outbox.deliveries(heard.id)}
    assert found == {("stream-a", 1), ("stream-b", 1)}


def test_delivered_and_dead_ones_are_forgotten_in_time_and_attempts_once_they_are_shipped(case: Case) -> None:
    heard = case.endpoint()
    for _ in range(3):
        case.say.say(signal())
    case.follow().close()
    kept, dead, done = case.desk.outbox.due(heard.id, START_NS, 9)
    for one, status in ((dead, 410), (done, 200)):
        case.desk.outbox.record([outcome_of(Tried(one.webhook_id, heard.id, 0, START_NS, 5, status))])
    later = START_NS + 10 * SECOND_NS
    assert case.desk.outbox.prune(delivered_before_ns=later, dead_before_ns=0, shipped=0) == 1
    assert case.desk.outbox.prune(delivered_before_ns=later, dead_before_ns=later, shipped=1) == 1
    assert [one.webhook_id for one in case.desk.outbox.deliveries(heard.id)] == [kept.webhook_id]
    assert [one.number for one in case.desk.outbox.attempts(heard.id)] == [2]


def test_replay_queues_again_one_those_of_a_time_or_the_dead(case: Case) -> None:
    heard = case.endpoint()
    for second in range(4):
        case.say.say(signal(receive_time=START_NS + second * SECOND_NS))
    case.follow().close()
    due = case.desk.outbox.due(heard.id, START_NS, 9)
    for one, status in zip(due, (200, 200, 500, 500), strict=True):
        given_up = Tried(one.webhook_id, heard.id, 0, START_NS, 5, status, is_last=status == 500)
        case.desk.outbox.record([outcome_of(given_up)])
    assert case.sequences(heard, "dead") == [(3, 0), (4, 0)]
    assert case.desk.replay_between(heard.id, START_NS + SECOND_NS, START_NS + 3 * SECOND_NS, None) == 2
    assert case.sequences(heard, "pending") == [(2, 0), (3, 0)]
    assert case.desk.replay_dead(heard.id, None) == 1
    assert case.desk.replay_one(heard.id, due[0].webhook_id, None) == 1
    assert [one.base for one in case.desk.outbox.deliveries(heard.id)] == [1, 1, 1, 1]
    again = {one.webhook_id: one.payload for one in case.desk.outbox.due(heard.id, START_NS, 9)}
    assert again == {one.webhook_id: one.payload for one in due}, "the same ids and the same bytes"
    with pytest.raises(UnknownError):
        case.desk.replay_one(heard.id, "msg_none", None)
    case.desk.endpoints.disable(heard.id)
    with pytest.raises(ConflictError, match="is disabled"):
        case.desk.replay_dead(heard.id, None)


def test_secrets_rotate_with_an_overlap_and_are_in_no_other_answer(case: Case) -> None:
    heard = case.endpoint()
    (first,) = case.desk.endpoints.secrets(heard.id)
    case.desk.endpoints.rotate(heard.id, overlap_s=60)
    newest, old = case.desk.endpoints.secrets(heard.id)
    assert (old == first, newest != first) == (True, True)
    case.clock.advance(60 * SECOND_NS - 1)
    assert case.desk.endpoints.secrets(heard.id) == [newest, old]
    case.clock.advance(1)
    assert case.desk.endpoints.secrets(heard.id) == [newest]
    for _ in range(limits.SECRETS_PER_ENDPOINT - 1):
        case.desk.endpoints.rotate(heard.id, overlap_s=60)
    with pytest.raises(ConflictError, match="5 secrets are valid"):
        case.desk.endpoints.rotate(heard.id, overlap_s=60)


def test_a_rotation_shortens_the_overlap_of_all_older_secrets(case: Case) -> None:
    heard = case.endpoint()
    for _ in range(limits.SECRETS_PER_ENDPOINT - 1):
        case.desk.endpoints.rotate(heard.id, overlap_s=limits.OVERLAP_S)
    assert len(case.desk.endpoints.secrets(heard.id)) == limits.SECRETS_PER_ENDPOINT
    newest = case.desk.endpoints.rotate(heard.id, overlap_s=0)
    assert [shown(secret) for secret in case.desk.endpoints.secrets(heard.id)] == [newest]
    case.desk.endpoints.rotate(heard.id, overlap_s=60)
    case.desk.endpoints.rotate(heard.id, overlap_s=3600)
    case.clock.advance(60 * SECOND_NS)
    assert len(case.desk.endpoints.secrets(heard.id)) == 2, "and lengthens none"


def test_webhooks_are_bounded_for_a_tenant_and_in_all(case: Case) -> None:
    for _ in range(limits.ENDPOINTS_PER_TENANT):
        case.endpoint("acme")
    with pytest.raises(ConflictError, match="a tenant may have 20"):
        case.endpoint("acme")
    case.endpoint("other")
    assert len(case.desk.endpoints.all("acme")) == limits.ENDPOINTS_PER_TENANT


def test_one_tenant_finds_nothing_of_another(case: Case) -> None:
    foreign = case.endpoint("acme").id
    words = set()
    for endpoint in (foreign, "ep_none"):
        with pytest.raises(UnknownError) as refused:
            case.desk.endpoints.get(endpoint, "other")
        words.add(str(refused.value))
        for action in (case.desk.endpoints.remove, case.desk.endpoints.enable, case.desk.test):
            with pytest.raises(UnknownError):
                action(endpoint, "other")
        with pytest.raises(UnknownError):
            case.desk.endpoints.rotate(endpoint, overlap_s=1, tenant="other")
    assert len(words) == 1
    assert case.desk.endpoints.all("other") == []


def test_the_database_is_for_its_owner_alone(case: Case) -> None:
    case.endpoint()
    modes = {path.name: path.stat().st_mode & 0o777 for path in database_path(case.data).parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert database_path(case.data).parent.stat().st_mode & 0o777 == 0o700
    database_path(case.data).chmod(0o644)
    opened(case.data).close()
    assert database_path(case.data).stat().st_mode & 0o777 == 0o600


def test_who_looks_from_another_process_takes_nothing_away(case: Case) -> None:
    with closing(opened(case.data)) as follower, closing(opened(case.data)) as sender:
        look = "import sys, pathlib, sinks.webhook.database as at; at.opened(pathlib.Path(sys.argv[1])).close()"
        subprocess.run([sys.executable, "-c", look, str(case.data)], check=True)  # as `barograph webhook list` does
        follower.execute("insert into facts values ('seen', 'by all')")
        assert sender.execute("select value from facts where name = 'seen'").fetchall() == [("by all",)]
    with closing(opened(case.data)) as later:
        assert later.execute("select value from facts where name = 'seen'").fetchall() == [("by all",)]


def test_the_numbers_say_how_deliveries_stand(case: Case) -> None:
    heard = case.endpoint()
    case.say.say(signal(), signal(), signal())
    case.follow().close()
    first, second, _ = case.desk.outbox.due(heard.id, START_NS, 9)
    case.desk.outbox.record(
        [
            outcome_of(Tried(first.webhook_id, heard.id, 0, START_NS, 0, 200)),
            outcome_of(Tried(second.webhook_id, heard.id, 0, START_NS, 0, 410)),
        ]
    )
    database = opened(case.data)
    found = counts(database, START_NS + 3 * SECOND_NS)
    database.close()
    assert found._asdict() == {
        "pending": 1, "dead": 1, "oldest_pending_s": 3.0, "missed": 0, "endpoints": 1, "disabled": 1,
    }  # fmt: skip
