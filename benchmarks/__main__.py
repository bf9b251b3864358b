"""`python -m benchmarks NAME`; `endpoint`: what starting and stopping the endpoint costs.

Ours and a stock `http.server` in a thread take turns, and ours runs twice in each round, as a null
control: if the two differ, the machine is too noisy to say anything.

`bulk`: see `benchmarks/bulk.py`.
"""

import argparse
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from benchmarks.bulk import bulk
from pytest_soblob import StubEndpoint


def ours() -> None:
    StubEndpoint().start().stop()


def stock() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    server.shutdown()
    thread.join()
    server.server_close()


def seconds(call: Callable[[], None]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def endpoint(rounds: int) -> dict[str, float]:
    """Median milliseconds of start plus stop, each measured once a round, in turn."""
    calls = {"ours": ours, "ours again (null control)": ours, "http.server": stock}
    for call in calls.values():
        call()
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(seconds(call) * 1000)
    return {name: statistics.median(measured) for name, measured in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=["endpoint", "bulk"])
    parser.add_argument("--rounds", type=int, help="default: 20 of endpoint, 7 of bulk")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.name == "bulk":
        rounds = options.rounds or 7
        figures = bulk(rounds)
        title = f"soblob validate, medians of {rounds} rounds in turn"
    else:
        rounds = options.rounds or 20
        figures = endpoint(rounds)
        title = f"start plus stop, median of {rounds} rounds in turn"
    if options.json:
        json.dump(figures, sys.stdout, indent=2)
        return
    print(title)
    if options.name == "bulk":
        for name, value in figures.items():
            print(f"  {name:<52} {value:8.2f}")
    else:
        show_endpoint(figures)


def show_endpoint(medians: dict[str, float]) -> None:
    for name, milliseconds in medians.items():
        ratio = milliseconds / medians["ours"]
        print(f"  {name:<28} {milliseconds:8.2f} ms   {ratio:6.1f} x ours")


if __name__ == "__main__":
    main()
