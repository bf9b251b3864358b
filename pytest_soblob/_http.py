"""Bytes to HTTP messages and back, through httptools; no socket, no SOAP.

The syntax is httptools' business (llhttp, RFC 9112): framing, chunked bodies, pipelining. What it
refuses becomes an `HttpSyntaxError` with one line of text, whatever the bytes were.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import httptools

from pytest_soblob._text import ascii_controls, clip
from pytest_soblob.errors import SoblobError
from pytest_soblob.wire import HttpRequest, HttpResponse

_FIRST_LINE = re.compile(rb"\s*(?:[A-Z]{1,20} \S{1,8000} HTTP/\d|HTTP/\d(?:\.\d)? \d{3})")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(rb"^content-length[ \t]*:[ \t]*(\d+)", re.IGNORECASE | re.MULTILINE)
_ENCODING = re.compile(rb"^transfer-encoding[ \t]*:", re.IGNORECASE | re.MULTILINE)
MOST_HEADERS = 1_000
_SMALL_PIECE = 4_096
_LENGTH_RULE = "http.content-length"


class HttpSyntaxError(ValueError):
    """The bytes are no HTTP message; the text says why, in one line.

    Attributes:
        rule: The id of the rule that they break.
    """

    def __init__(self, text: str, rule: str = "http.malformed") -> None:
        super().__init__(text)
        self.rule = rule


class TooLargeError(HttpSyntaxError):
    """A body is larger than the reader takes."""


@dataclass(frozen=True, slots=True)
class Received:
    """One request, and what its sender wants of the connection.

    Attributes:
        request: Complete, with its whole body.
        keep_alive: Whether the connection may stay open after the answer.
    """

    request: HttpRequest
    keep_alive: bool


class _Collector:
    """What httptools calls while it reads; one message after the other."""

    def __init__(self, largest_body: int | None, finish: Callable[[], None]) -> None:
        self._largest_body = largest_body
        self._finish = finish
        self.on_message_begin()

    def on_message_begin(self) -> None:
        self.url = b""
        self.reason = b""
        self.headers: list[tuple[str, str]] = []
        self.body: list[bytes | bytearray] = []
        self.size = 0
        self.head_complete = False
        self.complete = False

    def on_url(self, data: bytes) -> None:
        self.url += data

    def on_status(self, data: bytes) -> None:
        self.reason += data

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(self.headers) >= MOST_HEADERS:
            raise HttpSyntaxError(f"there are more than {MOST_HEADERS:,} headers")
        self.headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self.head_complete = True
        lengths = [value for name, value in self.headers if name.lower() == "content-length"]
        # httptools has seen to it that there is one, and that it is a number.
        self._check_size(int(lengths[0][:20]) if lengths else 0)

    def on_body(self, data: bytes) -> None:
        self.size += len(data)
        self._check_size(self.size)
        if len(data) >= _SMALL_PIECE:
            self.body.append(data)
        elif self.body and isinstance(self.body[-1], bytearray):
            self.body[-1] += data  # chunks of a byte each would each take fifty
        else:
            self.body.append(bytearray(data))

    def _check_size(self, size: int) -> None:
        if self._largest_body is not None and size > self._largest_body:
            raise TooLargeError(f"the body is over {self._largest_body:,} bytes")

    def on_message_complete(self) -> None:
        self.complete = True
        self._finish()


class RequestReader:
    """Reads requests from a connection's bytes, in whatever pieces they come.

    Args:
        largest_body: Bytes that a body may have; None means any number.
    """

    def __init__(self, largest_body: int | None = None) -> None:
        self._received: list[Received] = []
        self._collector = _Collector(largest_body, self._finish)
        self._parser = httptools.HttpRequestParser(self._collector)
        self._continued = False

    def feed(self, data: bytes) -> list[Received]:
        """Take the next bytes, return the requests that they complete.

        Raises:
            HttpSyntaxError: The bytes are no HTTP; what was complete before is lost with them.
            TooLargeError: A body is over the limit.
        """
        _feed(self._parser, data)
        received, self._received = self._received, []
        return received

    @property
    def wants_continue(self) -> bool:
        """True once for a head that asks for `100 Continue` and whose body has not come."""
        collector = self._collector
        waits = collector.head_complete and not collector.complete and not collector.body
        if not waits or self._continued:
            return False
        expect = [value for name, value in collector.headers if name.lower() == "expect"]
        self._continued = any(value.strip().lower() == "100-continue" for value in expect)
        return self._continued

    def _finish(self) -> None:
        collector = self._collector
        request = HttpRequest(
            method=self._parser.get_method().decode("latin-1"),
            target=collector.url.decode("latin-1"),
            headers=tuple(collector.headers),
            body=b"".join(collector.body),
            http_version=self._parser.get_http_version(),
        )
        self._received.append(Received(request, self._parser.should_keep_alive()))
        self._continued = False


def looks_like_http(data: bytes) -> bool:
    """Whether the first line is that of an HTTP message rather than of XML."""
    return _FIRST_LINE.match(data[:9000]) is not None


def parse_message(data: bytes) -> HttpRequest | HttpResponse:
    """Parse one whole raw HTTP message, as in a capture: head, blank line, body; chunked or not.

    Line feeds alone in the head of a hand-saved file are taken; a response without a length runs
    to the end of the data.

    Raises:
        HttpSyntaxError: It is none, it is cut off, or more than one stands there.
    """
    head, body = _split(data.lstrip())
    is_request = head[:5].upper() != b"HTTP/"
    if is_request and body.strip() and not _is_framed(head) and not looks_like_http(body):
        raise HttpSyntaxError(
            f"{len(body):,} bytes stand after the head, but neither Content-Length nor "
            "Transfer-Encoding says so",
            _LENGTH_RULE,
        )
    if _LENGTH.search(head) and _ENCODING.search(head):
        raise HttpSyntaxError("both headers say where the body ends", "http.framed-twice")
    normalised = re.sub(rb"\r?\n", b"\r\n", head) + b"\r\n\r\n" + body
    if not is_request:
        return _parse_response(normalised, head, body)
    _refuse_rest(head, body)
    received = RequestReader().feed(normalised)
    if len(received) > 1:
        raise HttpSyntaxError("more than one request stands there")
    if not received:
        raise _cut_off(head, body)
    return received[0].request


def to_bytes(message: HttpRequest | HttpResponse, *, body: bool = True) -> bytes:
    """Return the message as it goes on the wire, in one piece.

    Content-Length is added unless the message frames itself. Without `body` the head is that of
    the answer to HEAD.

    Raises:
        SoblobError: A header has a line end in it.
    """
    if isinstance(message, HttpRequest):
        lines = [f"{message.method} {message.target} HTTP/{message.http_version}"]
    else:
        lines = [f"HTTP/1.1 {message.status} {message.reason_phrase}"]
    lines += [f"{name}: {value}" for name, value in message.headers]
    framed = message.header("Content-Length") or message.header("Transfer-Encoding")
    if framed is None:
        lines.append(f"Content-Length: {len(message.body)}")
    if any("\r" in line or "\n" in line for line in lines):
        raise SoblobError("a header must not hold a line end")
    head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
    return head + message.body if body else head


def _feed(parser: httptools.HttpRequestParser | httptools.HttpResponseParser, data: bytes) -> None:
    try:
        parser.feed_data(data)
    except httptools.HttpParserUpgrade:
        raise HttpSyntaxError("an upgrade to another protocol is asked for") from None
    except httptools.HttpParserError as error:
        cause = error.__context__
        if isinstance(cause, HttpSyntaxError):
            raise cause from None
        text = ascii_controls(clip(str(error) or type(error).__name__, 200))
        raise HttpSyntaxError(f"not HTTP: {text}") from None


def _is_framed(head: bytes) -> bool:
    """Whether a header says where the body ends."""
    return bool(_LENGTH.search(head) or _ENCODING.search(head))


def _split(data: bytes) -> tuple[bytes, bytes]:
    end = _HEAD_END.search(data)
    if end is None:
        raise HttpSyntaxError("no blank line ends the head")
    return data[: end.start()], data[end.end() :]


def _parse_response(normalised: bytes, head: bytes, body: bytes) -> HttpResponse:
    finished: list[bool] = []
    collector = _Collector(None, lambda: finished.append(True))
    parser = httptools.HttpResponseParser(collector)
    status = re.match(rb"\S+ (204|304)\b", head)
    if status is not None and body.strip():
        raise HttpSyntaxError(f"a response with status {status[1].decode()} has no body")
    # httptools waits for the end of the connection where there is no length.
    framed = _is_framed(head)
    if not framed:
        length = f"\r\nContent-Length: {len(body)}".encode()
        normalised = normalised.replace(b"\r\n\r\n", length + b"\r\n\r\n", 1)
    _refuse_rest(head, body)
    _feed(parser, normalised)
    if not finished and parser.get_status_code() not in (204, 304):
        raise _cut_off(head, body)
    headers = collector.headers if framed else collector.headers[:-1]
    return HttpResponse(
        status=parser.get_status_code(),
        headers=tuple(headers),
        body=b"".join(collector.body),
        reason=collector.reason.decode("latin-1"),
    )


def _cut_off(head: bytes, body: bytes) -> HttpSyntaxError:
    length = _LENGTH.search(head)
    if length is None:
        return HttpSyntaxError(f"the body is cut off after {len(body):,} bytes")
    promised = int(length[1][:20])
    return HttpSyntaxError(
        f"Content-Length says {promised:,} bytes, but {len(body):,} are there", _LENGTH_RULE
    )


def _refuse_rest(head: bytes, body: bytes) -> None:
    """Refuse bytes behind a body whose length is told; another message there is told otherwise."""
    length = _LENGTH.search(head)
    rest = body[int(length[1][:20]) :].strip() if length else b""
    if rest and not looks_like_http(rest):
        raise HttpSyntaxError(f"{len(rest):,} bytes are left over after the body", _LENGTH_RULE)
