"""The bytes of a connection to requests, in whatever pieces they arrive.

Each fact has one reader. httptools reads the head: method, target, version, headers. It is given
one head at a time, and no body. `_framing` alone decides what the headers mean for the bytes that
follow: where the body ends, chunk by chunk, and whether another request may follow.
"""

import re
from enum import Enum, auto
from typing import Final

import httptools

from pytest_soblob._http._assembly import DIRECT_READ_BYTES, Assembly, BufferPool
from pytest_soblob._http._framing import (
    SIZE_LINE,
    check_trailer,
    find_length,
    keeps_alive,
    read_chunk_size,
)
from pytest_soblob._http._heads import Head, head_error
from pytest_soblob._http._received import (
    HeadTooLargeError,
    HttpSyntaxError,
    Received,
    TlsError,
    TooLargeError,
    VersionError,
)
from pytest_soblob.wire import HttpRequest

LARGEST_HEAD_BYTES: Final = 256 * 1024
_LONGEST_LINE_BYTES: Final = 8 * 1024
_VERSIONS: Final = ("1.1", "1.0")
_LINE_END: Final = b"\r\n"
_HEAD_ENDS: Final = re.compile(_LINE_END * 2)
_OVERLAP: Final = 2 * len(_LINE_END) - 1
_LINE_ENDS: Final = re.compile(b"\n")
_METHOD: Final = re.compile(rb"[A-Z]")  # the first byte distinguishes it from surplus body bytes
_LEFT_OVER: Final = (
    "the bytes after a request do not begin another one: its body is longer than its "
    "Content-Length, or it has no Content-Length"
)
_TLS_HANDSHAKE: Final = b"\x16\x03"
_NO_EMPTY_LINE: Final = "not HTTP: the head ends without an empty line"


class Phase(Enum):
    """What the next byte belongs to."""

    HEAD = auto()  # or an empty line before one
    BODY = auto()  # of the length given in the head
    SIZE = auto()  # the line before a chunk
    CHUNK = auto()
    CHUNK_END = auto()  # the line end after a chunk
    TRAILER = auto()  # a line after the last chunk
    OVER = auto()  # nothing: the last request has been read, or the bytes are malformed


