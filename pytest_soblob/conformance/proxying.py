"""The proxy on loopback: passes the calls of one service on, and records each exchange.

A thread per connection, since an exchange waits for the upstream. An exchange is recorded before
its answer is sent, so a client that has its answer finds it in the recording.
"""

import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from pytest_soblob._basics.clock import now
from pytest_soblob._http import HttpSyntaxError, Received, RequestReader, TooLargeError
from pytest_soblob._text import ascii_controls, clip, plural, redact
from pytest_soblob.conformance.forwarding import (
    Answer,
    Upstream,
    UpstreamError,
    in_chunks,
    without_hops,
)
from pytest_soblob.conformance.recording import Passed, Recorded, Recorder
from pytest_soblob.errors import SoblobError
from pytest_soblob.wire import HttpRequest, HttpResponse

MOST_CONNECTIONS: Final = 64
_IDLE_S: Final = 120.0
_HEAD_S: Final = 30.0
_BODY_S: Final = 300.0
_STALL_S: Final = 60.0
_LINGER_S: Final = 2.0
_PIECE_BYTES: Final = 256 * 1024
_PLAIN: Final = (("Content-Type", "text/plain; charset=utf-8"),)
_WITHOUT_BODY: Final = (204, 304)
_POLL_S: Final = 0.05
_PATIENCE_S: Final = 5.0


@dataclass(slots=True, kw_only=True)
class Counts:
    """What has passed so far.

    Attributes:
        exchanges: Number of exchanges recorded.
        invalid: Number of those with an error.
        differing: Number of those whose answer differs from that of the documented host.
        failed: Number of those without a complete answer.
    """

    exchanges: int = 0
    invalid: int = 0
    differing: int = 0
    failed: int = 0

    def __str__(self) -> str:
        return (
            f"{plural(self.exchanges, 'exchange')}: {self.invalid:,} with errors, "
            f"{self.differing:,} with differences from the documented host, "
            f"{self.failed:,} without a complete answer"
        )


_OWN_HOSTS: Final = ("127.0.0.1", "localhost", "0.0.0.0")  # noqa: S104 -- compared, never bound


