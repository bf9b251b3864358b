"""Streams of bytes as three readers have them: ours, h11, and httptools fed byte by byte.

`stream` makes one from a seed. `differences` holds what the readers make of it against each other;
`EXPLAINED` has a row for each kind that there may be, and becomes a page of the documentation.
"""

import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import h11
import httptools

from pytest_soblob._http import HttpSyntaxError, RequestReader
from pytest_soblob.wire import HttpRequest

Message = tuple[str, str, tuple[tuple[str, str], ...], bytes]
LARGEST_BODY = 1_000_000
READERS = ("h11", "httptools")


@dataclass
class Reading:
    """What a reader makes of a stream.

    `ended` is why it reads no further: empty where it waits for more.
    """

    messages: list[Message] = field(default_factory=list)
    ended: str = ""
    rule: str = ""


# -- the readers -----------------------------------------------------------------------------------


def read(data: bytes, cuts: Iterable[int] = ()) -> Reading:
    """Ours, in pieces that end at the cuts."""
    reader = RequestReader(LARGEST_BODY, as_server=True)
    reading = Reading()

    def note(request: HttpRequest) -> None:
        message = (request.method, request.target, request.headers, request.body)
        reading.messages.append(message)

    at = 0
    try:
        for cut in (*cuts, len(data)):
            for received in reader.feed(data[at:cut]):
                note(received.request)
                if not received.keep_alive:
                    reading.ended = "closed"
            at = cut
    except HttpSyntaxError as error:
        for received in error.before:
            note(received.request)
        reading.ended, reading.rule = str(error), error.rule
    return reading


def is_read_alike(data: bytes, cuts: Iterable[int]) -> bool:
    """Whether it makes no difference in which pieces a stream comes.

    What is wrong in a line may be told no sooner than the line ends.
    """
    whole = read(data)
    return read(data, cuts) == whole or (
        bool(whole.ended) and read(data + b"\n", (*cuts, len(data))) == whole
    )


def read_by_h11(data: bytes) -> Reading:
    """A connection for each message, so that each is one that h11 sees first."""
    reading = Reading()
    # Empty lines before a request are passed over (RFC 9112, 2.2); h11 wants them right.
    while data := data.lstrip(b"\r\n"):
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=10**6)
        connection.receive_data(data)
        request, body = None, b""
        try:
            while not isinstance(event := connection.next_event(), h11.EndOfMessage):
                if event in (h11.NEED_DATA, h11.PAUSED):
                    return reading
                if isinstance(event, h11.Request):
                    request = event
                if isinstance(event, h11.Data):
                    body += bytes(event.data)
        except h11.RemoteProtocolError as error:
            reading.ended = str(error)
            return reading
        assert request is not None
        headers = tuple(
            (bytes(name).decode("latin-1"), bytes(value).decode("latin-1"))
            for name, value in request.headers.raw_items()
        )
        start = bytes(request.method).decode(), bytes(request.target).decode()
        reading.messages.append((*start, headers, body))
        data = connection.trailing_data[0]
    return reading