class RequestReader:
    """Reads requests from the bytes of a connection, in whatever pieces they arrive.

    Args:
        largest_body: Limit of a body in bytes; None for no limit.
        pool: Pool of buffers for bodies; None for one of this reader's own.
        as_server: Whether to check what only a server must check: one Host in HTTP/1.1 (RFC 9112,
            3.2).
    """

    def __init__(
        self,
        largest_body: int | None = None,
        pool: BufferPool | None = None,
        *,
        as_server: bool = False,
    ) -> None:
        self._largest_body = largest_body
        self._assembly = Assembly(pool or BufferPool())
        self._as_server = as_server
        self._received: list[Received] = []
        self._start = bytearray()  # the beginning of a head that has not arrived at once
        self._fed = 0  # bytes of it that httptools has read
        self._line = bytearray()  # the beginning of a line in a body
        self._chunk_left = 0
        self._method, self._version = b"", ""
        self._has_completed = False  # a request has been completed
        self._begin()

    def _begin(self) -> None:
        """Prepare for the next head."""
        self._phase = Phase.HEAD
        self._is_begun = False
        self._head = Head()
        self._parser = httptools.HttpRequestParser(self._head)
        self._trailer_bytes = 0
        self._continued = False

    def feed(self, data: bytes | memoryview) -> list[Received]:
        """Read the next bytes; return the requests that they complete.

        A request to switch protocols is ignored, as a server may do (RFC 9110, 7.8), and so are the
        bytes after a request that closes the connection (RFC 9112, 9.6).

        Raises:
            HttpSyntaxError: The bytes are not HTTP; `before` holds the requests completed before
                them. All bytes after them are ignored.
            TooLargeError: A body exceeds the limit.
        """
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._take(rest) :]
        except HttpSyntaxError as error:
            self._phase = Phase.OVER
            error.before = self._pop_received()
            raise
        return self._pop_received()

    def _pop_received(self) -> list[Received]:
        received, self._received = self._received, []
        return received

    def _take(self, data: memoryview) -> int:
        """Read the bytes that belong to one phase; return how many there are."""
        match self._phase:
            case Phase.HEAD:
                return self._take_head(data)
            case Phase.BODY:
                return self._take_body(data)
            case Phase.SIZE:
                return self._take_whole_chunks(data) or self._take_line(data)
            case Phase.TRAILER:
                return self._take_line(data)
            case Phase.CHUNK:
                return self._take_chunk(data)
            case Phase.CHUNK_END:
                return self._take_chunk_end(data)
            case Phase.OVER:
                return len(data)

    # -- a head --------------------------------------------------------------------------------

    def _take_head(self, data: memoryview) -> int:
        end = None if self._start else _HEAD_ENDS.search(data)
        if end is None or end.end() > LARGEST_HEAD_BYTES:
            return self._gather_head(data)
        head = bytes(data[: end.end()])
        self._feed_parser(head, head)
        self._end_head(head)
        return end.end()

    def _gather_head(self, data: memoryview) -> int:
        """Read a piece of a head.

        httptools joins the pieces of a header again with each piece that it is given. So it is
        given whole lines, and of a long line pieces of growing size: each byte is copied a few
        times at most, and malformed bytes are detected early.
        """
        start, before = self._start, len(self._start)
        piece = bytes(data[: LARGEST_HEAD_BYTES - before])
        start += piece
        end = _HEAD_ENDS.search(start, max(0, before - _OVERLAP))
        if end is not None:
            piece = piece[: end.end() - before]
            del start[end.end() :]
        head = bytes(start) if b"\n" in piece or len(start) >= 2 * self._fed else b""
        if head and head != _TLS_HANDSHAKE[:1]:  # one more byte decides whether it is TLS
            self._feed_parser(head[self._fed :], head)
            self._fed = len(head)
        if end is not None:
            self._end_head(head)
        elif self._head.is_complete:
            raise HttpSyntaxError(_NO_EMPTY_LINE)
        elif len(piece) < len(data):
            raise HeadTooLargeError(f"the head is over {LARGEST_HEAD_BYTES:,} bytes")
        return len(piece)

    def _feed_parser(self, piece: bytes, head: bytes) -> None:
        """Give httptools the next piece of a head.

        Args:
            piece: The new bytes.
            head: The head from its first byte on, including them.
        """
        if not self._is_begun:
            if head.startswith(_TLS_HANDSHAKE):
                raise TlsError
            self._is_begun = head.lstrip(_LINE_END) != b""
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            pass  # httptools has stopped at the end of the head, as it should
        except httptools.HttpParserError as error:
            if self._head.is_complete:
                raise HttpSyntaxError(_NO_EMPTY_LINE) from None
            if self._has_completed and not _METHOD.match(head.lstrip(_LINE_END)):
                raise HttpSyntaxError(_LEFT_OVER, "http.content-length") from None
            raise head_error(error, head) from None

    def _end_head(self, head: bytes) -> None:
        """Evaluate a complete head: what follows it."""
        self._start.clear()
        self._fed = 0
        if not self._is_begun:
            return  # empty lines (RFC 9112, 2.2)
        if not self._head.is_complete:
            raise head_error("the head continues after an empty line", head)
        self._method = self._parser.get_method()
        self._version = self._parser.get_http_version()
        self._check_head(head)
        length = find_length(self._head, self._version)
        if length == 0:
            self._finish(b"")
            return
        self._check_size(length or 0)
        self._assembly.begin(length)
        self._phase = Phase.SIZE if length is None else Phase.BODY

    def _check_head(self, head: bytes) -> None:
        """Check start line and Host by RFC 9112, 3, which httptools does less strictly."""
        if self._version not in _VERSIONS:
            raise VersionError(f"HTTP/{self._version} is not supported, only versions 1.1 and 1.0")
        if self._method == b"CONNECT":
            raise HttpSyntaxError("CONNECT is only for proxies")
        target_end = len(self._method) + 1 + len(self._head.url)
        if not head.lstrip(_LINE_END).startswith(b" HTTP/", target_end):
            raise HttpSyntaxError("not HTTP: method, target and version need one space between")
        if not self._as_server:
            return
        hosts = len(self._head.values("host"))
        if hosts > 1:
            raise HttpSyntaxError("there are two Host headers", "http.header-duplicate")
        if not hosts and self._version == "1.1":
            raise HttpSyntaxError("there is no Host header, which RFC 9112 requires")

    # -- a body --------------------------------------------------------------------------------

    def _take_body(self, data: memoryview) -> int:
        piece = data[: self._assembly.missing]
        self._assembly.put(piece)
        self._end_body()
        return len(piece)

    def _take_whole_chunks(self, data: memoryview) -> int:
        """Read all chunks that are complete at once, since there may be many small ones."""
        if self._line:
            return 0
        pieces = []
        at = 0
        while (found := SIZE_LINE.match(data, at)) is not None:
            start = found.end()
            end = start + int(found[1], 16)
            behind = end + len(_LINE_END)
            is_short = start - at <= _LONGEST_LINE_BYTES
            if end == start or not is_short or bytes(data[end:behind]) != _LINE_END:
                break
            pieces.append(data[start:end])
            at = behind
        if pieces:
            body = b"".join(pieces)
            self._check_size(self._assembly.size + len(body))
            self._assembly.put(body)
        return at

    def _take_line(self, data: memoryview) -> int:
        end = _LINE_ENDS.search(data)
        piece = data if end is None else data[: end.end()]
        self._line += piece
        if len(self._line) > _LONGEST_LINE_BYTES:
            raise HttpSyntaxError(f"a line in the body is over {_LONGEST_LINE_BYTES:,} bytes")
        if end is not None:
            line = bytes(self._line)
            self._line.clear()
            self._end_line(line)
        return len(piece)

    def _end_line(self, line: bytes) -> None:
        if self._phase is Phase.SIZE:
            size = self._chunk_left = read_chunk_size(line)
            self._check_size(self._assembly.size + size)
            self._phase = Phase.CHUNK if size else Phase.TRAILER
        elif line == _LINE_END:
            self._finish(self._assembly.take())
        else:
            self._trailer_bytes += len(line)
            if self._trailer_bytes > LARGEST_HEAD_BYTES:
                raise HeadTooLargeError(f"the trailers are over {LARGEST_HEAD_BYTES:,} bytes")
            check_trailer(line)

    def _take_chunk(self, data: memoryview) -> int:
        piece = data[: self._chunk_left]
        self._assembly.put(piece)
        self._chunk_left -= len(piece)
        if not self._chunk_left:
            self._phase = Phase.CHUNK_END
        return len(piece)

    def _take_chunk_end(self, data: memoryview) -> int:
        piece = data[: len(_LINE_END) - len(self._line)]
        self._line += piece
        if not _LINE_END.startswith(self._line):
            raise HttpSyntaxError("a chunk is longer than its announced size")
        if self._line == _LINE_END:
            self._line.clear()
            self._phase = Phase.SIZE
        return len(piece)

    def get_buffer(self) -> memoryview | None:
        """Return the buffer for the next bytes; the caller reports them to `buffer_updated`.

        None if the bytes are to be passed to `feed` instead. The rest of a large body needs no
        parsing, and is not copied this way.
        """
        if self._phase is not Phase.BODY or self._assembly.missing < DIRECT_READ_BYTES:
            return None
        return self._assembly.get_buffer()

    def buffer_updated(self, count: int) -> list[Received]:
        """Record so many bytes in that buffer; return the request that they complete."""
        self._assembly.buffer_updated(count)
        self._end_body()
        return self._pop_received()

    def _end_body(self) -> None:
        if not self._assembly.missing:
            self._finish(self._assembly.take())

    def _check_size(self, size: int) -> None:
        if self._largest_body is not None and size > self._largest_body:
            raise TooLargeError(f"the body is over {self._largest_body:,} bytes")

    def _finish(self, body: bytes) -> None:
        request = self._request(body)
        keep_alive = keeps_alive(self._head, self._version)
        self._received.append(Received(request, keep_alive))
        self._begin()
        self._has_completed = True
        if not keep_alive:
            self._phase = Phase.OVER

    def _request(self, body: bytes) -> HttpRequest:
        return HttpRequest(
            method=self._method.decode("latin-1"),
            target=self._head.url.decode("latin-1"),
            headers=self._head.headers,
            body=body,
            http_version=self._version,
        )

    # -- the request in progress ---------------------------------------------------------------

    def close(self) -> None:
        """Discard an incomplete body; all further bytes are ignored."""
        self._assembly.drop()
        self._phase = Phase.OVER

    @property
    def is_between(self) -> bool:
        """Whether no incomplete request has begun."""
        return not self._is_begun

    @property
    def is_in_head(self) -> bool:
        """Whether a request has begun whose head is incomplete."""
        return self._is_begun and self._phase is Phase.HEAD

    @property
    def head(self) -> HttpRequest:
        """The request whose body is incomplete, without its body."""
        return self._request(b"")

    @property
    def wants_continue(self) -> bool:
        """True once for a head that expects `100 Continue` while no body has arrived."""
        has_come = self._assembly.size or self._line
        if self._phase not in (Phase.BODY, Phase.SIZE) or has_come or self._continued:
            return False
        if self._version != "1.1":
            return False  # RFC 9110, 10.1.1: an HTTP/1.0 client would not understand the response
        expect = self._head.values("expect")
        self._continued = any(value.lower() == "100-continue" for value in expect)
        return self._continued
