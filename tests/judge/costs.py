"""Constructs that a message may repeat, as functions from their number to bytes.

Each stands for a loop somewhere in the kit. `test_costs.py` doubles the number and measures the
time, and combines several.
"""

import struct
import zlib
from collections.abc import Callable
from typing import Final

import pybase64

from pytest_soblob import StubEndpoint
from pytest_soblob._http import HttpSyntaxError, RequestReader  # without a socket, which costs more
from pytest_soblob.cli.judging import JudgeSettings, judge_bytes
from pytest_soblob.judge.rendering import render_violations
from pytest_soblob.judge.validators import EnvelopeValidator
from tests.mistakes import (
    ACTION,
    CREDENTIALS,
    DESCRIPTION,
    IMAGE,
    TARGET,
    TYPE,
    fault,
    http_request,
    request,
    response,
)

Build = Callable[[int], bytes]
Judge = Callable[[bytes], object]
STRICT, WCF = StubEndpoint(keep=1), StubEndpoint(behaviour="wcf", keep=1)


# -- how each is judged ---------------------------------------------------------------------------


def judge_request(data: bytes) -> None:
    """Including the rendering of a failure."""
    render_violations(EnvelopeValidator("request", operation=None).judge(data).violations)


def receive(endpoint: StubEndpoint) -> Judge:
    def judge(data: bytes) -> None:
        endpoint.reset()
        endpoint.handle(http_request(data.decode("utf-8", "replace")))

    return judge


def judge_response(data: bytes) -> None:
    render_violations(EnvelopeValidator("response", operation=None).judge(data).violations)


def judge_image(data: bytes) -> None:
    judge_request(request(TYPE, f"<n:Image>{pybase64.b64encode(data).decode()}</n:Image>").encode())


def read_stream(data: bytes) -> None:
    """As a server does, in the pieces that a socket gives."""
    reader = RequestReader(1 << 20, as_server=True)
    try:
        for at in range(0, len(data), 16_384):
            reader.feed(data[at : at + 16_384])
    except HttpSyntaxError:
        return


def read_capture(data: bytes) -> None:
    judge_bytes(data, JudgeSettings())


def receive_head(endpoint: StubEndpoint) -> Judge:
    """As a Content-Type and as a SOAPAction."""

    def judge(value: bytes) -> None:
        text = value.decode("latin-1")
        for headers in ({"content_type": f"text/xml{text}"}, {"soap_action": text}):
            endpoint.reset()
            endpoint.handle(http_request(request(), **headers))

    return judge


def _twice(base64: bytes) -> str:
    return pybase64.b64encode(base64).decode()


# -- what there may be any number of --------------------------------------------------------------


def repeat(text: str) -> Callable[[int], str]:
    """Repeat a text; `@` is the number of the repetition."""
    return lambda count: "".join(text.replace("@", str(number)) for number in range(count))


def nest(tag: str) -> Callable[[int], str]:
    """Nest an element in itself."""
    name = tag.split()[0]
    return lambda count: f"<{tag}>" * count + "x" + f"</{name}>" * count


def in_body(build: Callable[[int], str]) -> Build:
    return lambda count: request(TYPE, IMAGE, DESCRIPTION, build(count)).encode()


def in_description(build: Callable[[int], str]) -> Build:
    return lambda count: request(
        TYPE, IMAGE, f"<n:Description>{build(count)}</n:Description>"
    ).encode()


def in_image(build: Callable[[int], str]) -> Build:
    return lambda count: request(TYPE, f"<n:Image>{build(count)}</n:Image>").encode()


def in_header(build: Callable[[int], str]) -> Build:
    return lambda count: request(header=CREDENTIALS + build(count)).encode()


def with_attributes(build: Callable[[int], str]) -> Build:
    return lambda count: request().replace("<n:Type", f"<n:Type {build(count)}", 1).encode()


def on_envelope(build: Callable[[int], str]) -> Build:
    return lambda count: request(attributes=f" {build(count)}").encode()


