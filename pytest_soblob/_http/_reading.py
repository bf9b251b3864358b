"""A connection's bytes to requests, in whatever pieces they come."""

import re
from typing import Final

import httptools

from pytest_soblob._http._assembly import WORTH_PLACING_BYTES, Assembly, Rooms
from pytest_soblob._http._collecting import Collector
from pytest_soblob._http._received import (
    HeadTooLargeError,
    HttpSyntaxError,
    Received,
    TlsError,
    VersionError,
)
from pytest_soblob._text import ascii_controls, clip
from pytest_soblob.wire import HttpRequest

LARGEST_HEAD_BYTES: Final = 256 * 1024
_VERSIONS: Final = ("1.1", "1.0")
# Where a header goes on in the next line.
_FOLD: Final = re.compile(rb"\r\n[ \t]+")
_LINE_END: Final = b"\r\n"
_HEAD_END: Final = _LINE_END * 2
_HEAD_ENDS: Final = re.compile(_HEAD_END)
_LINE_ENDS: Final = re.compile(b"\n")
_HALF_LINE_END: Final = re.compile(rb"(?<!\r)\n|\r[^\n]")
_SIZE: Final = re.compile(rb"[0-9A-Fa-f]+")
_LONGEST_SIZE: Final = 64
_TLS_HANDSHAKE: Final = b"\x16\x03"
# What httptools says of framing that two readers would understand in two ways: the rule for it.
_FRAMING: Final = (
    ("duplicate content-length", "http.header-doubled"),
    ("be present with", "http.framed-twice"),
    ("content-length", "http.content-length"),
)


