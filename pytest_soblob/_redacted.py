"""Values whose `repr` and differences are shown without secrets.

::

    @dataclass(frozen=True, repr=False, eq=False)
    class Account(Redacted): ...

Equality works as in a dataclass but is defined here: when two dataclasses with a generated `__eq__`
differ, pytest prints the differing fields, including tickets. For these classes it prints the
`repr`, and `pytest_soblob.plugin` adds the lines of `explain_difference`.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from pytest_soblob._text import (
    KnownSecrets,
    clip_middle,
    credentials_in,
    find_suspects,
    hide,
    is_secret_name,
    mask,
)

_SHOWN_BYTES: Final = 24
_LONGEST: Final = 200


class Redacted:
    """A frozen dataclass (`repr=False, eq=False`) that shows neither secrets nor long bytes.

    A secret is the text of a field or key that is named like one, and each other occurrence of that
    text in the value. The `repr` omits fields that have their default.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        known = KnownSecrets(secrets_in(self))
        shown = [
            f"{field.name}={_show(field.name, value, known)}"
            for field in fields(self)  # type: ignore[arg-type]  # every subclass is a dataclass
            if field.repr and (value := getattr(self, field.name)) != field.default
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Show the `repr` in IPython and Hypothesis, which print all fields of a dataclass."""
        printer.text(repr(self))

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return _compared(self) == _compared(other)

    def __hash__(self) -> int:
        hashed = (f.name for f in fields(self) if f.compare and f.hash is not False)  # type: ignore[arg-type]
        return hash(tuple(getattr(self, name) for name in hashed))


def secrets_in(value: Redacted) -> tuple[str, ...]:
    """Return the secrets in a value, except those drawn by a strategy, which may be shown."""
    found: list[str] = []
    for field in fields(value):  # type: ignore[arg-type]
        found += _texts(field.name, getattr(value, field.name))
    return tuple(text for text in found if mask(text) != text)


def explain_difference(left: Redacted, right: Redacted) -> list[str]:
    """Return a line for each field in which two values of one type differ, without secrets."""
    known = KnownSecrets((*secrets_in(left), *secrets_in(right)))
    return _differences("", left, right, known)


def _differences(prefix: str, left: Any, right: Any, known: KnownSecrets) -> list[str]:
    lines = []
    for field in fields(left):
        ours, theirs = getattr(left, field.name), getattr(right, field.name)
        if not field.compare or ours == theirs:
            continue
        name = prefix + field.name
        if isinstance(ours, Redacted) and type(ours) is type(theirs):
            lines += _differences(f"{name}.", ours, theirs, known)
        else:
            shown = (_show(field.name, value, known) for value in (ours, theirs))
            both = " != ".join(clip_middle(text, _LONGEST) for text in shown)
            lines.append(f"{name}: {both}{_where(ours, theirs)}")
    return lines


def _where(left: object, right: object) -> str:
    """Return where two texts start to differ, which masking and clipping can hide."""
    if not (isinstance(left, str | bytes) and isinstance(right, str | bytes)):
        return ""
    pairs = enumerate(zip(left, right, strict=False), 1)
    shortest = min(len(left), len(right))
    first = next((number for number, (one, other) in pairs if one != other), shortest + 1)
    what = "characters" if isinstance(left, str) else "bytes"
    return f" ({len(left):,} and {len(right):,} {what}, different from number {first:,} on)"


def _compared(value: object) -> tuple[Any, ...]:
    compared = (field for field in fields(value) if field.compare)  # type: ignore[arg-type]
    return tuple(getattr(value, field.name) for field in compared)


def _texts(name: str, value: object) -> list[str]:
    """Return the texts in a value that have the name of a secret."""
    if isinstance(value, str):
        if is_secret_name(name):
            return list(credentials_in(value))
        return list(find_suspects(value)) if name == "target" else []
    if isinstance(value, Redacted):
        return list(secrets_in(value))
    return [text for key, item in _items(name, value) for text in _texts(key, item)]


def _items(name: str, value: object) -> list[tuple[str, object]]:
    """Return items with their names: keys of a mapping or of pairs (headers), else `name`."""
    if isinstance(value, Mapping):
        return [(str(key), item) for key, item in value.items()]
    if not isinstance(value, list | tuple):
        return []
    if all(_is_pair(item) for item in value):
        return [(item[0], item[1]) for item in value]
    return [(name, item) for item in value]


def _is_pair(item: object) -> bool:
    return isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str)


def _show(name: str, value: Any, known: KnownSecrets) -> str:
    if isinstance(value, str) and is_secret_name(name):
        return repr(mask(value))
    if type(value) is bytes and len(value) > _SHOWN_BYTES:
        return f"<{len(value):,} bytes>"
    if isinstance(value, str):
        return repr(hide(str(value), known))
    if isinstance(value, Mapping):
        inside = (f"{key!r}: {_show(str(key), item, known)}" for key, item in value.items())
        return hide(f"{{{', '.join(inside)}}}", known)
    if isinstance(value, list | tuple):
        items = zip(value, _items(name, value), strict=True)
        shown = [_show_item(item, key, inner, known) for item, (key, inner) in items]
        return f"({', '.join(shown)}{',' if len(shown) == 1 else ''})"
    return hide(repr(value), known)


def _show_item(item: object, name: str, inner: object, known: KnownSecrets) -> str:
    shown = _show(name, inner, known)
    return shown if item is inner else f"({name!r}, {shown})"