def in_response(build: Callable[[int], str]) -> Build:
    return lambda count: response(header=f"<n:Succeeded>false</n:Succeeded>{build(count)}").encode()


def in_fault(build: Callable[[int], str]) -> Build:
    inside = "<faultcode>e:Server</faultcode><faultstring>x</faultstring><detail>{}</detail>"
    return lambda count: fault(inside.format(build(count))).encode()


REQUESTS: Final[dict[str, tuple[Build, int]]] = {
    "unknown children": (in_body(repeat("<n:F@/>")), 8_000),
    "children of one name": (in_body(repeat("<n:Type>PersonImage</n:Type>")), 3_000),
    "children of another version": (in_body(repeat('<F xmlns="urn:@"/>')), 4_000),
    "nested elements": (in_body(nest("n:F")), 6_000),
    "nested in a part": (in_description(nest("n:F")), 6_000),
    "nested namespaces": (in_body(nest('F xmlns="urn:a"')), 3_000),
    "nested names of a secret": (in_header(nest("n:Ticket")), 3_000),
    "attributes": (with_attributes(repeat('a@="x" ')), 10_000),
    "attributes with namespaces": (with_attributes(repeat('xmlns:p@="urn:@" p@:a="x" ')), 3_000),
    "namespaces of the root": (on_envelope(repeat('xmlns:p@="urn:@" ')), 5_000),
    "header blocks": (in_header(repeat('<F@ xmlns="urn:f" e:mustUnderstand="1"/>')), 2_500),
    "header blocks of one name": (
        in_header(repeat("<n:ApplicationToken>a</n:ApplicationToken>")), 2_500,
    ),
    "secrets": (in_header(repeat("<n:Password>secret@</n:Password>")), 2_500),
    "comments": (in_body(repeat("<!--@-->")), 10_000),
    "comments in a text": (in_description(repeat("a<!---->")), 10_000),
    "processing instructions": (in_body(repeat("<?a?>")), 20_000),
    "sections of CDATA": (in_description(repeat("<![CDATA[x]]>")), 8_000),
    "character references": (in_description(repeat("&#13;")), 20_000),
    "entities that nobody declared": (in_description(repeat("&a@;")), 12_000),
    "ampersands": (in_description(repeat("& ")), 60_000),
    "raw carriage returns": (in_description(repeat("\r\n")), 60_000),
    "emoji": (in_description(repeat("\N{GRINNING FACE}")), 30_000),
    "texts between children": (in_body(repeat("x<n:F/>")), 8_000),
    "lines of base64": (in_image(repeat("QUJD\r\n")), 20_000),
    "blanks in base64": (in_image(repeat("QUJD  ")), 20_000),
    "one run of blanks in base64": (
        in_image(lambda count: "QUJD" + " " * count + "QUJD"), 120_000,
    ),
    "one run of blanks in base64 of base64": (
        in_image(lambda n: _twice(b"iVBORw0KGgo" * 9 + b" " * n + b"!")), 80_000,
    ),
    "one run of blanks in a description": (
        in_description(lambda count: "a" + " " * count + "b"), 120_000,
    ),
    "one run of blanks in a ticket": (
        in_header(lambda count: f"<n:Ticket>7T:a{' ' * count}b</n:Ticket>"), 120_000,
    ),
    "wrong characters in base64": (in_image(repeat("-_")), 60_000),
    "padding inside base64": (in_image(repeat("QQ==")), 30_000),
    "white space alone": (in_image(repeat(" \n")), 60_000),
    "comments in base64": (in_image(repeat("QUJD<!---->")), 10_000),
    "a long name": (in_body(lambda count: f"<n:{'F' * count}/>"), 120_000),
    "a long namespace": (in_body(lambda count: f'<F xmlns="urn:{"f" * count}"/>'), 120_000),
    "a long value of Type": (
        lambda count: request(f"<n:Type>{'P' * count}</n:Type>", IMAGE).encode(), 120_000,
    ),
    "a long xsi:type": (
        lambda count: request(f'<n:Type xsi:type="n:{"B" * count}">PersonImage</n:Type>').encode(),
        120_000,
    ),
    "white space before all": (lambda count: b" " * count + request().encode(), 120_000),
    "documents in one": (lambda count: request().encode() * count, 100),
    "brackets": (lambda count: b"<" * count, 120_000),
    "a doctype": (lambda count: b"<!DOCTYPE a [" + b'<!ENTITY a "a">' * count, 8_000),
    "UTF-16": (lambda count: request(TYPE, IMAGE, "<n:F/>" * count).encode("utf-16"), 9_000),
}  # fmt: skip
RESPONSES: Final[dict[str, tuple[Build, int]]] = {
    "inner exceptions": (
        in_response(
            lambda count: (
                f"<n:ExceptionInfo>{nest('n:InnerException')(count)}</n:ExceptionInfo>"
            )
        ), 3_000,
    ),
    "parameters": (
        in_response(
            lambda count: "<n:ExtraInfo>"
            + "<n:ExtraInfoNameValuePair><n:Key>a</n:Key></n:ExtraInfoNameValuePair>" * count
            + "</n:ExtraInfo>"
        ), 1_500,
    ),
    "details of a fault": (in_fault(repeat("<a@/>")), 8_000),
    "texts in a detail": (in_fault(repeat("x<a/>")), 10_000),
    "children of a fault": (
        lambda count: fault("<faultcode>e:Server</faultcode>" * count).encode(), 3_500,
    ),
}  # fmt: skip