class _Heard:
    """What httptools calls."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.method: Callable[[], bytes] = bytes
        self.on_message_begin()

    def on_message_begin(self) -> None:
        self.url = self.body = b""
        self.headers: list[tuple[str, str]] = []
        self.is_complete = False

    def on_url(self, data: bytes) -> None:
        self.url += data

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.is_complete:
            # The white space behind a value is none of it (RFC 9112, 5.1); httptools leaves it in.
            self.headers.append((name.decode("latin-1"), value.decode("latin-1").rstrip(" \t")))

    def on_headers_complete(self) -> None:
        self.is_complete = True

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        start = self.method().decode(), self.url.decode("latin-1")
        self.reading.messages.append((*start, tuple(self.headers), self.body))


def read_by_httptools(data: bytes) -> Reading:
    """Byte by byte."""
    reading = Reading()
    heard = _Heard(reading)
    parser = httptools.HttpRequestParser(heard)
    heard.method = parser.get_method
    try:
        for at in range(len(data)):
            parser.feed_data(data[at : at + 1])
    except httptools.HttpParserUpgrade:
        reading.messages.pop()  # it hands over to the other protocol where the body would begin
        reading.ended = "upgrade"
    except httptools.HttpParserError as error:
        reading.ended = str(error)
    return reading


# -- what differs ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """One message that is not the same in another reader."""

    reader: str  # h11 or httptools
    ours: str  # why we refuse it; empty where we take it
    theirs: str  # likewise; "another message" where both take it

    @property
    def row(self) -> "Row | None":
        """What explains it."""
        return next((row for row in EXPLAINED if row.explains(self)), None)


def differences(data: bytes) -> Iterator[Difference]:
    """Yield what differs in how a stream is read, the first of each reader.

    Behind a request that closes the connection nothing is compared: it is nobody's.
    """
    ours = read(data)
    for name, other in (("h11", read_by_h11(data)), ("httptools", read_by_httptools(data))):
        for at, message in enumerate(ours.messages):
            if at >= len(other.messages):
                yield Difference(name, "", other.ended or "waits for more")
                break
            if _told(message) != _told(other.messages[at]):
                yield Difference(name, "", "another message")
                break
        else:
            if ours.ended != "closed" and len(other.messages) > len(ours.messages):
                yield Difference(name, ours.ended or "waits for more", "")


def _told(message: Message) -> Message:
    """With the names of codings in lower case, as h11 tells them."""
    method, target, headers, body = message
    coding = "transfer-encoding"
    told = tuple((n, v.lower() if n.lower() == coding else v) for n, v in headers)
    return method, target, told, body


@dataclass(frozen=True)
class Row:
    """A kind of difference that there may be, and why.

    `ours` and `theirs` are patterns of what the readers say, empty for one that takes it.
    """

    what: str
    example: bytes
    ours: str
    why: str
    readers: tuple[str, ...] = READERS
    theirs: str = ""

    def explains(self, difference: Difference) -> bool:
        return (
            difference.reader in self.readers
            and bool(re.fullmatch(self.ours, difference.ours))
            and bool(re.fullmatch(self.theirs, difference.theirs))
        )


POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
EMPTY = b"Content-Length: 0\r\n\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
EXPLAINED = (
    Row(
        "a line of the head that ends with a line feed alone",
        POST + b"X: a\n" + EMPTY,
        "not HTTP: (Missing expected CR.*|Expected CRLF.*|Invalid header (field|value) char)",
        "RFC 9112, 2.2 lets a server take it; readers that do not would find the end elsewhere",
        ("h11",),
    ),
    Row(
        "a header that goes on in the next line",
        POST + b"X: a\r\n b\r\n" + EMPTY,
        "not HTTP: a header is folded over two lines.*",
        "RFC 9112, 5.2: a server may refuse it; readers disagree about what is in the value",
        ("h11",),
    ),
    Row(
        "a method that no registry knows, or in lower case",
        b"post / HTTP/1.1\r\nHost: a\r\n" + EMPTY,
        "not HTTP: Invalid method encountered|not HTTP: Expected space after method"
        "|not HTTP: Expected HTTP/2 Connection Preface|HTTP/2 is not supported.*"
        "|the bytes after a request.*",
        "h11 takes any word; none but POST does anything at this service",
        ("h11",),
    ),
    Row(
        "a target that is neither a path, nor `*`, nor a URL",
        b"POST x HTTP/1.1\r\nHost: a\r\n" + EMPTY,
        "not HTTP: (Invalid char(acters)?|Unexpected (start )?char) in url.*",
        "RFC 9112, 3.2",
        ("h11",),
    ),
    Row(
        "more than one blank between method, target and version",
        b"POST  / HTTP/1.1\r\nHost: a\r\n" + EMPTY,
        "not HTTP: method, target and version need one space between",
        "RFC 9112, 3: one; httptools passes over more",
        ("httptools",),
    ),
    Row(
        "HTTP/0.9, 1.2, 2.0",
        b"POST / HTTP/2.0\r\nHost: a\r\n" + EMPTY,
        r"HTTP/(0\.9|2\.0) is not supported.*|not HTTP: Invalid HTTP version"
        "|not HTTP: the head ends without an empty line",
        "505: neither is what follows in that version what these readers take it for",
    ),
    Row(
        "HTTP/1.1 without Host",
        b"POST / HTTP/1.1\r\n" + EMPTY,
        "there is no Host header.*",
        "RFC 9112, 3.2: a server must refuse it; httptools leaves that to its user",
        ("httptools",),
    ),
    Row(
        "two Hosts",
        POST + b"Host: b\r\n" + EMPTY,
        "there are two Host headers",
        "likewise",
        ("httptools",),
    ),
    Row(
        "a list of equal lengths: `Content-Length: 2, 2`",
        POST + b"Content-Length: 2, 2\r\n\r\nhi",
        "not HTTP: Invalid character in Content-Length",
        "RFC 9112, 6.3 leaves the choice; others take the first number, or the last",
        ("h11",),
    ),
    Row(
        "equal lengths in two headers",
        POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
        "not HTTP: Duplicate Content-Length",
        "likewise",
        ("h11",),
    ),
    Row(
        "a length of more than 20 digits, zeros before it included",
        POST + b"Content-Length: " + b"0" * 25 + b"2\r\n\r\nhi",
        "Content-Length must be one number.*|not HTTP: Content-Length overflow",
        "no body needs them; readers cut it in different places",
    ),
    Row(
        "Content-Length beside Transfer-Encoding",
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        r"not HTTP: [\w-]+ can't be present with .*|both Content-Length and .* are set",
        "RFC 9112, 6.1: a server may refuse it, as a sign of smuggling",
        ("h11",),
    ),
    Row(
        "Transfer-Encoding in HTTP/1.0",
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding is not allowed in HTTP/1.0",
        "RFC 9112, 6.1: its framing is faulty",
    ),
    Row(
        "another transfer coding before `chunked`",
        POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "only the transfer coding chunked is supported|not HTTP: .*Transfer-Encoding.*",
        "RFC 9112, 6.1: refused where it is not understood; httptools hands it on undecoded",
        ("httptools",),
    ),
    Row(
        "white space or anything else but `;name=value` behind the size of a chunk",
        CHUNKED + b"2 \r\nhi\r\n0\r\n\r\n",
        "a chunk does not begin with its size in hexadecimal",
        "RFC 9112, 7.1.1; h11 reads past it",
        ("h11",),
    ),
    Row(
        "a chunk size of more than 16 digits, zeros before it included",
        CHUNKED + b"0" * 16 + b"2\r\nhi\r\n0\r\n\r\n",
        "a chunk does not begin with its size in hexadecimal",
        "as of a length",
    ),
    Row(
        "a line in a body of more than 8 kB",
        CHUNKED + b"2;" + b"a" * 9_000 + b"\r\nhi\r\n0\r\n\r\n",
        "a line in the body is over 8,192 bytes",
        "RFC 9112, 7.1.1: a server should have a limit",
    ),
    Row(
        "a line feed alone, or a header that goes on, behind the last chunk",
        CHUNKED + b"0\r\nX: a\n\r\n",
        "a line after the last chunk is not a header",
        "as in a head",
        ("h11",),
    ),
    Row(
        "Host, Content-Length, Transfer-Encoding, Connection, Upgrade behind the last chunk",
        CHUNKED + b"0\r\nHost: b\r\n\r\n",
        ".* is not allowed after the body",
        "RFC 9110, 6.5.1: whoever reads them as headers reads another message",
    ),
    Row(
        "CONNECT",
        b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT is only for proxies",
        "what follows would be no HTTP",
        ("h11",),
    ),
    Row(
        "an offer to go on in another protocol: `Upgrade: h2c`",
        POST + b"Connection: Upgrade\r\nUpgrade: h2c\r\n" + EMPTY,
        "",
        "RFC 9110, 7.8: passed over, as a server may; httptools stops where the body begins",
        ("httptools",),
        "upgrade",
    ),
)


PAGE = """\
# Which requests are rejected

