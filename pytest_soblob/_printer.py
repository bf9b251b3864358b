"""Outcomes to standard output and standard error as they come, and a progress bar beside them."""

import os
import sys
from types import TracebackType
from typing import Any, Self

import click

from pytest_soblob._text import plural
from pytest_soblob.judging import STANDARD_INPUT, Outcome

_CLEARED = "\r\x1b[K"
_CURSOR = "\x1b[?25h"  # click's bar hides it
_BAR_STEPS = 200


def is_bar_wanted(names: tuple[str, ...]) -> bool:
    """Whether to show progress: to somebody who looks, and not while they type."""
    typed = STANDARD_INPUT in names and sys.stdin.isatty()
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb" and not typed


class Printer:
    """Writes each outcome when it comes, and keeps nothing of it but counts.

    Args:
        output: `text`, `json` or `jsonl`.
        total: How many files there are, for the progress bar; 0 or 1 for none.
    """

    def __init__(self, output: str, total: int = 0) -> None:
        self._output = output
        self._valid = 0
        self._invalid = 0
        self._unread = 0
        self._failed = False
        self._bar: Any = None
        if total > 1:
            self._bar = click.progressbar(
                length=total,
                label="judging",
                show_pos=True,
                file=sys.stderr,
                update_min_steps=max(1, total // _BAR_STEPS),
            )
        # Where both are one terminal, the bar stands in the way of the output.
        self._shares_terminal = self._bar is not None and sys.stdout.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            click.echo(_CLEARED + _CURSOR, nl=False, err=True)
        if kind is None:
            self._finish()

    @property
    def exit_code(self) -> int:
        """2 if a file was not read, else 1 if one has an error, else 0."""
        return 2 if self._unread or self._failed else int(self._invalid > 0)

    def print(self, outcome: Outcome) -> None:
        """Write one outcome: to standard error if the file was not read."""
        if not outcome.is_read:
            self._unread += 1
            self._complain(outcome.text)
        else:
            self._write(outcome.text)
            self._valid += outcome.is_valid
            self._invalid += not outcome.is_valid
        if self._bar is not None:
            self._bar.update(1)

    def fail(self, line: str) -> None:
        """Write why no more outcomes will come."""
        self._failed = True
        self._complain(line)

    def _complain(self, line: str) -> None:
        if self._bar is not None:
            click.echo(_CLEARED, nl=False, err=True)
        click.echo(line, err=True)

    def _write(self, text: str) -> None:
        if self._shares_terminal:
            click.echo(_CLEARED, nl=False, err=True)
        if self._output == "text":
            click.echo(text)
            return
        if self._output == "json":
            begun = self._valid or self._invalid
            text = f",\n{text}" if begun else f"[\n{text}"
        # JSON is UTF-8, whatever the terminal or the pipe is set to.
        click.echo(text.encode(), nl=self._output == "jsonl")

    def _finish(self) -> None:
        judged = self._valid + self._invalid
        if self._output == "json":
            click.echo("\n]" if judged else "[]")
        elif self._output == "text" and judged + self._unread > 1 and not self._failed:
            unread = f", {self._unread} not read" if self._unread else ""
            files = plural(judged + self._unread, "file")
            click.echo(f"{files}: {self._valid} valid, {self._invalid} invalid{unread}")
