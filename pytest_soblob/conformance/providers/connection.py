"""One connection to a provider: requests as they are given, answers within bounds.

`http.client` reads the responses. The socket below it has one deadline for the whole answer, and a
limit for its bytes, so that a server that sends a byte now and then is no way round either.
"""

import io
import select
import socket
import ssl
import time
from http.client import HTTPException, HTTPResponse, IncompleteRead, RemoteDisconnected
from types import TracebackType
from typing import Any, Final, Self

from pytest_soblob._http import to_bytes
from pytest_soblob._text import ascii_controls, clip
from pytest_soblob.conformance.providers.values import Address, Answer
from pytest_soblob.errors import SoblobError
from pytest_soblob.wire import HttpRequest, HttpResponse

_PIECE_BYTES: Final = 64 * 1024
_MOMENT_S: Final = 0.05


class _TooMuchError(Exception):
    """The answer has more bytes than are read."""


class _BoundedSocket(io.RawIOBase):
    """Reads from a socket until a deadline, and up to a number of bytes.

    Args:
        sock: The socket.
        most: Largest number of bytes of one answer.
    """

    def __init__(self, sock: socket.socket, most: int) -> None:
        self._socket = sock
        self._most = most
        self._left = most
        self._until = 0.0

    def begin(self, until: float) -> None:
        """Begin a new answer, which ends at a time of `time.monotonic`."""
        self._until, self._left = until, self._most

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read some bytes."""
        self._socket.settimeout(_left(self._until))
        count = self._socket.recv_into(buffer)
        self._left -= count
        if self._left < 0:
            raise _TooMuchError
        return count


class _Reader(io.BufferedReader):
    """Stays open when `http.client` closes the response: the next one is read from it too."""

    def close(self) -> None:
        """Do nothing."""


class _Source:
    """What `http.client` takes for a socket."""

    def __init__(self, reader: _Reader) -> None:
        self._reader = reader

    def makefile(self, *_: object) -> _Reader:
        """Return the reader."""
        return self._reader


class Connection:
    """A connection that sends requests one after the other.

    Args:
        address: Where to connect.
        timeout_s: Seconds for connecting, and for each request with its answer.
        tls: TLS context, for an `https` address.
        most: Largest number of bytes of one answer.

    Raises:
        OSError: There is no connection; `describe` says why in one line.
        SoblobError: The address is `https`, and there is no context: nothing is sent.
    """

    def __init__(
        self, address: Address, timeout_s: float, tls: ssl.SSLContext | None, most: int
    ) -> None:
        if address.scheme == "https" and tls is None:
            raise SoblobError(f"{address.url} needs TLS, and there is no context for it")
        self._timeout_s = timeout_s
        self._most = most
        plain = socket.create_connection((address.host, address.port), timeout_s)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if address.scheme == "https" and tls is not None:
                self._socket: socket.socket = tls.wrap_socket(plain, server_hostname=address.host)
            else:
                self._socket = plain
        except BaseException:
            plain.close()
            raise
        self._raw = _BoundedSocket(self._socket, most)
        self._reader = _Reader(self._raw)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.close()

    @property
    def tls_version(self) -> str | None:
        """The version of TLS; None without TLS."""
        return self._socket.version() if isinstance(self._socket, ssl.SSLSocket) else None

    @property
    def certificate_end(self) -> str | None:
        """When the server's certificate expires, as OpenSSL writes it; None if unknown."""
        if not isinstance(self._socket, ssl.SSLSocket):
            return None
        found = (self._socket.getpeercert() or {}).get("notAfter")
        return found if isinstance(found, str) else None

    def send(self, request: HttpRequest, *, is_framed: bool = True) -> Answer:
        """Send a request and return its answer; never raises for what the server does.

        Args:
            request: The request.
            is_framed: False to leave out the Content-Length.
        """
        until = time.monotonic() + self._timeout_s
        self._raw.begin(until)
        broken: OSError | None = None
        try:
            self._write(wire_form(request, is_framed=is_framed), until)
        except OSError as error:  # the server may have answered before it closed
            broken = error
        try:
            return self._read(request.method)
        except (OSError, HTTPException, ValueError, _TooMuchError) as error:
            raised = broken if isinstance(error, RemoteDisconnected) and broken else error
            kind, problem = describe(raised, self._timeout_s, self._most)
            return Answer(kind=kind, problem=problem)

    def _write(self, data: bytes, until: float) -> None:
        """Send bytes; stop early if the server answers before it has all of them."""
        view = memoryview(data)
        while view:
            self._socket.settimeout(_left(until))
            sent = self._socket.send(view[:_PIECE_BYTES])
            view = view[sent:]
            if view and self._is_answered():
                return

    def _is_answered(self) -> bool:
        """Return whether an answer is there already; under TLS that cannot be told."""
        if isinstance(self._socket, ssl.SSLSocket):
            return False
        return bool(select.select([self._socket], [], [], 0)[0])

    def _read(self, method: str) -> Answer:
        response = HTTPResponse(_Source(self._reader), method=method)  # type: ignore[arg-type]
        response.begin()
        body = bytearray()
        while piece := response.read(_PIECE_BYTES):
            body += piece
        if response.length:  # a sized `read` does not raise for a body that is cut off
            raise IncompleteRead(bytes(body[:0]), response.length)
        headers = tuple((name, str(value)) for name, value in response.msg.items())
        surplus = not response.will_close and self._has_more()
        return Answer(
            response=HttpResponse(
                status=response.status, headers=headers, body=bytes(body), reason=response.reason
            ),
            is_kept=not response.will_close,
            surplus=surplus,
            version="1.0" if response.version == 10 else "1.1",
        )

    def _has_more(self) -> bool:
        """Return whether bytes that nobody asked for have been received."""
        waits = bool(select.select([self._socket], [], [], 0)[0])
        # TLS has records of its own, after which nothing may follow.
        self._raw.begin(time.monotonic() + (_MOMENT_S if waits else 0.0))
        try:
            return bool(self._reader.peek(1))  # of what is buffered, without reading if any is
        except (OSError, _TooMuchError):
            return False


