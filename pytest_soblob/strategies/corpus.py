"""Many values of a strategy outside a test: `draw_many`."""

import warnings
from typing import Any, Final, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisWarning
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider

T = TypeVar("T")
_BACKEND: Final = "soblob-corpus"


class CorpusProvider(HypothesisProvider):
    """Hypothesis's own choices, without the constants that it finds in the modules of a project.

    With them the values depend on what has been imported, and from where.
    """

    def _maybe_draw_constant(self, *arguments: Any, **more: Any) -> None:
        """Return no constant."""


def draw_many(strategy: st.SearchStrategy[T], count: int, start: int) -> list[T]:
    """Return values that a default test run with this seed would meet.

    Args:
        strategy: The strategy to draw from.
        count: The number of values; fewer are returned where the strategy has no more.
        start: The seed. The same seed gives the same values, with the same Hypothesis.
    """
    drawn: list[T] = []
    AVAILABLE_PROVIDERS[_BACKEND] = f"{__name__}.{CorpusProvider.__name__}"

    @seed(start)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        backend=_BACKEND,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value: Any) -> None:
        drawn.append(value)

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", HypothesisWarning)
            collect()
    finally:
        del AVAILABLE_PROVIDERS[_BACKEND]
    return drawn[:count]
