"""One request to the upstream, and its answer: both as they are, within limits.

Method, target, headers in their order and case, and bodies are passed on unchanged. Only what
belongs to one connection is not (RFC 9110, 7.6.1), nor `Expect`, which the proxy has answered;
`Host` is that of the upstream. A chunked body is joined and sent in chunks again. Each exchange has
a connection of its own, so an authentication of connections (NTLM) does not work.
"""

import re
import ssl
import threading
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, Final
from urllib.parse import urlsplit

from pytest_soblob import wire
from pytest_soblob._basics.clock import now
from pytest_soblob._text import ascii_controls, clip, quote
from pytest_soblob.errors import SoblobError

LARGEST_BODY: Final = 16 * 1024 * 1024
CONNECT_S: Final = 20.0
STALL_S: Final = 60.0
ANSWER_S: Final = 300.0
_PIECE_BYTES: Final = 64 * 1024
# Chunks of a few bytes each cost a thousand times what their bytes cost.
_MOST_SMALL_PIECES: Final = 20_000
_SMALL_BYTES: Final = 64
# Of one head, or of the trailers; http.client reads at most 100 headers.
_MOST_LINES: Final = 300
_OF_ONE_CONNECTION: Final = frozenset(
    (
        *("connection", "keep-alive", "proxy-connection", "proxy-authorization", "te"),
        *("proxy-authenticate", "proxy-authentication-info", "trailer", "upgrade", "expect"),
    )
)
_FOLD: Final = re.compile(r"\r?\n[ \t]+")
_TRICKS: Final = re.compile(r"/\.{1,2}(?:/|\Z)|\\|%2e|%2f|%5c|%00|[\0-\x20\x7f]", re.IGNORECASE)
_SERVICE: Final = re.compile(r"(?<![^/])(?:BLOB|SoPrincipal)\.svc(?:/.*)?", re.IGNORECASE)
_NAMED: Final = re.compile(r"(?:BLOB|SoPrincipal)\.svc/?\Z", re.IGNORECASE)