HEAD: Final = f"POST {TARGET} HTTP/1.1\r\nHost: a\r\n".encode()


def after_head(build: Build) -> Build:
    return lambda count: HEAD + build(count)


STREAMS: Final[dict[str, tuple[Build, int]]] = {
    "headers": (after_head(lambda count: b"a: b\r\n" * count), 2_000),
    "a long header": (after_head(lambda count: b"a: " + b"b" * count), 30_000),
    "a long target": (lambda count: b"POST /" + b"a" * count, 30_000),
    "folds": (after_head(lambda count: b"a: b\r\n " + b" c\r\n" * count), 6_000),
    "empty lines before a request": (lambda count: b"\r\n" * count + HEAD + b"\r\n", 60_000),
    "requests in a row": (
        lambda count: (HEAD + b"Content-Length: 0\r\n\r\n") * count, 1_200,
    ),
    "chunks of one byte": (
        after_head(
            lambda count: b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * count
        ), 20_000,
    ),
    "extensions of a chunk": (
        after_head(lambda count: b"Transfer-Encoding: chunked\r\n\r\n1" + b";a=b" * count), 3_000,
    ),
    "a long size of a chunk": (
        after_head(lambda count: b"Transfer-Encoding: chunked\r\n\r\n" + b"0" * count), 60_000,
    ),
    "trailers": (
        after_head(
            lambda count: b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * count
        ), 2_000,
    ),
    "digits of a Content-Length": (
        after_head(lambda count: b"Content-Length: " + b"0" * count + b"\r\n\r\n"), 30_000,
    ),
}  # fmt: skip
CAPTURES: Final[dict[str, tuple[Build, int]]] = {
    "interim answers": (
        lambda count: b"HTTP/1.1 100 Continue\r\n\r\n" * count + b"HTTP/1.1 200 OK\r\n\r\n", 5_000,
    ),
    "answers of a proxy": (
        lambda count: b"HTTP/1.1 200 Connection established\r\n\r\n" * count, 3_000,
    ),
    "messages in one file": (
        lambda count: (HEAD + b"Content-Length: 0\r\n\r\n") * count, 300,
    ),
    "headers of a capture": (lambda count: HEAD + b"a: b\r\n" * count + b"\r\n", 900),
    "brackets of JSON": (lambda count: b"[" * count, 120_000),
    "an answer that unpacks to zeros": (
        lambda count: b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\n"
        + zlib.compress(b"\0" * (1_000 * count)), 10_000,
    ),
}  # fmt: skip
HEADS: Final[dict[str, tuple[Build, int]]] = {
    "parameters of a Content-Type": (lambda count: b";a=b" * count, 2_000),
    "parts of a parameter": (lambda count: b";a*0=b;a*1=" * count, 1_000),
    "quotes": (lambda count: b';a="' * count, 2_000),
    "backslashes": (lambda count: b';a="' + b"\\" * count, 8_000),
    "percent signs": (lambda count: b"%41" * count, 2_500),
    "an action of many steps": (lambda count: ACTION.encode() + b"/a" * count, 4_000),
}


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PNG_START: Final = b"\x89PNG\r\n\x1a\n" + png_chunk(
    b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
)
JPEG_START: Final = b"\xff\xd8"
GIF_START: Final = b"GIF89a\x01\0\x01\0\0\0\0"
TIFF_START: Final = b"II*\0\x08\0\0\0"


