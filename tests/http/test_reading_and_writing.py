"""Bytes to HTTP messages and back."""

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_soblob import HttpRequest, HttpResponse, SoblobError
from pytest_soblob._http import (
    BufferPool,
    HttpSyntaxError,
    Received,
    RequestReader,
    TlsError,
    TooLargeError,
    looks_like_http,
    parse_message,
    to_bytes,
)
from tests.cpu import spent_s
from tests.example_counts import at_length, either, untraced

TOKENS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8).filter(
    lambda name: name not in ("te", "trailer", "upgrade", "connection", "expect")
)
VALUES = st.text("abcdefghij 0123456789=;", max_size=20).map(str.strip)
HEADERS = st.lists(st.tuples(TOKENS.map("x-{}".format), VALUES), max_size=4).map(tuple)
BODIES = st.binary(max_size=200)
REQUESTS = st.builds(
    HttpRequest,
    method=st.sampled_from(("POST", "GET", "PUT")),
    target=TOKENS.map("/{}".format),
    headers=HEADERS,
    body=BODIES,
)
RESPONSES = st.builds(
    HttpResponse,
    status=st.sampled_from((200, 202, 400, 404, 500, 599)),
    reason=st.sampled_from(("OK", "Nothing to see", "")),
    headers=HEADERS,
    body=BODIES,
)


@given(REQUESTS | RESPONSES)
def test_a_message_survives_the_wire(message: HttpRequest | HttpResponse) -> None:
    parsed = parse_message(to_bytes(message))
    length = ("Content-Length", str(len(message.body)))
    assert parsed.headers == (*message.headers, length)
    assert parsed.body == message.body
    if isinstance(message, HttpRequest):
        assert isinstance(parsed, HttpRequest)
        assert (parsed.method, parsed.target) == (message.method, message.target)
    else:
        assert isinstance(parsed, HttpResponse)
        assert (parsed.status, parsed.reason) == (message.status, message.reason)


@given(first=REQUESTS, second=REQUESTS, cuts=st.lists(st.integers(0, 600), max_size=6))
def test_pieces_and_pipelining_make_no_difference(
    first: HttpRequest, second: HttpRequest, cuts: list[int]
) -> None:
    data = to_bytes(first) + to_bytes(second)
    whole = RequestReader().feed(data)
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    reader = RequestReader()
    pieces = [data[a:b] for a, b in pairwise(places)]
    received = [item for piece in pieces for item in reader.feed(piece)]
    assert received == whole
    assert [item.request.body for item in whole] == [first.body, second.body]


def read_in_steps(reader: RequestReader, data: bytes, step: int) -> list[Received]:
    """All that comes of the bytes, so many at a time."""
    return [r for at in range(0, len(data), step) for r in reader.feed(data[at : at + step])]


class Source:
    """Reads as a connection does: to where the reader wants the bytes, or anywhere."""

    def __init__(self, reader: RequestReader) -> None:
        self.reader = reader
        self.placed_bytes = 0

    def read(self, data: bytes) -> list[Received]:
        received: list[Received] = []
        while data:
            place = self.reader.get_buffer()
            if place is None:
                return received + self.reader.feed(data)
            size = min(len(place), len(data))
            place[:size] = data[:size]
            received += self.reader.buffer_updated(size)
            self.placed_bytes += size
            data = data[size:]
        return received


