"""Strategies whose `repr` is the call that a user writes, not what it is made of."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Concatenate, ParamSpec, TypeVar

from hypothesis import strategies as st

P = ParamSpec("P")
T = TypeVar("T")


def shown_as(
    name: str,
) -> Callable[[Callable[Concatenate[st.DrawFn, P], T]], Callable[P, st.SearchStrategy[T]]]:
    """Return a decorator like `composite`, of which the strategies are shown as `name(...)`."""

    def decorate(
        draw: Callable[Concatenate[st.DrawFn, P], T],
    ) -> Callable[P, st.SearchStrategy[T]]:
        draw.__name__ = draw.__qualname__ = name
        return st.composite(draw)

    return decorate


def changed(given: Mapping[str, object], defaults: Mapping[str, object]) -> dict[str, object]:
    """Return the arguments that are not the defaults: those alone are shown."""
    return {name: value for name, value in given.items() if value != defaults[name]}


@cache
def number_below(count: int) -> st.SearchStrategy[int]:
    """Draw a number, nearly uniformly for counts up to 256.

    Hypothesis copies what was drawn from a strategy to where the same one is drawn again, and then
    the examples of a run are copies of each other. It tells these apart by their counts: each part
    of a message has a count of its own.
    """
    return st.sampled_from(range(count))
