"""Load by many clients at once for a while: no error, no lost blob, and the memory it takes.

The clients run in a process of their own and record each image's hash by the id that they received;
the endpoint's process records the hash of what it stored. At the end the two records must be equal.
It runs once with limited recording, once with everything kept.
"""

import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from pytest_soblob import Blob, Exchange, StubEndpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECTIONS = 1_000
# Files that a process needs for that many connections.
FILES = CONNECTIONS + 100
KEPT = 100
MIB = 1024 * 1024


class Notes:
    """Records in a file what the endpoint has stored, so as not to add to the memory measured."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self.blobs: Mapping[int, Blob] = {}

    def add(self, exchange: Exchange) -> None:
        errors = [v.rule for v in exchange.violations if v.is_error]
        blob = self.blobs.get(exchange.blob_id or 0)
        if errors or blob is None or blob.image is None:
            self._file.write(f"error {exchange} {errors}\n")
        else:
            self._file.write(f"{blob.id} {hashlib.sha256(blob.image).hexdigest()}\n")


@dataclass(frozen=True)
class Load:
    """The result of a run.

    Attributes:
        given: Hash of each image by the id that a client received.
        stored: Hash of each image by the id that the endpoint assigned.
        errors: Errors of the clients and of the endpoint.
        seconds: Duration.
        image_bytes: Size of all images.
        growth_bytes: Growth of the endpoint's process, from its first request to its largest size.
        waits_s: Duration of each call, sorted.
    """

    given: dict[str, str]
    stored: dict[str, str]
    errors: list[str]
    seconds: float
    image_bytes: int
    growth_bytes: int
    waits_s: list[float]


def load(connections: int, seconds: float, keep: int | None) -> Load:
    """Run so many clients for so long.

    Args:
        connections: Number of clients.
        seconds: Duration of the run.
        keep: As for `StubEndpoint`.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(FILES, hard)), hard))
    with tempfile.TemporaryDirectory() as folder, Path(folder, "stored").open("w+") as file:
        results = Path(folder, "results")
        notes = Notes(file)
        with StubEndpoint(keep=keep, on_exchange=notes.add) as endpoint:
            notes.blobs = endpoint.blobs
            start = time.monotonic()
            growth = _run_clients(endpoint.base_url, connections, seconds, results)
            seconds = time.monotonic() - start
        file.seek(0)
        found = json.loads(results.read_text())
        lines = [line.split(maxsplit=1) for line in file.read().splitlines()]
    stored = dict(lines)
    return Load(
        given=found["digests"],
        stored=stored,
        errors=[*found["errors"], *(text for word, text in lines if word == "error")],
        seconds=seconds,
        image_bytes=found["image_bytes"],
        growth_bytes=growth,
        waits_s=sorted(found["waits_s"]),
    )


def _run_clients(base_url: str, connections: int, seconds: float, results: Path) -> int:
    """Run the clients to their end; return the largest growth of this process in bytes."""
    before = peak = resident_bytes()
    port = base_url.rpartition(":")[2]
    command = (sys.executable, "-m", "benchmarks.load.clients")
    with subprocess.Popen(
        (*command, port, str(connections), str(seconds), str(results)), stdout=subprocess.PIPE
    ) as clients:
        assert clients.stdout is not None
        while clients.stdout.readline():  # several lines per second
            peak = max(peak, resident_bytes())
    return peak - before


def resident_bytes() -> int:
    """Return the resident memory of this process."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * 4096


def run(rounds: int) -> dict[str, object]:
    """Print and return the figures; the duration is three times `rounds`, in seconds."""
    figures: dict[str, object] = {}
    for keep in (KEPT, None):
        done = load(CONNECTIONS, 3 * rounds, keep)
        whole = done.given == done.stored and len(done.waits_s) == len(done.given)
        kept = "all kept" if keep is None else f"{keep} kept"
        p50, p99 = (done.waits_s[len(done.waits_s) * share // 100] for share in (50, 99))
        print(
            f"{CONNECTIONS:,} connections, {done.seconds:.0f} s, {kept}: "
            f"{len(done.given):,} uploads of {done.image_bytes / MIB:,.0f} MiB, "
            f"{len(done.errors)} errors, {'each' if whole else 'NOT EACH'} image as sent, "
            f"p50 {p50 * 1e3:.0f} ms, p99 {p99 * 1e3:.0f} ms, "
            f"memory grew by {done.growth_bytes / MIB:,.0f} MiB"
        )
        figures[kept] = {"uploads": len(done.given), "growth_bytes": done.growth_bytes}
        if not whole or done.errors:
            raise RuntimeError(f"errors: {done.errors[:3]}")
    return figures
