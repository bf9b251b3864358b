"""The server on real sockets."""

import asyncio
import http.client
import os
import select
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import pytest

from pytest_soblob import HttpRequest, HttpResponse, SoblobError
from pytest_soblob._http import parse_message
from pytest_soblob._http.server import Handlers, Limits, Server
from pytest_soblob.wire import Delivery, Ending
from tests.sockets import everything

POST = b"POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
# Much more than a socket holds on its way, at either end.
LARGE_ANSWER_BYTES = 32_000_000


def echo(request: HttpRequest, connection: int) -> Delivery:
    """Answer with target and body; the target may ask for something else."""
    match request.target:
        case "/raw":
            return Delivery(response=b"HTTP/1.1 418 Teapot\r\n\r\nraw")
        case "/close":
            return Delivery(response=None)
        case "/boom":
            raise ZeroDivisionError("boom")
        case "/late":
            return Delivery(response=HttpResponse(body=b"late"), delay_s=60)
        case "/reset":
            return Delivery(response=None, ending=Ending.RESET)
        case "/half":
            return Delivery(response=HttpResponse(body=b"0123456789"), cut_at=5)
        case "/half-reset":
            return Delivery(
                response=HttpResponse(body=b"0123456789"), cut_at=5, ending=Ending.RESET
            )
        case "/hold":
            return Delivery(response=None, ending=Ending.HOLD)
        case "/stale":
            return Delivery(response=HttpResponse(body=b"stale"), ending=Ending.STALE)
        case "/slow-head":
            return Delivery(response=HttpResponse(body=b"x"), head_bytes_per_s=500)
        case "/slow-body":
            return Delivery(response=HttpResponse(body=bytes(100)), body_bytes_per_s=500)
        case "/broken":
            return Delivery(response=HttpResponse(body=b"x"), delay_s=10**400)
        case "/chunks":
            headers = (("Transfer-Encoding", "chunked"),)
            return Delivery(response=HttpResponse(headers=headers, body=bytes(40_000)))
        case "/smuggled":
            return Delivery(response=HttpResponse(headers=(("X", "a\r\nY: b"),)))
        case "/alive":
            return Delivery(response=HttpResponse(headers=(("Connection", "keep-alive"),)))
        case "/much":
            return Delivery(response=HttpResponse(body=bytes(8_000_000)))
        case "/soon-much":
            return Delivery(response=HttpResponse(body=bytes(16_000_000)), delay_s=0.01)
        case "/more":
            return Delivery(response=HttpResponse(body=bytes(LARGE_ANSWER_BYTES)))
        case "/bye":
            return Delivery(response=HttpResponse(headers=(("Connection", "close"),)))
        case _:
            text = f"{request.target} {len(request.body)}".encode()
            return Delivery(response=HttpResponse(headers=(("X-A", "b"),), body=text))


@pytest.fixture
def errors() -> list[BaseException]:
    return []


@pytest.fixture
def server(errors: list[BaseException]) -> Iterator[Server]:
    handlers = Handlers(handle=echo, failed=errors.append)
    with Server(handlers, limits=Limits(body_bytes=20_000_000)) as server:
        yield server


def connect(server: Server) -> socket.socket:
    return socket.create_connection((server.host, server.port), timeout=10)


def until(connection: socket.socket, end: bytes) -> bytes:
    received = b""
    while end not in received:
        data = connection.recv(65536)
        assert data, f"closed before {end!r}: {received!r}"
        received += data
    return received


def test_pipelined_requests_are_answered_in_order_on_one_connection(server: Server) -> None:
    with closing(connect(server)) as connection:
        connection.sendall(b"".join(POST % number for number in range(3)))
        received = until(connection, b"/2 2")
    assert received.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert received.index(b"/0 2") < received.index(b"/1 2") < received.index(b"/2 2")


def test_a_reply_is_one_piece(server: Server) -> None:
    with closing(connect(server)) as connection:
        connection.sendall(POST % 1)
        assert connection.recv(65536).endswith(b"/1 2")


