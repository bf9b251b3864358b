"""The command `soblob` in this process, by click's own runner."""

import inspect
from typing import Any

from click.testing import CliRunner, Result


def runner() -> CliRunner:
    """One that keeps standard output and standard error apart, as click does since 8.2."""
    mixes = "mix_stderr" in inspect.signature(CliRunner.__init__).parameters
    options: dict[str, Any] = {"mix_stderr": False} if mixes else {}
    return CliRunner(**options)


def all_output(result: Result) -> str:
    """Return what the command wrote, to both streams; `output` has both since click 8.2 only."""
    return result.stdout + result.stderr
