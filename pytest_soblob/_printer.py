"""Outcomes to standard output and standard error as they come, and a progress bar beside them."""

import os
import sys
from collections.abc import Sequence
from itertools import groupby
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
        self._fails = False
        self._written = 0
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
        """2 if a file was not read, else 1 if one fails by the threshold, else 0."""
        return 2 if self._unread or self._failed else int(self._fails)

    def print(self, outcomes: Sequence[Outcome]) -> None:
        """Write outcomes: to standard error those of files that were not read."""
        # Written together, since a write and a flush for each is what would slow workers down.
        for is_read, group in groupby(outcomes, lambda outcome: outcome.is_read):
            texts = [outcome.text for outcome in group]
            if is_read:
                self._write(texts)
                self._written += len(texts)
            else:
                self._unread += len(texts)
                self._complain("\n".join(texts))
        self._fails = self._fails or any(outcome.fails for outcome in outcomes)
        self._valid += sum(outcome.is_valid for outcome in outcomes)
        if self._bar is not None:
            self._bar.update(len(outcomes))

    def fail(self, line: str) -> None:
        """Write why no more outcomes will come."""
        self._failed = True
        self._complain(line)

    def _complain(self, line: str) -> None:
        if self._bar is not None:
            click.echo(_CLEARED, nl=False, err=True)
        click.echo(line, err=True)

    def _write(self, texts: list[str]) -> None:
        if self._shares_terminal:
            click.echo(_CLEARED, nl=False, err=True)
        if self._output == "text":
            click.echo("\n".join(texts))
        elif self._output == "jsonl":
            # JSON is UTF-8, whatever the terminal or the pipe is set to.
            click.echo("\n".join(texts).encode())
        else:
            before = ",\n" if self._written else "[\n"
            click.echo((before + ",\n".join(texts)).encode(), nl=False)

    def _finish(self) -> None:
        total = self._written + self._unread
        if self._output == "json":
            click.echo("\n]" if self._written else "[]")
        elif self._output == "text" and total > 1 and not self._failed:
            unread = f", {self._unread} not read" if self._unread else ""
            invalid = self._written - self._valid
            click.echo(f"{plural(total, 'file')}: {self._valid} valid, {invalid} invalid{unread}")
