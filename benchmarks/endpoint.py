"""The cost of starting and stopping the endpoint, compared with `http.server` in a thread."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from benchmarks._interleaved import medians
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


def run(rounds: int) -> dict[str, object]:
    """Print and return the median milliseconds of start plus stop."""
    found = medians({"ours": ours, "ours again (null control)": ours, "http.server": stock}, rounds)
    print(f"start plus stop, medians of {rounds} interleaved rounds")
    for name, seconds in found.items():
        print(f"  {name:<28} {seconds * 1e3:8.2f} ms   {seconds / found['ours']:6.1f} x ours")
    return {name: seconds * 1e3 for name, seconds in found.items()}
