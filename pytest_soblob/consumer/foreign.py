"""Values and texts of foreign code, made fit to be shown.

They come from a client that may be broken: a `repr` that raises, a number of thousands of digits,
characters on which a terminal acts, a ticket in the middle of a long line.
"""

import sysconfig
from collections.abc import Iterator
from pathlib import Path
from traceback import walk_tb
from typing import Final

from pytest_soblob._text import ascii_controls, clip, hide
from pytest_soblob.consumer.credentials import SECRETS

SHOWN: Final = 200
_LONGEST: Final = 4_000
# Of what is searched for secrets: an exception may carry a whole request.
_LONGEST_SEARCHED: Final = 2_000_000
_MOST_BEHIND: Final = 50
_NOT_THE_TEAMS: Final = (
    Path(__file__).parent,
    *(Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")),
)


def presentable(text: str, limit: int = SHOWN) -> str:
    """Return a text in one line, without secrets, unprintable characters escaped, clipped.

    Secrets are taken out before the text is cut, since half a ticket is no longer recognised.
    """
    line = " ".join(row.strip() for row in text[: limit + _LONGEST].splitlines())
    return clip(ascii_controls(hide(line, SECRETS)), limit)


def text_of(value: object) -> str:
    """Return `str(value)`, or a text that says that it raises."""
    try:
        return str(value)
    except BaseException as error:  # noqa: BLE001 -- it is the client's code
        return f"<{type(value).__name__} whose str() raises {type(error).__name__}>"


def repr_of(value: object) -> str:
    """Return `repr(value)`, or a text that says that it raises."""
    if type(value) is int and abs(value) >= 10**100:
        return f"an int of {value.bit_length():,} bits"  # Python may refuse to write its digits
    try:
        return repr(value)
    except BaseException as error:  # noqa: BLE001 -- it is the client's code
        return f"<{type(value).__name__} whose repr() raises {type(error).__name__}>"


def describe_error(error: BaseException) -> str:
    """Return an exception as `Class: text`, or as its class where it has no text."""
    text = text_of(error)
    shown = f"{type(error).__name__}: {text}" if text else type(error).__name__
    if isinstance(error, SystemExit | KeyboardInterrupt):
        return f"{shown}; in production the process ends here"
    return shown


def place_of(error: BaseException) -> str:
    """Return where in the team's own files an exception was raised or passed on, or an empty text.

    The innermost place counts that is neither in a library nor in the kit.
    """
    place = ""
    for frame, line in walk_tb(error.__traceback__):
        path = Path(frame.f_code.co_filename)
        if not any(path.is_relative_to(one) for one in _NOT_THE_TEAMS) and path.suffix == ".py":
            place = f"{path.name}, line {line}"
    return place


def all_texts_of(error: BaseException) -> str:
    """Return an exception with those that a log shows with it: texts, values and notes."""
    rows: list[str] = []
    for one in _chain(error):
        notes = getattr(one, "__notes__", None)
        rows += [describe_error(one), repr_of(one)]
        rows += map(text_of, notes if isinstance(notes, list) else ())
    return "\n".join(row[:_LONGEST_SEARCHED] for row in rows)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those behind it, each once: `raise error from error` is a circle."""
    waiting, seen = [error], set[int]()
    while waiting and len(seen) < _MOST_BEHIND:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        behind = one.__context__ if one.__cause__ is None else one.__cause__
        if behind is not None and not (one.__cause__ is None and one.__suppress_context__):
            waiting.append(behind)
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions
