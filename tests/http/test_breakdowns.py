"""What one connection, a handler or the system fails at: it ends alone, and it is told.

What raises is put into private parts of the server, each in turn: no client can have them fail.
"""

import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pytest_soblob import HttpRequest, HttpResponse, SoblobError, StubEndpoint
from pytest_soblob._http import RequestReader
from pytest_soblob._http.server import Handlers, Limits, Server
from pytest_soblob._http.server._connection import Connection
from pytest_soblob._http.server._deadline import Deadline
from pytest_soblob._http.server._incoming import Incoming
from pytest_soblob._http.server._queue import Queue
from pytest_soblob._http.spool import Spool
from pytest_soblob.certificates import Authority
from pytest_soblob.wire import Delivery
from tests import mistakes
from tests.sockets import everything, written

POST = b"POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
HALF = b"POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhi"
RIGHT = written(mistakes.http_request())


def connect(server: Server) -> socket.socket:
    return socket.create_connection((server.host, server.port), timeout=10)


def reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def answer(request: HttpRequest, connection: int) -> Delivery:
    return Delivery(response=HttpResponse(body=b"fine"))


@pytest.fixture
def errors() -> list[BaseException]:
    return []


@pytest.fixture
def server(errors: list[BaseException]) -> Iterator[Server]:
    handlers = Handlers(handle=answer, failed=errors.append)
    limits = Limits(idle_s=30, head_s=0.2, stall_s=0.2, linger_s=0.2)
    with Server(handlers, limits=limits) as server:
        yield server


def is_well(server: Server) -> bool:
    with closing(connect(server)) as client:
        client.sendall(POST)
        return client.recv(65536).endswith(b"fine")


# -- one connection -------------------------------------------------------------------------------


def test_a_connection_that_is_reset_while_it_is_told_that_its_time_is_up(
    server: Server, errors: list[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = threading.Event()
    with closing(connect(server)) as client:
        expire = Connection._expire

        def reset_first(self: Connection) -> None:
            reset(client)
            expire(self)
            seen.set()

        monkeypatch.setattr(Connection, "_expire", reset_first)
        client.sendall(HALF)
        assert seen.wait(10)
    assert is_well(server)
    server.settle(10)
    assert errors == []
    assert not server.is_open(1)


PLACES: list[tuple[type, str, bytes]] = [
    (RequestReader, "feed", POST),
    (RequestReader, "close", POST),
    (Incoming, "get_buffer", POST),
    (Incoming, "take", POST),
    (Incoming, "unfinished", HALF),
    (Deadline, "expect_request", POST),
    (Deadline, "has_passed", HALF),
    (Connection, "_proceed", POST),
    (Connection, "_expire", HALF),
    (Connection, "_report_unfinished", HALF),
    (Connection, "_report_lost", POST),
    (Queue, "drop", HALF),
    (Connection, "_read_remaining", POST),
    (Connection, "_send_answer", POST),
]


@pytest.mark.parametrize("raised", [ZeroDivisionError, OSError, SystemExit, KeyboardInterrupt])
@pytest.mark.parametrize(
    ("owner", "name", "sent"), PLACES, ids=[f"{o.__name__}.{n}" for o, n, _ in PLACES]
)
def test_whatever_raises_ends_one_connection(
    owner: Any,
    name: str,
    sent: bytes,
    raised: type[BaseException],
    server: Server,
    errors: list[BaseException],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with ExitStack() as stack:
        if owner is not Deadline:
            other = stack.enter_context(closing(connect(server)))
            server.settle(10)

        def fail(*arguments: object, **more: object) -> Any:
            monkeypatch.undo()  # once
            raise raised("boom")

        with closing(connect(server)) as client:
            monkeypatch.setattr(owner, name, fail)
            client.sendall(sent)
            if name not in ("has_passed", "_expire"):
                client.shutdown(socket.SHUT_WR)
            with suppress(ConnectionResetError):
                everything(client)
        server.settle(10)
        assert is_well(server)
        if owner is not Deadline:
            other.sendall(POST)
            assert other.recv(65536).endswith(b"fine")
    server.settle(10)
    assert [str(error) for error in errors] == ["boom"]
    assert not server.has_ended


@pytest.mark.parametrize("raised", [ZeroDivisionError, OSError, SystemExit, KeyboardInterrupt])
@pytest.mark.parametrize("handler", ["handle", "preview", "refuse", "waits", "broken_off"])
def test_whatever_a_handler_raises_ends_one_connection(
    handler: str, raised: type[BaseException]
) -> None:
    told: list[BaseException] = []

    def fail(*arguments: object) -> Any:
        raise raised("boom")

    def note(error: BaseException) -> None:
        told.append(error)
        raise raised("and even that")

    handlers: dict[str, Callable[..., Any]] = {"handle": answer, handler: fail, "failed": note}
    sent = {
        "preview": HALF.replace(b"Host: a", b"Host: a\r\nExpect: 100-continue")[:-2],
        "refuse": b"\0\r\n\r\n",
        "broken_off": HALF,
    }
    with Server(Handlers(**handlers)) as server:
        for _ in range(2):
            with closing(connect(server)) as client:
                client.sendall(sent.get(handler, POST))
                if handler == "broken_off":
                    client.shutdown(socket.SHUT_WR)
                with suppress(ConnectionResetError):
                    client.recv(65536)
            server.settle(10)
        assert not server.has_ended
        assert server._table.open == set()
    assert {str(error) for error in told} == {"boom"}
    assert len(told) == 2


# -- the loop -------------------------------------------------------------------------------------


def end_loop(endpoint: StubEndpoint) -> None:
    """What no code of ours does: its thread and its loop end."""
    assert endpoint._listener.server is not None
    assert endpoint._listener.server._loop is not None
    thread = endpoint._listener.server._thread
    assert thread is not None
    endpoint._listener.server._loop.call_soon_threadsafe(sys.exit, 3)
    thread.join(10)


def test_a_loop_that_ends_by_itself_is_told_and_the_next_test_has_another() -> None:
    with StubEndpoint() as endpoint:
        url = endpoint.url
        assert endpoint._listener.server is not None
        with closing(connect(endpoint._listener.server)) as client:
            endpoint.settle()
            end_loop(endpoint)
            assert client.recv(1) == b"", "nobody is left waiting"
            with pytest.raises(ConnectionRefusedError):
                connect(endpoint._listener.server)
        assert endpoint._runner.has_ended
        with pytest.raises(SoblobError) as caught:
            endpoint.check()
        assert str(caught.value) == (
            "the stub failed: the server has ended by itself: SystemExit(3)"
        )
        endpoint._runner.begin(after="test_x")
        assert endpoint.url == url
        assert is_well_at(endpoint)
    assert len(endpoint.blobs) == 1


def is_well_at(endpoint: StubEndpoint) -> bool:
    assert endpoint._listener.server is not None
    with closing(connect(endpoint._listener.server)) as client:
        client.sendall(RIGHT)
        return client.recv(65536).startswith(b"HTTP/1.1 200")


def test_a_thread_that_does_not_end_is_told_with_the_place() -> None:
    go_on = threading.Event()

    def hold() -> None:
        go_on.wait(30)

    server = Server(Handlers(handle=answer)).start()
    assert server._loop is not None
    server._loop.call_soon_threadsafe(hold)
    with pytest.raises(SoblobError) as caught:
        server.stop(timeout_s=0.01)
    go_on.set()
    assert str(caught.value).startswith(
        f"the endpoint did not end within 0.01 s: its thread is at {__file__}:"
    )
    server.stop()


SERVE_AND_END = """
import sys, threading
from pytest_soblob.cli import main
from pytest_soblob.stub.endpoint import StubEndpoint
begin = StubEndpoint.start
def start(self):
    begin(self)
    self._listener.server._loop.call_soon_threadsafe(sys.exit, 3)
StubEndpoint.start = start
main(["serve", "--port", "0"])
"""


def test_serve_ends_with_1_where_the_server_ends_by_itself() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SERVE_AND_END],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "the stub failed: the server has ended by itself: SystemExit(3)\n" in done.stdout
    assert done.stderr == ("soblob: the server has ended by itself; its log has the reason\n")


# -- TLS ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent", [b"", b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello"]
)
@pytest.mark.parametrize("ends", ["reset", "close", "shutdown"])
def test_handshakes_that_fail_leave_nothing_behind(sent: bytes, ends: str) -> None:
    pytest.importorskip("trustme")
    with (
        Authority() as authority,
        StubEndpoint(tls=authority.server_context()) as endpoint,
    ):
        server = endpoint._listener.server
        assert server is not None
        for _ in range(5):
            client = connect(server)
            client.sendall(sent)
            if ends == "shutdown":
                client.shutdown(socket.SHUT_WR)
                with suppress(ConnectionResetError):
                    everything(client)
            if ends == "reset":
                reset(client)
            client.close()
        endpoint.check()
        for _ in range(2):  # a turn or two, until it is cleared up
            endpoint.settle()
        assert server._table.open == set()
        assert len(endpoint.unfinished()) == 5


# -- a system that has nothing left ---------------------------------------------------------------


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device is always full here")
@pytest.mark.parametrize("known", [True, False], ids=["of known length", "in chunks"])
def test_a_full_disk_is_told_and_answered(known: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    full = partial(open, "/dev/full", "r+b")
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    body = bytes(12_000_000)
    length = b"Content-Length: %d" % len(body) if known else b"Transfer-Encoding: chunked"
    data = body if known else b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    with StubEndpoint() as endpoint:
        assert endpoint._listener.server is not None
        table = endpoint._listener.server._table
        monkeypatch.setattr(table.pool, "overflow", Spool(memory_bytes=0))
        with closing(connect(endpoint._listener.server)) as client:
            client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\n" + length + b"\r\n\r\n")
            with suppress(ConnectionError):
                client.sendall(data)
            assert client.recv(65536).startswith(b"HTTP/1.1 500 ")
        assert is_well_at(endpoint)
        with pytest.raises(SoblobError) as caught:
            endpoint.check()
    assert str(caught.value) == (
        f"the stub failed: a large message cannot be kept in a file in {tempfile.gettempdir()}: "
        "No space left on device; free space there, or set TMPDIR to another folder"
    )


SERVE_WITH_LITTLE = """
import resource
from pytest_soblob.cli import main
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
main(["serve", "--port", "0"])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_descriptors_that_are_used_up_are_told_once_and_those_who_wait_are_served() -> None:
    with (
        subprocess.Popen(
            [sys.executable, "-c", SERVE_WITH_LITTLE], stdout=subprocess.PIPE, text=True
        ) as process,
        ExitStack() as stack,
    ):
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline().partition("127.0.0.1:")[2].partition("/")[0])
            address = ("127.0.0.1", port)
            for _ in range(60):
                stack.enter_context(closing(socket.create_connection(address, timeout=10)))
            assert process.stdout.readline() == (
                "the stub failed: no connection can be accepted: Too many open files; clients "
                "wait until resources are free (files that this process leaves open count too; "
                "`ulimit -n` shows the limit)\n"
            )
            with closing(socket.create_connection(address, timeout=30)) as client:
                client.sendall(RIGHT)
                stack.close()
                assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.stdout.readlines() == ["200 SaveImageStream blob 70001\n"]
    assert process.returncode == 0


def test_whoever_cannot_be_accepted_holds_up_no_verdict() -> None:
    with StubEndpoint() as endpoint:
        assert endpoint._listener.server is not None
        table = endpoint._listener.server._table
        with closing(connect(endpoint._listener.server)) as first:
            first.sendall(RIGHT)
            assert first.recv(65536).startswith(b"HTTP/1.1 200 ")
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            with closing(socket.socket()) as second:
                lowest = os.dup(0)
                os.close(lowest)
                resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
                try:
                    second.connect((endpoint._listener.server.host, endpoint._listener.server.port))
                    endpoint.settle()
                finally:
                    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
                assert table.is_starved
        with pytest.raises(SoblobError, match="no connection can be accepted: Too many open files"):
            endpoint.check()
