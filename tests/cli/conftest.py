import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import pytest

from pytest_soblob.cli import main
from tests.command import runner

Soblob = Callable[..., "subprocess.CompletedProcess[bytes]"]
LONGEST_S = 60


@pytest.fixture
def soblob(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Soblob:
    """Run the command in a folder of its own: in this process, or in one that is started for it.

    A start takes a third of a second. `test_a_process_says_the_same` compares the two.
    """

    def run(
        *arguments: str, stdin: bytes = b"", columns: int = 92, process: bool = False
    ) -> "subprocess.CompletedProcess[bytes]":
        environment = {"COLUMNS": str(columns)}
        if process:
            return subprocess.run(
                command(*arguments), cwd=tmp_path, input=stdin, capture_output=True,
                env=os.environ | environment, timeout=LONGEST_S, check=False,
            )  # fmt: skip
        monkeypatch.chdir(tmp_path)
        with _ended_in_time():
            done = runner().invoke(
                main, arguments, input=stdin, env=environment, catch_exceptions=False,
                prog_name="soblob",
            )  # fmt: skip
        return subprocess.CompletedProcess(
            arguments, done.exit_code, done.stdout_bytes, done.stderr_bytes
        )

    return run


@contextmanager
def _ended_in_time() -> Iterator[None]:
    """Fail where it takes too long, and give the handlers of signals back that `serve` replaces."""

    def fail(number: int, frame: FrameType | None) -> None:
        pytest.fail(f"the command did not end within {LONGEST_S} s")

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
    before = [(number, signal.getsignal(number)) for number in numbers]
    signal.signal(signal.SIGALRM, fail)
    signal.alarm(LONGEST_S)
    try:
        yield
    finally:
        signal.alarm(0)
        for number, handler in before:
            signal.signal(number, handler)


def everything_on(terminal: int) -> bytes:
    """What is written on a pseudo-terminal until nobody has it open any more; then it is closed."""
    pieces = []
    with suppress(OSError):  # Linux says so where the other end is closed
        while piece := os.read(terminal, 65536):
            pieces.append(piece)
    os.close(terminal)
    return b"".join(pieces)


def command(*arguments: str) -> list[str]:
    return [
        sys.executable,
        "-c",
        "from pytest_soblob.cli import main; main(prog_name='soblob')",
        *arguments,
    ]
