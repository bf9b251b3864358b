"""One whole raw message, as in a capture or a file saved by hand."""

import re
from typing import Final

import httptools

from pytest_soblob._http._assembly import Assembly, Rooms
from pytest_soblob._http._collecting import Collector
from pytest_soblob._http._reading import RequestReader, syntax_error
from pytest_soblob._http._received import HttpSyntaxError
from pytest_soblob.wire import HttpRequest, HttpResponse

_FIRST_LINE = re.compile(rb"\s*(?:[A-Z]{1,20} \S{1,8000} HTTP/\d|HTTP/\d(?:\.\d)? \d{3})")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_INTERIM = re.compile(rb"HTTP/1\.1 1\d\d [^\n]*\n(?:[^\r\n]+\r?\n)*\r?\n")
_LENGTH = re.compile(rb"^content-length[ \t]*:[ \t]*(\d+)", re.IGNORECASE | re.MULTILINE)
_ENCODING = re.compile(rb"^transfer-encoding[ \t]*:", re.IGNORECASE | re.MULTILINE)
_LENGTH_RULE: Final = "http.content-length"


def looks_like_http(data: bytes) -> bool:
    """Whether the first line is that of an HTTP message rather than of XML."""
    return _FIRST_LINE.match(data[:9000]) is not None


def parse_message(data: bytes) -> HttpRequest | HttpResponse:
    """Parse one whole raw HTTP message, as in a capture: head, blank line, body; chunked or not.

    Line feeds alone in the head of a hand-saved file are taken; a response without a length runs
    to the end of the data; interim responses before it (`100 Continue`) are passed over.

    Raises:
        HttpSyntaxError: It is none, it is cut off, or more than one stands there.
    """
    data = data.lstrip()
    while (interim := _INTERIM.match(data)) is not None:
        data = data[interim.end() :]
    head, body = _split(data)
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
    reader = RequestReader()
    received = reader.feed(normalised)
    if len(received) > 1 or (received and not reader.is_between):
        raise HttpSyntaxError("more than one request stands there")
    if not received:
        raise _cut_off(head, body)
    return received[0].request


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
    collector = Collector(None, lambda: finished.append(True), Assembly(Rooms()))
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
    try:
        parser.feed_data(normalised)
    except httptools.HttpParserUpgrade:
        raise HttpSyntaxError("an upgrade to another protocol is agreed to") from None
    except httptools.HttpParserError as error:
        raise syntax_error(error) from None
    if not finished and parser.get_status_code() not in (204, 304):
        raise _cut_off(head, body)
    headers = collector.headers if framed else collector.headers[:-1]
    return HttpResponse(
        status=parser.get_status_code(),
        headers=tuple(headers),
        body=collector.body,
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
