"""Hypothesis's choices, the same in every project: the one place that uses its private parts.

Hypothesis also draws constants that it finds in the modules of a project, so that a seed gives
other values in another project. No setting turns that off, so a provider does. It is registered
under its own name, once, as Hypothesis documents for alternative backends.
"""

from typing import Any, Final

from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider

BACKEND: Final = "soblob-corpus"
# Method of `HypothesisProvider` that returns a constant or None.
OVERRIDDEN: Final = "_maybe_draw_constant"


class CorpusProvider(HypothesisProvider):
    """Hypothesis's own choices without the constants of a project."""

    def _maybe_draw_constant(self, *_: Any, **__: Any) -> None:
        """Return no constant."""


if not hasattr(HypothesisProvider, OVERRIDDEN):
    raise ImportError(f"HypothesisProvider has no {OVERRIDDEN}")
AVAILABLE_PROVIDERS[BACKEND] = f"{__name__}.{CorpusProvider.__name__}"
