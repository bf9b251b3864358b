"""The server on real sockets."""

import http.client
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from pytest_soblob import HttpRequest, HttpResponse, SoblobError
from pytest_soblob._server import Handlers, Limits, Server
from pytest_soblob.wire import Delivery

POST = b"POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"


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


def everything(connection: socket.socket) -> bytes:
    pieces = []
    while data := connection.recv(65536):
        pieces.append(data)
    return b"".join(pieces)


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
    chunked = b"POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    with closing(connect(server)) as connection:
        for byte in chunked:
            connection.sendall(bytes([byte]))
        assert until(connection, b"/c 3")


def test_continue_is_sent_before_the_body(server: Server) -> None:
    with closing(connect(server)) as connection:
        connection.sendall(b"POST /e HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"hi")
        assert until(connection, b"/e 2")


@pytest.mark.parametrize(
    "head",
    [
        b"POST /z HTTP/1.0\r\nContent-Length: 0",
        b"POST /z HTTP/1.1\r\nConnection: close\r\nContent-Length: 0",
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
        connection.sendall(b"POST /bye HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
        assert everything(connection).count(b"Connection: close") == 1


def test_head_has_no_body(server: Server) -> None:
    with closing(connect(server)) as connection:
        connection.sendall(b"HEAD /h HTTP/1.1\r\nConnection: close\r\n\r\n")
        received = everything(connection)
    assert b"Content-Length: 4\r\n" in received
    assert received.endswith(b"\r\n\r\n")


def test_raw_bytes_and_a_silent_close(server: Server) -> None:
    for target, expected in ((b"/raw", b"HTTP/1.1 418 Teapot\r\n\r\nraw"), (b"/close", b"")):
        with closing(connect(server)) as connection:
            connection.sendall(b"POST " + target + b" HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
            assert everything(connection) == expected


def test_an_error_of_the_handler_is_handed_on(server: Server, errors: list[BaseException]) -> None:
    with closing(connect(server)) as connection:
        connection.sendall(b"POST /boom HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
        received = everything(connection)
    assert received.startswith(b"HTTP/1.1 500 ")
    assert b"boom" not in received
    assert [str(error) for error in errors] == ["boom"]


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00hello\r\n\r\n",
        b"GET\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
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
        late.sendall(b"POST /late HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
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
        connection.sendall(b"POST /x HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf")
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


def test_a_stopped_server_starts_again_and_ipv6_is_spoken() -> None:
    server = Server(Handlers(handle=echo))
    for _ in range(2):
        with server, closing(connect(server)) as connection:
            connection.sendall(POST % 1)
            assert until(connection, b"/1 2")
    try:
        six = Server(Handlers(handle=echo), host="::1").start()
    except SoblobError:
        pytest.skip("this machine has no IPv6 loopback")
    with closing(connect(six)) as connection:
        connection.sendall(POST % 1)
        assert until(connection, b"/1 2")
    six.stop()
