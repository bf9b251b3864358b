"""Standard output and standard error in any condition: any encoding, a full disk, a closed pipe.

Characters that the encoding of a stream lacks are written as escapes, so that nothing is lost and
nothing raises. JSON is written as UTF-8 bytes, whatever the encoding.
"""

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TextIO

import click

from pytest_soblob.conformance.opening import STANDARD_INPUT

_LARGE_FILE: Final = 5_000_000
_BAR_STEPS: Final = 200
_WRITE_ERRORS: Final = (errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EDQUOT, errno.EBADF)


def escape_unencodable() -> None:
    """Make both streams escape characters that their encodings lack."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)  # None for a closed stream
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def echo(text: str | bytes, *, nl: bool = True) -> None:
    """Write to standard output, without buffering.

    Raises:
        OSError: It cannot be written.
    """
    # Explicit, since click's default would write UTF-8 even if the encoding is ASCII.
    click.echo(text, file=sys.stdout, nl=nl)


def echo_error(line: str, *, nl: bool = True) -> None:
    """Write to standard error; if that fails, only the exit code reports the error."""
    with suppress(OSError):
        click.echo(line, file=sys.stderr, nl=nl, err=True)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal; a closed one is not."""
    return stream is not None and stream.isatty()


def wants_progress_bar(names: tuple[str, ...] = ()) -> bool:
    """Whether to show progress: on a terminal, and not while the user types one of these inputs."""
    typed = STANDARD_INPUT in names and is_terminal(sys.stdin)
    return is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb" and not typed


def new_progress_bar(total: int, label: str) -> Any:
    """Return click's bar on standard error, which counts to a total.

    Args:
        total: What is counted to.
        label: What is done, such as `judging`.
    """
    return click.progressbar(
        length=total,
        label=label,
        show_pos=True,
        file=sys.stderr,
        update_min_steps=max(1, total // _BAR_STEPS),
    )


@contextmanager
def progress_of(file: str, is_shown: bool) -> Iterator[Callable[[int], None]]:
    """Show on standard error how much of a file has been read.

    Args:
        file: Path of the file.
        is_shown: Whether anything is shown at all; only a large file has a bar.

    Yields:
        A function to call with the number of bytes read so far.
    """
    try:
        size = Path(file).stat().st_size if is_shown else 0
    except (OSError, ValueError):
        size = 0
    if size < _LARGE_FILE:
        yield lambda _: None
        return
    with click.progressbar(length=size, label="judging", file=sys.stderr) as bar:
        # Standard output is not written while the bar is there.
        yield lambda position: bar.update(max(0, min(position, size) - bar.pos))


def find_output_error(raised: OSError | None = None) -> OSError | None:
    """Return why standard output cannot be written, or None if it can.

    A broken standard output is replaced, since Python would flush it once more at exit and print an
    error of its own.

    Args:
        raised: An error raised before by any operation, or None.
    """
    found = raised if raised is not None and raised.errno in _WRITE_ERRORS else None
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        found = error
    if found is not None and sys.stdout is not None:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return found