@given(
    sizes=st.lists(st.integers(0, 400_000) | st.integers(0, 300), min_size=1, max_size=3),
    cuts=st.lists(st.integers(0, 1_200_000), max_size=8),
    budget=st.sampled_from((8_000_000, 200_000)),
)
@example(sizes=[400_000, 100_000], cuts=[1_000], budget=8_000_000)
@example(sizes=[10_000, 252_060], cuts=[1], budget=8_000_000)
@example(sizes=[400_000, 100_000], cuts=[1_000], budget=200_000)
def test_large_bodies_are_read_to_where_they_are_to_lie(
    sizes: list[int], cuts: list[int], budget: int
) -> None:
    bodies = [bytes(range(256)) * (size // 256) + b"!" * (size % 256) for size in sizes]
    data = b"".join(to_bytes(HttpRequest(body=body)) for body in bodies)
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    source = Source(RequestReader(pool=BufferPool(budget)))
    pieces = [data[a:b] for a, b in pairwise(places)]
    received = [item for piece in pieces for item in source.read(piece)]
    assert [item.request.body for item in received] == bodies
    assert received == RequestReader().feed(data)
    assert source.reader.is_between


def test_only_what_is_large_is_read_to_its_place_and_only_where_there_is_room() -> None:
    def placed(size: int, budget: int) -> int:
        data = to_bytes(HttpRequest(body=b"x" * size))
        source = Source(RequestReader(pool=BufferPool(budget)))
        source.read(data[:1_000])
        source.read(data[1_000:])
        return source.placed_bytes

    assert placed(400_000, 8_000_000) > 390_000
    assert placed(30_000, 8_000_000) == 0
    assert 0 < placed(400_000, 200_000) < 200_000
    assert placed(400_000, 0) == 0


LARGE = to_bytes(HttpRequest(body=b"x" * 400_000))


def test_a_reader_that_is_closed_gives_its_room_back() -> None:
    rooms = BufferPool()
    for _ in range(5):
        reader = RequestReader(pool=rooms)
        reader.feed(LARGE[:1_000])
        assert reader.get_buffer() is not None
        reader.close()
    assert sum(len(room) for room in rooms._spare) == rooms._held


def test_who_announces_much_takes_no_more_room_than_who_sends_it() -> None:
    rooms = BufferPool()
    Source(RequestReader(pool=rooms)).read(to_bytes(HttpRequest(body=b"x" * 8_000_000))[:1_000])
    assert rooms._held < 300_000


@pytest.mark.parametrize("budget", [100_000, 8_000_000])
def test_an_idle_reader_holds_no_room(budget: int) -> None:
    rooms = BufferPool(budget)
    readers = [RequestReader(pool=rooms) for _ in range(50)]
    head = LARGE.index(b"x")
    for reader in readers:
        reader.feed(LARGE[:head])
        reader.get_buffer()  # as a connection does; nothing comes, and then all of it
        [received] = reader.feed(LARGE[head:])
        assert len(received.request.body) == 400_000
    assert sum(len(room) for room in rooms._spare) == rooms._held <= max(budget, 400_000)


@pytest.mark.parametrize("budget", [200_000, 8_000_000])
def test_what_follows_a_large_request_that_closes_is_nobodys(budget: int) -> None:
    source = Source(RequestReader(pool=BufferPool(budget)))
    closing = LARGE.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    [received] = source.read(closing[:1_000]) + source.read(closing[1_000:])
    assert not received.keep_alive
    assert source.read(LARGE) == source.read(b"no HTTP") == []


def test_what_comes_together_with_the_end_of_a_request_that_closes_is_passed_over() -> None:
    source = Source(RequestReader(pool=BufferPool(200_000)))
    closing = LARGE.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    received = source.read(closing[:1_000]) + source.read(closing[1_000:] + LARGE)
    assert [item.keep_alive for item in received] == [False]


def test_nobody_minds_a_place_that_is_held_for_longer() -> None:
    """As uvloop does, which lets go of it when everything has been done."""
    reader = RequestReader(pool=BufferPool())
    reader.feed(LARGE[:1_000])
    held, at = [], 1_000
    while place := reader.get_buffer():
        size = min(len(place), 50_000)
        place[:size] = LARGE[at : at + size]
        held.append(memoryview(place))
        received, at = reader.buffer_updated(size), at + size
    received = reader.feed(LARGE[at:])
    assert [item.request.body for item in received] == [b"x" * 400_000]


@at_length
@settings(max_examples=either(150, 500))
@given(
    st.binary(max_size=200)
    | st.tuples(REQUESTS | RESPONSES, st.integers(0, 300), st.binary(max_size=4)).map(
        lambda drawn: to_bytes(drawn[0])[: drawn[1]] + drawn[2] + to_bytes(drawn[0])[drawn[1] :]
    )
)
def test_any_bytes_are_a_message_or_a_syntax_error(data: bytes) -> None:
    try:
        parsed: object = parse_message(data)
    except HttpSyntaxError as error:
        assert "\n" not in str(error)  # noqa: PT017 -- either way is right
    else:
        assert isinstance(parsed, HttpRequest | HttpResponse)
    try:
        RequestReader().feed(data)
    except HttpSyntaxError as error:
        assert str(error)  # noqa: PT017 -- either way is right


CHUNKED = (
    b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\n\r\n"
)


def test_chunks_are_joined() -> None:
    assert parse_message(CHUNKED).body == b"abcdefg"
    response = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
    assert parse_message(response).body == b"hi"


def test_line_feeds_alone_and_white_space_before_are_taken() -> None:
    parsed = parse_message(b"\r\n\nPOST /x HTTP/1.1\nHost: a\nContent-Length: 2\n\nhi\n")
    assert (parsed.body, parsed.header("HOST")) == (b"hi", "a")


def test_a_response_without_a_length_runs_to_the_end() -> None:
    parsed = parse_message(b"HTTP/1.0 500 Oops\r\nContent-Type: text/xml\r\n\r\n<x/>")
    assert isinstance(parsed, HttpResponse)
    assert (parsed.status, parsed.body) == (500, b"<x/>")
    assert parsed.headers == (("Content-Type", "text/xml"),)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"POST / HTTP/1.1\r\nHost: a\r\n", "no blank line ends the head"),
        (b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc", "is 9, but the body has 3 bytes"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "is 9, but the body has 3 bytes"),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nabc", "not HTTP|follow the end of the body"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc", "not HTTP|follow the end of the body"),
        (CHUNKED[:-9], "the body is cut off after"),
        (b"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n", "more than one request"),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "not HTTP"),
        (b"what is this\r\n\r\n", "not HTTP"),
    ],
)
def test_what_is_no_whole_message_is_told_in_a_line(data: bytes, text: str) -> None:
    with pytest.raises(HttpSyntaxError, match=text):
        parse_message(data)


