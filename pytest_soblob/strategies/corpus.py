"""Many values of a strategy outside a test: `draw_each`."""

import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import hypothesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisWarning

from pytest_soblob.errors import SoblobError

T = TypeVar("T")


class _Ended(BaseException):
    """Ends the drawing; not an `Exception`, which Hypothesis would take for a failing example."""


def draw_each(
    strategy: st.SearchStrategy[T], count: int, start: int, take: Callable[[T], object]
) -> int:
    """Pass on values that a default test run with this seed would meet, one at a time.

    Args:
        strategy: The strategy to draw from.
        count: The number of values, 1 or more.
        start: The seed. The same seed gives the same values, with the same Hypothesis.
        take: Called with each value; what it raises ends the drawing and is raised here.

    Returns:
        How many values there were; fewer than `count` where the strategy has no more.

    Raises:
        SoblobError: Hypothesis lacks a part that is needed.
    """
    taken = 0
    failure: Exception | None = None

    def collect(value: Any) -> None:
        nonlocal taken, failure
        try:
            take(value)
        except Exception as error:  # noqa: BLE001 -- raised below
            failure = error
            raise _Ended from None
        taken += 1
        if taken == count:
            raise _Ended

    drawing = settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        backend=_backend(),
        suppress_health_check=list(HealthCheck),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HypothesisWarning)
        try:
            seed(start)(drawing(given(strategy)(collect)))()
        except _Ended:
            if failure is not None:
                raise failure from None
    return taken


def _backend() -> str:
    try:
        from pytest_soblob.strategies._provider import BACKEND
    except ImportError as error:
        raise SoblobError(
            f"Hypothesis {hypothesis.__version__} lacks a part that makes a seed give the same "
            f"values everywhere ({error}); install an older Hypothesis"
        ) from None
    return BACKEND
