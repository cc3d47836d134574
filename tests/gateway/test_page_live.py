"""The console page on the gateway's own stream: what was said to the world is on the screen, through a restart too."""

from typing import Any

import pytest

from market.broadcast import broadcast_path, encode
from market.clock import SECOND_NS, ManualClock
from sinks.broadcast import BroadcastSink
from tests.gateway.small_market import NOW_NS, VENUE
from tests.gateway.stream.listening import Item
from tests.gateway.viewer import Gateway, Viewer, chromium

ROW = f"#instruments tbody tr[data-key='{VENUE} BTCUSDT']"


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


def said(item: Item) -> list[bytes]:
    """A quote and a book around a mid of 100 plus the offset."""
    place = {"shard": item.shard, "offset": item.offset, "frame": 0, "receive_time": item.receive_time}
    where = {"venue": VENUE, "instrument": "BTCUSDT", "source": "book", "valid": True, "sequence": item.offset}
    mid = 100.0 + item.offset
    prices: dict[str, Any] = {"bid_price": mid - 0.1, "bid_size": 1.0, "ask_price": mid + 0.1, "ask_size": 2.0}
    levels = {"bids": [[mid - 0.1 - 0.1 * level, 1.0] for level in range(10)], "asks": [[mid + 0.1, 4.0]]}
    return [encode("quote", {**place, **where, **prices}), encode("book", {**place, **where, **levels})]


def test_the_page_follows_the_stream_of_the_gateway_through_a_restart(browser, store_dsn, tmp_path):
    clock = ManualClock(NOW_NS - 60 * SECOND_NS)
    telling = BroadcastSink(broadcast_path(tmp_path), frames=said, clock=clock).build("", 0, 1)

    def tell(offset: int) -> None:
        telling.write_batch([("v/0", Item("v/0", offset, NOW_NS + offset * SECOND_NS))])

    tell(1)
    running = Gateway(store_dsn, tmp_path, clock).start()
    seen = Viewer(browser, running.address, spoken=False, expected="ERR_CONNECTION_REFUSED")
    try:
        seen.says(f"{ROW} .c-mid", "101.00")  # the snapshot
        seen.says("#health-text", "Live")
        tell(2)
        seen.says(f"{ROW} .c-mid", "102.00")
        seen.says("#depth tr:nth-child(10)", "101.0")
        assert seen.texts("#depth tr:first-child td") == ["1.000", "1.000", "101.9", "102.1", "4.000", "4.000"]
        running.stop()
        tell(3)
        running.start()
        seen.says(f"{ROW} .c-mid", "103.00")
        tell(4)
        seen.says(f"{ROW} .c-mid", "104.00")
        assert (seen.app("app.market.lost"), seen.app("app.focus.lost")) == (0, 0)
    finally:
        telling.close()
        seen.close()
        running.stop()
