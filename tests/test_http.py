"""Bytes to HTTP messages and back."""

import time
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_soblob import HttpRequest, HttpResponse, SoblobError
from pytest_soblob._http import (
    HttpSyntaxError,
    Received,
    RequestReader,
    Rooms,
    TooLargeError,
    looks_like_http,
    parse_message,
    to_bytes,
)
from tests.amount import either

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


FRAMED = st.sampled_from(
    (
        b"Content-Length: 4\r\n\r\na\r\n\t",
        b"Content-Length:\r\n 0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n3\r\na\n \r\n1;x\r\nb\r\n0\r\nT: x\r\n\r\n",
    )
)


@given(
    messages=st.lists(
        st.tuples(st.sampled_from((b"a", b"a\r\n b", b"\r\n\t")), FRAMED), max_size=4
    ),
    cuts=st.lists(st.integers(0, 400), max_size=6),
)
def test_folds_are_read_wherever_a_request_stands(
    messages: list[tuple[bytes, bytes]], cuts: list[int]
) -> None:
    """In one piece with the one before it, behind a body in chunks, in pieces."""
    data = b"".join(b"POST /x HTTP/1.1\r\nX: %b\r\n%b" % message for message in messages)
    reader = RequestReader()
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    received = [item for a, b in pairwise(places) for item in reader.feed(data[a:b])]
    values = {b"a": "a", b"a\r\n b": "a b", b"\r\n\t": ""}
    assert [item.request.header("X") for item in received] == [values[x] for x, _ in messages]
    for item, (_, framed) in zip(received, messages, strict=True):
        expected = b"a\n b" if b"chunked" in framed else b"" if b" 0\r" in framed else b"a\r\n\t"
        assert item.request.body == expected
    assert reader.is_between


class Source:
    """Reads as a connection does: to where the reader wants the bytes, or anywhere."""

    def __init__(self, reader: RequestReader) -> None:
        self.reader = reader
        self.placed_bytes = 0

    def read(self, data: bytes) -> list[Received]:
        received: list[Received] = []
        while data:
            place = self.reader.place()
            if place is None:
                return received + self.reader.feed(data)
            size = min(len(place), len(data))
            place[:size] = data[:size]
            received += self.reader.placed(size)
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
    source = Source(RequestReader(rooms=Rooms(budget)))
    pieces = [data[a:b] for a, b in pairwise(places)]
    received = [item for piece in pieces for item in source.read(piece)]
    assert [item.request.body for item in received] == bodies
    assert received == RequestReader().feed(data)
    assert source.reader.is_between


def test_only_what_is_large_is_read_to_its_place_and_only_where_there_is_room() -> None:
    def placed(size: int, budget: int) -> int:
        data = to_bytes(HttpRequest(body=b"x" * size))
        source = Source(RequestReader(rooms=Rooms(budget)))
        source.read(data[:1_000])
        source.read(data[1_000:])
        return source.placed_bytes

    assert placed(400_000, 8_000_000) > 390_000
    assert placed(30_000, 8_000_000) == 0
    assert 0 < placed(400_000, 200_000) < 200_000
    assert placed(400_000, 0) == 0


LARGE = to_bytes(HttpRequest(body=b"x" * 400_000))


def test_a_reader_that_is_closed_gives_its_room_back() -> None:
    rooms = Rooms()
    for _ in range(5):
        reader = RequestReader(rooms=rooms)
        reader.feed(LARGE[:1_000])
        assert reader.place() is not None
        reader.close()
    assert sum(len(room) for room in rooms._spare) == rooms._held


def test_who_announces_much_takes_no_more_room_than_who_sends_it() -> None:
    rooms = Rooms()
    Source(RequestReader(rooms=rooms)).read(to_bytes(HttpRequest(body=b"x" * 8_000_000))[:1_000])
    assert rooms._held < 300_000


