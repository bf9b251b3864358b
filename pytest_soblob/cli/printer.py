"""Writes outcomes to standard output and standard error as they come, with a progress bar."""

import sys
from collections.abc import Sequence
from itertools import groupby
from types import TracebackType
from typing import Any, Self

from pytest_soblob._text import plural
from pytest_soblob.cli.judging import Outcome
from pytest_soblob.cli.output import echo, echo_error, is_terminal, new_progress_bar

_CLEARED = "\r\x1b[K"
_CURSOR = "\x1b[?25h"  # click's bar hides it


class Printer:
    """Writes outcomes as they come, and keeps only counts of them.

    Args:
        output: `text`, `json` or `jsonl`.
        total: Number of files, for the progress bar; with 0 or 1 there is none.
    """

    def __init__(self, output: str, total: int = 0) -> None:
        self._output = output
        self._valid = 0
        self._fails = False
        self._written = 0
        self._unread = 0
        self._failed = False
        self._bar: Any = None
        if total > 1:
            self._bar = new_progress_bar(total, "judging")
        # If both are the same terminal, the bar has to be cleared before output.
        self._shares_terminal = self._bar is not None and is_terminal(sys.stdout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            echo_error(_CLEARED + _CURSOR, nl=False)
        if kind is None:
            self._finish()

    @property
    def exit_code(self) -> int:
        """2 if a file was not read, else 1 if one fails by the threshold, else 0."""
        return 2 if self._unread or self._failed else int(self._fails)

    def print(self, outcomes: Sequence[Outcome]) -> None:
        """Write outcomes; those of unread files go to standard error."""
        # Written together, since a write and a flush for each would slow workers down.
        for is_read, group in groupby(outcomes, lambda outcome: outcome.is_read):
            texts = [outcome.text for outcome in group]
            if is_read:
                self._write(texts)
                self._written += len(texts)
            else:
                self._unread += len(texts)
                self._report_error("\n".join(texts))
        remarks = [outcome.remark for outcome in outcomes if outcome.remark]
        if remarks:
            self._report_error("\n".join(remarks))
        self._fails = self._fails or any(outcome.fails for outcome in outcomes)
        self._valid += sum(outcome.is_valid for outcome in outcomes)
        if self._bar is not None:
            self._bar.update(len(outcomes))

    def fail(self, line: str) -> None:
        """Write why there will be no more outcomes."""
        self._failed = True
        self._report_error(line)

    def _report_error(self, line: str) -> None:
        if self._bar is not None:
            echo_error(_CLEARED, nl=False)
        echo_error(line)

    def _write(self, texts: list[str]) -> None:
        if self._shares_terminal:
            echo_error(_CLEARED, nl=False)
        if self._output == "text":
            echo("\n".join(texts))
        elif self._output == "jsonl":
            # JSON is UTF-8, whatever the encoding of the terminal or pipe.
            echo("\n".join(texts).encode())
        else:
            before = ",\n" if self._written else "[\n"
            echo((before + ",\n".join(texts)).encode(), nl=False)

    def _finish(self) -> None:
        total = self._written + self._unread
        if self._output == "json":
            echo(b"\n]" if self._written else b"[]")
        elif self._output == "text" and total > 1 and not self._failed:
            unread = f", {self._unread} not read" if self._unread else ""
            invalid = self._written - self._valid
            echo(f"{plural(total, 'file')}: {self._valid} valid, {invalid} invalid{unread}")
