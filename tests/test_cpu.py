"""The ruler of the tests of costs: it tells what is in proportion from what is not."""

from collections.abc import Callable, Iterator

import pytest

from tests.cpu import MOST_GROWTH, growth, spent_s


@pytest.mark.parametrize(
    ("cost_s", "expected"),
    [
        (lambda count: 0.1 * count, 2),
        (lambda count: 0.1 * count * count, 4),
        (lambda count: 0.1 * count**3, 8),
    ],
)
def test_growth_is_that_of_twice_as_much(cost_s: Callable[[int], float], expected: float) -> None:
    assert growth(cost_s, 10) == pytest.approx(expected, rel=0.01)


def test_one_quiet_round_of_several_is_enough() -> None:
    costs: Iterator[float] = iter((1.0, 9.0, 1.0, 2.0))
    assert growth(lambda count: next(costs), 10) <= MOST_GROWTH


@pytest.mark.parametrize(("spare_s", "expected"), [(0.0, 4.0), (0.5, 3.5), (9.0, 0.0)])
def test_what_is_spared_is_not_counted(spare_s: float, expected: float) -> None:
    assert growth(lambda count: float(count * count), 1, spare_s=spare_s) == expected


def test_work_is_measured_and_waiting_is_not() -> None:
    done: list[int] = []
    assert spent_s(lambda: done.append(sum(range(2_000_000)))) > 0.005
    assert done == [sum(range(2_000_000))] * 3
