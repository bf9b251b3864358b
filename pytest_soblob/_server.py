"""Runs any `HttpRequest -> Delivery` callable on a TCP socket; knows no SOAP.

Plain sockets and a thread for each connection. `socketserver` would do the same, but its
`serve_forever` polls, so that stopping it costs half a second; here a byte on a socket pair wakes
the accepting thread. Each reply is one `sendall` with TCP_NODELAY set: head and body in two writes
meet Nagle's algorithm and delayed acknowledgements, which cost 44 ms a request.
"""

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from pytest_soblob._http import HttpSyntaxError, Received, RequestReader, TooLargeError, to_bytes
from pytest_soblob.errors import SoblobError
from pytest_soblob.wire import Delivery, HttpRequest, HttpResponse

LARGEST_BODY_BYTES = 1024 * 1024 * 1024
_RECEIVED_BYTES = 256 * 1024
_DRAINED_BYTES = 64 * 1024 * 1024
_DRAINED_SECONDS = 2.0
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Server:
    """A server on one address.

    Args:
        handler: Called for each request, in the connection's thread.
        host: Address to listen on.
        port: 0 means any free one.
        largest_body: Bytes that a request's body may have.
        on_error: Called with what the handler raised; the client gets a 500.
    """

    def __init__(
        self,
        handler: Callable[[HttpRequest], Delivery],
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        largest_body: int = LARGEST_BODY_BYTES,
        on_error: Callable[[BaseException], object] = lambda error: None,
    ) -> None:
        self._handler = handler
        self._largest_body = largest_body
        self._on_error = on_error
        self.host, self.port = host, port
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener: socket.socket | None = None
        self._waker: socket.socket | None = None
        self._acceptor: threading.Thread | None = None

    def start(self) -> Self:
        """Listen, and return when connections are taken.

        Raises:
            SoblobError: It runs already, or the address cannot be had.
        """
        if self._listener is not None:
            raise SoblobError("the server has been started already")
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self.host, self.port))
            listener.listen(128)
        except (OSError, OverflowError) as error:  # the latter for a port over 65535
            listener.close()
            where = f"{self.host}:{self.port}"
            why = getattr(error, "strerror", None) or error
            raise SoblobError(f"cannot listen on {where}: {why}") from None
        self._stopping.clear()
        self._listener, self.port = listener, listener.getsockname()[1]
        woken, self._waker = socket.socketpair()
        self._acceptor = threading.Thread(
            target=self._accept, args=(listener, woken), name="soblob-accept", daemon=True
        )
        self._acceptor.start()
        return self

    def stop(self) -> None:
        """Close the listener and every connection, join every thread; once or many times."""
        if self._waker is None or self._acceptor is None or self._listener is None:
            return
        self._stopping.set()
        self._waker.close()
        self._acceptor.join()
        self._listener.close()
        with self._lock:
            connections = set(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):  # the client may have closed it already
                connection.shutdown(socket.SHUT_RDWR)
        # Those too whose connection is closed already: a thread lives on a little after that.
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        self._listener = self._waker = self._acceptor = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _accept(self, listener: socket.socket, woken: socket.socket) -> None:
        with woken, selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            selector.register(woken, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if self._stopping.is_set() or woken in ready:
                    return
                try:
                    connection, _ = listener.accept()
                except OSError:  # the client went away between knock and door
                    continue
                self._take(connection)

    def _take(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        thread = threading.Thread(
            target=self._serve, args=(connection,), name="soblob-connection", daemon=True
        )
        with self._lock:
            self._connections.add(connection)
        self._threads = [*(t for t in self._threads if t.is_alive()), thread]
        thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with contextlib.suppress(OSError):  # reset by the client, or shut down by stop()
                self._converse(connection)
        finally:
            with self._lock:
                self._connections.discard(connection)
            connection.close()

    def _converse(self, connection: socket.socket) -> None:
        """Answer requests until one side has had enough."""
        reader = RequestReader(self._largest_body)
        while not self._stopping.is_set():
            data = connection.recv(_RECEIVED_BYTES)
            if not data:
                return
            try:
                received = reader.feed(data)
            except HttpSyntaxError as error:
                status = 413 if isinstance(error, TooLargeError) else 400
                connection.sendall(_refusal(status, str(error)))
                _drain(connection)
                return
            for item in received:
                if not self._answer(connection, item):
                    return
            if reader.wants_continue:
                connection.sendall(_CONTINUE)

    def _answer(self, connection: socket.socket, received: Received) -> bool:
        """Send one answer; return whether the connection stays open."""
        try:
            delivery = self._handler(received.request)
        except BaseException as error:  # noqa: BLE001 -- handed on: nobody to raise to in a thread
            self._on_error(error)
            connection.sendall(_refusal(500, "the stub itself failed"))
            return False
        if delivery.delay_s > 0 and self._stopping.wait(delivery.delay_s):
            return False
        response = delivery.response
        if response is None:
            return False
        if isinstance(response, bytes):
            connection.sendall(response)
            return False
        closing = (
            not received.keep_alive or (response.header("Connection") or "").lower() == "close"
        )
        if closing and response.header("Connection") is None:
            response = HttpResponse(
                status=response.status,
                headers=(*response.headers, ("Connection", "close")),
                body=response.body,
                reason=response.reason,
            )
        connection.sendall(to_bytes(response, body=received.request.method != "HEAD"))
        return not closing


def _drain(connection: socket.socket) -> None:
    """Read what the client is still sending, or the reset would take the answer from it."""
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(_DRAINED_SECONDS)
    left = _DRAINED_BYTES
    while left > 0 and (data := connection.recv(_RECEIVED_BYTES)):
        left -= len(data)


def _refusal(status: int, text: str) -> bytes:
    headers = (("Content-Type", "text/plain; charset=utf-8"), ("Connection", "close"))
    return to_bytes(HttpResponse(status=status, headers=headers, body=f"{text}\n".encode()))