def wire_form(request: HttpRequest, *, is_framed: bool = True) -> bytes:
    """Return the bytes of a request; a GET or HEAD without body has no Content-Length."""
    data = to_bytes(request)
    if is_framed and (request.method not in ("GET", "HEAD") or request.body):
        return data
    head, blank, body = data.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length:")]
    return b"\r\n".join(lines) + blank + body


def describe(error: Exception, timeout_s: float, most: int) -> tuple[str, str]:
    """Return the word and the line for an error of a call."""
    said = clip(ascii_controls(str(error) or type(error).__name__), 120)
    match error:
        case _TooMuchError():
            return "too-large", f"the answer has more than {most:,} bytes"
        case TimeoutError() | BlockingIOError():
            return "timeout", f"no complete answer within {timeout_s:g} s"
        case socket.gaierror():
            return "connect", f"the host name cannot be resolved: {error.strerror}"
        case ssl.SSLCertVerificationError():
            return "tls", f"the certificate is not trusted: {error.verify_message}"
        case ssl.SSLError() if error.reason == "WRONG_VERSION_NUMBER":
            return "tls", "TLS fails: the port does not speak TLS; use http:// if that is right"
        case ssl.SSLError():
            return "tls", f"TLS fails: {error.reason or said}"
        case ConnectionRefusedError():
            return "connect", "the connection is refused"
        case RemoteDisconnected() | ConnectionError():
            return "closed", "the connection is closed without an answer"
        case IncompleteRead():
            return "cut-off", "the connection ends inside the body"
        case HTTPException() | ValueError():
            return "not-http", f"the answer is not HTTP: {said}"
        case OSError():
            return "connect", clip(ascii_controls(error.strerror or said), 120)
    return "not-http", said


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
