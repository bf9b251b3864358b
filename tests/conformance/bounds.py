"""The command in processes of their own: how long each took, and the most memory it had."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

# Each run is a fork, since importing anew would take most of the time. A fork's peak is its own.
_RUN = """
import contextlib, json, os, sys, time, traceback
import lxml.etree, pytest_soblob.cli
from pytest_soblob.conformance import checking, reading, sources
from pytest_soblob.cli.group import Commands
checking.known_description()

def run(arguments, out):
    begun = time.process_time()
    with open(f"{out}.out", "w") as stdout, open(f"{out}.err", "w") as stderr:
        os.dup2(stdout.fileno(), 1), os.dup2(stderr.fileno(), 2)
        sys.argv = ["soblob", *arguments]
        code = 99
        try:
            pytest_soblob.cli.main(prog_name="soblob")
        except SystemExit as ended:
            code = ended.code or 0
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush(), sys.stderr.flush()
        peak = next(l.split()[1] for l in open("/proc/self/status") if l.startswith("VmHWM"))
        used = {"code": code, "cpu_s": time.process_time() - begun, "peak_kib": int(peak)}
        open(f"{out}.used", "w").write(json.dumps(used))

for number, arguments in enumerate(json.load(sys.stdin)):
    child = os.fork()
    if not child:
        try:
            run(arguments, f"run-{number}")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
"""


class Used(NamedTuple):
    """What a run of the command had."""

    code: int
    stdout: str
    stderr: str
    cpu_s: float
    peak_mib: float


def measured(folder: Path, runs: Sequence[Sequence[str]], timeout_s: float = 300) -> list[Used]:
    """Run the command with each list of arguments in a folder, and measure it."""
    result = subprocess.run(
        [sys.executable, "-c", _RUN],
        cwd=folder,
        input=json.dumps(runs).encode(),
        capture_output=True,
        timeout=timeout_s,
        check=False,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )
    assert result.returncode == 0, result.stderr.decode()
    return [_read(folder / f"run-{number}") for number in range(len(runs))]


def _read(out: Path) -> Used:
    stdout, stderr = (Path(f"{out}.{end}").read_text(encoding="utf-8") for end in ("out", "err"))
    used = json.loads(Path(f"{out}.used").read_text())
    return Used(used["code"], stdout, stderr, used["cpu_s"], used["peak_kib"] / 1024)