def tiff(count: int) -> bytes:
    entry = struct.pack("<HHII", 256, 3, 1, 1)
    return TIFF_START + struct.pack("<H", count & 0xFFFF) + entry * count


def tiff_pages(count: int) -> bytes:
    entry = struct.pack("<HHII", 256, 3, 1, 1)
    pages = (
        struct.pack("<H", 1) + entry + struct.pack("<I", 8 + 18 * (number + 1))
        for number in range(count)
    )
    return TIFF_START + b"".join(pages)


def webp(count: int) -> bytes:
    chunks = b"ABCD\0\0\0\0" * count
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


def encoded_again(count: int) -> bytes:
    data = b"\x89PNG\r\n\x1a\n"
    for _ in range(count):
        data = pybase64.b64encode(data)
    return data


IMAGES: Final[dict[str, tuple[Build, int]]] = {
    "PNG chunks": (lambda count: PNG_START + png_chunk(b"tEXt", b"a\0b") * count, 6_000),
    "PNG texts that unpack to much": (
        lambda count: PNG_START
        + png_chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(b"0" * 10**6)) * count,
        45,
    ),
    "PNG pixels that unpack to much": (
        lambda count: b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0))
        + png_chunk(b"IDAT", zlib.compress(b"\0" * (1_000 * count))), 40_000,
    ),
    "JPEG segments": (lambda count: JPEG_START + b"\xff\xfe\0\x02" * count, 20_000),
    "JPEG fill bytes": (lambda count: JPEG_START + b"\xff" * count, 90_000),
    "JPEG scans": (lambda count: JPEG_START + b"\xff\xda\0\x02a" * count, 15_000),
    "GIF blocks": (lambda count: GIF_START + b"!\xfe\x01a\0" * count, 15_000),
    "GIF frames": (
        lambda count: GIF_START + b",\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0" * count, 5_000,
    ),
    "GIF sub-blocks": (lambda count: GIF_START + b"!\xfe" + b"\x01a" * count, 40_000),
    "TIFF tags": (tiff, 7_000),
    "TIFF pages": (tiff_pages, 5_000),
    "WebP chunks": (webp, 10_000),
    "BMP rows": (
        lambda count: b"BM" + struct.pack("<IIIIiiHH", 0, 0, 54, 40, 1, count, 1, 1) + b"\0" * 24
        + b"\0" * 4 * count, 20_000,
    ),
    "text": (lambda count: b"plain text, " * count, 7_000),
    "base64 of base64": (encoded_again, 15),
}  # fmt: skip

KINDS: Final[dict[str, tuple[tuple[Judge, ...], dict[str, tuple[Build, int]]]]] = {
    "request": ((judge_request, receive(STRICT), receive(WCF)), REQUESTS),
    "response": ((judge_response,), RESPONSES),
    "stream": ((read_stream,), STREAMS),
    "capture": ((read_capture,), CAPTURES),
    "head": ((receive_head(STRICT), receive_head(WCF)), HEADS),
    "image": ((judge_image,), IMAGES),
}
CONSTRUCTS: Final[dict[str, tuple[tuple[Judge, ...], Build, int]]] = {
    f"{kind}: {name}": (judges, build, count)
    for kind, (judges, table) in KINDS.items()
    for name, (build, count) in table.items()
}
