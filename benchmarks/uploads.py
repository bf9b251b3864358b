"""The cost of one large upload: plain, in `wcf`, with a failure played, and sent again.

Each variant sends the same request of 10 MB through a socket to an endpoint in this process, in
turn; the plain one runs twice per round, as a null control. The figures are the CPU time of the
server's thread and the client's together, and that of `StubEndpoint.handle` alone.
"""

import socket
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import ParamSpec

from benchmarks.judge import MB, png
from pytest_soblob import (
    HttpRequest,
    Limits,
    SaveImageStreamRequest,
    SoblobSettings,
    StubEndpoint,
    WcfHost,
)
from pytest_soblob._http import to_bytes

P = ParamSpec("P")
SIZE = 10 * MB
AIM = 1.5


def run(rounds: int) -> dict[str, object]:
    """Print a table; return its figures."""
    request = _request()
    sent = to_bytes(replace(request, headers=(("Host", "127.0.0.1"), *request.headers)))
    whole: dict[str, list[float]] = {name: [] for name in VARIANTS}
    handled: dict[str, list[float]] = {name: [] for name in VARIANTS}
    for _ in range(rounds):
        for name, make in VARIANTS.items():
            with make(request) as endpoint:
                whole[name].append(_cost_s(time.process_time, _send, endpoint, sent))
                endpoint.reset()
            handled[name].append(_cost_s(time.thread_time, make(request).handle, request))
    print(f"\nan upload of 10 MB, CPU time, medians of {rounds} rounds\n")
    print("| | in total | times plain | handle alone | times plain |")
    print("| --- | --- | --- | --- | --- |")
    figures: dict[str, object] = {}
    plain = [statistics.median(times["plain"]) for times in (whole, handled)]
    for name in VARIANTS:
        costs = [statistics.median(times[name]) for times in (whole, handled)]
        ratios = [cost / least for cost, least in zip(costs, plain, strict=True)]
        cells = [f"{c * 1000:.1f} ms | {r:.2f}" for c, r in zip(costs, ratios, strict=True)]
        print(f"| {name} | {' | '.join(cells)} |")
        figures[name] = {"whole_s": costs[0], "ratio": ratios[0], "handle_s": costs[1]}
    worst = max(
        statistics.median(whole[name]) / plain[0] for name in VARIANTS if "null" not in name
    )
    print(
        f"\nthe most expensive upload costs {worst:.2f} times the plain one (target: at most {AIM})"
    )
    return figures


def _strict(request: HttpRequest) -> StubEndpoint:
    return StubEndpoint(limits=Limits(body_bytes=1 << 30))


def _wcf(request: HttpRequest) -> StubEndpoint:
    host = WcfHost(max_message_size=1 << 30)
    return StubEndpoint(settings=SoblobSettings(behaviour="wcf", wcf_host=host))


def _failing(
    make: Callable[[HttpRequest], StubEndpoint], name: str
) -> Callable[[HttpRequest], StubEndpoint]:
    def failing(request: HttpRequest) -> StubEndpoint:
        endpoint = make(request)
        endpoint.fail(name)
        return endpoint

    return failing


def _matching(request: HttpRequest) -> StubEndpoint:
    endpoint = _strict(request)
    endpoint.fail("http-503", matching={"type": "PersonImage"})
    return endpoint


def _again(
    make: Callable[[HttpRequest], StubEndpoint],
) -> Callable[[HttpRequest], StubEndpoint]:
    def again(request: HttpRequest) -> StubEndpoint:
        endpoint = _failing(make, "no-rights")(request)
        endpoint.handle(request)
        return endpoint

    return again


VARIANTS: dict[str, Callable[[HttpRequest], StubEndpoint]] = {
    "plain": _strict,
    "wcf": _wcf,
    "a failure played": _failing(_strict, "http-503"),
    "a failure played, in wcf": _failing(_wcf, "http-503"),
    "rejected": _failing(_strict, "no-rights"),
    "stored, but reported as failed": _failing(_strict, "saved-but-503"),
    "a failure for its type": _matching,
    "sent again": _again(_strict),
    "sent again, in wcf": _again(_wcf),
    "plain again (null control)": _strict,
}


def _request() -> HttpRequest:
    request = SaveImageStreamRequest(
        type="PersonImage",
        image=png(SIZE),
        description="Portrait of Ada",
        ticket="7T:SoblobDrawnTicket==",
        application_token="token",
    ).to_http_request()
    length = ("Content-Length", str(len(request.body)))
    return replace(request, headers=(*request.headers, length))


def _cost_s(
    clock: Callable[[], float], call: Callable[P, object], *args: P.args, **kwargs: P.kwargs
) -> float:
    started = clock()
    call(*args, **kwargs)
    return clock() - started


def _send(endpoint: StubEndpoint, sent: bytes) -> None:
    host, _, port = endpoint.base_url.rpartition("//")[2].rpartition(":")
    with closing(socket.create_connection((host, int(port)), timeout=30)) as client:
        client.sendall(sent)
        assert client.recv(65536).startswith(b"HTTP/1.1 ")
