"""Of the whole suite: what takes minutes on one processor begins first, so that the others end beside it."""

from collections.abc import Iterator

import pytest

LONG = ("tests/kill/", "tests/simulation/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests to the front; the rest keeps its order, the same on every worker."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


@pytest.fixture(scope="session")
def replayed_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """DSN of a store that holds a replayed market, for tests of what is asked of it: its tables stay as they are."""
    from tests.replayed import replayed_market

    with replayed_market(tmp_path_factory.mktemp("replayed")) as dsn:
        yield dsn
