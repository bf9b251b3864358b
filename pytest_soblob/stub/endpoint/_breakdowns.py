"""Errors of the stub itself: the first as text, and the number of others."""

import threading
import traceback
from dataclasses import dataclass
from typing import Final

from pytest_soblob._text import ascii_controls, clip, redact
from pytest_soblob.errors import SoblobError

_LONGEST_TEXT: Final = 300
_DEEPEST: Final = 20


def describe(error: BaseException) -> str:
    """Return an error in one line without secrets: class and text, of `SoblobError` the text."""
    said = ascii_controls(clip(redact(str(error)), _LONGEST_TEXT))
    return said if isinstance(error, SoblobError) else f"{type(error).__name__}: {said}"


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The unreported errors of the stub itself.

    Attributes:
        text: The first error, and the number of others.
        where: Innermost frames of its traceback; empty if it was not raised.
    """

    text: str
    where: str

    def as_error(self) -> SoblobError:
        """Return the exception to raise if nothing else is wrong."""
        error = SoblobError(self.text)
        if self.where:
            error.add_note(f"where it happened:\n{self.where}")
        return error

    def in_words(self) -> str:
        """Return the text to append to another failure."""
        where = f"\nwhere it happened:\n{self.where}" if self.where else ""
        return f"besides, {self.text}{where}"


class Breakdowns:
    """Collects errors as text, since the frames of an exception would keep whole requests alive."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._first, self._where = "", ""

    def clear(self) -> None:
        """Forget all errors."""
        with self._lock:
            self._count = 0

    def note(self, error: BaseException) -> None:
        """Note an error."""
        with self._lock:
            self._count += 1
            if self._count == 1:
                self._first = describe(error)
                innermost = traceback.format_tb(error.__traceback__, -_DEEPEST)
                self._where = "".join(innermost).rstrip()

    def take(self) -> Breakdown | None:
        """Return the errors noted since the last call, or None."""
        with self._lock:
            count, self._count = self._count, 0
            first, where = self._first, self._where
        if not count:
            return None
        more = f" (and {count - 1:,} more)" if count > 1 else ""
        return Breakdown(f"the stub failed: {first}{more}", where)