class Proxy:
    """Listens on 127.0.0.1, and passes calls on to one upstream.

    Args:
        upstream: The service.
        recorder: Writes the exchanges.
        write: Called with a line about each exchange, from any thread.
        port: Port; 0 for any free one.
        largest_body: Largest body of a request in bytes.

    Raises:
        SoblobError: The port is not free.

    Attributes:
        counts: What has passed so far.
        broken: Why nothing more can be recorded, or None.
    """

    def __init__(
        self,
        upstream: Upstream,
        recorder: Recorder,
        write: Callable[[str], None],
        *,
        port: int = 0,
        largest_body: int,
    ) -> None:
        self.counts = Counts()
        self.broken: str | None = None
        self.largest_body = largest_body
        self._upstream = upstream
        self._recorder = recorder
        self._write = write
        self._lock = threading.Lock()
        self._under_way = 0
        self._ended = threading.Condition(self._lock)
        try:
            self._server = _Server(self, port)
        except (OSError, OverflowError) as error:
            said = getattr(error, "strerror", None) or error
            raise SoblobError(f"cannot listen on 127.0.0.1:{port}: {said}") from None
        own = self._server.server_address[1]
        if upstream.port == own and upstream.host in _OWN_HOSTS:
            self._server.server_close()
            raise SoblobError(f"the upstream is this proxy itself, 127.0.0.1:{own}: name another")
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_S,), name="soblob-record", daemon=True
        )

    @property
    def base_url(self) -> str:
        """`http://127.0.0.1:port`, without a path."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """URL to call instead of the upstream's."""
        upstream = self._upstream
        return self.base_url + (upstream.path or f"{upstream.folder}BLOB.svc")

    def start(self) -> None:
        """Accept connections, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Close the listener and all connections, and wait a few seconds for what is under way."""
        self._server.shutdown()
        self._thread.join(_PATIENCE_S)
        self._server.server_close()
        with self._ended:
            self._ended.wait_for(lambda: not self._under_way, _PATIENCE_S)
        self._server.end_connections()

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Return a block in which a request is answered; `stop` waits for its end."""
        with self._ended:
            self._under_way += 1
        try:
            yield
        finally:
            with self._ended:
                self._under_way -= 1
                self._ended.notify_all()

    def answer(self, request: HttpRequest) -> Answer:
        """Return the answer to one request, once it is recorded."""
        if not self._upstream.serves(request.path):
            asked = clip(ascii_controls(redact(f"{request.method} {request.path}")), 200)
            self._write(f"403 {asked}: not a path of the upstream's service")
            return _said(403, "only BLOB.svc and SoPrincipal.svc of the upstream are passed on")
        begun = now()
        answer: Answer | None = None
        failure: str | None = None
        try:
            answer = self._upstream.send(request)
            failure = answer.cut_off
        except UpstreamError as error:
            failure = str(error)
        response = None if answer is None else answer.response
        passed = Passed(
            request=request, response=response, failure=failure, duration_s=now() - begun
        )
        self._record(passed)
        return answer or _said(502, failure or "there is no answer")

    def refuse(self, error: HttpSyntaxError) -> Answer:
        """Return the answer to bytes that are not a request, or to one that is too large."""
        said = clip(ascii_controls(redact(str(error))), 300)
        hint = " (--max-body)" if isinstance(error, TooLargeError) else ""
        self._write(f"{error.status} {error.rule}: {said}{hint}")
        return _said(error.status, f"{said}{hint}")

    def fail(self, error: BaseException) -> None:
        """Stop: nothing more can be recorded."""
        said = f"it cannot be written: {getattr(error, 'strerror', None)}"
        if not isinstance(error, OSError):
            said = f"{type(error).__name__}: {error}"
        self.broken = self.broken or clip(ascii_controls(redact(str(said))), 300)

    def _record(self, passed: Passed) -> None:
        if self.broken is not None:
            return
        try:
            recorded = self._recorder.record(passed)
        except OSError as error:  # the client gets its answer, and the run ends
            self.fail(error)
            return
        except Exception as error:  # noqa: BLE001 -- one exchange, and the next may be recorded
            self._write(f"an exchange was not recorded: {type(error).__name__}")
            return
        self._count(recorded)
        self._write(recorded.line)

    def _count(self, recorded: Recorded) -> None:
        with self._lock:
            self.counts.exchanges += 1
            self.counts.invalid += recorded.is_invalid
            self.counts.differing += recorded.differs
            self.counts.failed += recorded.failed


class _Server(socketserver.ThreadingTCPServer):
    """The listener; it has at most `MOST_CONNECTIONS` connections."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, proxy: Proxy, port: int) -> None:
        self.proxy = proxy
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._open: set[Any] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread; one too many gets a 503."""
        if not self._free.acquire(blocking=False):
            said = _said(503, f"there are {MOST_CONNECTIONS} connections already")
            with suppress(OSError):
                request.settimeout(1.0)
                request.sendall(_to_bytes(said, None, keeps=False))
            self.shutdown_request(request)
            return
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._open.discard(request)
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report an error of the proxy itself; a client that disconnects is none."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, OSError):
            self.proxy.fail(error)

    def end_connections(self) -> None:
        """Close what is still open."""
        with self._lock:
            left = list(self._open)
        for connection in left:
            with suppress(OSError):
                connection.shutdown(2)


class _Connection(socketserver.BaseRequestHandler):
    """One connection of a client."""

    server: _Server

    def handle(self) -> None:
        """Answer requests until the client or one of its requests ends the connection."""
        proxy = self.server.proxy
        reader = RequestReader(proxy.largest_body, as_server=True)
        try:
            while self._serve(proxy, reader):
                pass
        except OSError:
            pass  # the client is gone
        finally:
            reader.close()

    def _serve(self, proxy: Proxy, reader: RequestReader) -> bool:
        """Read one or more requests, and answer them; return whether others may follow."""
        try:
            received = self._receive(reader)
        except TimeoutError:
            if not reader.is_between:
                self._send(_said(408, "the request did not arrive in time"), None, keeps=False)
            return False
        except HttpSyntaxError as error:
            if all(self._answer(proxy, one) for one in error.before):
                self._send(proxy.refuse(error), None, keeps=False)
                self._linger()
            return False
        return received is not None and all(self._answer(proxy, one) for one in received)

    def _receive(self, reader: RequestReader) -> list[Received] | None:
        """Return the next requests, or None if the client has ended the connection.

        Raises:
            TimeoutError: They do not arrive in time.
        """
        begun = now()
        is_begun = not reader.is_between
        while True:
            if reader.is_between:
                left = begun + _IDLE_S - now()
            else:
                if not is_begun:
                    begun, is_begun = now(), True
                left = begun + (_HEAD_S if reader.is_in_head else _HEAD_S + _BODY_S) - now()
            if left <= 0:
                raise TimeoutError
            self.request.settimeout(min(left, _IDLE_S if reader.is_between else _STALL_S))
            data = self.request.recv(_PIECE_BYTES)
            if not data:
                return None
            received = reader.feed(data)
            if reader.wants_continue:
                self.request.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            if received:
                return received

    def _answer(self, proxy: Proxy, received: Received) -> bool:
        """Answer a request; return whether the connection stays open."""
        with proxy.under_way():
            try:
                answer = proxy.answer(received.request)
            except Exception as error:  # noqa: BLE001 -- reported: a thread has no caller
                proxy.fail(error)
                answer = _said(500, "the proxy has failed")
            keeps = received.keep_alive and answer.cut_off is None
            keeps = keeps and (answer.is_chunked or _has_length(answer, received.request))
            self._send(answer, received.request, keeps=keeps)
        if not keeps:
            self._linger()
        return keeps

    def _send(self, answer: Answer, request: HttpRequest | None, *, keeps: bool) -> None:
        self.request.settimeout(_BODY_S)
        self.request.sendall(_to_bytes(answer, request, keeps=keeps))

    def _linger(self) -> None:
        """Let the client read the answer: unread bytes would reset the connection."""
        until = now() + _LINGER_S
        with suppress(OSError):
            self.request.shutdown(1)
            while (left := until - now()) > 0:
                self.request.settimeout(left)
                if not self.request.recv(_PIECE_BYTES):
                    return


def _said(status: int, text: str) -> Answer:
    """Return an answer of the proxy itself, with one line of text."""
    body = f"soblob record: {text}\n".encode()
    headers = (*_PLAIN, ("Content-Length", str(len(body))))
    return Answer(response=HttpResponse(status=status, headers=headers, body=body))


def _has_length(answer: Answer, request: HttpRequest) -> bool:
    response = answer.response
    is_empty = request.method == "HEAD" or response.status in _WITHOUT_BODY
    return is_empty or response.header("Content-Length") is not None


def _to_bytes(answer: Answer, request: HttpRequest | None, *, keeps: bool) -> bytes:
    """Return the bytes of an answer: its headers as they are, but for those of the connection."""
    response = answer.response
    is_old = request is not None and request.http_version == "1.0"
    chunked = answer.is_chunked and not is_old
    lines = [f"HTTP/1.1 {response.status} {response.reason_phrase}"]
    for name, value in without_hops(response.headers):
        if name.lower() == "transfer-encoding" and not chunked:
            continue
        if name.lower() == "content-length" and answer.is_chunked:
            continue
        lines.append(f"{name}: {value}")
    if answer.is_chunked and is_old and answer.cut_off is None:
        lines.append(f"Content-Length: {len(response.body)}")
    if not keeps:
        lines.append("Connection: close")
    elif is_old:
        lines.append("Connection: keep-alive")
    head = "\r\n".join((*lines, "", "")).encode("latin-1", "replace")
    has_body = request is None or request.method != "HEAD"
    body = in_chunks(response.body) if chunked else response.body
    if chunked and answer.cut_off is not None:
        body = body.removesuffix(b"0\r\n\r\n")  # so that the client sees it, too
    return head + (body if has_body and response.status not in _WITHOUT_BODY else b"")
