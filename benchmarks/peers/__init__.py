"""Round trips of several stubs on loopback, in one interleaved run, each in its own process.

The client is the same for all, and cheap: one socket, prepared bytes, a regular expression. Ours
judges every request in full and stores it, and reports both after each round; otherwise the run
fails. pytest-httpserver has one canned reply; spyne and node-soap run the operation. To show what
could still be gained, our HTTP server alone, with a canned reply, runs beside them: the ceiling.
After each round all discard their recordings, as between two tests; except in the last table, for
which `soblob serve` runs as started by hand, with its normal recording.

Client and servers share one processor if the system allows that: a round trip is then the computing
time of both. On two processors, most of it is the time in which an idle processor wakes up.
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
from pytest_soblob.names import SERVICE_PATHS
from pytest_soblob.stub.wsdl import served_wsdl

HERE = Path(__file__).parent
OURS, AGAIN = "ours", "ours again (null control)"
CEILING = "our HTTP alone (ceiling)"
SERVED, SERVED_AGAIN = "soblob serve", "soblob serve again (null control)"
JUDGING = {OURS, AGAIN, SERVED, SERVED_AGAIN}
# Image bytes, calls per round, and the target for our share of the ceiling.
SIZES = (("2 kB", 2_000, 300, 0.40), ("1 MB", 1_000_000, 20, 0.75))


@dataclass
class Peer:
    """A server in a process of its own; it prints its port, and resets on each line of input."""

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
    """Print a table for each size; return the figures: requests per second, seconds, shares."""
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
        for label, size, calls, target in SIZES:
            seconds = _time(commands, _request(size), calls, rounds)
            figures[label] = _print_table(f"image of {label}", seconds, target, OURS)
        served = (sys.executable, "-m", "benchmarks.peers.served")
        commands = {
            SERVED: served,
            "pytest-httpserver": commands["pytest-httpserver"],
            CEILING: commands[CEILING],
            SERVED_AGAIN: served,
        }
        label, size, calls, _ = SIZES[-1]
        seconds = _time(commands, _request(size), calls, rounds)
        figures["sustained"] = _print_table(f"{label}, sustained", seconds, 0.75, SERVED)
    return figures


def _time(
    commands: dict[str, tuple[str, ...]], data: bytes, calls: int, rounds: int
) -> dict[str, list[list[float]]]:
    """Return the duration of each call of each server, by round."""
    seconds: dict[str, list[list[float]]] = {name: [] for name in commands}
    with ExitStack() as stack:
        peers = {name: stack.enter_context(running(*cmd)) for name, cmd in commands.items()}
        for number in range(rounds + 1):
            for name, peer in peers.items():
                times = [peer.client.call(data) for _ in range(calls)]
                counts = peer.forget()
                if name in JUDGING and counts != [calls, calls, 0]:
                    raise RuntimeError(f"{name} has not judged and stored every request: {counts}")
                if number:  # the first round warms up
                    seconds[name].append(times)
    return seconds


def _print_table(
    label: str, seconds: dict[str, list[list[float]]], target: float, ours: str
) -> dict[str, object]:
    """Print a row for each server; its share of the ceiling is the median over the rounds."""
    print(f"{label:<36}{'calls/s':>9}{'p50':>10}{'p99':>10}{'ours is':>9}{'of the ceiling':>17}")
    rows: dict[str, object] = {}
    for name, rounds in seconds.items():
        ordered = sorted(time for times in rounds for time in times)
        p50, p99 = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
        row = {
            "calls_per_s": len(ordered) / sum(ordered),
            "p50_s": p50,
            "p99_s": p99,
            "ours_is": _median_ratio(rounds, seconds[ours]),
            "share_of_the_ceiling": _median_ratio(seconds[CEILING], rounds),
        }
        goal = f" target {target:.2f}" if name == ours else ""
        print(f"  {name:<34}{row['calls_per_s']:9,.0f}{p50 * 1e6:7,.0f} us{p99 * 1e6:7,.0f} us"
              f"{row['ours_is']:7.2f} x{row['share_of_the_ceiling']:17.2f}{goal}")  # fmt: skip
        rows[name] = row
    return rows


def _median_ratio(one: list[list[float]], other: list[list[float]]) -> float:
    """Return how much longer one took than the other, as the median over the rounds."""
    return statistics.median(sum(a) / sum(b) for a, b in zip(one, other, strict=True))


def _request(size: int) -> bytes:
    request = SaveImageStreamRequest(
        type="PersonImage", image=png(size), description="Portrait", ticket="7T:1234abcxyz=="
    ).to_http_request()
    return to_bytes(replace(request, headers=(("Host", "127.0.0.1"), *request.headers)))
