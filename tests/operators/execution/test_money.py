"""The books against double entry the slow obvious way, over as many random events as BAROGRAPH_MONEY_EVENTS says."""

import os
from itertools import product

import pytest

from tests.operators.execution.money_world import MoneyWorld

EVENTS = int(os.environ.get("BAROGRAPH_MONEY_EVENTS", "20000"))
SEED = int(os.environ.get("BAROGRAPH_SEED", "1"))


@pytest.mark.timeout(0 if EVENTS > 20_000 else 180)
@pytest.mark.parametrize(("margined", "targets"), list(product((True, False), repeat=2)))
def test_every_account_of_the_books_is_that_of_the_slow_books_to_the_last_digit(margined, targets):
    world = MoneyWorld(SEED, margined=margined, targets=targets)
    share = EVENTS // 4
    while world.events < share:
        world.run(min(world.events + world.rng.randrange(1, max(share // 10, 2)), share))
        world.check()
    assert min(world.counts[kind] for kind in ("fill", "payment", "repeat", "late", "statement", "adoption")) > 0
    assert bool(world.orders) <= targets
    print(f"margined {margined}, targets {targets}: {world.events:,} events {dict(world.counts)}")
