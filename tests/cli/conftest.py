import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

Soblob = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def soblob(tmp_path: Path) -> Soblob:
    """Run the command in a subprocess, in a folder of its own."""

    def run(
        *arguments: str, stdin: bytes = b"", columns: int = 92
    ) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            command(*arguments),
            cwd=tmp_path,
            input=stdin,
            capture_output=True,
            env=os.environ | {"COLUMNS": str(columns)},
            timeout=60,
            check=False,
        )

    return run


def everything_on(terminal: int) -> bytes:
    """What is written on a pseudo-terminal until nobody has it open any more; then it is closed."""
    pieces = []
    with suppress(OSError):  # Linux says so where the other end is closed
        while piece := os.read(terminal, 65536):
            pieces.append(piece)
    os.close(terminal)
    return b"".join(pieces)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from pytest_soblob.cli import main; main()", *arguments]
