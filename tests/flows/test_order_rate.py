"""The short form of benchmarks/orders.py: facts, no times. BAROGRAPH_ORDERS says how many."""

import os
from pathlib import Path

import pytest

from benchmarks import orders_count, orders_path
from benchmarks.orders import FAULTS, QUICK, quiet

ORDERS = int(os.environ.get("BAROGRAPH_ORDERS", "200"))
RATE, ROWS = 150.0, 25.0
# However busy the machine is, what was decided is sent: here the question is what becomes of it.
PATIENT = {**QUICK, "max_intent_age_s": 60.0}


@pytest.mark.timeout(600)
def test_no_order_is_lost_or_doubled_on_the_whole_path(tmp_path: Path) -> None:
    """Timeouts after accept, requests and answers that vanish, cut connections and streams; then the three books."""
    settings = orders_path.settings_of(tmp_path, 12, exchange=FAULTS, orders=PATIENT)
    with orders_path.path(settings, tmp_path / "barograph.toml") as (_, feed):
        while len(orders_count.approved_ns(settings)) < ORDERS:
            feed.run(RATE, ROWS, 1.0)
        quiet(settings, feed)
        count = orders_count.counted(settings)
    assert count.approved >= ORDERS
    assert count.approved == count.at_venue + count.unsent + count.never
    assert (count.lost, count.duplicated, count.strange, count.positions_differ) == (0, 0, 0, 0)
