"""Which intents a kill asks after."""

import time
from pathlib import Path

from flows.intents import ORDERS, orders_path
from flows.kill.doubts import unsettled
from market.clock import SECOND_NS
from market.journal import LIVE_BLOCK_NS
from market.messages import encode
from sinks.journal import JournalWriter
from sinks.orders.intents import AHEAD_NS
from sinks.outbox import VENUE
from tests.sinks.orders.stub_venue import approved


def test_an_intent_of_a_clock_that_is_ahead_may_have_been_sent_before_the_halt(tmp_path: Path) -> None:
    halted_ns = time.time_ns()
    with JournalWriter(orders_path(tmp_path), venue=VENUE, shard=ORDERS, block_ns=LIVE_BLOCK_NS) as journal:
        for name, after_ns in (("before", -SECOND_NS), ("ahead", AHEAD_NS), ("after", AHEAD_NS + 1)):
            journal.append([halted_ns + after_ns], [encode(approved(name))])
    asked = [order.client_order_id for order in unsettled(tmp_path, halted_ns)]
    assert asked == ["ahead", "before"]