Written by `python -m tests.write_documents`; tests keep it current.

Two readers of one byte stream must agree where a request ends and the next one begins. The
endpoint reads each fact once: httptools (llhttp) reads the head, and the kit's own code decides
what the head means for the bytes after it. This was compared with two other readers, h11 and
httptools, on 100,000 streams, whole, in pieces and byte by byte. Each request that the endpoint
accepts has the same method, target, headers and body in h11 and in httptools. Each request that
one of them accepts and the endpoint does not is rejected for one of the reasons below.
`SOBLOB_FRAMED=100000 pytest -s tests/http/test_framing.py` repeats the comparison.

| request | endpoint | accepted by | reason |
| --- | --- | --- | --- |
{rows}

Line ends before a request are ignored (RFC 9112, 2.2), and so is whatever follows a request that
closes the connection (9.6). A head may have 256 kB and 1,000 headers, a body as many bytes as
`Limits.body_bytes` allows.
"""


def render_framing() -> str:
    """The page of the documentation that has the table."""
    rows = []
    for row in EXPLAINED:
        rule = read(row.example).rule
        takers = row.readers if rule else [r for r in READERS if r not in row.readers]
        endpoint = f"`{rule}`" if rule else "takes it"
        rows.append(f"| {row.what} | {endpoint} | {', '.join(takers)} | {row.why} |")
    return PAGE.format(rows="\n".join(rows))


# -- streams ---------------------------------------------------------------------------------------

# Of each the first is what clients send.
_METHODS = (
    *(b"POST", b"GET", b"PUT", b"OPTIONS", b"HEAD", b"DELETE", b"M-SEARCH", b"CONNECT", b"PRI"),
    *(b"SOURCE", b"post", b"FOO", b"", b"PO\0ST"),
)
_TARGETS = (
    *(b"/", b"/x?y=z", b"*", b"http://a/b?c", b"//a", b"/#f", b"/a%00b", b"?x", b"x", b"", b"a:1"),
    *(b"/a b", b"/\xff", b"/\x7f", b"/a\tb", b"/" + b"a" * 300),
)
_VERSIONS = (
    *(b"HTTP/1.1", b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/1.2", b"HTTP/1.10", b"http/1.1"),
    *(b"HTTP/11", b"", b"ICE/1.0"),
)
_ENDS = (b"\r\n", b"\n", b"\r", b"\r\r\n", b" \r\n", b"\r\n\r\n", b"\n\r\n", b"\r\n \r\n")
_BLANKS = (b" ", b"  ", b"\t", b"", b" \t ", b"\x0b", b"\xa0")
_NAMED = (
    *((b"X", b"a"), (b"X", b""), (b"X", b"a\tb \xe9"), (b"X", b"a \t"), (b"X", b"a" * 300)),
    *((b"X", b"a\0b"), (b"X", b"a\x01b"), (b"X", b"a\r\n b"), (b"X", b"\r\n\tb")),
    *((b"X", b"a\n b"), (b"X ", b"a"), (b" X", b"a"), (b"", b"a"), (b"X\xe9", b"a")),
    *((b"X(", b"a"), (b"Host", b"a"), (b"Host", b""), (b"host", b"b")),
    *((b"Connection", b"close"), (b"Connection", b"keep-alive"), (b"Connection", b"closed")),
    *((b"Connection", b"keep-alive, Close"), (b"connection", b"x,\tclose ,y")),
    *((b"Proxy-Connection", b"close"), (b"Connection", b"Upgrade, HTTP2-Settings")),
    *((b"Upgrade", b"h2c"), (b"Expect", b"100-continue"), (b"Expect", b"200-ok")),
    *((b"TE", b"trailers"), (b"Trailer", b"X")),
)
_LENGTHS = (
    *(b"%d", b"0%d", b"000000000%d", b"0" * 18 + b"%d", b"0" * 25 + b"%d", b"+%d", b"-%d"),
    *(b"%d, %d", b"%d,%d", b"%d %d", b"0x%d", b"%d ", b" \t%d\t", b"%d;", b"\xb2%d", b"%d\x0b"),
    *(b"9" * 19 + b"%d", b"1" + b"0" * 30 + b"%d", b"18446744073709551616", b"", b"a", b"_%d"),
    b"%d.0",
)
_CODINGS = (
    *(b"chunked", b"Chunked", b"CHUNKED ", b"\tchunked", b"gzip, chunked", b"chunked, gzip"),
    *(b"xchunked", b"chunkedx", b"chunked, chunked", b"chunked;q=1", b"", b"\xa0chunked"),
    *(b"chunked,", b",chunked", b"\x0bchunked", b"chun ked", b"chunked\r\n ", b"\r\n chunked"),
    b"identity",
)
_SIZES = (
    *(b"%x", b"%X", b"0%x", b"00000000%x", b"0" * 15 + b"%x", b"0" * 18 + b"%x", b"0x%x", b"+%x"),
    *(b"%x ", b" %x", b"\t%x", b"%x;", b"%x;a", b"%x;a=b", b"%x ;a=b", b"%x; a=b", b"%x;a =b"),
    *(b'%x;a=b;c;d="e"', b'%x;a="\\"";b', b'%x;a="', b'%x;a="\\x"', b"%x;a=b c", b"%x;\xe9=b"),
    *(b"%x;a\tb", b"%x;;a", b"%x;=a", b"%x;a=", b"%x;a\nb", b"%x;a\rb", b"%x;a\0", b"", b"-%x"),
    *(b"ffffffffffffffff", b"fffffffffffffffff", b"7fffffffffffffff", b"F4240", b'%x;a="\t\xe9"'),
    *(b"%x;" + b"a" * 9000, b'%x;a="b"c', b'%x;a="b";', b"%x;a=b=c", b"%xg"),
)
_TRAILERS = (
    *(b"", b"X: a\r\n", b"X:\r\nY: b\r\n", b"X : a\r\n", b"X: a\r\n b\r\n", b" X: a\r\n"),
    *(b"X: a\0\r\n", b"X\r\n", b": a\r\n", b"Content-Length: 5\r\n", b"Connection: close\r\n"),
    *(b"Transfer-Encoding: gzip\r\n", b"Transfer-Encoding: chunked\r\n", b"Host: b\r\n"),
    *(b"Upgrade: h2c\r\nConnection: upgrade\r\n", b"X: " + b"a" * 9000 + b"\r\n", b"\n", b"\r"),
    *(b"X: a\n", b"content-length: 0\r\n", b"Proxy-Connection: close\r\n"),
)
_BODIES = (
    *(b"hello", b"", b"a", b"a\r\nb", b"0\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    b"x" * 70,
)
_BEFORE = (b"", b"\r\n", b"\r\n\r\n", b"\n", b"\r", b" ", b"\r\n ", b"\0")
_OUGHT = ("length", "chunks", "both", "none", "twice")
T = TypeVar("T")


class _Choice:
    """Draws what is usual, and now and then what is not.

    How often differs from stream to stream: what is strange in many places is refused for one.
    """

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self._strange = self.rng.choice((0.01, 0.03, 0.03, 0.1, 0.3))

    def now(self) -> bool:
        return self.rng.random() < self._strange

    def of(self, options: Sequence[T]) -> T:
        return self.rng.choice(options) if self.now() else options[0]


def stream(seed: int) -> bytes:
    """Some requests, one behind the other; most are strange in one place, some in several."""
    choice = _Choice(seed)
    rng = choice.rng
    data = b"".join(_request(choice) for _ in range(rng.choice((1, 1, 2, 3))))
    return _mutated(data, rng) if rng.random() < 0.2 and data else data


def _request(choice: _Choice) -> bytes:
    rng = choice.rng
    body = rng.choice(_BODIES)
    start = choice.of(_METHODS) + choice.of(_BLANKS) + choice.of(_TARGETS)
    lines = [start + choice.of(_BLANKS) + choice.of(_VERSIONS)]
    headers = [] if choice.now() else [(b"Host", b"a")]
    headers += [rng.choice(_NAMED) for _ in range(4) if choice.now()]
    framing = rng.choice(_OUGHT[:2]) if not choice.now() else rng.choice(_OUGHT)
    if framing in ("length", "both", "twice"):
        length = rng.randrange(9) if choice.now() else len(body)
        for _ in range(2 if framing == "twice" else 1):
            value = choice.of(_LENGTHS).replace(b"%d", b"%d" % length)
            headers.append((choice.of((b"Content-Length", b"content-length")), value))
    if framing in ("chunks", "both"):
        codings = 2 if choice.now() else 1
        headers += [(b"Transfer-Encoding", choice.of(_CODINGS)) for _ in range(codings)]
        body = _in_chunks(body, choice)
    rng.shuffle(headers)
    lines += [name + b":" + choice.of(_BLANKS) + value for name, value in headers]
    head = b"".join(line + choice.of(_ENDS) for line in lines)
    return choice.of(_BEFORE) + head + choice.of(_ENDS) + body


def _in_chunks(body: bytes, choice: _Choice) -> bytes:
    pieces = []
    while body:
        size = choice.rng.randint(1, len(body))
        pieces += [_size(size, choice), body[:size], choice.of(_ENDS)]
        body = body[size:]
    return b"".join(pieces) + _size(0, choice) + choice.of(_TRAILERS) + choice.of(_ENDS)


def _size(number: int, choice: _Choice) -> bytes:
    form = choice.of(_SIZES).replace(b"%x", b"%x" % number).replace(b"%X", b"%X" % number)
    return form + choice.of(_ENDS)


def _mutated(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    match rng.randrange(6):
        case 0:
            return data[:at]
        case 1:
            return data[:at] + data[at + rng.randint(1, 9) :]
        case 2:
            return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
        case 3:
            return data[:at] + rng.randbytes(rng.randint(1, 3)) + data[at:]
        case 4:
            end = rng.choice((b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b",", b";", b"0"))
            return data[:at] + end + data[at:]
        case _:
            return data[:at] + data[rng.randrange(len(data)) :]
