import numpy as np
import pytest

from operators.features.window import ring_of, slide, slide_zeros


def sums(values: list[float], length: int) -> list[float]:
    kind, shape = ring_of(length)
    ring = np.zeros(shape, kind)
    return [slide(ring, number, value) for number, value in enumerate(values)]


@pytest.mark.parametrize("length", [1, 2, 7, 50])
def test_it_is_the_sum_of_the_newest_values(length: int) -> None:
    values = [float(value) for value in np.random.default_rng(1).integers(-99, 99, 400)]
    expected = [sum(values[max(0, end - length) : end]) for end in range(1, 401)]
    assert sums(values, length) == expected


@pytest.mark.parametrize("length", [1, 2, 7, 50])
@pytest.mark.parametrize("before", [0, 3, 49, 120])
@pytest.mark.parametrize("count", [0, 1, 6, 40])
def test_zeros_at_once_are_zeros_one_by_one(length: int, before: int, count: int) -> None:
    kind, shape = ring_of(length)
    ring, other = np.zeros(shape, kind), np.zeros(shape, kind)
    for number in range(before):
        slide(ring, number, number + 1.0)
        slide(other, number, number + 1.0)
    last = slide_zeros(ring, before, count)
    for number in range(before, before + count):
        assert slide(other, number, 0.0) == last or number < before + count - 1
    assert (ring == other).all()


def test_a_huge_value_leaves_no_trace() -> None:
    found = sums([1e18, *[0.1] * 30], 10)
    assert found[9] > 1e17
    assert found[10:] == pytest.approx([1.0] * 21, rel=1e-15)
