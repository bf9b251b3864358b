"""Nothing wrong that has come is missed, whoever has left, and asking costs little."""

import os
import random
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress

import pytest
import requests

from pytest_soblob import (
    ContractViolationError,
    HttpRequest,
    HttpResponse,
    SaveImageStreamRequest,
    SoblobError,
    StubEndpoint,
    assert_saved,
)
from pytest_soblob.certificates import Authority
from pytest_soblob.serving.control import ControlApi
from pytest_soblob.stub.endpoint import Limits
from pytest_soblob.stub.exchange import Exchange
from tests import mistakes
from tests.example_counts import untraced
from tests.sockets import connect, everything, written
from tests.stub.leavers import RULE, SIZES, Elsewhere, Leaver, all_at_once, elsewhere, wrong_upload

pytest.importorskip("trustme")

# Of each kind of client; CONTRIBUTING says how it is run in full.
COUNT = int(os.environ.get("SOBLOB_LEFT", "200"))
KINDS = [
    pytest.param(behaviour, tls, place, id=f"{behaviour}-{'tls' if tls else 'plain'}-{place}")
    for behaviour in ("strict", "wcf")
    for tls in (False, True)
    for place in ("here", "elsewhere")
]


@pytest.fixture(scope="module")
def authority() -> Iterator[Authority]:
    with closing(Authority()) as authority:
        yield authority


@pytest.fixture(scope="module")
def other_process() -> Iterator[Elsewhere]:
    with elsewhere() as other:
        yield other


def port_of(endpoint: StubEndpoint) -> int:
    return int(endpoint.base_url.rpartition(":")[2])


def found(endpoint: StubEndpoint) -> int:
    """How many wrong uploads `check` tells of."""
    try:
        endpoint.check()
    except ContractViolationError as error:
        return sum(violation.rule == RULE for violation in error.violations)
    return 0


@pytest.mark.parametrize(("behaviour", "tls", "place"), KINDS)
def test_no_wrong_upload_of_a_client_that_has_left_is_missed(
    behaviour: str,
    tls: bool,
    place: str,
    authority: Authority,
    other_process: Elsewhere,
) -> None:
    rng = random.Random(f"{behaviour} {tls} {place}")
    run: Callable[[list[Leaver]], None] = all_at_once if place == "here" else other_process.run
    left = missed = 0
    with ExitStack() as stack:
        context = authority.server_context() if tls else None
        endpoint = stack.enter_context(
            StubEndpoint(behaviour=behaviour, tls=context, max_message_size=10_000_000)
        )
        while left < COUNT // len(KINDS):
            clients = [
                Leaver(
                    port=port_of(endpoint),
                    size=rng.choice(SIZES),
                    is_chunked=rng.random() < 0.4,
                    trusted=str(authority.ca_file) if tls else None,
                )
                for _ in range(rng.choice((1, 8)))
            ]
            run(clients)
            left += len(clients)
            missed += len(clients) - found(endpoint)
            endpoint.reset()
    print(f"{behaviour} {'tls' if tls else 'plain'} {place}: {left} left, {missed} missed")  # noqa: T201 -- with -s
    assert missed == 0


# -- what is easily overlooked --------------------------------------------------------------------

WRONG = wrong_upload(10)


def right(description: str = "x") -> bytes:
    upload = SaveImageStreamRequest(
        type="PersonImage", image=b"\x89PNG", description=description, ticket="7T:x"
    )
    return written(upload.to_http_request())


@pytest.fixture
def endpoint() -> Iterator[StubEndpoint]:
    with StubEndpoint() as endpoint:
        yield endpoint


