"""What happens to an account at an outside venue is heard, by webhook and over the stream: every risk event, once."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway.client import Client
from market.broadcast import broadcast_path, fields
from market.clock import ManualClock, SystemClock
from market.messages import Command, OrderState
from operators.broadcast.messages import OF_ACCOUNT, account_frames
from sinks.broadcast import BroadcastSink
from sinks.webhook.address import Rules
from sinks.webhook.desk import Desk as Webhooks
from sinks.webhook.filters import Filters
from sinks.webhook.follower import Follower
from sources.broadcast import Broadcast
from tests.gateway.stream.test_socket import served
from tests.operators.execution.outside_desk import Desk
from tests.sinks.webhook.said import START_NS

HEARD = {
    *("opened", "silent_order", "foreign_order", "adopted_position", "adopted_cash", "fill_not_counted"),
    *("reducing", "halted", "resumed"),
}


class Kept(Desk):
    """A desk that keeps its items."""

    items: list[Any]

    def take(self, *messages: Any) -> Any:
        done = super().take(*messages)
        self.items = [*getattr(self, "items", []), done]
        return done


def command(desk: Desk, action: Any) -> Command:
    return Command(venue="", instrument="", time_ns=desk.now, account="live", action=action, reason="Ada: drill")


@pytest.fixture(scope="module")
def items() -> list[Any]:
    """A day on which everything goes wrong."""
    desk = Kept()
    desk.target(400.0)
    desk.after(11).quote()
    desk.update(desk.sent[0].client_order_id, OrderState.CANCELLED)
    desk.update("of somebody", OrderState.ACCEPTED)
    for _ in range(2):
        desk.after(20).statement(99_000.0, [("BBBUSDT", 5.0, 50.0)])
    desk.fill("", "late", 5.0, time_ns=desk.now - 1)
    for action in ("reduce", "halt", "resume"):
        desk.take(command(desk, action))
    assert set(desk.events()) >= HEARD
    return desk.items


@pytest.fixture
def data(tmp_path: Path, items: list[Any]) -> Path:
    """The broadcast of that day."""
    sink = BroadcastSink(broadcast_path(tmp_path), frames=account_frames, clock=SystemClock())
    with closing(sink.build("", 0, 1)) as part:
        part.write_batch([(item.shard, item) for item in items])
    return tmp_path


def rows(items: list[Any], table: str) -> list[dict[str, Any]]:
    return [row for item in items if table in item.tables for row in item.tables[table].to_dicts()]


def test_only_rows_of_the_four_kinds_leave_and_no_message_does(items: list[Any]) -> None:
    """Ledger, intents, accounts, statements, payments and orders on their way out are nobody's business."""
    written = {table for item in items for table in item.tables}
    assert {"ledger", "intents", "accounts"} <= written
    assert any(len(item.messages) > 1 for item in items), "nothing was on its way out"
    told = [fields(frame) for item in items for frame in account_frames(item)]
    assert {event["kind"] for event in told} <= set(OF_ACCOUNT)
    assert len(told) == sum(len(rows(items, table)) for table in ("orders", "fills", "positions", "risk_events"))


def test_every_risk_event_becomes_a_delivery_of_who_wants_them(data: Path, items: list[Any], tmp_path: Path) -> None:
    clock = ManualClock(START_NS)
    with Webhooks(tmp_path / "hooks", clock, Rules()) as hooks:
        wants = Filters(kinds=("risk_event",))
        endpoint = hooks.add("https://ok.example/hook", wants, "default")[0]
        stranger = hooks.add("https://ok.example/hook", Filters(), "acme")[0]
        follower = Follower(Broadcast(data), hooks.outbox, hooks.endpoints, clock)
        while follower.turn():
            pass
        made = hooks.outbox.deliveries(endpoint.id)
        assert hooks.outbox.deliveries(stranger.id) == []
        follower.close()
    told = [(row["event"], row["reason"], row["offset"]) for row in rows(items, "risk_events")]
    assert len(made) == len(told)


def test_every_risk_event_is_told_over_the_stream(data: Path, items: list[Any]) -> None:
    expected = [(row["event"], row["instrument"], row["offset"]) for row in rows(items, "risk_events")]
    with served(data) as host, Client(f"http://{host}") as client:
        heard: list[tuple[str, str, int]] = []
        with client.stream(kinds=["risk_event"], after=0, stream=Broadcast(data).span().stream) as live:
            for message in live.messages():
                heard += [(one["event"], one["instrument"], one["offset"]) for one in message.events]
                if len(heard) >= len(expected):
                    break
    assert heard == expected