class RequestReader:
    """Reads requests from a connection's bytes, in whatever pieces they come.

    Args:
        largest_body: Bytes that a body may have; None means any number.
        rooms: Where bodies are put together; None means that this reader shares with nobody.
        as_server: Whether it sees to what a server has to: one Host in HTTP/1.1 (RFC 9112, 3.2), no
            transfer coding but chunked, and none in HTTP/1.0 (6.1).
    """

    def __init__(
        self,
        largest_body: int | None = None,
        rooms: Rooms | None = None,
        *,
        as_server: bool = False,
    ) -> None:
        self._received: list[Received] = []
        self._as_server = as_server
        self._assembly = Assembly(rooms or Rooms())
        self._collector = Collector(
            largest_body, self._finish, self._assembly, self._check_complete_head
        )
        self._parser = httptools.HttpRequestParser(self._collector)
        self._raw = bytearray()  # the head, while it is incomplete: httptools may find it folded
        self._is_folded = False
        self._continued = False
        self._beyond: tuple[tuple[str, str], ...] = ()
        self._line = b""  # how the line between chunks begins that is under way
        self._chunk_left = 0  # bytes of a chunk, with its line end
        self._is_in_trailers = False
        self._is_past_parser = False  # httptools is not shown the rest of this body
        self._is_over = False  # the last request has come

    def place(self) -> memoryview | None:
        """Return where the next bytes are to be written, before they are told to `placed`.

        None where they may lie anywhere and are to be handed to `feed`. The rest of a large body
        has nothing in it that would have to be read, and no need to be moved about.
        """
        if not self._is_past_parser and self._collector.missing < WORTH_PLACING_BYTES:
            return None
        place = self._collector.place()
        self._is_past_parser |= place is not None
        return place

    def placed(self, count: int) -> list[Received]:
        """Take note of so many bytes in that place, return the request that they complete."""
        self._collector.size += count
        self._end_body()
        return self._hand_over()

    def _end_body(self) -> None:
        """End a body that httptools was not shown, if it is complete."""
        if self._collector.missing:
            return
        self._is_past_parser = False
        self._collector.on_message_complete()
        self._parser = httptools.HttpRequestParser(self._collector)

    def _hand_over(self) -> list[Received]:
        received, self._received = self._received, []
        return received

    def feed(self, data: bytes | memoryview) -> list[Received]:
        """Take the next bytes, return the requests that they complete.

        An offer to go on in another protocol is passed over, as a server may (RFC 9110, 7.8).

        Raises:
            HttpSyntaxError: The bytes are no HTTP; `before` has what was complete before them.
            TooLargeError: A body is over the limit.
        """
        if self._is_over and data:
            raise HttpSyntaxError("bytes follow a request that closes the connection")
        rest = memoryview(data)
        try:
            while rest and not self._is_over:
                rest = rest[self._take(rest) :]
        except HttpSyntaxError as error:
            error.before = self._hand_over()
            raise
        return self._hand_over()

    def _take(self, data: memoryview) -> int:
        """Take as many of the bytes as belong together, return how many.

        A head, a body, a chunk or a line between chunks: so where each message begins is always
        known.
        """
        if self._is_past_parser:
            piece = data[: self._collector.missing]
            self._collector.put(piece)
            self._end_body()
        elif self.is_between or self.is_in_head:
            piece = data[: self._end_of_head(data)]
            self._feed_head(piece)
        elif self._collector.missing:
            piece = data[: self._collector.missing]
            self._feed(piece)
        else:
            piece = self._feed_chunks(data)
        return len(piece)

    def _feed_chunks(self, data: memoryview) -> memoryview:
        """Feed the next of a body in chunks, and return it: a chunk, or a line before or behind."""
        if self._chunk_left:
            piece = data[: self._chunk_left]
            self._chunk_left -= len(piece)
            self._feed(piece)
            return piece
        end = _LINE_ENDS.search(data)
        piece = data if end is None else data[: end.end()]
        self._feed(piece)
        self._line = (self._line + bytes(piece[:_LONGEST_SIZE]))[:_LONGEST_SIZE]
        if end is not None:
            self._end_line()
        return piece

    def _end_line(self) -> None:
        """See how long the chunk is that a line announces; httptools has found nothing wrong."""
        size = None if self._is_in_trailers else _SIZE.match(self._line)
        number = 0 if size is None else int(size[0], 16)
        self._line = b""
        self._chunk_left = number + len(_LINE_END) if number else 0
        self._is_in_trailers = not number and not self.is_between

    def _end_of_head(self, data: memoryview) -> int:
        """Return behind which byte the head ends that is under way; the last one if it does not."""
        begun = bytes(self._raw[1 - len(_HEAD_END) :])
        end = _HEAD_ENDS.search(begun + data if begun else data)
        return len(data) if end is None else end.end() - len(begun)

    def close(self) -> None:
        """Forget a body that has not come whole."""
        self._assembly.drop()

    @property
    def is_between(self) -> bool:
        """Whether no request has begun that is not complete."""
        return not self._collector.begun

    @property
    def is_in_head(self) -> bool:
        """Whether a request has begun whose head is not complete."""
        return self._collector.begun and not self._collector.head_complete

    @property
    def head(self) -> HttpRequest:
        """The request whose body is still to come, without it."""
        return self._request()

    @property
    def wants_continue(self) -> bool:
        """True once for a head that asks for `100 Continue` and whose body has not come."""
        collector = self._collector
        if not collector.begun or not collector.head_complete or collector.size or self._continued:
            return False
        if self._parser.get_http_version() != "1.1":
            return False  # RFC 9110, 10.1.1: an HTTP/1.0 client would not know what to make of it
        expect = collector.values("expect")
        self._continued = any(value.strip().lower() == "100-continue" for value in expect)
        return self._continued

    def _feed_head(self, piece: memoryview) -> None:
        if self.is_between and bytes(piece[:2]) == _TLS_HANDSHAKE:
            raise TlsError
        self._raw += piece
        if len(self._raw) > LARGEST_HEAD_BYTES:
            raise HeadTooLargeError(f"the head is over {LARGEST_HEAD_BYTES:,} bytes")
        try:
            if not self._is_folded:
                self._feed(piece)
        except HttpSyntaxError:
            self._is_folded = self.is_in_head and _has_fold(self._raw)
            if not self._is_folded:
                raise
        if self._is_folded and self._raw.endswith(_HEAD_END):
            self._unfold()
        if not self.is_in_head:
            self._raw.clear()

    def _unfold(self) -> None:
        """Read a head with folded headers as a server may: with blanks in place of each fold.

        RFC 9112, 5.2. httptools reads folds only with a leniency that lets in much else.
        """
        self._is_folded = False
        self._parser = httptools.HttpRequestParser(self._collector)
        start, end, headers = self._raw.lstrip(_LINE_END).partition(_LINE_END)
        self._feed(bytes(start + end) + _FOLD.sub(b" ", headers))

    def _feed(self, piece: bytes | memoryview) -> None:
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            self._go_on_without_upgrade()
        except httptools.HttpParserError as error:
            raise syntax_error(error) from None

    def _go_on_without_upgrade(self) -> None:
        """Begin the message anew without the offer: httptools has stopped at its head."""
        request = self._received.pop().request
        if request.method == "CONNECT":
            raise HttpSyntaxError("CONNECT is for proxies")
        names = ("upgrade", "http2-settings")
        kept = [(name, value) for name, value in request.headers if name.lower() not in names]
        self._is_over = False
        self._beyond = tuple(pair for pair in request.headers if pair not in kept)
        self._parser = httptools.HttpRequestParser(self._collector)
        head = f"{request.method} {request.target} HTTP/{request.http_version}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in kept)
        self._feed(f"{head}\r\n".encode("latin-1"))

    def _check_complete_head(self) -> None:
        version = self._parser.get_http_version()
        if version not in _VERSIONS:
            raise VersionError(f"HTTP/{version} is not spoken here, but 1.1 and 1.0 are")
        if not self._as_server:
            return
        self._check_coding(version)
        hosts = self._collector.names.count("host")
        if hosts > 1:
            raise HttpSyntaxError("there are two Hosts", "http.header-doubled")
        if not hosts and version == "1.1":
            raise HttpSyntaxError("there is no Host header, which RFC 9112 asks for")

    def _check_coding(self, version: str) -> None:
        named = self._collector.values("transfer-encoding")
        coding = ",".join(named).strip().lower()
        if named and version == "1.0":
            raise HttpSyntaxError("HTTP/1.0 has no Transfer-Encoding: where the body ends is open")
        if named and coding != "chunked":
            raise HttpSyntaxError("no transfer coding is understood but chunked")

    def _request(self) -> HttpRequest:
        collector = self._collector
        return HttpRequest(
            method=self._parser.get_method().decode("latin-1"),
            target=collector.url.decode("latin-1"),
            headers=(*collector.headers, *self._beyond),
            body=collector.body,
            http_version=self._parser.get_http_version(),
        )

    def _finish(self) -> None:
        collector = self._collector
        request = self._request()
        collector.body = b""  # a connection may stay idle for long
        received = Received(request, self._parser.should_keep_alive())
        self._received.append(received)
        self._is_over = not received.keep_alive
        self._continued = False
        self._beyond = ()


def _has_fold(head: bytearray) -> bool:
    """Whether a header goes on in the next line; a start line must not (RFC 9112, 5.2)."""
    headers = head.lstrip(_LINE_END).partition(_LINE_END)[2]
    return _FOLD.search(headers) is not None and _HALF_LINE_END.search(head) is None


def syntax_error(error: httptools.HttpParserError) -> HttpSyntaxError:
    """Return what httptools has against the bytes as an error of ours."""
    cause = error.__context__
    if isinstance(cause, HttpSyntaxError):
        return cause
    said = ascii_controls(clip(str(error) or type(error).__name__, 200))
    rule = next((rule for text, rule in _FRAMING if text in said.lower()), "http.malformed")
    return HttpSyntaxError(f"not HTTP: {said}", rule)
