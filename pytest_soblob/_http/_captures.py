"""Raw messages as tools write them: one or several in a file, with separators between them.

Sources are the text of Wireshark and Fiddler, `curl -i` and proxies. They contain start lines of
HTTP/2 and HTTP/3 or pseudo-header fields in their place, intermediate responses (interim ones, a
proxy's response to CONNECT, authentication challenges), line ends without CR, and bodies that the
tool has joined or decoded. httptools reads each head; where a body ends and what belongs to it is
determined here and nowhere else. The time taken is linear in the number of bytes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import httptools

from pytest_soblob._http._framing import read_length
from pytest_soblob._http._heads import Head, syntax_error
from pytest_soblob._http._received import HttpSyntaxError
from pytest_soblob._http.coding import BLANK, codings_of
from pytest_soblob._text import quote, redact
from pytest_soblob.wire import HttpRequest, HttpResponse

_START: Final = rb"(?:[A-Z]{1,20} \S{1,8000}+ HTTP/\d|HTTP/\d(?:\.\d)? \d{3}(?!\d))"
_PSEUDO: Final = rb":(?:method|path|scheme|authority|status):?[ \t]"
_FIRST: Final = re.compile(BLANK + rb"(?:%b|%b)" % (_START, _PSEUDO))
# Text between two messages: white space, and the line that Fiddler writes.
_BETWEEN: Final = re.compile(rb"(?:\s++|\xef\xbb\xbf|-{20,}+(?=\s|\Z))*+")
_AT_START: Final = re.compile(rb"%b|%b" % (_START, _PSEUDO))
_ANSWER: Final = re.compile(rb"HTTP/|:status", re.IGNORECASE)
# A look behind would take five times as long in a large body.
_NEXT: Final = re.compile(rb"[\n>](%b)" % _START)
_OPEN: Final = re.compile(rb"<(?:[\w.-]{1,99}:)?Envelope[\s>]")
_CLOSED: Final = re.compile(rb"</(?:[\w.-]{1,99}:)?Envelope\s*+>")
_ENDED: Final = re.compile(rb"</(?:[\w.-]{1,99}:)?Envelope\s*+>\s*+\Z")
_INTERIM: Final = re.compile(
    rb"(?:\s*+HTTP/\d(?:\.\d)? 1\d\d(?!\d)[^\n]*+\n(?:[^\r\n]++\r?\n)*+\r?\n(?=\s*+%b))*+" % _START
)
_CONTINUE: Final = re.compile(rb"HTTP/\d(?:\.\d)? 100[^\n]*+\n(?:[^\r\n]++\r?\n)*+\r?\n")
_HEAD_END: Final = re.compile(rb"\r?\n[ \t]*+\r?\n")
_VERSION: Final = re.compile(rb"HTTP/([23])(?:\.0)?(?=\s|\Z)")
_PSEUDO_LINE: Final = re.compile(rb"^:([a-z]+):?[ \t]+([^\r\n]*)\r?\n?", re.MULTILINE)
_FOLD: Final = re.compile(rb"\r\n[ \t]+")
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\n]*+)?\r?\n")
_TRAILERS: Final = re.compile(rb"(?:[^\r\n]++\r?\n)*+(?:\r?\n|\Z)")
_LENGTH_RULE: Final = "http.content-length"
_XML: Final = re.compile(BLANK + rb"<")
_LINE_END: Final = re.compile(rb"\r?\n")
_SHORTEST_SEPARATOR: Final = 20  # dashes
_END_OF_LINE: Final = re.compile(rb"(?<![ \t])[ \t]*+\r?\n")
_NEVER_A_BODY: Final = (204, 304)
# Statuses after which a client continues by itself; curl shows the head alone.
_INTERMEDIATE_STATUSES: Final = (301, 302, 303, 307, 308, 401, 407)


class Captured(NamedTuple):
    """One message of a capture.

    Attributes:
        kind: `request` or `response`, according to its first line.
        message: The message, or the error if it cannot be parsed.
    """

    kind: str
    message: HttpRequest | HttpResponse | HttpSyntaxError


def looks_like_http(data: bytes) -> bool:
    """Whether the first line is that of an HTTP message rather than of XML."""
    return _FIRST.match(data) is not None


def parse_message(data: bytes) -> HttpRequest | HttpResponse:
    """Parse one whole raw HTTP message: head, blank line, body; chunked or not.

    Line feeds without CR are accepted in a head. A response without a length extends to the end of
    the data. Interim responses before it (`100 Continue`) are skipped.

    Raises:
        HttpSyntaxError: The data is not an HTTP message, is cut off, or has more than one message.
    """
    found = _Capture(data, by_tool=False).read()
    first = next(found, None)
    if first is None:
        raise HttpSyntaxError("no blank line ends the head")
    if isinstance(first.message, HttpSyntaxError):
        raise first.message
    if next(found, None) is not None:
        raise HttpSyntaxError("there is more than one request or response")
    return first.message


def iter_messages(data: bytes) -> Iterator[Captured]:
    """Yield each message of a capture, including those after a malformed one.

    Args:
        data: Bytes for which `looks_like_http` is true.
    """
    return _Capture(data, by_tool=True).read()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """A start line with headers, and the offset of its end."""

    message: HttpRequest | HttpResponse
    end: int
    is_bare: bool  # its lines end without CR, which no client writes: a tool has changed them
    is_framed: bool  # HTTP/2 or 3, in which frames delimit the body

    @property
    def is_request(self) -> bool:
        return isinstance(self.message, HttpRequest)

    @property
    def status(self) -> int:
        return self.message.status if isinstance(self.message, HttpResponse) else 0

    def tokens(self, name: str) -> list[str]:
        values = ",".join(self.message.header_values(name))
        return [token.strip().lower() for token in values.split(",") if token.strip()]

    @property
    def length(self) -> int | None:
        values = self.message.header_values("Content-Length")
        return read_length(values[0]) if values else None


class _Capture:
    """Reads the bytes once, message by message.

    Args:
        data: The whole capture.
        by_tool: Whether a tool may have changed line ends, and joined or decoded bodies.
    """

    def __init__(self, data: bytes, *, by_tool: bool) -> None:
        self._data = data
        self._by_tool = by_tool
        self._end_tag = _CLOSED.search(data)  # the next one, or None if no more follow
        self._tunnels = False  # the last message was a CONNECT
        self._is_whole = False  # the last message is complete, and what follows is no message

    def read(self) -> Iterator[Captured]:
        """Yield the messages in order."""
        at = self._skip(0)
        while at < len(self._data):
            kind = "response" if _ANSWER.match(self._data, at) else "request"
            end = _HEAD_END.search(self._data, at)
            if end is None:  # nor does any later message have one
                yield Captured(kind, HttpSyntaxError("no blank line ends the head"))
                return
            try:
                at, message = self._read_rest(self._read_head(at, end))
            except HttpSyntaxError as error:
                yield Captured(kind, error)
                at = self._next_start(end.end())
            else:
                if message is not None:
                    yield Captured(kind, message)
                if self._is_whole:
                    stop = self._next_start(at)
                    yield Captured(kind, _left_over(self._data[at:stop]))
                    at = stop
            at = self._skip(at)

    def _skip(self, at: int) -> int:
        """Return where the next message begins, after separators and interim responses."""
        at = _end(_BETWEEN, self._data, at)
        return _end(_BETWEEN, self._data, _end(_INTERIM, self._data, at))

    def _is_at_start(self, at: int) -> bool:
        """Whether another message begins there, or nothing follows."""
        at = _end(_BETWEEN, self._data, at)
        return at == len(self._data) or _AT_START.match(self._data, at) is not None

    def _next_start(self, at: int) -> int:
        """Return where the next message begins, or the end of the data if there is none.

        A start line in a text inside an envelope does not count.
        """
        begun = at
        if self._data.find(b"HTTP/", at) < 0:
            return len(self._data)
        while (found := _NEXT.search(self._data, max(0, at - 1))) is not None:
            start = found.start(1)
            opened = _OPEN.search(self._data, begun, start)
            closed = None if opened is None else self._next_end_tag(opened.end())
            if closed is None or closed.end() <= start:
                return start
            if _OPEN.search(self._data, found.end(), closed.start()):
                return start  # the end tag is that of another message: this one is cut off
            begun = at = closed.end()
        return len(self._data)

    def _next_end_tag(self, at: int) -> re.Match[bytes] | None:
        """Return the next end tag of an Envelope; the data is searched only once in total."""
        if self._end_tag is not None and self._end_tag.start() < at:
            self._end_tag = _CLOSED.search(self._data, at)
        return self._end_tag

    def _read_head(self, at: int, end: re.Match[bytes]) -> _Head:
        raw = self._data[at : end.start()]
        written = _with_start_line(raw) if raw.startswith(b":") else raw
        lines = _END_OF_LINE.sub(b"\r\n", written)
        start, line_end, headers = lines.partition(b"\r\n")
        later = _VERSION.search(start)
        if later is not None:
            start = _VERSION.sub(b"HTTP/1.1", start)
            headers = _PSEUDO_LINE.sub(b"", headers)
        headers = _FOLD.sub(b" ", headers)
        message = _parse_head(start.rstrip() + line_end + headers)
        if later is not None and isinstance(message, HttpRequest):
            message = replace(message, http_version=later[1].decode())
        return _Head(
            message=message,
            end=end.end(),
            is_bare=b"\r" not in raw and not self._data.startswith(b"\r", end.start()),
            is_framed=later is not None or raw.startswith(b":"),
        )

    def _read_rest(self, head: _Head) -> tuple[int, HttpRequest | HttpResponse | None]:
        """Return where a message ends, and the message; None if it is only an intermediate one."""
        tunnels, self._tunnels = self._tunnels, False
        self._is_whole = False
        if isinstance(head.message, HttpRequest) and head.message.method == "CONNECT":
            self._tunnels = self._is_followed(head.end)
            if self._tunnels:
                return head.end, None
        elif self._is_followed(head.end) and self._is_intermediate(head, tunnels=tunnels):
            return head.end, None
        body, end = self._find_body(head)
        return end, replace(head.message, body=body)

    def _is_followed(self, at: int) -> bool:
        at = _end(_BETWEEN, self._data, at)
        return at < len(self._data) and self._is_at_start(at)

    def _is_intermediate(self, head: _Head, *, tunnels: bool) -> bool:
        """Whether a response directly followed by another message is an intermediate one."""
        message = head.message
        if isinstance(message, HttpRequest):
            return False
        if message.status < 200:
            return True
        if 200 <= message.status < 300:
            established = "connection established" in message.reason_phrase.lower()
            framed = message.header("Content-Length") or message.header("Transfer-Encoding")
            return tunnels or established or (not framed and self._is_answered(head.end))
        return message.status in _INTERMEDIATE_STATUSES and self._is_answered(head.end)

    def _is_answered(self, at: int) -> bool:
        return _ANSWER.match(self._data, _end(_BETWEEN, self._data, at)) is not None

    def _find_body(self, head: _Head) -> tuple[bytes, int]:
        """Return the body of a message, and where the message ends."""
        at = head.end
        if head.is_request and "100-continue" in head.tokens("Expect"):
            at = max(at, _end(_CONTINUE, self._data, at, at))
        length, codings = head.length, head.tokens("Transfer-Encoding")
        if length is not None and codings:
            raise HttpSyntaxError(
                "both Content-Length and Transfer-Encoding are set", "http.conflicting-framing"
            )
        if head.status in _NEVER_A_BODY:
            if not self._is_at_start(at):
                raise HttpSyntaxError(f"a response with status {head.status} has no body")
            return b"", at
        if self._is_altered(head, at):
            return self._find_unframed(at)
        if codings:
            return self._join_chunks(at)
        if length is not None:
            return self._take(head, at, length)
        body, end = self._find_unframed(at)
        if head.is_request and not head.is_framed and body.strip():
            raise HttpSyntaxError(
                f"{len(body):,} bytes follow the head, but there is neither a Content-Length nor a "
                "Transfer-Encoding",
                _LENGTH_RULE,
            )
        return body, end

    def _is_altered(self, head: _Head, at: int) -> bool:
        """Whether a tool has joined the chunks or decoded the body, and kept the headers."""
        if not self._by_tool:
            return False
        is_xml = _XML.match(self._data, at) is not None
        coded = codings_of(head.message.header_values("Content-Encoding"))
        if head.tokens("Transfer-Encoding"):
            return is_xml or (bool(coded) and _CHUNK.match(self._data, at) is None)
        length = head.length
        is_exact = length is not None and self._is_at_start(at + length)
        return is_xml and bool(coded) and not is_exact

    def _find_unframed(self, at: int) -> tuple[bytes, int]:
        """Return the bytes up to the next message, or to the end."""
        end = self._next_start(at)
        body = self._data[at:end]
        return (_without_separator(body) if self._by_tool else body), end

    def _take(self, head: _Head, at: int, length: int) -> tuple[bytes, int]:
        end = at + length
        if end <= len(self._data) and self._is_at_start(end):
            return self._data[at:end], end
        available, stop = self._find_unframed(at)
        missing = length - len(available)
        if self._by_tool and head.is_bare and 0 < missing <= available.count(b"\n"):
            # Which lines had a CR is unknown, and irrelevant to XML.
            return available.replace(b"\n", b"\r\n", missing), stop
        if length <= len(available):
            if self._by_tool and _ENDED.search(available[max(0, length - 300) : length]):
                self._is_whole = True
                return available[:length], end
            rest = available[length:].strip()
            raise HttpSyntaxError(f"{len(rest):,} bytes follow the end of the body", _LENGTH_RULE)
        raise HttpSyntaxError(
            f"Content-Length is {length:,}, but the body has {len(available):,} bytes", _LENGTH_RULE
        )

    def _join_chunks(self, at: int) -> tuple[bytes, int]:
        """Return the chunks joined (RFC 9112, 7.1)."""
        pieces: list[bytes] = []
        begun = at
        while (size := _CHUNK.match(self._data, at)) is not None:
            number = int(size[1], 16)
            if not number:
                return b"".join(pieces), _end(_TRAILERS, self._data, size.end())
            pieces.append(self._data[size.end() : size.end() + number])
            at = _end(_LINE_END, self._data, size.end() + number, -1)
            if at < 0:
                break
        available = f"{len(self._data) - begun:,} bytes"
        if at < 0 or at == len(self._data):
            raise HttpSyntaxError(f"the body is cut off after {available}")
        raise HttpSyntaxError("not HTTP: Invalid character in chunk size")


def _end(pattern: re.Pattern[bytes], data: bytes, at: int, otherwise: int | None = None) -> int:
    """Return the end of a match at that offset; `otherwise`, or the offset, if there is none."""
    found = pattern.match(data, at)
    if found is None:
        return at if otherwise is None else otherwise
    return found.end()


def _left_over(data: bytes) -> HttpSyntaxError:
    """Return the error for bytes that follow a body which is a complete envelope."""
    data = data.strip()
    shown = quote(redact(data[:200].decode("latin-1")), 40)
    return HttpSyntaxError(
        f"{len(data):,} bytes follow the end of the body: {shown}; remove them if a tool has added "
        "them",
        _LENGTH_RULE,
    )


def _without_separator(body: bytes) -> bytes:
    """Return the body without the line of dashes that a tool writes between messages."""
    ended = body.rstrip()
    before = ended.rstrip(b"-")
    is_separated = len(ended) - len(before) >= _SHORTEST_SEPARATOR
    return before.rstrip() if is_separated else body


def _with_start_line(raw: bytes) -> bytes:
    """Return an HTTP/2 head with a start line in place of its pseudo-header fields."""
    pseudo = {name: value.strip() for name, value in _PSEUDO_LINE.findall(raw)}
    headers = _PSEUDO_LINE.sub(b"", raw + b"\n").rstrip()
    if b"status" in pseudo:
        return b"HTTP/2 %b\n%b" % (pseudo[b"status"], headers)
    method, path = pseudo.get(b"method", b"POST"), pseudo.get(b"path", b"/")
    return b"%b %b HTTP/2\n%b" % (method, path, headers)


def _parse_head(head: bytes) -> HttpRequest | HttpResponse:
    """Return a head as a message without a body."""
    is_response = head[:5].upper() == b"HTTP/"
    read = Head()
    parser: httptools.HttpRequestParser | httptools.HttpResponseParser
    parser = (httptools.HttpResponseParser if is_response else httptools.HttpRequestParser)(read)
    try:
        parser.feed_data(head.rstrip(b"\r\n") + b"\r\n\r\n")
    except httptools.HttpParserUpgrade:
        if is_response:
            raise HttpSyntaxError("the response switches to another protocol") from None
    except httptools.HttpParserError as error:
        raise syntax_error(error) from None
    if not read.is_complete:
        raise HttpSyntaxError("no blank line ends the head")
    headers = read.headers
    if isinstance(parser, httptools.HttpResponseParser):
        reason = read.reason.decode("latin-1")
        return HttpResponse(status=parser.get_status_code(), headers=headers, reason=reason)
    return HttpRequest(
        method=parser.get_method().decode("latin-1"),
        target=read.url.decode("latin-1"),
        headers=headers,
        http_version=parser.get_http_version(),
    )
