"""The numbers of a process: cells of several threads are one sum, and nothing grows without bound."""

import numpy as np
import pytest

from market.metrics import MOST_SERIES, Metric, Metrics, Told

COUNT = Metric("a_total", "counter", "", ("shard",))
LEVEL = Metric("b", "gauge", "", ("state",))
SPREAD = Metric("c_seconds", "histogram", "", (), (0.1, 1.0))


def told(metrics: Metrics) -> list[Told]:
    for look in metrics.looks():
        look()
    return list(metrics.told())


def test_cells_of_several_threads_are_told_as_one_sum() -> None:
    metrics = Metrics()
    for amount in (1, 2):
        metrics.counter(COUNT, "x").add(amount)
        metrics.histogram(SPREAD).observe(amount)
    assert told(metrics) == [Told(COUNT, ("x",), 3.0), Told(SPREAD, (), 3.0, (0, 1, 1))]


def test_many_values_at_once_are_as_each_of_them() -> None:
    one, all_, values = Metrics(), Metrics(), np.array([0.05, 0.1, 0.10001, 1.0, 7.0, 0.0])
    for value in values:
        one.histogram(SPREAD).observe(value)
    all_.histogram(SPREAD).observe_all(values)
    assert told(one)[0].buckets == told(all_)[0].buckets == (3, 2, 1)
    assert told(one)[0].value == pytest.approx(told(all_)[0].value)


def test_a_look_replaces_what_its_part_looked_like_and_adds_no_cells() -> None:
    metrics = Metrics()
    for count in (5, 4, 9):
        metrics.before_scrape("part", lambda count=count: metrics.reach(COUNT, count, "x"))
        assert told(metrics) == [Told(COUNT, ("x",), max(5, count))]


def test_what_was_the_case_once_is_told_as_being_so_no_more() -> None:
    metrics = Metrics()
    metrics.flags(LEVEL, ["disk"])
    metrics.flags(LEVEL, ["clock"])
    assert {one.labels: one.value for one in metrics.told()} == {("disk",): 0.0, ("clock",): 1.0}


def test_label_sets_beyond_the_limit_are_counted_and_not_told() -> None:
    metrics = Metrics()
    for number in range(MOST_SERIES + 3):
        metrics.counter(COUNT, str(number)).add()
    metrics.counter(COUNT, "0").add()
    assert (len(told(metrics)), metrics.dropped) == (MOST_SERIES, 3)


def test_labels_that_a_metric_does_not_have_are_a_fault_of_ours() -> None:
    with pytest.raises(ValueError, match="a_total is a counter with labels"):
        Metrics().counter(COUNT)
    with pytest.raises(ValueError, match="not a gauge"):
        Metrics().gauge(COUNT, "x")