@pytest.mark.parametrize(
    ("data", "is_http"),
    [
        (b"POST /a HTTP/1.1\r\n", True),
        (b"HTTP/1.1 200 OK\r\n", True),
        (b"\r\nHTTP/2 200\r\n", True),
        (b"<?xml version='1.0'?>", False),
        (b"", False),
        (b"POST the letter", False),
        (b"\xff\xfe<\x00", False),
    ],
)
def test_http_is_told_from_xml(data: bytes, is_http: bool) -> None:
    assert looks_like_http(data) is is_http


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused(chunked: bool) -> None:
    reader = RequestReader(largest_body=5)
    data = CHUNKED if chunked else b"POST / HTTP/1.1\r\nContent-Length: 6\r\n\r\n"
    with pytest.raises(TooLargeError, match="over 5 bytes"):
        reader.feed(data)
    assert RequestReader(largest_body=7).feed(CHUNKED)[0].request.body == b"abcdefg"


def test_continue_is_wanted_once() -> None:
    reader = RequestReader()
    reader.feed(b"POST / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n")
    assert [reader.wants_continue, reader.wants_continue] == [True, False]
    assert len(reader.feed(b"hi")) == 1
    reader.feed(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n")
    assert reader.wants_continue is False


def test_continue_is_wanted_for_each_request() -> None:
    reader = RequestReader()
    for _ in range(2):
        reader.feed(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert reader.wants_continue
        assert len(reader.feed(b"hi")) == 1


def test_an_offer_to_upgrade_is_that_of_its_own_request() -> None:
    reader = RequestReader()
    upgrade = ("Upgrade", "h2c")
    offer = HttpRequest(headers=(("Connection", "Upgrade"), upgrade))
    [first] = reader.feed(to_bytes(offer))
    [second] = reader.feed(to_bytes(HttpRequest()))
    assert upgrade in first.request.headers
    assert second.request.header("Upgrade") is None


def test_a_thousand_headers_are_taken_and_not_one_more() -> None:
    def head(count: int) -> bytes:
        return b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * count + b"\r\n"

    [received] = RequestReader().feed(head(1_000))
    assert len(received.request.headers) == 1_000
    with pytest.raises(HttpSyntaxError, match="there are more than 1,000 headers"):
        RequestReader().feed(head(1_001))


def test_keep_alive_is_what_the_sender_wants() -> None:
    def of(head: bytes) -> bool:
        return RequestReader().feed(head + b"\r\n\r\n")[0].keep_alive

    assert of(b"GET / HTTP/1.1") is True
    assert of(b"GET / HTTP/1.1\r\nConnection: close") is False
    assert of(b"GET / HTTP/1.0") is False
    assert of(b"GET / HTTP/1.0\r\nConnection: keep-alive") is True


def test_a_header_cannot_smuggle_a_line() -> None:
    with pytest.raises(SoblobError, match="line end"):
        to_bytes(HttpResponse(headers=(("X", "a\r\nSet-Cookie: b"),)))


def test_values_show_neither_body_nor_headers() -> None:
    request = HttpRequest(headers=(("Authorization", "secret"),), body=b"secret")
    assert "secret" not in repr(request) + repr(HttpResponse(body=b"secret"))
    assert HttpResponse(status=299).reason_phrase == ""
    assert HttpRequest(target="/a?b?c").query == "b?c"


@pytest.mark.parametrize("step", [1, 7, 10_000])
@pytest.mark.parametrize(
    "head", [b"X: a\r\n b", b"X: a\r\n\t\r\n \tb", b"X:\r\n b", b"Content-Length:\r\n 0"]
)
def test_folded_headers_are_refused_by_name(head: bytes, step: int) -> None:
    """RFC 9112, 5.2: a server may."""
    reader = RequestReader(as_server=True)
    data = b"\r\nPOST /a HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n"
    with pytest.raises(HttpSyntaxError, match=r"over two lines.*: write each header on one line"):
        read_in_steps(reader, data, step)


@untraced
def test_a_body_in_chunks_costs_what_its_bytes_cost() -> None:
    """Not what its lines do: each line end in it is a byte like any other."""
    data = b"".join(b"10000\r\n%b\r\n" % (b"\n" * 65536) for _ in range(64)) + b"0\r\n\r\n"
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    lines = b"x" * 76 + b"\n"
    capture = head + b"%x\r\n%b\r\n0\r\n\r\n" % (77 * 65536, lines * 65536)

    def read_both() -> None:
        (received,) = RequestReader().feed(head + data)
        assert len(parse_message(capture).body) == 77 * 65536
        assert len(received.request.body) == 64 * 65536

    assert spent_s(read_both) <= 1.0
    (received,) = RequestReader().feed(head + data)
    assert received.request.body == b"\n" * 64 * 65536


BARE = b"POST /p HTTP/1.1\nHost: x\nContent-Length: 22\n\n<a>\r\n  <b/>\r\n</a>     "


@pytest.mark.parametrize("before", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"])
@pytest.mark.parametrize("step", [1, 7, 10_000])
@pytest.mark.parametrize(
    "data", [BARE, b"POST /p\r\n HTTP/1.1\r\nX: a\r\n b\r\n\r\n", b"POST\r\n /p HTTP/1.1\r\n\r\n"]
)
def test_what_is_refused_is_refused_however_it_comes(data: bytes, step: int, before: bytes) -> None:
    """Line feeds alone, and a start line that goes on in the next."""
    reader = RequestReader()
    pieces = [(before + data)[at : at + step] for at in range(0, len(before + data), step)]
    with pytest.raises(HttpSyntaxError):
        list(map(reader.feed, pieces))


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_an_offer_to_upgrade_leaves_the_version_as_it_is(version: str) -> None:
    head = f"POST / HTTP/{version}\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n"
    (received,) = RequestReader(as_server=True).feed(f"{head}Content-Length: 2\r\n\r\nhi".encode())
    assert received.request.http_version == version
    assert received.request.body == b"hi"
    assert received.keep_alive == (version == "1.1")


def test_an_offer_to_upgrade_needs_no_host_in_http_1_0() -> None:
    data = b"GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"
    (received,) = RequestReader(as_server=True).feed(data)
    assert received.request.http_version == "1.0"


@pytest.mark.parametrize("fold", [b"X: a\n b", b"X: a\r b", b"X: a\r\n b\x01", b"X: a\r\n b\nc"])
def test_a_fold_brings_nothing_else_in(fold: bytes) -> None:
    with pytest.raises(HttpSyntaxError):
        RequestReader().feed(b"POST / HTTP/1.1\r\n" + fold + b"\r\n\r\n")


@pytest.mark.parametrize("step", [1, 3, 60_000, 300_000])
def test_a_head_without_end_is_not_kept_for_ever(step: int) -> None:
    reader = RequestReader()
    data = b"GET / HTTP/1.1\r\nX: " + b"c" * 270_000
    with pytest.raises(HttpSyntaxError, match="the head is over 262,144 bytes"):
        read_in_steps(reader, data, step)


@pytest.mark.parametrize("step", [1, 10_000])
@pytest.mark.parametrize(
    ("length", "body"),
    [
        (b"0" * 19 + b"2", b"hi"),
        (b"00", b""),
        (b"\t 2", b"hi"),
    ],
)
def test_a_length_is_read_whole(length: bytes, body: bytes, step: int) -> None:
    """With zeros before it, and with another request behind it."""
    data = b"POST /a HTTP/1.1\r\nContent-Length:%b\r\n\r\n%b" % (length, body)
    data += b"GET /b HTTP/1.1\r\n\r\n"
    reader = RequestReader()
    received = read_in_steps(reader, data, step)
    assert [(r.request.target, r.request.body) for r in received] == [("/a", body), ("/b", b"")]


@pytest.mark.parametrize(
    "length", [b"0" * 20 + b"2", b"9" * 20, b"9" * 5000, b"18446744073709551616", b"2 2", b"2\t,2"]
)
def test_a_length_that_no_body_has_is_refused(length: bytes) -> None:
    head = b"POST / HTTP/1.1\r\nContent-Length: %b\r\n\r\n" % length
    with pytest.raises(HttpSyntaxError) as caught:
        RequestReader(largest_body=2**40).feed(head + b"hi")
    assert caught.value.rule == "http.content-length"


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"0" * 17, "its size in hexadecimal"),
        (b"1;" + b"a" * 9000, "a line in the body is over 8,192 bytes"),
        (b"fffffffffffffff", "over 1,000,000 bytes"),
    ],
)
@pytest.mark.parametrize("step", [1, 100_000])
def test_a_size_that_no_chunk_has_is_refused(line: bytes, text: str, step: int) -> None:
    data = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n%b\r\nx\r\n0\r\n\r\n" % line
    reader = RequestReader(1_000_000)
    with pytest.raises(HttpSyntaxError, match=text):
        read_in_steps(reader, data, step)


