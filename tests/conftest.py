"""Of the whole suite: what takes minutes on one processor begins first, so that the others end beside it."""

import pytest

LONG = ("tests/kill/", "tests/simulation/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests to the front; the rest keeps its order, the same on every worker."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))