def test_bytes_in_small_pieces_and_in_chunks(server: Server) -> None:
    chunked = (
        b"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    )
    with closing(connect(server)) as connection:
        for byte in chunked:
            connection.sendall(bytes([byte]))
        assert until(connection, b"/c 3")


def test_continue_is_sent_before_the_body(server: Server) -> None:
    with closing(connect(server)) as connection:
        connection.sendall(
            b"POST /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        )
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"hi")
        assert until(connection, b"/e 2")


@pytest.mark.parametrize(
    "head",
    [
        b"POST /z HTTP/1.0\r\nContent-Length: 0",
        b"POST /z HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0",
    ],
)
def test_who_asks_to_close_is_told_that_it_closes(server: Server, head: bytes) -> None:
    with closing(connect(server)) as connection:
        connection.sendall(head + b"\r\n\r\n")
        received = everything(connection)
    assert b"\r\nConnection: close\r\n" in received
    assert received.endswith(b"/z 0")


def test_an_answer_that_says_close_closes(server: Server) -> None:
    with closing(connect(server)) as connection:
        connection.sendall(b"POST /bye HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        assert everything(connection).count(b"Connection: close") == 1


def test_head_has_no_body(server: Server) -> None:
    with closing(connect(server)) as connection:
        connection.sendall(b"HEAD /h HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        received = everything(connection)
    assert b"Content-Length: 4\r\n" in received
    assert received.endswith(b"\r\n\r\n")


def test_raw_bytes_and_a_silent_close(server: Server) -> None:
    for target, expected in ((b"/raw", b"HTTP/1.1 418 Teapot\r\n\r\nraw"), (b"/close", b"")):
        with closing(connect(server)) as connection:
            connection.sendall(
                b"POST " + target + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
            )
            assert everything(connection) == expected


def test_an_error_of_the_handler_is_handed_on(server: Server, errors: list[BaseException]) -> None:
    with closing(connect(server)) as connection:
        connection.sendall(b"POST /boom HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        received = everything(connection)
    assert received.startswith(b"HTTP/1.1 500 ")
    assert b"boom" not in received
    assert [str(error) for error in errors] == ["boom"]


def test_an_error_on_the_way_is_handed_on_and_leaves_nobody_waiting(
    server: Server, errors: list[BaseException]
) -> None:
    with closing(connect(server)) as connection:
        connection.sendall(b"POST /broken HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        with suppress(ConnectionResetError):
            assert everything(connection) == b""
    assert [type(error) for error in errors] == [OverflowError]


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00hello\r\n\r\n",
        b"GET\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    ],
)
def test_garbage_is_400_and_the_next_request_is_taken(server: Server, garbage: bytes) -> None:
    with closing(connect(server)) as connection:
        connection.sendall(garbage)
        connection.shutdown(socket.SHUT_WR)
        received = everything(connection)
    assert received.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"Traceback" not in received
    with closing(connect(server)) as connection:
        connection.sendall(POST % 9)
        assert until(connection, b"/9 2")


def test_a_body_over_the_limit_is_413_and_the_client_reads_it(server: Server) -> None:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    with closing(connection):
        connection.request("POST", "/big", body=bytes(20_000_001))
        assert connection.getresponse().status == 413


def test_twelve_megabytes(server: Server) -> None:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
    with closing(connection):
        for _ in range(2):
            connection.request("POST", "/big", body=bytes(12_000_000))
            assert connection.getresponse().read() == b"/big 12000000"


def test_eight_clients_at_once(server: Server) -> None:
    answers: list[bytes] = []

    def talk(number: int) -> None:
        connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
        with closing(connection):
            for _ in range(5):
                connection.request("POST", f"/{number}", body=b"hi")
                answers.append(connection.getresponse().read())

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == sorted(f"/{n} 2".encode() for n in range(8) for _ in range(5))


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0  # noqa: PTH208, PTH112


def test_stop_ends_idle_and_waiting_connections_and_leaves_nothing() -> None:
    threads, files = set(threading.enumerate()), descriptors()
    waiting = threading.Event()

    def handle(request: HttpRequest, connection: int) -> Delivery:
        waiting.set()
        return echo(request, connection)

    server = Server(Handlers(handle=handle)).start()
    with closing(connect(server)) as idle, closing(connect(server)) as late:
        idle.sendall(POST % 1)
        until(idle, b"/1 2")
        waiting.clear()
        late.sendall(b"POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        assert waiting.wait(10)
        server.stop()
        assert everything(idle) == b""
        assert everything(late) == b""
    server.stop()
    assert set(threading.enumerate()) <= threads
    assert descriptors() <= files


def test_a_client_that_goes_away_is_no_error(server: Server, errors: list[BaseException]) -> None:
    for _ in range(5):
        connection = connect(server)
        connection.sendall(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00" + bytes(4))
        connection.close()
    with closing(connect(server)) as connection:
        connection.sendall(POST % 1)
        assert until(connection, b"/1 2")
    assert errors == []


def test_misuse_is_told() -> None:
    with Server(Handlers(handle=echo)) as server:
        with pytest.raises(SoblobError, match="started already"):
            server.start()
        other = Server(Handlers(handle=echo), port=server.port)
        with pytest.raises(SoblobError, match=rf"cannot listen on 127\.0\.0\.1:{server.port}: "):
            other.start()


def test_it_runs_on_the_loop_that_was_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A suite may have set a policy of its own: uvloop's, say."""
    asked: list[object] = []
    new_event_loop = asyncio.events.new_event_loop

    def by_policy() -> asyncio.AbstractEventLoop:
        asked.append("the policy")
        return new_event_loop()

    monkeypatch.setattr(asyncio.events, "new_event_loop", by_policy)
    with Server(Handlers(handle=echo)):
        assert asked == []


def test_a_server_that_cannot_run_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no more files can be opened, say; nobody waits for it, and the port is free again."""
    server = Server(Handlers(handle=echo))

    def no_loop() -> asyncio.AbstractEventLoop:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patched:
        patched.setattr("pytest_soblob._http.server._listening._RealTime", no_loop)
        with pytest.raises(SoblobError, match=r"the server cannot run: .*Too many open files"):
            server.start()
    with server:
        assert once(server, POST % 1).endswith(b"/1 2")


def test_a_stopped_server_starts_again_and_ipv6_is_spoken() -> None:
    server = Server(Handlers(handle=echo))
    for number in (1, 2):  # numbers go on: what a connection of before was told stays true
        with server, closing(connect(server)) as connection:
            connection.sendall(POST % 1)
            assert until(connection, b"/1 2")
            assert server.accepted == number
    try:
        six = Server(Handlers(handle=echo), host="::1").start()
    except SoblobError:
        pytest.skip("this machine has no IPv6 loopback")
    with closing(connect(six)) as connection:
        connection.sendall(POST % 1)
        assert until(connection, b"/1 2")
    six.stop()


# -- what stands on the wire ----------------------------------------------------------------------

HEAD = b"POST /x HTTP/1.1\r\nHost: a\r\n"
SMUGGLED = {
    "two lengths": HEAD + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
    "two different lengths": HEAD + b"Content-Length: 2\r\nContent-Length: 0\r\n\r\nhi",
    "lengths in a list": HEAD + b"Content-Length: 2, 2\r\n\r\nhi",
    "a signed length": HEAD + b"Content-Length: +2\r\n\r\nhi",
    "a length in hexadecimal": HEAD + b"Content-Length: 0x2\r\n\r\nhi",
    "an empty length": HEAD + b"Content-Length:\r\n\r\n",
    "length and chunks": HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
    "an unknown coding": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "another coding before": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "identity before": HEAD + b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"0\r\n\r\n",
    "chunks in HTTP/1.0": b"POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked, but not last": HEAD + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "chunked twice": HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
    "a hidden coding": HEAD + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "a folded header": HEAD + b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "a folded length": HEAD + b"Content-Length:\r\n 2\r\n\r\nhi",
    "a length with many zeros": HEAD + b"Content-Length: %b2\r\n\r\nhi" % (b"0" * 20),
    "a length of many digits": HEAD + b"Content-Length: %b\r\n\r\nhi" % (b"9" * 5000),
    "a coding behind a blank of latin-1": HEAD + b"Transfer-Encoding: \xa0chunked\r\n\r\n0\r\n\r\n",
    "an empty coding": HEAD + b"Transfer-Encoding:\r\n\r\n0\r\n\r\n",
    "a length behind the body": HEAD
    + b"Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 2\r\n\r\n",
    "two blanks before the target": b"POST  /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    "a folded coding": HEAD + b"Transfer-Encoding: chun\r\n ked\r\n\r\n0\r\n\r\n",
    "a size that is none": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhi\r\n0\r\n\r\n",
    "a signed size": HEAD + b"Transfer-Encoding: chunked\r\n\r\n+2\r\nhi\r\n0\r\n\r\n",
    "a size with a prefix": HEAD + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\nhi\r\n0\r\n\r\n",
    "a size that is too large": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 18 + b"\r\n",
    "a chunk that is longer": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nhi\r\n0\r\n\r\n",
    "a bare LF after a size": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\nhi\r\n0\r\n\r\n",
    "a bare LF after a chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\n0\r\n\r\n",
    "a bare LF after the first line": b"POST /x HTTP/1.1\nHost: a\r\nContent-Length: 0\r\n\r\n",
    "a bare LF after a header": b"POST /x HTTP/1.1\r\nHost: a\nContent-Length: 0\r\n\r\n",
    "a bare LF at the end": HEAD + b"Content-Length: 0\r\n\n",
    "a bare CR in a header": b"POST /x HTTP/1.1\r\nHost: a\rContent-Length: 0\r\n\r\n",
    "a NUL in a header": HEAD + b"X: a\0b\r\nContent-Length: 0\r\n\r\n",
    "a control character in a header": HEAD + b"X: a\x01b\r\nContent-Length: 0\r\n\r\n",
    "a blank before the colon": HEAD + b"Content-Length : 2\r\n\r\nhi",
    "two Hosts": HEAD + b"host: b\r\nContent-Length: 0\r\n\r\n",
    "no Host": b"POST /x HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "an indented first header": b"POST /x HTTP/1.1\r\n X: a\r\nHost: a\r\n\r\n",
    "a header without a name": HEAD + b": x\r\n\r\n",
    "CONNECT": b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "an unknown method": b"POSTS /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    "a method in lower case": b"post /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    "a version of the past": b"GET /x\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


def once(server: Server, data: bytes) -> bytes:
    """Send bytes, end the sending half, return all that comes."""
    with closing(connect(server)) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return everything(connection)


@pytest.fixture
def heard() -> list[HttpRequest]:
    return []


@pytest.fixture
def noting(heard: list[HttpRequest], errors: list[BaseException]) -> Iterator[Server]:
    def handle(request: HttpRequest, connection: int) -> Delivery:
        heard.append(request)
        return echo(request, connection)

    with Server(Handlers(handle=handle, failed=errors.append)) as server:
        yield server


@pytest.mark.parametrize("name", SMUGGLED)
def test_what_two_readers_would_read_in_two_ways_is_refused_and_closed(
    noting: Server, heard: list[HttpRequest], errors: list[BaseException], name: str
) -> None:
    received = once(noting, SMUGGLED[name] + POST % 7)
    status = b"505" if name == "a version of the past" else b"400"
    assert received.startswith(b"HTTP/1.1 " + status), received
    assert received.count(b"HTTP/1.1") == 1, "nothing behind it is read"
    assert b"\r\nConnection: close\r\n" in received
    assert (heard, errors) == ([], [])
    assert b"/9 2" in once(noting, POST % 9)


def test_tls_on_a_plain_port_is_told_as_that(server: Server) -> None:
    assert b"this is TLS, but the endpoint speaks plain HTTP" in once(server, SMUGGLED["TLS"])


def test_what_was_complete_before_garbage_is_answered_first(server: Server) -> None:
    received = once(server, POST % 1 + b"\x00garbage\r\n\r\n")
    assert received.index(b"/1 2") < received.index(b"HTTP/1.1 400")


def test_what_follows_a_request_that_closes_is_nobodys(server: Server) -> None:
    head = b"POST /z HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    received = once(server, head + POST % 1)
    assert received.count(b"HTTP/1.1") == 1
    assert received.endswith(b"/z 0")


def test_lower_case_headers_and_absolute_targets(noting: Server, heard: list[HttpRequest]) -> None:
    data = (
        b'POST http://a:80/b/c?d HTTP/1.1\r\nhost: a\r\nsoapaction: \t"a b" \t\r\n'
        b"content-length: 2\r\n\r\nhi"
    )
    assert once(noting, data).startswith(b"HTTP/1.1 200")
    (request,) = heard
    assert request.header("SOAPAction") == '"a b"'
    assert (request.path, request.query) == ("/b/c", "d")


@pytest.mark.parametrize("body", [b"", b"hi"])
def test_an_offer_of_http_2_is_passed_over(
    noting: Server, heard: list[HttpRequest], body: bytes
) -> None:
    """What Java's client sends first, body and all."""
    data = (
        b"POST /u HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: AAEAAEAAAAIAAAAB\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    )
    with closing(connect(noting)) as connection:
        for byte in data:
            connection.sendall(bytes([byte]))
        assert until(connection, b"/u %d" % len(body))
        connection.sendall(POST % 1)
        assert until(connection, b"/1 2")
    assert heard[0].header("Upgrade") == "h2c"
    assert heard[0].body == body


def test_trailers_are_no_headers(noting: Server, heard: list[HttpRequest]) -> None:
    chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nSOAPAction: x\r\n\r\n"
    assert b"/x 2" in once(noting, chunked)
    assert heard[0].header("SOAPAction") is None


def test_an_http_1_0_client_gets_no_interim_answer(server: Server) -> None:
    head = b"POST /z HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    with closing(connect(server)) as connection:
        connection.sendall(POST % 1)
        until(connection, b"/1 2")
        connection.sendall(head)
        server.settle(10)  # the head has been read, and nothing was answered to it
        connection.sendall(b"hi")
        assert until(connection, b"/z 2").startswith(b"HTTP/1.1 200")


def test_an_http_1_0_client_may_keep_its_connection(server: Server) -> None:
    head = b"POST /%d HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"
    with closing(connect(server)) as connection:
        for number in range(2):
            connection.sendall(head % number)
            assert b"\r\nConnection: keep-alive\r\n" in until(connection, b"/%d 0" % number)


def test_who_wants_to_close_is_told_so_whatever_was_scripted(server: Server) -> None:
    head = b"POST /alive HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    received = once(server, head)
    assert b"Connection: close" in received
    assert b"keep-alive" not in received


def test_chunks_go_out_as_chunks_but_not_to_http_1_0(server: Server) -> None:
    chunked = once(server, b"GET /chunks HTTP/1.1\r\nHost: a\r\n\r\n")
    message = parse_message(chunked)
    assert (message.header("Transfer-Encoding"), message.body) == ("chunked", bytes(40_000))
    assert chunked.count(b"\r\n4000\r\n") + chunked.count(b"\r\n\r\n4000\r\n") >= 2
    plain = parse_message(once(server, b"GET /chunks HTTP/1.0\r\n\r\n"))
    assert (plain.header("Transfer-Encoding"), len(plain.body)) == (None, 40_000)


def test_a_reply_that_cannot_be_written_is_an_error_of_the_test(
    server: Server, errors: list[BaseException]
) -> None:
    assert once(server, b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n").startswith(b"HTTP/1.1 500 ")
    assert [str(error) for error in errors] == ["a header must not contain a line end"]


def test_large_bodies_come_in_any_pieces(noting: Server, heard: list[HttpRequest]) -> None:
    body = bytes(range(256)) * 4000
    for size in (1_000, 65_536, 300_000):
        pieces = [body[at : at + size] for at in range(0, len(body), size)]
        with closing(connect(noting)) as connection:
            connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body))
            for piece in pieces:
                connection.sendall(piece)
            assert until(connection, b"/x 1024000")
        assert heard.pop().body == body


# -- how an answer leaves -------------------------------------------------------------------------


def get(server: Server, target: str) -> socket.socket:
    connection = connect(server)
    connection.sendall(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    return connection


def test_a_reset_before_the_answer(server: Server) -> None:
    with closing(get(server, "/reset")) as connection, pytest.raises(ConnectionResetError):
        connection.recv(100)


def test_half_an_answer(server: Server) -> None:
    with closing(get(server, "/half")) as connection:
        assert everything(connection).endswith(b"Content-Length: 10\r\n\r\n01234")
    with closing(get(server, "/half-reset")) as connection:
        received = until(connection, b"01234")
        with pytest.raises(ConnectionResetError):
            received += connection.recv(100)
    assert received.endswith(b"\r\n\r\n01234")


def test_nobody_there(server: Server) -> None:
    with closing(get(server, "/hold")) as connection:
        connection.settimeout(0.05)
        with pytest.raises(TimeoutError):
            connection.recv(100)
        connection.sendall(POST % 1)
        with pytest.raises(TimeoutError):
            connection.recv(100)


def test_a_stale_connection(server: Server) -> None:
    with closing(get(server, "/stale")) as connection:
        assert b"Connection: close" not in until(connection, b"stale")
        connection.sendall(POST % 1)
        with pytest.raises(ConnectionResetError):
            connection.recv(100)


@pytest.mark.parametrize(("target", "whole"), [("/slow-head", 0), ("/slow-body", 1)])
def test_drop_by_drop(server: Server, target: str, whole: int) -> None:
    with closing(get(server, target)) as connection:
        pieces: list[bytes] = []
        while not b"".join(pieces).endswith((b"\r\n\r\nx", bytes(100))):
            pieces.append(connection.recv(65536))
    assert len(pieces) >= 2
    assert (b"\r\n\r\n" in pieces[0]) == bool(whole)


def test_a_late_answer_keeps_its_place(server: Server) -> None:
    with closing(connect(server)) as connection:
        connection.sendall(b"GET /slow-body HTTP/1.1\r\nHost: a\r\n\r\n" + POST % 1)
        received = until(connection, b"/1 2")
    assert received.index(bytes(100)) < received.index(b"/1 2")


def test_one_that_is_slow_holds_up_no_other(server: Server) -> None:
    with closing(get(server, "/late")) as late, closing(connect(server)) as other:
        other.sendall(POST % 1)
        assert until(other, b"/1 2")
        late.setblocking(False)
        with pytest.raises(BlockingIOError):
            late.recv(1)


def test_who_does_not_read_is_not_written_to_without_end(server: Server) -> None:
    with closing(connect(server)) as connection:
        connection.sendall(b"GET /much HTTP/1.1\r\nHost: a\r\n\r\n" * 20)
        received = 0
        while received < 20 * 8_000_000:
            data = connection.recv(1 << 20)
            assert data
            received += len(data)


def flood(connection: socket.socket, data: bytes) -> None:
    """Send all of it, whose timeout is for each piece."""
    left = memoryview(data)
    while left:
        left = left[connection.send(left) :]


def test_who_asks_without_end_is_not_read_from_without_end(server: Server) -> None:
    """While one answer takes its time, so many requests wait, and no more."""
    ask = b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 10_000 + b"\r\n\r\n"
    with closing(get(server, "/late")) as connection:
        connection.settimeout(0.5)
        with pytest.raises(TimeoutError):
            flood(connection, ask * 6_000)


# -- how long it may take -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"head_s": 0}, "head_s must be over 0, not 0"),
        ({"idle_s": "1"}, "idle_s must be over 0, not '1'"),
        ({"linger_s": float("inf")}, "linger_s must be over 0, not inf"),
        ({"body_bytes": 1.5}, "body_bytes must be 1 or more, not 1.5"),
        ({"body_bytes": 0}, "body_bytes must be 1 or more, not 0"),
    ],
)
def test_limits_that_cannot_be_are_refused(limits: dict[str, Any], said: str) -> None:
    with pytest.raises(SoblobError) as caught:
        Limits(**limits)
    assert str(caught.value) == said


@pytest.fixture
def impatient() -> Iterator[Server]:
    limits = Limits(idle_s=0.1, head_s=0.1, stall_s=0.1, linger_s=0.1)
    with Server(Handlers(handle=echo), limits=limits) as server:
        yield server


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"", b""),
        (POST % 1, b"/1 2"),
        (b"POST /x HT", b"the head of the request did not arrive in time"),
        (HEAD + b"Content-Length: 9\r\n\r\nhalf", b"the body of the request did not arrive"),
        (b"GET /hold HTTP/1.0\r\n\r\n", None),
    ],
)
def test_nobody_holds_a_connection_for_ever(
    impatient: Server, sent: bytes, told: bytes | None
) -> None:
    with closing(connect(impatient)) as connection:
        connection.sendall(sent)
        if told is None:  # that is what the test has asked for
            connection.settimeout(0.5)
            with pytest.raises(TimeoutError):
                connection.recv(1)
            return
        received = everything(connection)
    assert told in received
    assert received.startswith(b"HTTP/1.1 408 ") == told.startswith(b"the ")


def test_a_byte_now_and_then_is_not_enough(impatient: Server) -> None:
    """Slow loris: the head has a time of its own, however often a byte comes."""
    with closing(connect(impatient)) as connection:
        connection.settimeout(0.02)
        received = b""
        for byte in HEAD + b"X: " + b"a" * 500:
            with suppress(TimeoutError, BrokenPipeError, ConnectionResetError):
                connection.sendall(bytes([byte]))
                received += connection.recv(1000)
            if received:
                break
    assert received.startswith(b"HTTP/1.1 408 ")


def test_a_byte_of_the_body_now_and_then_is_not_enough() -> None:
    limits = Limits(body_s=0.1)
    with Server(Handlers(handle=echo), limits=limits) as server, closing(connect(server)) as client:
        client.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
        client.settimeout(0.02)
        received = b""
        for _ in range(500):
            with suppress(TimeoutError, BrokenPipeError, ConnectionResetError):
                client.sendall(b"x")
                received += client.recv(1000)
            if received:
                break
    assert received.startswith(b"HTTP/1.1 408 ")


def pass_time(server: Server) -> None:
    """Wait until whoever has had `head_s` seconds from now on has been told that they are over."""
    with closing(connect(server)) as clock:
        clock.sendall(b"P")
        assert everything(clock).startswith(b"HTTP/1.1 408 ")
    server.settle(10)


def test_each_body_has_a_time_of_its_own() -> None:
    deadlines = []
    with (
        Server(Handlers(handle=echo), limits=Limits(head_s=0.1, body_s=30)) as server,
        closing(connect(server)) as client,
    ):
        client.sendall(POST % 1)
        until(client, b"/1 2")
        for _ in range(2):
            client.sendall(HEAD + b"Content-Length: 2\r\n\r\nh")
            server.settle(10)
            deadlines += [connection.deadline.at for connection in server._table.open]
            client.sendall(b"i")
            until(client, b"/x 2")
            pass_time(server)
    assert deadlines[0] < deadlines[1]


@contextmanager
def asking_for_more(server: Server, *headers: bytes) -> Iterator[socket.socket]:
    """A client that takes little at once, and has not read any of a large answer."""
    with closing(socket.socket()) as connection:
        connection.settimeout(10)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.connect((server.host, server.port))
        connection.sendall(b"\r\n".join([b"GET /more HTTP/1.1", b"Host: a", *headers, b"", b""]))
        assert connection.recv(1, socket.MSG_PEEK)
        yield connection


def read(connection: socket.socket, most: int) -> int:
    """Read so much, or less where the connection ends before; return how much it was."""
    count = 0
    with suppress(ConnectionResetError):
        while count < most and (data := connection.recv(min(65536, most - count))):
            count += len(data)
    return count


def can_be_read(connection: socket.socket) -> bool:
    return bool(select.select([connection], [], [], 0)[0])


CLOSES = b"Connection: close"


@pytest.mark.slow
@pytest.mark.parametrize("headers", [[CLOSES], []], ids=["the last answer", "one of many"])
def test_who_reads_slowly_gets_all_of_it(headers: list[bytes]) -> None:
    limits = Limits(head_s=0.1, linger_s=1.5, stall_s=1.5)
    with (
        Server(Handlers(handle=echo), limits=limits) as server,
        asking_for_more(server, *headers) as connection,
        closing(connect(server)) as clock,
    ):
        clock.sendall(HEAD + b"Content-Length: 2\r\n\r\nh")  # and then it stalls
        count = len(until(connection, b"\r\n\r\n").partition(b"\r\n\r\n")[2])
        while not can_be_read(clock):
            count += read(connection, 2_000_000)
            pass_time(server)
        assert count + read(connection, LARGE_ANSWER_BYTES - count) == LARGE_ANSWER_BYTES
        if not headers:
            connection.sendall(POST % 1)
            assert until(connection, b"/1 2")


@pytest.mark.parametrize("headers", [[CLOSES], []], ids=["the last answer", "one of many"])
def test_who_reads_nothing_is_not_waited_for(headers: list[bytes]) -> None:
    limits = Limits(head_s=0.1, linger_s=0.1, stall_s=0.1)
    with (
        Server(Handlers(handle=echo), limits=limits) as server,
        asking_for_more(server, *headers) as connection,
    ):
        for _ in range(3):  # what the sockets take in the beginning looks as if it were read
            pass_time(server)
        assert read(connection, LARGE_ANSWER_BYTES) < LARGE_ANSWER_BYTES


def test_a_connection_that_closes_lingers_for_as_long_as_it_is_told_to() -> None:
    limits = Limits(head_s=0.1, linger_s=0.1, stall_s=60)
    with (
        Server(Handlers(handle=echo), limits=limits) as server,
        asking_for_more(server, CLOSES) as connection,
    ):
        everything(connection)
        for _ in range(3):
            pass_time(server)
        assert not server.is_open(1)


def test_after_a_long_answer_the_limits_are_what_they_were() -> None:
    limits = Limits(head_s=0.1, linger_s=60, stall_s=60)
    with (
        Server(Handlers(handle=echo), limits=limits) as server,
        asking_for_more(server) as connection,
    ):
        until(connection, b"\r\n\r\n")
        pass_time(server)
        read(connection, LARGE_ANSWER_BYTES - 65536)
        connection.sendall(b"P")
        assert b"HTTP/1.1 408 " in everything(connection)


def test_a_server_whose_loop_has_ended_is_stopped_and_started_all_the_same(
    errors: list[BaseException],
) -> None:
    server = Server(Handlers(handle=echo, failed=errors.append)).start()
    assert server._loop is not None
    assert server._thread is not None
    server._loop.call_soon_threadsafe(sys.exit, 3)
    server._thread.join(10)
    server.settle(10)
    server.stop()
    assert [str(error) for error in errors] == ["the server has ended by itself: SystemExit(3)"]
    with server:
        assert once(server, POST % 1).endswith(b"/1 2")


def test_settle_waits_for_what_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the loop, when it is asked, has not looked at its sockets for long."""
    busy, asked, settled = threading.Event(), threading.Event(), threading.Event()
    seen: list[str] = []

    def handle(request: HttpRequest, connection: int) -> Delivery:
        match request.target:
            case "/busy":
                busy.set()
                asked.wait(10)
            case "/1":
                settled.wait(0.2)  # so long it is not handled, and nobody may say that it is
                seen.append(request.target)
        return echo(request, connection)

    with (
        Server(Handlers(handle=handle)) as server,
        closing(connect(server)) as other,
        closing(connect(server)) as connection,
    ):
        connection.sendall(POST % 0)
        until(connection, b"/0 2")
        other.sendall(b"GET /busy HTTP/1.1\r\nHost: a\r\n\r\n")
        assert busy.wait(10)
        connection.sendall(POST % 1)
        loop = server._loop
        assert loop is not None
        schedule = loop.call_soon_threadsafe

        def call_soon(*arguments: Any) -> None:
            schedule(*arguments)
            asked.set()

        monkeypatch.setattr(loop, "call_soon_threadsafe", call_soon)
        server.settle(10)
        found = seen[:]
        settled.set()
        monkeypatch.undo()
    assert found == ["/1"]


def test_connections_are_numbered(errors: list[BaseException]) -> None:
    numbers: list[int] = []

    def handle(request: HttpRequest, connection: int) -> Delivery:
        numbers.append(connection)
        return Delivery(response=HttpResponse())

    with Server(Handlers(handle=handle, failed=errors.append)) as server:
        with closing(connect(server)) as connection:
            for _ in range(2):
                connection.sendall(POST % 1)
                until(connection, b"Content-Length: 0\r\n\r\n")
        once(server, POST % 1)
        assert numbers == [1, 1, 2]
        assert server.accepted == 2


def test_who_never_reads_a_late_answer_is_given_up(impatient: Server) -> None:
    """Even if nothing more is read from it, because what followed was no HTTP."""
    with closing(socket.socket()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.settimeout(10)
        connection.connect((impatient.host, impatient.port))
        connection.sendall(b"GET /soon-much HTTP/1.1\r\nHost: a\r\n\r\n\0\r\n\r\n")
        for _ in range(4):  # each takes a sweep and more
            with closing(connect(impatient)) as clock:
                clock.sendall(b"P")
                assert everything(clock).startswith(b"HTTP/1.1 408 ")
        assert len(everything(connection)) < 16_000_000


def test_a_head_has_its_time_from_its_first_byte_on() -> None:
    """However late that comes: what is left of the time between two requests is not its limit."""
    limits = Limits(idle_s=0.6, head_s=30)
    with (
        Server(Handlers(handle=echo), limits=limits) as server,
        closing(connect(server)) as connection,
    ):
        connection.sendall(b"POST /x HTTP/1.1\r\nHost: a\r\n")
        with (
            Server(Handlers(handle=echo), limits=Limits(idle_s=1.2)) as clock,
            closing(connect(clock)) as ticking,
        ):
            assert everything(ticking) == b""  # so long nobody waits for a request
        connection.sendall(b"Content-Length: 0\r\n\r\n")
        assert connection.recv(99).startswith(b"HTTP/1.1 200 ")


def test_line_ends_are_no_request_and_keep_nothing_open() -> None:
    limits = Limits(idle_s=0.3, head_s=0.3, stall_s=0.3)
    over = threading.Event()

    def press(connection: socket.socket) -> None:
        while not over.wait(0.01):
            try:
                connection.sendall(b"\r\n")
            except OSError:
                return

    with (
        Server(Handlers(handle=echo), limits=limits) as server,
        closing(connect(server)) as connection,
    ):
        pressing = threading.Thread(target=press, args=(connection,))
        pressing.start()
        try:
            pressing.join(10)
            assert not pressing.is_alive()
        finally:
            over.set()
            pressing.join()


def test_a_server_that_does_not_begin_in_time_says_so_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go_on = threading.Event()

    class Late(asyncio.SelectorEventLoop):
        def __init__(self) -> None:
            go_on.wait(30)
            super().__init__()

    before = set(threading.enumerate())
    server = Server(Handlers(handle=echo))
    monkeypatch.setattr("pytest_soblob._http.server._listening._RealTime", Late)
    monkeypatch.setattr("pytest_soblob._http.server._listening.STARTED_AFTER_S", 0.05)
    with pytest.raises(SoblobError, match=r"did not start within 0\.05 s: .*, in __init__"):
        server.start()
    with closing(socket.create_server(("127.0.0.1", server.port))):
        pass  # the port is free again
    go_on.set()
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    assert set(threading.enumerate()) <= before
    monkeypatch.undo()
    with server:
        assert once(server, POST % 1).endswith(b"/1 2")
