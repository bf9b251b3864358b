"""Envelopes that are compressed, or packed into MIME parts by MTOM or SOAP with attachments.

Rules of family `http`, since headers declare the packing. An envelope that can be unpacked is
judged as well, so that all violations are reported together. Sources: RFC 9110, 8.4; XOP and SOAP
with Attachments, whose media type is multipart/related (RFC 2387).
"""

import re
from typing import Final, NamedTuple

from pytest_soblob._http.coding import CodingError, begins_as_xml, codings_of, decode, is_gzip
from pytest_soblob._text import quote
from pytest_soblob.judge.validators._context import make_violation
from pytest_soblob.judge.violations import Severity, Violation
from pytest_soblob.wire import HttpRequest, HttpResponse

_WHERE: Final = "HTTP header Content-Encoding"
_MULTIPART: Final = re.compile(r"\s*multipart/related\s*(?:;|\Z)", re.IGNORECASE)
_XOP: Final = "application/xop+xml"
_OF_ANSWERS: Final = "configure the server to answer without MTOM and attachments, like a NetServer"
_BOUNDARY: Final = re.compile(r';\s*boundary\s*=\s*(?:"([^"]{1,200})"|([^\s";]{1,200}))', re.I)
_HEADERS: Final = re.compile(rb"(?:[^\r\n]++\r?\n)*+\r?\n")


class Unpacked(NamedTuple):
    """An unpacked body.

    Attributes:
        data: The bytes of the envelope.
        found: Violations by the packing.
        is_readable: False if the body could not be unpacked, and `data` is the packed body.
    """

    data: bytes
    found: tuple[Violation, ...] = ()
    is_readable: bool = True


def unpack(message: HttpRequest | HttpResponse) -> Unpacked:
    """Return the unpacked body of a message, and the violations by its packing."""
    plain = _decompress(message)
    content_type = message.header("Content-Type") or ""
    if _MULTIPART.match(content_type) is None:
        return plain
    packed = _multipart(message, content_type)
    return Unpacked(_root_part(plain.data, content_type), (*plain.found, packed), plain.is_readable)


def is_compressed(message: HttpRequest | HttpResponse) -> bool:
    """Whether the body is compressed, by its first bytes or by Content-Encoding."""
    if is_gzip(message.body):
        return True
    codings = codings_of(message.header_values("Content-Encoding"))
    return bool(codings) and not begins_as_xml(message.body)


def is_unpacked_by_tool(message: HttpRequest | HttpResponse) -> bool:
    """Whether the body is plain although a header says that it was sent compressed.

    A tool that captured it has decompressed it; Content-Length is still that of the compressed
    body.
    """
    codings = codings_of(message.header_values("Content-Encoding"))
    return bool(codings) and begins_as_xml(message.body) and not _is_of_its_length(message)


def _is_of_its_length(message: HttpRequest | HttpResponse) -> bool:
    return message.header("Content-Length") == str(len(message.body))


def _decompress(message: HttpRequest | HttpResponse) -> Unpacked:
    codings = codings_of(message.header_values("Content-Encoding"))
    if not codings and not is_gzip(message.body):
        return Unpacked(message.body)
    if isinstance(message, HttpRequest):
        return _decompress_request(message, codings)
    if codings and begins_as_xml(message.body):
        named = ", ".join(codings)
        said = f"Content-Encoding is {named:.40}, but the body is not compressed"
        wrong = _is_of_its_length(message)
        return Unpacked(message.body, (_encoding(said, named),) if wrong else ())
    try:
        data = decode(message.body, codings or ("gzip",))
    except CodingError as error:
        found = _encoding(str(error), ", ".join(codings), error.change)
        return Unpacked(message.body, (found,), is_readable=False)
    if codings:
        return Unpacked(data)
    said = "the body is compressed by gzip, but there is no Content-Encoding"
    return Unpacked(data, (_encoding(said, None),))


def _decompress_request(request: HttpRequest, codings: tuple[str, ...]) -> Unpacked:
    """Unpack and judge a compressed request; a WCF host ignores Content-Encoding."""
    named = ", ".join(codings)
    got = quote(named, 40) if codings else None
    if codings and begins_as_xml(request.body):
        if is_unpacked_by_tool(request) and request.header("Content-Length") is not None:
            said = f"the request was sent compressed ({named:.40}) and captured decompressed"
            return Unpacked(request.body, (_compressed(said, got),))
        found = make_violation(
            "http.request-compressed",
            f"Content-Encoding is {named:.40}, but the body is not compressed",
            severity=Severity.WARNING,
            path=_WHERE,
            got=got,
            change="omit Content-Encoding",
            server="accepts it: it does not read Content-Encoding",
        )
        return Unpacked(request.body, (found,))
    said = f"the body is compressed ({named or 'gzip':.40})"
    try:
        data = decode(request.body, codings or ("gzip",))
    except CodingError:
        return Unpacked(request.body, (_compressed(said, got),), is_readable=False)
    return Unpacked(data, (_compressed(said, got),))


def _compressed(said: str, got: str | None) -> Violation:
    return make_violation(
        "http.request-compressed", said, path=_WHERE, expected="no Content-Encoding", got=got
    )


def _encoding(said: str, got: str | None, change: str | None = None) -> Violation:
    shown = None if got is None else quote(got, 40)
    return make_violation("http.content-encoding", said, path=_WHERE, got=shown, change=change)


def _multipart(message: HttpRequest | HttpResponse, content_type: str) -> Violation:
    kind = "request" if isinstance(message, HttpRequest) else "response"
    is_mtom = _XOP in content_type.lower() or _XOP.encode() in message.body[:2000].lower()
    what = "MTOM" if is_mtom else "SOAP with attachments"
    return make_violation(
        "http.multipart",
        f"the {kind} is {what}: it consists of MIME parts, one of which is the envelope",
        path="HTTP header Content-Type",
        expected="the envelope alone, as text/xml or application/soap+xml",
        got=quote(content_type, 160),
        change=None if kind == "request" else _OF_ANSWERS,
    )


def _root_part(body: bytes, content_type: str) -> bytes:
    """Return the first part, which is the root unless `start` names another (RFC 2387, 3.2)."""
    named = _BOUNDARY.search(content_type[:1000])
    mark = b"--" + (named[1] or named[2]).encode("latin-1", "replace") if named else b"--"
    begun = body.find(mark)
    if begun < 0:
        return body
    line_end = body.find(b"\n", begun)
    headers = _HEADERS.match(body, line_end + 1) if line_end >= 0 else None
    if headers is None:
        return body
    end = body.find(b"\n" + (mark if named else body[begun:line_end].rstrip()), headers.end())
    part = body[headers.end() : len(body) if end < 0 else end]
    return part.removesuffix(b"\r")