@pytest.mark.parametrize("budget", [100_000, 8_000_000])
def test_an_idle_reader_holds_no_room(budget: int) -> None:
    rooms = Rooms(budget)
    readers = [RequestReader(rooms=rooms) for _ in range(50)]
    head = LARGE.index(b"x")
    for reader in readers:
        reader.feed(LARGE[:head])
        reader.place()  # as a connection does before it reads; nothing comes, and then all of it
        [received] = reader.feed(LARGE[head:])
        assert len(received.request.body) == 400_000
    assert sum(len(room) for room in rooms._spare) == rooms._held <= max(budget, 400_000)


@pytest.mark.parametrize("budget", [200_000, 8_000_000])
def test_what_follows_a_large_request_that_closes_is_nobodys(budget: int) -> None:
    source = Source(RequestReader(rooms=Rooms(budget)))
    closing = LARGE.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    [received] = source.read(closing[:1_000]) + source.read(closing[1_000:])
    assert not received.keep_alive
    with pytest.raises(HttpSyntaxError, match="closes the connection"):
        source.read(LARGE)


def test_what_comes_together_with_the_end_of_a_request_that_closes_is_passed_over() -> None:
    source = Source(RequestReader(rooms=Rooms(200_000)))
    closing = LARGE.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    received = source.read(closing[:1_000]) + source.read(closing[1_000:] + LARGE)
    assert [item.keep_alive for item in received] == [False]


def test_nobody_minds_a_place_that_is_held_for_longer() -> None:
    """As uvloop does, which lets go of it when everything has been done."""
    reader = RequestReader(rooms=Rooms())
    reader.feed(LARGE[:1_000])
    held, at = [], 1_000
    while place := reader.place():
        size = min(len(place), 50_000)
        place[:size] = LARGE[at : at + size]
        held.append(memoryview(place))
        received, at = reader.placed(size), at + size
    assert [item.request.body for item in received] == [b"x" * 400_000]


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
        (b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc", "says 9 bytes, but 3 are there"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "says 9 bytes, but 3 are there"),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nabc", "not HTTP|left over"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc", "not HTTP|left over"),
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
    ("head", "value"),
    [(b"X: a\r\n b", "a b"), (b"X: a\r\n\t\r\n \tb", "a  b"), (b"X:\r\n b", "b")],
)
def test_folded_headers_are_read_with_a_blank_for_each_fold(
    head: bytes, value: str, step: int
) -> None:
    """RFC 9112, 5.2."""
    reader = RequestReader(as_server=True)
    data = b"\r\nPOST /a HTTP/1.1\r\nHost: x\r\n" + head
    data += b"\r\nTransfer-Encoding:\r\n chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
    received = []
    for at in range(0, len(data), step):
        received += reader.feed(data[at : at + step])
    (request,) = (item.request for item in received)
    assert request.body == b"hi"
    assert request.headers == (("Host", "x"), ("X", value), ("Transfer-Encoding", "chunked"))


def test_a_body_in_chunks_costs_what_its_bytes_cost() -> None:
    """Not what its lines do: each line end in it is a byte like any other."""
    data = b"".join(b"10000\r\n%b\r\n" % (b"\n" * 65536) for _ in range(64)) + b"0\r\n\r\n"
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    lines = b"x" * 76 + b"\n"
    capture = head + b"%x\r\n%b\r\n0\r\n\r\n" % (77 * 65536, lines * 65536)
    started = time.process_time()
    (received,) = RequestReader().feed(head + data)
    assert len(parse_message(capture).body) == 77 * 65536
    assert time.process_time() - started <= 1.0
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


def test_a_folded_head_without_end_is_not_kept_for_ever() -> None:
    reader = RequestReader()
    for piece in (b"GET / HTTP/1.1\r\nX: a\r\n b", *[b"c" * 65536] * 3):
        assert reader.feed(piece) == []
    with pytest.raises(HttpSyntaxError, match="the head is over 262,144 bytes"):
        reader.feed(b"c" * 65536)
