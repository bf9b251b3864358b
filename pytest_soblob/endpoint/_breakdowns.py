"""Errors of the stub itself: the first as text, the others counted."""

import threading
import traceback
from typing import Final

from pytest_soblob._text import ascii_controls, clip, redact
from pytest_soblob.errors import SoblobError

_LONGEST_TEXT: Final = 300
_DEEPEST: Final = 20


def describe(error: BaseException) -> str:
    """Return class and text in one line, of which nothing is a secret."""
    return f"{type(error).__name__}: {ascii_controls(clip(redact(str(error)), _LONGEST_TEXT))}"


class Breakdowns:
    """What nobody was told of yet. No error is kept: its frames hold a request, image and all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._first, self._where = "", ""

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._count = 0

    def note(self, error: BaseException) -> None:
        """Remember an error."""
        with self._lock:
            self._count += 1
            if self._count == 1:
                self._first = describe(error)
                innermost = traceback.format_tb(error.__traceback__, -_DEEPEST)
                self._where = "".join(innermost).rstrip()

    def take(self) -> SoblobError | None:
        """Return what is to be raised, once; None where nothing went wrong."""
        with self._lock:
            count, self._count = self._count, 0
            first, where = self._first, self._where
        if not count:
            return None
        more = f" (and {count - 1:,} more)" if count > 1 else ""
        error = SoblobError(f"the stub failed: {first}{more}")
        error.add_note(f"where it happened:\n{where}")
        return error