def reset(client: socket.socket) -> None:
    """Close it as a client does that dies."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


@pytest.mark.parametrize("count", [1, 100])
def test_requests_behind_an_answer_that_takes_its_time_are_judged(
    endpoint: StubEndpoint, count: int
) -> None:
    endpoint.reply(delay_s=60)
    with connect(endpoint) as client:
        client.sendall(right() + WRONG * count)
        assert found(endpoint) == count
        assert len(endpoint.exchanges) == count + 1
        assert found(endpoint) == 0


def test_they_are_judged_once_and_answered_in_their_order(endpoint: StubEndpoint) -> None:
    endpoint.reply(delay_s=0.2)
    with connect(endpoint) as client:
        client.sendall(right() + WRONG + right("y"))
        assert found(endpoint) == 1
        client.shutdown(socket.SHUT_WR)
        said = everything(client)
    assert [said[at : at + 12] for at in found_all(b"HTTP/1.1 ", said)] == [
        b"HTTP/1.1 200",
        b"HTTP/1.1 500",
        b"HTTP/1.1 200",
    ]
    assert len(endpoint.exchanges) == 3
    assert len(endpoint.blobs) == 2


def found_all(piece: bytes, data: bytes) -> list[int]:
    return [match.start() for match in re.finditer(re.escape(piece), data)]


def test_what_follows_an_answer_that_ends_the_connection_is_nobodys(endpoint: StubEndpoint) -> None:
    endpoint.reply(delay_s=60, close=True)
    with connect(endpoint) as client:
        client.sendall(right() + WRONG)
        assert found(endpoint) == 0
    assert len(endpoint.exchanges) == 1


def test_requests_of_who_reads_no_answers_are_judged(endpoint: StubEndpoint) -> None:
    large = HttpResponse(body=bytes(8_000_000))
    endpoint.reply(response=large)
    with connect(endpoint) as client:
        client.sendall(right() + WRONG * 100)
        assert found(endpoint) == 100


def test_what_lies_behind_an_answer_to_who_has_reset_the_connection_is_judged() -> None:
    """The answer finds out before the rest is read: asyncio would throw that away."""
    busy, gone = threading.Event(), threading.Event()

    def hold(exchange: Exchange) -> None:
        busy.set()
        assert gone.wait(10)

    with StubEndpoint(on_exchange=hold) as endpoint:
        client = connect(endpoint)
        client.sendall(right())
        assert busy.wait(10)
        client.sendall(WRONG)
        reset(client)
        gone.set()
        assert found(endpoint) == 1


@pytest.mark.slow
def test_others_who_go_on_sending_hold_nobody_up(endpoint: StubEndpoint) -> None:
    over = threading.Event()

    def go_on() -> None:
        while not over.is_set():
            with connect(endpoint) as client:
                for _ in range(20):
                    client.sendall(right())
                    client.recv(65536)

    clients = [threading.Thread(target=go_on) for _ in range(4)]
    for client in clients:
        client.start()
    try:
        for _ in range(20):
            Leaver(port=port_of(endpoint), size=2_000).run()
            assert found(endpoint) == 1
    finally:
        over.set()
        for client in clients:
            client.join(30)


def test_a_call_in_a_clients_thread_is_waited_for() -> None:
    busy, go_on = threading.Event(), threading.Event()

    def look(request: HttpRequest) -> None:
        busy.set()
        assert go_on.wait(10)

    endpoint = StubEndpoint(intercept=look)
    request = mistakes.http_request(mistakes.request(mistakes.IMAGE, mistakes.TYPE))
    client = threading.Thread(target=endpoint.handle, args=(request,))
    client.start()
    assert busy.wait(10)
    threading.Timer(0.05, go_on.set).start()
    with pytest.raises(ContractViolationError):
        endpoint.check()
    client.join(30)


def test_a_call_in_a_clients_thread_that_does_not_end_is_told() -> None:
    busy, go_on = threading.Event(), threading.Event()

    def look(request: HttpRequest) -> None:
        busy.set()
        assert go_on.wait(10)

    endpoint = StubEndpoint(intercept=look)
    client = threading.Thread(
        target=endpoint.handle, args=(mistakes.http_request(),), name="uploader"
    )
    client.start()
    assert busy.wait(10)
    endpoint._listener.settle(0.01)
    go_on.set()
    client.join(30)
    with pytest.raises(SoblobError) as caught:
        endpoint.check()
    assert str(caught.value) == (
        "the stub failed: a call in the thread 'uploader' was not answered within 0.01 s"
    )


def test_who_is_asked_within_a_call_does_not_wait_for_itself() -> None:
    told: list[str] = []

    def look(request: HttpRequest) -> None:
        asked.check()
        told.append(request.method)

    asked = StubEndpoint(intercept=look)
    asked.handle(mistakes.http_request())
    with asked:
        all_at_once([Leaver(port=port_of(asked), size=1)])
        assert found(asked) == 1
    assert told == ["POST", "POST"]


def test_assert_saved_knows_what_has_come(endpoint: StubEndpoint) -> None:
    for number in range(20):
        with connect(endpoint) as client:
            client.sendall(right(str(number)))
        assert_saved(endpoint, description=str(number))


@pytest.mark.parametrize("path", ["check", "exchanges"])
def test_another_language_that_asks_knows_what_has_come(path: str) -> None:
    api = ControlApi("only-for-this-run")
    asked = StubEndpoint(intercept=api.intercept, waits=api.waits)
    api.endpoint = asked
    headers = {"Authorization": "Bearer only-for-this-run"}
    method = "POST" if path == "check" else "GET"
    with asked:
        for number in range(20):
            Leaver(port=port_of(asked), size=300_000).run()
            url = f"{asked.base_url}/_soblob/{path}"
            said = requests.request(method, url, headers=headers, timeout=30).json()
            if path == "check":
                assert RULE in said["rules"]
            else:
                assert len(said["exchanges"]) == number + 1
        asked.discard_findings()


def test_two_who_ask_at_once_wait_for_nobody_but_the_clients() -> None:
    api = ControlApi("only-for-this-run")
    asked = StubEndpoint(intercept=api.intercept, waits=api.waits)
    api.endpoint = asked
    ask = (
        b"POST /_soblob/check HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n"
        b"Authorization: Bearer only-for-this-run\r\n\r\n"
    )
    with asked, connect(asked) as one, connect(asked) as other, connect(asked) as half:
        half.sendall(HALF)
        one.sendall(ask + ask)
        other.sendall(ask)
        said = b""
        while said.count(b"HTTP/1.1 200 ") < 2 or not said.endswith(b"}"):
            said += one.recv(65536)
        assert other.recv(65536).startswith(b"HTTP/1.1 200 ")


# -- what is not whole ----------------------------------------------------------------------------

HALF = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf"


@pytest.mark.parametrize(
    ("sent", "line", "over"),
    [
        (
            HALF,
            "connection 1: a POST is not complete: it waits for more of the body, after 54 bytes "
            "in all (Content-Length: 100)",
            "connection 1: a POST broke off in its body, after 54 bytes in all "
            "(Content-Length: 100)",
        ),
        (
            b"POST /x HT",
            "connection 1: a request is not complete: it waits for more of the head, after 10 "
            "bytes in all",
            "connection 1: a request broke off in its head, after 10 bytes in all",
        ),
    ],
)
def test_half_a_request_is_no_failure_but_a_line(
    sent: bytes, line: str, over: str, endpoint: StubEndpoint
) -> None:
    with connect(endpoint) as client:
        client.sendall(sent)
        endpoint.check()
        assert endpoint.unfinished() == [line]
    endpoint.check()
    assert endpoint.unfinished() == [over]
    endpoint.reset()
    assert endpoint.unfinished() == []


def test_half_a_handshake_is_a_line(authority: Authority) -> None:
    with StubEndpoint(tls=authority.server_context()) as endpoint:
        with connect(endpoint) as client:
            client.sendall(b"\x16\x03\x01")
            endpoint.check()
            assert endpoint.unfinished() == ["connection 1: the TLS handshake is not complete"]
        with connect(endpoint) as client:
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
            everything(client)
        endpoint.check()
        assert endpoint.unfinished() == [
            "connection 1: the TLS handshake failed",
            "connection 2: the TLS handshake failed: HTTP_REQUEST",
        ]


def test_who_still_sends_when_the_time_is_up_is_told(endpoint: StubEndpoint) -> None:
    over = threading.Event()

    def drip() -> None:
        with connect(endpoint) as client:
            client.sendall(HALF)
            begun.set()
            while not over.wait(0.005):
                client.sendall(b"x" * 10)
            reset(client)

    begun = threading.Event()
    client = threading.Thread(target=drip)
    client.start()
    assert begun.wait(10)
    endpoint._listener.settle(0.01)
    over.set()
    client.join(30)
    with pytest.raises(SoblobError) as caught:
        endpoint.check()
    assert str(caught.value) == (
        "the stub failed: after 0.01 s bytes still arrived on 1 connection (number 1), and what "
        "is incomplete was not judged; let the clients end before the test does"
    )


def test_a_loop_that_is_held_up_is_told_with_the_place(endpoint: StubEndpoint) -> None:
    go_on = threading.Event()

    def hold() -> None:
        go_on.wait(30)

    assert endpoint._listener.server is not None
    assert endpoint._listener.server._loop is not None
    endpoint._listener.server._loop.call_soon_threadsafe(hold)
    endpoint._listener.settle(0.01)
    go_on.set()
    with pytest.raises(SoblobError) as caught:
        endpoint.check()
    assert re.fullmatch(
        r"the stub failed: requests were not judged within 0\.01 s: its thread is at "
        rf"{re.escape(__file__)}:\d+, in hold",
        str(caught.value),
    )


# -- what it costs --------------------------------------------------------------------------------


def cpu_s(endpoint: StubEndpoint, times: int) -> float:
    begun = time.process_time()
    for _ in range(times):
        endpoint.check()
    return (time.process_time() - begun) / times


@untraced
def test_a_quiet_end_costs_next_to_nothing(endpoint: StubEndpoint) -> None:
    with ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(connect(endpoint))
        endpoint.check()
        assert min(cpu_s(endpoint, 20) for _ in range(20)) < 0.001


def test_half_a_request_is_waited_for_once_and_not_by_turning(
    endpoint: StubEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(endpoint) as client:
        client.sendall(HALF)
        assert cpu_s(endpoint, 1) < 0.04
        monkeypatch.setattr("pytest_soblob._http.server._draining._GRACE_S", 3600)
        endpoint.check()
        client.sendall(b"more")  # and then it is waited for again
        endpoint._listener.settle(0.05)
        monkeypatch.setattr("pytest_soblob._http.server._draining._GRACE_S", 0)
        with pytest.raises(SoblobError, match="bytes still arrived"):
            endpoint.check()


# -- other processes ------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_says_where_the_endpoint_runs(endpoint: StubEndpoint) -> None:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        said = ""
        try:
            for ask in (endpoint.check, endpoint.stop, endpoint._runner.met, endpoint.settle):
                try:
                    ask()
                except SoblobError as error:
                    said += f"{error}\n"
        finally:
            os.write(write, said.encode())
            os._exit(0)
    os.close(write)
    with open(read, "rb") as pipe:  # noqa: PTH123 -- it has no path
        lines = pipe.read().decode().splitlines()
    os.waitpid(child, 0)
    expected = (
        f"this is process {child}, a fork of process {os.getpid()}, in which the endpoint runs and "
        "holds the requests: use it there"
    )
    assert lines == [expected] * 4


def test_who_sends_without_end_is_waited_for_once(
    endpoint: StubEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by each of the questions that the end of a test asks, and not by the next test."""
    over = threading.Event()

    def drip(client: socket.socket) -> None:
        while not over.is_set():
            client.sendall(b"a" * 10)
            over.wait(0.001)

    with connect(endpoint) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n")
        dripping = threading.Thread(target=drip, args=(client,))
        dripping.start()
        try:
            endpoint._listener.settle(0.2)
            # Nobody is waited for any more: 10 s each if somebody were.
            begun = time.monotonic()
            with pytest.raises(SoblobError, match="bytes still arrived"):
                endpoint.check()
            assert endpoint._runner.journal() is not None
            endpoint._runner.begin(after="test_first")
            endpoint.check()
            assert time.monotonic() - begun < 5
        finally:
            over.set()
            dripping.join()