class _Lines:
    """A stream whose lines are whole, few in a row, and without a CR that is no end of a line.

    http.client takes the end of the stream for the end of a head or of trailers, and reads any
    number of trailers and of interim answers. Others take a bare CR for a line end.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._in_a_row = 0
        self.close = stream.close
        self.flush = stream.flush

    def readline(self, limit: int) -> bytes:
        line: bytes = self._stream.readline(limit)
        self._in_a_row += 1
        if len(line) < limit and not line.endswith(b"\n"):
            raise HTTPException("the connection was closed before the end of the headers")
        if b"\r" in line.removesuffix(b"\n").removesuffix(b"\r") or b"\0" in line:
            raise HTTPException("a line of its headers has a bare CR or a NUL (RFC 9112, 2.2)")
        if self._in_a_row > _MOST_LINES:
            raise HTTPException(f"it has over {_MOST_LINES} lines of headers")
        return line

    def read(self, count: int) -> bytes:
        self._in_a_row = 0
        data: bytes = self._stream.read(count)
        return data

    def read1(self, count: int) -> bytes:
        self._in_a_row = 0
        data: bytes = self._stream.read1(count)
        return data


class UpstreamError(Exception):
    """There is no answer of the upstream; the text says why, in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer of the upstream.

    Attributes:
        response: Status, reason, headers in their order and case, and the body without chunks.
        is_chunked: Whether the body was sent in chunks.
        cut_off: Why the body is incomplete; None if it is complete.
    """

    response: wire.HttpResponse
    is_chunked: bool = False
    cut_off: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """The service that requests are passed on to.

    Attributes:
        scheme: `http` or `https`.
        host: Host name or address.
        port: Port.
        authority: Value of the Host header.
        folder: Path of the folder that has the services, with a slash at its end.
        path: Path of the service that the URL names, or None if it names the folder.
        tls: TLS context, which checks certificates; None for plain HTTP.
        largest_body: Largest body of an answer in bytes.
        stall_s: Seconds without any progress.
        answer_s: Seconds for the whole exchange.
    """

    scheme: str
    host: str
    port: int
    authority: str
    folder: str
    path: str | None
    tls: ssl.SSLContext | None = None
    largest_body: int = LARGEST_BODY
    stall_s: float = STALL_S
    answer_s: float = ANSWER_S

    @classmethod
    def of_url(cls, url: str, ca_file: str | None = None, **limits: Any) -> "Upstream":
        """Return the upstream of a URL.

        Args:
            url: URL of BLOB.svc or SoPrincipal.svc, or of the folder above them.
            ca_file: Certificates to trust in place of the system's, as PEM, or None.
            limits: `largest_body`, `stall_s` and `answer_s`.

        Raises:
            SoblobError: It is not such a URL, or the certificates cannot be read.
        """
        shown = quote(url, 200)
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port, parts = None, None, urlsplit("")
        if parts.scheme not in ("http", "https") or not host:
            raise SoblobError(f"the upstream must be an http or https URL, got {shown}")
        if "@" in parts.netloc:
            raise SoblobError("the upstream must be a URL without a user name: clients send it")
        if parts.query or parts.fragment or not url.isascii() or _TRICKS.search(parts.path):
            raise SoblobError(f"the upstream must be a URL without a query, got {shown}")
        path = parts.path or "/"
        named = _NAMED.search(path)
        if not named and path.rstrip("/").lower().endswith(".svc"):
            said = "the upstream must be BLOB.svc or SoPrincipal.svc, or the folder above them"
            raise SoblobError(f"{said}, got {shown}")
        trusted = _context(ca_file) if ca_file is not None or parts.scheme == "https" else None
        folder = path[: named.start()] if named else path.rstrip("/") + "/"
        return cls(
            scheme=parts.scheme,
            host=host,
            port=port or (443 if parts.scheme == "https" else 80),
            authority=parts.netloc,
            folder=folder,
            path=path if named else None,
            tls=trusted if parts.scheme == "https" else None,
            **limits,
        )

    @property
    def origin(self) -> str:
        """Scheme, host and port, without a path."""
        return f"{self.scheme}://{self.authority}"

    def serves(self, path: str) -> bool:
        """Whether a path is that of one of the services, and so may be passed on."""
        if _TRICKS.search(path) or not path.lower().startswith(self.folder.lower()):
            return False
        rest = path[len(self.folder) :]
        if self.path is None:  # the folder may be that of a tenant, or the root
            services = _SERVICE.search(rest)
            rest = rest[services.start() :] if services else rest
        return _SERVICE.fullmatch(rest) is not None

    def send(self, request: wire.HttpRequest) -> Answer:
        """Pass a request on, and return the answer.

        Raises:
            UpstreamError: There is none.
        """
        connection = self._connect()
        with closing(connection):
            late = threading.Event()

            def end() -> None:
                late.set()
                with suppress(OSError):
                    connection.sock.shutdown(2)

            timer = threading.Timer(self.answer_s, end)
            timer.daemon = True
            timer.start()
            try:
                return self._exchange(connection, request)
            except UpstreamError:
                if late.is_set():
                    break_off = f"the upstream took more than {self.answer_s:g} s"
                    raise UpstreamError(break_off) from None
                raise
            finally:
                timer.cancel()

    def _connect(self) -> HTTPConnection:
        timeout_s = min(CONNECT_S, self.answer_s)
        if self.tls is None:
            connection = HTTPConnection(self.host, self.port, timeout=timeout_s)
        else:
            connection = HTTPSConnection(self.host, self.port, timeout=timeout_s, context=self.tls)
        try:
            connection.connect()
        except ssl.SSLCertVerificationError as error:
            connection.close()
            said = f"its certificate is not trusted: {error.verify_message}"
            raise UpstreamError(f"{said} (see --ca)") from None
        except (OSError, UnicodeError) as error:
            connection.close()
            raise UpstreamError(f"the upstream cannot be reached: {_said(error)}") from None
        connection.sock.settimeout(self.answer_s)  # of one `sendall`, however slow
        return connection

    def _exchange(self, connection: HTTPConnection, request: wire.HttpRequest) -> Answer:
        sent_error: OSError | None = None
        try:
            connection.sock.sendall(self._head(request))
            connection.sock.sendall(_framed(request))
        except OSError as error:  # it may have answered before it has read all
            sent_error = error
        connection.sock.settimeout(min(self.stall_s, self.answer_s))
        answer = HTTPResponse(connection.sock, method=request.method)
        with closing(answer):
            lines: Any = _Lines(answer.fp)
            try:
                answer.fp = lines
                answer.begin()
            except (HTTPException, OSError, ValueError) as error:
                raise UpstreamError(f"there is no answer: {_said(sent_error or error)}") from None
            return self._read(answer, request)

    def _head(self, request: wire.HttpRequest) -> bytes:
        target = request.path + (f"?{request.query}" if "?" in request.target else "")
        lines = [f"{request.method} {target} HTTP/{request.http_version}"]
        for name, value in without_hops(request.headers):
            lines.append(f"{name}: {self.authority if name.lower() == 'host' else value}")
        lines.append("Connection: close")
        return "\r\n".join((*lines, "", "")).encode("latin-1")

    def _read(self, answer: HTTPResponse, request: wire.HttpRequest) -> Answer:
        if answer.headers.defects:
            raise UpstreamError("the head of the answer is not HTTP: a line is no header")
        pairs = [
            (name, _FOLD.sub(" ", value).strip(" \t")) for name, value in answer.headers.items()
        ]
        coded = [value.strip().lower() for name, value in pairs if name.lower() == _CODING]
        lengths = {value for name, value in pairs if name.lower() == "content-length"}
        if coded not in ([], ["chunked"]) or len(lengths) > 1 or answer.status < 200:
            raise UpstreamError("the framing of the answer is not clear: see RFC 9112, 6")
        body, cut_off = self._body(answer)
        return Answer(
            response=wire.HttpResponse(
                status=answer.status, reason=answer.reason, headers=tuple(pairs), body=body
            ),
            is_chunked=bool(coded),
            cut_off=cut_off,
        )

    def _body(self, answer: HTTPResponse) -> tuple[bytes, str | None]:
        data = bytearray()
        pieces = 0
        until = now() + self.answer_s
        try:
            while piece := answer.read1(_PIECE_BYTES):
                data += piece
                pieces += 1
                if len(data) > self.largest_body:
                    limit = f"{self.largest_body:,} bytes"
                    raise UpstreamError(f"the answer is over {limit} (--max-body)")
                if pieces > _MOST_SMALL_PIECES and len(data) < pieces * _SMALL_BYTES:
                    raise UpstreamError("the answer is sent in chunks of a few bytes each")
                if now() > until:
                    raise UpstreamError(f"the upstream took more than {self.answer_s:g} s")
        except (HTTPException, OSError, ValueError) as error:
            return bytes(data), f"the answer is cut off: {_said(error)}"
        if answer.length:
            return bytes(data), f"the answer is cut off: {answer.length:,} bytes are missing"
        return bytes(data), None


_CODING: Final = "transfer-encoding"


def without_hops(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the headers without those that belong to one connection (RFC 9110, 7.6.1)."""
    pairs = list(headers)
    named = {
        token.strip().lower()
        for name, value in pairs
        if name.lower() == "connection"
        for token in value.split(",")
    }
    named -= {"host", "content-length", _CODING}
    left_out = _OF_ONE_CONNECTION | named
    return [pair for pair in pairs if pair[0].lower() not in left_out]


def in_chunks(body: bytes) -> bytes:
    """Return a body as chunks."""
    pieces = [body[at : at + _PIECE_BYTES] for at in range(0, len(body), _PIECE_BYTES)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (*pieces, b""))


def _framed(request: wire.HttpRequest) -> bytes:
    return in_chunks(request.body) if request.header(_CODING) is not None else request.body


def _context(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError) as error:
        raise SoblobError(f"the certificates cannot be read (--ca): {_said(error)}") from None


def _said(error: BaseException) -> str:
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return clip(ascii_controls(str(said)), 200)
