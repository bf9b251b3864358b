"""What is said with a worker: a JSON object in each line, calls one way and answers the other.

Nothing that a worker writes can raise here, or make a call wait beyond its limit.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from pytest_soblob.consumer.foreign import presentable, text_of
from pytest_soblob.consumer.outcomes import (
    Crashed,
    Failed,
    Garbled,
    Hung,
    NoId,
    Outcome,
    Refused,
    read_result,
)

_LONGEST_LINE: Final = 1_000_000
_SHOWN: Final = 100
_MOST_DIGITS: Final = 40
_WORDS: Final = ("saved", "failed", "refused")


class Call:
    """A call that a worker was asked for.

    Args:
        owner: Whose call it is; calls of another owner beside it disturb it.

    Attributes:
        owner: As given.
        outcome: How it ended, or None while it is open.
        shared: Whether calls of another owner were open beside it.
    """

    def __init__(self, owner: object) -> None:
        self.owner = owner
        self.outcome: Outcome | None = None
        self.shared = False
        self._ended = threading.Event()

    def end(self, outcome: Outcome) -> None:
        """Note how it ended; only the first counts."""
        if self.outcome is None:
            self.outcome = outcome
            self._ended.set()

    def wait(self, seconds: float) -> bool:
        """Return whether it has ended, after so many seconds at most."""
        return self._ended.wait(seconds)


class Dialogue:
    """The open calls of one process, and what it answers. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[int, Call] = {}
        self._asked = 0
        self._lines = Lines()
        self._last_unread = ""
        self._is_full = False  # of a line that may never end
        self._why_over: str | None = None

    def begin(self, number: int, call: Call) -> bool:
        """Note an open call; False if the process cannot answer a further one."""
        with self._lock:
            if self._why_over is not None or self._is_full:
                return False
            for other in self._open.values():
                if other.owner is not call.owner:
                    other.shared = call.shared = True
            self._asked = max(self._asked, number)
            self._open[number] = call
            return True

    def take(self, data: bytes) -> None:
        """Read what the worker has written to standard output."""
        with self._lock:
            for line in self._lines.feed(data):
                self._read(line)

    def end(self, number: int, late: Hung) -> Outcome:
        """Take a call off the open ones, and return how it has ended: late, if it has not."""
        with self._lock:
            call = self._open.pop(number)
            unread = self._last_unread
            hint = f"the last line that it wrote is no answer: {unread}" if unread else ""
            call.end(replace(late, hint=hint))
            assert call.outcome is not None  # noqa: S101 -- it has ended
            return call.outcome

    def close(self, why: str) -> None:
        """End all open calls, as the worker cannot answer any more; no further one begins."""
        with self._lock:
            if self._why_over is None:
                self._why_over = why
                for line in self._lines.finish():
                    self._read(line)
            for call in self._open.values():
                call.end(Crashed(self._why_over))

    def _read(self, line: bytes) -> None:
        shown = presentable(line[: 4 * _SHOWN].decode("utf-8", "replace"), _SHOWN)
        stripped = line.strip().removeprefix(b"\xef\xbb\xbf").strip()
        if not stripped.startswith(b"{"):
            self._last_unread = shown or self._last_unread
            return
        if len(line) > _LONGEST_LINE:
            self._note(shown, f"the line is longer than {_LONGEST_LINE:,} bytes")
            self._is_full = True
            return
        try:
            answer: dict[str, Any] = json.loads(stripped, parse_int=_parse_int)
        except (ValueError, RecursionError) as error:
            self._note(shown, f"the line is no JSON: {_say(error)}")
            return
        if "call" not in answer:  # a log that is written as JSON
            self._last_unread = shown
            return
        number = answer["call"]
        if type(number) is not int or not 0 < number <= self._asked:
            self._note(shown, "its call is not the number of a call that was asked for")
            return
        call = self._open.get(number)
        if call is not None:
            call.end(read_answer(answer, shown))

    def _note(self, shown: str, wrong: str) -> None:
        """Tell the one open call that a line is bad; of several, none can be said to be meant."""
        text = f"{shown or 'an empty line'} ({wrong})"
        waiting = [call for call in self._open.values() if call.outcome is None]
        if len(waiting) == 1:
            waiting[0].end(Garbled(text))
        else:
            self._last_unread = text


class Lines:
    """Cuts what is written into lines.

    A line that is too long is handed on when that is seen, one byte longer than the limit; the
    rest of it is dropped.
    """

    def __init__(self, limit: int = _LONGEST_LINE) -> None:
        self._limit = limit
        self._begun = bytearray()
        self._drops = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the lines that end in a piece, without their ends."""
        *ended, rest = data.split(b"\n")
        for part in ended:
            yield from self._add(part)
            if not self._drops:
                yield bytes(self._begun)
            self._begun.clear()
            self._drops = False
        yield from self._add(rest)

    def finish(self) -> Iterator[bytes]:
        """Yield what was written after the last line end."""
        if self._begun:
            yield bytes(self._begun)
        self._begun.clear()

    def _add(self, part: bytes) -> Iterator[bytes]:
        if self._drops:
            return
        self._begun += part[: self._limit + 1 - len(self._begun)]
        if len(self._begun) > self._limit:
            self._drops = True
            yield bytes(self._begun)
            self._begun.clear()


def read_answer(answer: Mapping[str, Any], shown: str) -> Outcome:
    """Return the outcome that an answer tells.

    A key whose value is null, false, 0 or an empty text counts as left out beside another: many
    languages write every field of a type.

    Args:
        answer: The JSON object.
        shown: The line as it is shown.
    """
    given = [word for word in _WORDS if word in answer]
    said = [word for word in given if answer[word] not in (None, False, "")]
    if len(said) > 1:
        return Garbled(f"{shown} (it holds both {' and '.join(said)})")
    if not given:
        return Garbled(f"{shown} (an answer has to hold saved, failed or refused)")
    word = said[0] if said else given[0]
    value = answer[word]
    match word:
        case "failed":
            return Failed(text_of(value))
        case "refused":
            return Refused(text_of(value))
    if isinstance(value, _LongNumber):
        return NoId(str(value), "no blob has such an id: attaching it fails, or shows nothing")
    return read_result(value)


class _LongNumber:
    """A number that no id can be, and that Python may refuse to read."""

    def __init__(self, digits: str) -> None:
        self._digits = len(digits.lstrip("-"))

    def __str__(self) -> str:
        return f"a number of {self._digits:,} digits"

    __repr__ = __str__


def _parse_int(digits: str) -> int | _LongNumber:
    return int(digits) if len(digits) <= _MOST_DIGITS else _LongNumber(digits)


def _say(error: Exception) -> str:
    match error:
        case RecursionError():
            return "it is nested too deeply"
        case UnicodeDecodeError():
            return "it is not in UTF-8"
        case json.JSONDecodeError():
            return f"{error.msg}, column {error.colno}"
        case _:
            return str(error)