def test_answers_that_nobody_reads_do_not_fill_the_memory(
    endpoint: StubEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 2_000_000
    monkeypatch.setattr("pytest_soblob._http.server._queue._MOST_BYTES_AHEAD", most)
    get = b"GET /Remote/Services86/BLOB.svc?wsdl HTTP/1.1\r\nHost: a\r\n\r\n"
    over = threading.Event()

    def flood(client: socket.socket) -> None:
        with suppress(OSError):
            while not over.is_set():
                client.sendall(get * 500)

    with connect(endpoint) as client:
        flooding = threading.Thread(target=flood, args=(client,))
        flooding.start()
        try:
            assert endpoint._listener.server is not None
            size = 0
            patience = time.monotonic() + 30
            while size <= most and time.monotonic() < patience:
                endpoint._listener.settle(0.1)
                (connection,) = endpoint._listener.server._table.open
                size = sum(answer.size for answer in connection._waiting._ahead)
            assert most < size < most + 100_000
            with pytest.raises(SoblobError, match="bytes still arrived"):
                endpoint.check()
        finally:
            over.set()
            client.shutdown(socket.SHUT_RDWR)
            flooding.join()


@pytest.mark.slow
def test_who_does_not_read_and_never_stops_sending_holds_up_nobody() -> None:
    limits = Limits(stall_s=0.2, idle_s=0.2)
    over = threading.Event()

    def flood(client: socket.socket) -> None:
        while not over.is_set():
            try:
                client.sendall(b"GET /?wsdl HTTP/1.1\r\nHost: a\r\n\r\n" * 2_000)
            except OSError:  # it was ended, as it should be
                return

    with StubEndpoint(limits=limits) as endpoint, connect(endpoint, 60) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        flooding = threading.Thread(target=flood, args=(client,))
        flooding.start()
        try:
            flooding.join(30)
            assert not flooding.is_alive()
            assert requests.get(endpoint.wsdl_url, timeout=10).status_code == 200
        finally:
            over.set()
            client.close()
            flooding.join()
