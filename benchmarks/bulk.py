"""`python -m benchmarks bulk`: `soblob validate` on many small files, two jobs against one.

Whole processes run in turn, with one job and with two, from start to exit, so that the figure
includes the cost of starting workers. In each round, two commands with one job each also run side
by side on half of the files: no pool can be faster, so on a machine with other load this shows how
much could be gained. Memory is the peak of each process of a run (VmHWM, so on Linux only), for a
tenth of the files and for all of them; it is constant if the two are alike.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.judge import png
from pytest_soblob import SaveImageStreamRequest

FILES = 10_000
FILES_PER_FOLDER = 500
COMMAND = [sys.executable, "-c", "from pytest_soblob.cli import main; main()", "validate"]


def run(rounds: int) -> dict[str, float]:
    """Print and return the results of `bulk`; a round takes ten seconds, so at most nine run."""
    found = bulk(min(rounds, 9))
    for name, value in found.items():
        print(f"{name:<48} {value:8.2f}")
    return found


def bulk(rounds: int) -> dict[str, float]:
    """Return the median seconds by number of jobs, their ratio, and the peak megabytes."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_files(folder)
        times: dict[int, list[float]] = {1: [], 2: []}
        ceiling = []
        for _ in range(rounds):
            for jobs, measured in times.items():
                measured.append(seconds(folder, jobs))
            ceiling.append(side_by_side(folder))
        medians = {jobs: statistics.median(measured) for jobs, measured in times.items()}
        found = {f"{jobs} job(s), {FILES:,} files, s": value for jobs, value in medians.items()}
        found["throughput of 2 jobs, x that of 1"] = medians[1] / medians[2]
        found["ceiling: two commands side by side, x one"] = medians[1] / statistics.median(ceiling)
        return found | memory(folder)


def write_files(folder: Path) -> None:
    data = SaveImageStreamRequest(
        type="PersonImage", image=png(500), description="Portrait", ticket="7T:abcdefgh=="
    ).to_bytes()
    for number in range(FILES):
        inner = folder / f"{number // FILES_PER_FOLDER:02}"
        inner.mkdir(exist_ok=True)
        (inner / f"{number:05}.xml").write_bytes(data)


def seconds(folder: Path, jobs: int) -> float:
    start = time.perf_counter()
    subprocess.run([*COMMAND, "--jobs", str(jobs), folder], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def side_by_side(folder: Path) -> float:
    inner = sorted(folder.iterdir())
    half = len(inner) // 2
    start = time.perf_counter()
    running = [
        subprocess.Popen([*COMMAND, *files], stdout=subprocess.DEVNULL)
        for files in (inner[:half], inner[half:])
    ]
    for process in running:
        process.wait()
    return time.perf_counter() - start


def memory(folder: Path) -> dict[str, float]:
    some = [folder / f"{number:02}" for number in range(FILES // 10 // FILES_PER_FOLDER)]
    found = {}
    for jobs in (1, 2):
        for count, given in ((FILES // 10, some), (FILES, [folder])):
            own, children = peaks([*COMMAND, "--jobs", str(jobs), *map(str, given)])
            found[f"{jobs} job(s), {count:,} files, peak MB"] = own
            if children:
                found[f"{jobs} job(s), {count:,} files, largest child's peak MB"] = children
    return found


def peaks(command: list[str]) -> tuple[float, float]:
    """Run a command; return its peak memory and that of its largest descendant, in megabytes."""
    highest: dict[int, float] = {}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True) as process:
        while process.poll() is None:
            for pid in members(process.pid):
                highest[pid] = max(highest.get(pid, 0.0), peak_of(pid))
            time.sleep(0.02)
    own = highest.pop(process.pid, 0.0)
    return own, max(highest.values(), default=0.0)


def members(session: int) -> list[int]:
    """Return the processes of a session."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                # Fields after the name in brackets: state, parent, group, session.
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has ended
                continue
            if int(fields[3]) == session:
                found.append(int(folder.name))
    return found


def peak_of(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    rows = [row.split() for row in status.splitlines() if row.startswith("VmHWM:")]
    return int(rows[0][1]) / 1024 if rows else 0.0
