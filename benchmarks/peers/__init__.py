"""Round trips of stubs, in one interleaved run on loopback, each in a process of its own.

The client is the same for all, and cheap: one socket, bytes that are ready, a regular expression.
Ours judges every request in full and stores it, says so after each round, and the run fails if it
did not. pytest-httpserver has one canned reply, spyne and node-soap run the operation. So that one
sees what is left to gain, our HTTP server runs beside them, with a canned reply and nothing else:
the ceiling. After each round each forgets what it has recorded, as between two tests.

Client and servers share one processor where the system allows that: a round trip is then what both
compute. On two, most of it is the time in which an idle processor wakes up.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.judge import png
from benchmarks.peers.client import Client
from pytest_soblob import SaveImageStreamRequest, SaveImageStreamResponse
from pytest_soblob._http import to_bytes
from pytest_soblob._schemas import served_wsdl
from pytest_soblob.names import SERVICE_PATHS

HERE = Path(__file__).parent
OURS, AGAIN = "ours", "ours again (null control)"
CEILING = "our HTTP alone (ceiling)"
# Image bytes, calls in a round, and how many times as fast as each ours has to be.
SIZES = (
    ("2 kB", 2_000, 300, {"pytest-httpserver": 5.0, "spyne": 12.0}),
    ("1 MB", 1_000_000, 20, {"pytest-httpserver": 4.0, "node-soap": 30.0}),
)


@dataclass
class Peer:
    """A server in a process of its own, which tells its port and forgets on a line of input."""

    process: "subprocess.Popen[str]"
    client: Client

    def forget(self) -> list[int]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return [int(word) for word in self.process.stdout.readline().split()]


@contextmanager
def running(*command: str) -> Iterator[Peer]:
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        try:
            assert process.stdout is not None
            with Client(int(process.stdout.readline())) as client:
                yield Peer(process, client)
        finally:
            process.terminate()


def run(rounds: int) -> dict[str, object]:
    """Print a table for each size, and return the figures: requests a second, seconds."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # inherited by the servers
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        canned, wsdl = Path(folder, "canned.xml"), Path(folder, "BLOB.wsdl")
        canned.write_bytes(SaveImageStreamResponse(blob_id=4711, succeeded=True).to_bytes())
        wsdl.write_bytes(served_wsdl("BLOB", f"http://127.0.0.1{SERVICE_PATHS['BLOB']}"))
        commands = {
            OURS: (sys.executable, "-m", "benchmarks.peers.ours"),
            "pytest-httpserver": (sys.executable, "-m", "benchmarks.peers.canned", str(canned)),
            "spyne": (sys.executable, "-m", "benchmarks.peers.with_spyne"),
            "node-soap": ("node", str(HERE / "with_node_soap.js"), str(wsdl)),
            CEILING: (sys.executable, "-m", "benchmarks.peers.ceiling", str(canned)),
            AGAIN: (sys.executable, "-m", "benchmarks.peers.ours"),
        }
        for label, size, calls, wanted in SIZES:
            figures[label] = _compare(label, size, calls, wanted, commands, rounds)
    return figures


def _compare(
    label: str,
    size: int,
    calls: int,
    wanted: dict[str, float],
    commands: dict[str, tuple[str, ...]],
    rounds: int,
) -> dict[str, object]:
    data = _request(size)
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    with ExitStack() as stack:
        peers = {name: stack.enter_context(running(*cmd)) for name, cmd in commands.items()}
        for number in range(rounds + 1):
            for name, peer in peers.items():
                times = [peer.client.call(data) for _ in range(calls)]
                told = peer.forget()
                if name in (OURS, AGAIN) and told != [calls, calls, 0]:
                    raise RuntimeError(f"{name} has not judged and stored every request: {told}")
                if number:  # the first round warms up
                    seconds[name] += times
    return _print_table(label, seconds, wanted)


def _print_table(
    label: str, seconds: dict[str, list[float]], wanted: dict[str, float]
) -> dict[str, object]:
    rates = {name: 1 / statistics.mean(times) for name, times in seconds.items()}
    print(
        f"image of {label:<27}{'calls/s':>9}{'p50':>10}{'p99':>10}{'p99/p50':>9}{'ours is':>9}"
        f"{'ceiling is':>12}"
    )
    rows: dict[str, object] = {}
    for name, times in seconds.items():
        ordered = sorted(times)
        p50, p99 = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
        ratio, most = rates[OURS] / rates[name], rates[CEILING] / rates[name]
        goal = f"   wanted {wanted[name]:g} x" if name in wanted else ""
        print(f"  {name:<34}{rates[name]:9,.0f}{p50 * 1e6:7,.0f} us{p99 * 1e6:7,.0f} us"
              f"{p99 / p50:9.1f}{ratio:7.2f} x{most:10.2f} x{goal}")  # fmt: skip
        rows[name] = {
            "calls_per_s": rates[name],
            "p50_s": p50,
            "p99_s": p99,
            "ours_is": ratio,
            "ceiling_is": most,
        }
    return rows


def _request(size: int) -> bytes:
    request = SaveImageStreamRequest(
        type="PersonImage", image=png(size), description="Portrait", ticket="7T:1234abcxyz=="
    ).to_http_request()
    return to_bytes(replace(request, headers=(("Host", "127.0.0.1"), *request.headers)))
