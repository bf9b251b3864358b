import os
import subprocess
import sys
from collections.abc import Callable
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


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from pytest_soblob.cli import main; main()", *arguments]
