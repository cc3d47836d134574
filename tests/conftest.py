"""Of the whole suite: what takes minutes begins first, shared out among the workers, so that all end together."""

import os
from collections.abc import Iterator

import pytest

LONG = (
    "tests/kill/", "tests/flows/test_replay.py", "tests/flows/test_warm_start.py", "tests/flows/test_outside.py",
    "tests/flows/test_cluster.py", "tests/flows/test_health.py", "tests/test_determinism.py", "tests/simulation/",
    "tests/flows/test_backtest.py", "tests/flows/test_kafka.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests to the front of each worker's part, files whole; the rest keeps its order, the same on every worker.

    Parts are of equal length and stolen from behind, so that what stands in front is set up once.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    fronts: list[list[pytest.Item]] = [[] for _ in range(workers)]
    for number, name in enumerate(LONG):
        fronts[number % workers] += [item for item in items if item.nodeid.startswith(name)]
    rest = iter([item for item in items if not item.nodeid.startswith(LONG)])
    for number, front in enumerate(fronts):
        size = len(items) * (number + 1) // workers - len(items) * number // workers
        front += [item for _, item in zip(range(size - len(front)), rest, strict=False)]
    items[:] = [item for front in fronts for item in front] + list(rest)


@pytest.fixture(scope="session")
def replayed_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """DSN of a store that holds a replayed market, for tests of what is asked of it: its tables stay as they are."""
    from tests.replayed import replayed_market

    with replayed_market(tmp_path_factory.mktemp("replayed")) as dsn:
        yield dsn
