"""Fields of a JSON object or a TOML table, checked for type and unknown names."""

from collections.abc import Collection, Mapping
from typing import Any

from pytest_soblob._basics.numbers import is_number
from pytest_soblob._text import clip, did_you_mean, quote
from pytest_soblob.errors import SoblobError

_NAMES = {bool: "true or false", int: "a whole number", float: "a number", str: "a string"}
_NAMES |= {dict: "an object", list: "a list"}


def as_object(value: object, what: str) -> Mapping[str, Any]:
    """Return a value that must be an object.

    Raises:
        SoblobError: It is not an object.
    """
    if not isinstance(value, Mapping):
        raise SoblobError(f"{what} must be an object, not {_describe(value)}")
    return value


def check_known(data: Mapping[str, Any], known: Collection[str], what: str) -> None:
    """Check that all fields are known.

    Raises:
        SoblobError: A field is unknown; the text names a similar one, or all.
    """
    for name in data:
        if name not in known:
            hint = did_you_mean(name, known) or f" (it has {', '.join(sorted(known))})"
            raise SoblobError(f"{what} has no {quote(str(name), 60)}{hint}")


def take(data: Mapping[str, Any], name: str, kind: type, default: Any = None) -> Any:
    """Return a field, or the default if it is missing.

    Raises:
        SoblobError: It has another type, is not a finite number, or has a lone surrogate.
    """
    if name not in data:
        return default
    value = data[name]
    fits = isinstance(value, (int, float) if kind is float else kind)
    if not fits or (isinstance(value, bool) and kind is not bool):
        raise SoblobError(f"{name} must be {_NAMES[kind]}, not {_describe(value)}")
    if isinstance(value, int | float) and not is_number(value) and kind is not bool:
        raise SoblobError(f"{name} is too large, or not a number: {value!r:.40}")
    if isinstance(value, str) and not value.isascii():
        _check_text(name, value)
    return value


def take_texts(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return a field that is a list of strings, or an empty tuple if it is missing.

    Raises:
        SoblobError: It is not a list of strings.
    """
    values = take(data, name, list, [])
    if not all(isinstance(value, str) for value in values):
        raise SoblobError(f"{name} must be a list of strings")
    return tuple(values)


def _check_text(name: str, value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise SoblobError(f"{name} contains half a character (a lone surrogate)") from None


def _describe(value: object) -> str:
    """Return a short description of a value; the content of a container may hold secrets."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping | list):
        return "an object" if isinstance(value, Mapping) else "a list"
    return quote(value, 40) if isinstance(value, str) else clip(f"{value!r:.60}", 40)
