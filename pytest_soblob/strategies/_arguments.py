"""Arguments are checked where they are given, and the nearest right one is named."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from pytest_soblob._text import clip


def check_bool(name: str, value: object) -> None:
    """Refuse what is no bool."""
    if not isinstance(value, bool):
        raise InvalidArgument(f"{name}={value!r} must be True or False")


def check_strategy(name: str, value: object) -> None:
    """Refuse what is neither a strategy nor None."""
    if value is not None and not isinstance(value, st.SearchStrategy):
        raise InvalidArgument(
            f"{name}={clip(repr(value), 80)} must be a strategy; just(...) draws one value"
        )


def check_names(name: str, values: object, known: Iterable[str]) -> tuple[str, ...]:
    """Return the names in the order of `known`, so that a set draws the same in every process.

    Raises:
        InvalidArgument: `values` is no collection, empty, or has a name that is not known.
    """
    known = tuple(known)
    if isinstance(values, str) or not isinstance(values, Collection):
        raise InvalidArgument(f"{name}={clip(repr(values), 80)} must be a collection of names")
    if not values:
        raise InvalidArgument(f"{name}={values!r} must have at least one of {listed(known)}")
    texts = {str(value) for value in values}
    for text in sorted(texts - set(known)):
        raise InvalidArgument(f"{name}={clip(repr(values), 80)}: {unknown(text, known)}")
    return tuple(one for one in known if one in texts)


def unknown(text: str, known: Collection[str]) -> str:
    """Return the sentence that says that a name is none of those, with the nearest one."""
    near = get_close_matches(text, known, 1)
    hint = f"; did you mean {near[0]!r}?" if near else f"; there are {listed(known)}"
    return f"{clip(text, 60)!r} is unknown{hint}"


def listed(names: Iterable[str]) -> str:
    """Return names for a message."""
    return clip(", ".join(names), 400)
