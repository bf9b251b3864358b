"""Arguments are checked where they are given, and the nearest right one is named."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from pytest_soblob._text import clip

T = TypeVar("T")


def as_argument(name: str, value: object) -> str:
    """Return an argument for a message, as it is written in a call, cut where it is long."""
    return f"{name}={clip(repr(value), 80)}"


def check_bool(name: str, value: object) -> None:
    """Refuse what is no bool."""
    if not isinstance(value, bool):
        raise InvalidArgument(f"{as_argument(name, value)} must be True or False")


def check_strategy(name: str, value: object) -> None:
    """Refuse what is neither a strategy nor None."""
    if value is not None and not isinstance(value, st.SearchStrategy):
        raise InvalidArgument(
            f"{as_argument(name, value)} must be a strategy; just(...) draws one value"
        )


def check_drawn(name: str, strategy: object, value: T, *types: type | None) -> T:
    """Return what a strategy of the caller's has drawn.

    Args:
        name: Name of the argument.
        strategy: The strategy, for the message.
        value: What it drew.
        types: What it may draw; None for None.

    Raises:
        InvalidArgument: The value is of another type.
    """
    if any(value is None if one is None else isinstance(value, one) for one in types):
        return value
    wanted = " or ".join("None" if one is None else one.__name__ for one in types)
    raise InvalidArgument(
        f"{as_argument(name, strategy)} drew {clip(repr(value), 80)}; it must draw {wanted}"
    )


def check_names(name: str, values: object, known: Iterable[str]) -> tuple[str, ...]:
    """Return the names in the order of `known`, so that a set draws the same in every process.

    Raises:
        InvalidArgument: `values` is no collection, empty, or has a name that is not known.
    """
    known = tuple(known)
    if isinstance(values, str) or not isinstance(values, Collection):
        raise InvalidArgument(f"{as_argument(name, values)} must be a collection of names")
    if not values:
        raise InvalidArgument(f"{name}={values!r} must have at least one of {listed(known)}")
    texts = {str(value) for value in values}
    for text in sorted(texts - set(known)):
        raise InvalidArgument(f"{as_argument(name, values)}: {unknown(text, known)}")
    return tuple(one for one in known if one in texts)


def unknown(text: str, known: Collection[str]) -> str:
    """Return the sentence that says that a name is none of those, with the nearest one."""
    near = get_close_matches(text, known, 1)
    hint = f"; did you mean {near[0]!r}?" if near else f"; there are {listed(known)}"
    return f"{clip(text, 60)!r} is unknown{hint}"


def listed(names: Iterable[str]) -> str:
    """Return names for a message."""
    return clip(", ".join(names), 400)