@pytest.mark.parametrize("step", [1, 300_000])
@pytest.mark.parametrize(
    ("trailers", "text"),
    [
        (b"Content-Length: 3\r\n", "Content-Length is not allowed after"),
        (b"connection: close\r\n", "connection is not allowed after"),
        (b"A b\r\n", "is not a header"),
        (b"A: b\r\n c\r\n", "is not a header"),
        (b"A: b\0\r\n", "is not a header"),
        (b"A: b\r\n" * 50_000, "the trailers are over 262,144 bytes"),
    ],
)
def test_trailers_must_not_change_what_has_been_said(trailers: bytes, text: str, step: int) -> None:
    data = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n%b\r\n" % trailers
    reader = RequestReader()
    with pytest.raises(HttpSyntaxError, match=text):
        read_in_steps(reader, data, step)


def test_trailers_are_passed_over() -> None:
    data = CHUNKED[:-2] + b"X: a\r\nHosts: b\r\n\r\nGET / HTTP/1.1\r\n\r\n"
    first, second = RequestReader().feed(data)
    assert (first.request.body, second.request.method) == (b"abcdefg", "GET")
    assert first.request.header("X") is None


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"GET / HTTP/2.0\r\n\r\n", 505),
        (b"GET /\r\n\r\n", 505),
        (b"GET  / HTTP/1.1\r\n\r\n", 400),
        (b"SOURCE / ICE/1.0\r\n\r\n", 400),
    ],
)
def test_another_start_line_is_refused(data: bytes, status: int) -> None:
    with pytest.raises(HttpSyntaxError) as caught:
        RequestReader().feed(data)
    assert caught.value.status == status


@pytest.mark.parametrize("step", [1, 5])
def test_tls_is_told_however_it_comes(step: int) -> None:
    reader, data = RequestReader(), b"\x16\x03\x01\x02\x00"
    with pytest.raises(TlsError):
        read_in_steps(reader, data, step)


def test_nothing_is_read_after_what_is_no_request() -> None:
    reader = RequestReader()
    with pytest.raises(HttpSyntaxError):
        reader.feed(b"?")
    assert reader.feed(to_bytes(HttpRequest())) == []
