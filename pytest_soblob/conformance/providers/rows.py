"""What a .NET host of the service documents for each case, as requests: the table of its rows.

The expected answers are not here: the kit's `wcf` behaviour gives them. Rows that name
SaveImageStream could store something, and need `--allow-writes`; the others are calls of
GetBlobStream for a blob that does not exist.
"""

import gzip
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from pytest_soblob.conformance.providers.refusals import UNKNOWN_ID, base_request
from pytest_soblob.names import NETSERVER_FAMILY, SOAP11, SOAP12, XSD, XSI
from pytest_soblob.wire import HttpRequest

if TYPE_CHECKING:
    from pytest_soblob.conformance.providers.uploads import Uploader

Change = Callable[[HttpRequest], HttpRequest]
_OVER_LIMIT_BYTES: Final = 70_000
_PIXELS: Final = b"AAECAw=="


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One documented case.

    Attributes:
        id: Name of the case.
        sends: What is sent, in a few words.
        change: Makes it of a right call.
        writes: Whether it is a SaveImageStream, else a GetBlobStream.
        compares: `all` of the answer, its `head`, or its `status` only.
        path: Makes the path of the request of that of the service.
        is_framed: False for a request without Content-Length.
        is_limit: Whether a higher limit of size is no difference.
        needs_ticket: Whether the host answers otherwise without a ticket that it knows.
    """

    id: str
    sends: str
    change: Change
    writes: bool = False
    compares: str = "all"
    path: Callable[[str], str] = str
    is_framed: bool = True
    is_limit: bool = False
    needs_ticket: bool = False


def build(row: Row, uploader: "Uploader") -> HttpRequest:
    """Return the request of a row."""
    if not row.writes:
        return row.change(base_request(uploader.session))
    request = uploader.request(b"\0\1\2\3", "row")
    return row.change(replace(request, type="PersonImage").to_http_request("wsdl"))


def _same(request: HttpRequest) -> HttpRequest:
    return request


def _header(name: str, value: str | None) -> Change:
    def change(request: HttpRequest) -> HttpRequest:
        others = tuple(pair for pair in request.headers if pair[0] != name)
        return replace(request, headers=others if value is None else (*others, (name, value)))

    return change


def _type(value: str | None) -> Change:
    return _header("Content-Type", value)


def _action(value: str | None) -> Change:
    return _header("SOAPAction", value)


def _action_of(make: Callable[[str], str]) -> Change:
    def change(request: HttpRequest) -> HttpRequest:
        return _action(make((request.header("SOAPAction") or "").strip('"')))(request)

    return change


def _body(make: Callable[[bytes], bytes]) -> Change:
    return lambda request: replace(request, body=make(request.body))


def _swap(*pairs: tuple[bytes, bytes]) -> Change:
    def make(body: bytes) -> bytes:
        for old, new in pairs:
            body = body.replace(old, new)
        return body

    return _body(make)


def _method(name: str, *, keeps_body: bool = True) -> Change:
    return lambda r: replace(r, method=name) if keeps_body else HttpRequest(method=name)


def _get(query: str = "") -> Change:
    return lambda _: HttpRequest(method="GET", target=f"/?{query}" if query else "/")


def _chunked(change: Change = _same) -> Change:
    def make(request: HttpRequest) -> HttpRequest:
        changed = change(request)
        return replace(changed, headers=(*changed.headers, ("Transfer-Encoding", "chunked")))

    return make


def _packed(request: HttpRequest) -> HttpRequest:
    headers = (*request.headers, ("Content-Encoding", "gzip"))
    return replace(request, headers=headers, body=gzip.compress(request.body, mtime=0))


def _part(name: str, inside: bytes) -> Change:
    """Replace an element of the operation, start and end tag included."""

    def make(body: bytes) -> bytes:
        tag = name.encode()
        before, _, rest = body.partition(b"<ns:" + tag + b">")
        return before + inside + rest.partition(b"</ns:" + tag + b">")[2]

    return _body(make)


def _order(*names: str) -> Change:
    def make(body: bytes) -> bytes:
        parts = {}
        for name in ("Type", "Image", "Description"):
            tag = name.encode()
            start, end = body.index(b"<ns:" + tag), body.index(b"</ns:" + tag) + len(tag) + 6
            parts[name] = body[start:end]
        whole = b"".join(parts.values())
        return body.replace(whole, b"".join(parts[name] for name in names))

    return _body(make)


def _block(text: bytes) -> Change:
    return _swap((b"</s:Header>", text + b"</s:Header>"))


def _image(text: bytes) -> Change:
    return _part("Image", b"<ns:Image>" + text + b"</ns:Image>")


def _kind(text: bytes, attribute: bytes = b"") -> Change:
    return _part("Type", b"<ns:Type" + attribute + b">" + text + b"</ns:Type>")


_ID: Final = f"<ns:BlobEntityId>{UNKNOWN_ID}</ns:BlobEntityId>".encode()
_XSI: Final = f' xmlns:xsi="{XSI}"'.encode()
_SAFE: Final = b' xmlns:x="urn:soblob-verify"'
_MTOM: Final = 'multipart/related; type="application/xop+xml"; boundary="b"; start="<1>"'
_NS85: Final = f"{NETSERVER_FAMILY}Services85".encode()
_DEEP: Final = b"<ns:x>" * 140 + b"</ns:x>" * 140


def _read(row_id: str, sends: str, change: Change, **more: object) -> Row:
    return Row(id=row_id, sends=sends, change=change, **more)  # type: ignore[arg-type]


def _write(row_id: str, sends: str, change: Change, **more: object) -> Row:
    return Row(id=row_id, sends=sends, change=change, writes=True, **more)  # type: ignore[arg-type]


HTTP: Final = (
    _read("valid", "a right call", _same),
    _read("text-plain", "Content-Type text/plain", _type("text/plain")),
    _read("json", "Content-Type application/json", _type("application/json")),
    _read("soap12-type", "Content-Type application/soap+xml", _type("application/soap+xml")),
    _read("mtom", "Content-Type multipart/related", _type(_MTOM)),
    _read("latin1", "charset iso-8859-1", _type("text/xml; charset=iso-8859-1")),
    _read("no-type", "no Content-Type", _type(None)),
    _read("no-charset", "no charset", _type("text/xml")),
    _read("quoted-charset", "a quoted charset", _type('text/xml; charset="utf-8"')),
    _read("upper-charset", "charset in upper case", _type("text/xml; charset=UTF-8")),
    _read("no-body", "no body", _body(lambda _: b"")),
    _read("no-chunks", "chunked, with no bytes", _chunked(_body(lambda _: b""))),
    _read("no-length", "POST without Content-Length", _body(lambda _: b""), is_framed=False,
          compares="status"),
    _read("chunked", "a body in chunks", _chunked()),
    _read("gzip", "a compressed body", _packed),
    _read("expect", "Expect: 100-continue", _header("Expect", "100-continue")),
    _read("no-action", "no SOAPAction", _action(None)),
    _read("empty-action", "an empty SOAPAction", _action('""')),
    _read("wrong-action", "a wrong SOAPAction", _action('"urn:soblob-verify"')),
    _read("action-case", "SOAPAction in another case", _action_of(lambda a: f'"{a.lower()}"')),
    _read("unquoted-action", "an unquoted SOAPAction", _action_of(str)),
    _read("percent-action", "a percent-encoded SOAPAction",
          _action_of(lambda a: f'"{a.replace("/BLOB/", "%2FBLOB%2F")}"')),
    _read("help", "GET", _get(), compares="head"),
    _read("wsdl", "GET ?wsdl", _get("wsdl"), compares="head"),
    _read("wsdl-case", "GET ?WSDL", _get("WSDL"), compares="head"),
    _read("single-wsdl", "GET ?singleWsdl", _get("singleWsdl"), compares="head"),
    _read("xsd", "GET ?xsd=xsd0", _get("xsd=xsd0"), compares="head"),
    _read("get-below", "GET below the service", _get(), path=lambda p: f"{p}/below"),
    _read("head", "HEAD", _method("HEAD", keeps_body=False), compares="status"),
    _read("delete", "DELETE", _method("DELETE", keeps_body=False)),
    _read("options", "OPTIONS", _method("OPTIONS", keeps_body=False)),
    _read("put", "PUT with a right body", _method("PUT")),
    _read("patch", "PATCH with a right body", _method("PATCH")),
    _read("path-case", "the path in another case", _same, path=str.upper),
    _read("path-slash", "a slash at the end of the path", _same, path=lambda p: f"{p}/"),
    _read("query", "POST with a query", lambda r: replace(r, target="/?soblob=1")),
    _read("post-below", "POST below the service", _same, path=lambda p: f"{p}/below"),
    _read("other-path", "another path", _same, path=lambda _: "/soblob-verify-nothing",
          compares="status"),
)  # fmt: skip

ENVELOPE: Final = (
    _read("soap12", "a SOAP 1.2 envelope", _swap((SOAP11.encode(), SOAP12.encode()))),
    _read("unknown-envelope", "an unknown envelope", _swap((SOAP11.encode(), b"urn:other"))),
    _read("other-root", "another root", _swap((b"s:Envelope", b"s:Message"))),
    _read("not-xml", "text that is not XML", _body(lambda _: b"soblob verify")),
    _read("dtd", "a DTD", _body(lambda b: b"<!DOCTYPE a>" + b)),
    _read("pi", "a processing instruction", _body(lambda b: b"<?soblob verify?>" + b)),
    _read("bad-header", "bad XML in Header", _swap((b"</s:Header>", b"</s:Heder>"))),
    _read("no-envelope-body", "no Body", _body(
        lambda b: b.partition(b"<s:Body>")[0] + b"</s:Envelope>")),
    _read("other-encoding", "a declaration of another encoding than the charset", _body(
        lambda b: b'<?xml version="1.0" encoding="utf-16"?>' + b)),
    _read("utf16", "UTF-16 without a declaration", lambda r: replace(
        _type("text/xml; charset=utf-16")(r), body=r.body.decode().encode("utf-16-le"))),
    _read("bom", "a byte order mark", _body(lambda b: b"\xef\xbb\xbf" + b)),
    _read("declaration", "an XML declaration", _body(
        lambda b: b'<?xml version="1.0" encoding="utf-8"?>' + b)),
    _read("trailing-space", "white space at the end", _body(lambda b: b + b" \r\n")),
    _read("comments", "comments", _swap((b"<s:Body>", b"<!--a--><s:Body><!--b-->"))),
    _read("mismatched", "a wrong end tag in the wrapper",
          _swap((b"</ns:BlobEntityId>", b"</ns:BlobId>")), compares="head"),
    _read("truncated", "an envelope that is cut off", _body(lambda b: b[:-40]), compares="head"),
    _read("entity", "an undeclared entity", _swap((_ID, b"<ns:BlobEntityId>&x;</ns:BlobEntityId>")),
          compares="head"),
    _read("pi-inside", "a processing instruction in the wrapper", _swap((_ID, b"<?a b?>" + _ID)),
          compares="head"),
    _read("bad-utf8", "bytes that are not UTF-8 in the wrapper", _swap(
        (_ID, b"<ns:BlobEntityId>\xff</ns:BlobEntityId>")), compares="head"),
    _read("after-envelope", "text after Envelope", _body(lambda b: b + b"junk"), compares="head"),
    _read("second-child", "a second child of Body", _swap(
        (b"</s:Body>", b"<x:y" + _SAFE + b"/></s:Body>")), compares="head"),
    _read("wrapper-text", "text in the wrapper", _swap((_ID, _ID + b"text")), compares="head"),
    _read("wrong-wrapper", "another wrapper", _swap((b"ns:GetBlobStream", b"ns:GetBlob"))),
    _read("wrapper-85", "a wrapper of Services85", _body(lambda b: b.replace(
        b"<ns:GetBlobStream>", b'<x:GetBlobStream xmlns:x="' + _NS85 + b'">').replace(
        b"</ns:GetBlobStream>", b"</x:GetBlobStream>"))),
    _read("text-body", "text as Body", _body(
        lambda b: b.partition(b"<s:Body>")[0] + b"<s:Body>text</s:Body></s:Envelope>")),
    _read("empty-body", "an empty Body", _body(
        lambda b: b.partition(b"<s:Body>")[0] + b"<s:Body/></s:Envelope>")),
    _read("empty-wrapper", "a self-closed wrapper", _body(
        lambda b: b.partition(b"<s:Body>")[0]
        + b"<s:Body><ns:GetBlobStream/></s:Body></s:Envelope>")),
    _read("deep", "nesting deeper than 128", _swap((_ID, _DEEP)), compares="head"),
    _read("unknown-block", "an unknown header block", _block(b"<x:a" + _SAFE + b"/>")),
    _read("not-mandatory", "one with mustUnderstand 0",
          _block(b"<x:a" + _SAFE + b' s:mustUnderstand="0"/>')),
    _read("mandatory", "one with mustUnderstand 1",
          _block(b"<x:a" + _SAFE + b' s:mustUnderstand="1"/>')),
    _read("mandatory-true", "one with mustUnderstand true",
          _block(b"<x:a" + _SAFE + b' s:mustUnderstand="true"/>')),
    _read("mandatory-other", "one with a mustUnderstand that is no boolean",
          _block(b"<x:a" + _SAFE + b' s:mustUnderstand="yes"/>')),
    _read("time-zone", "a TimeZone with a bad value", _block(
        b"<ns:TimeZone><ns:SoTimeZoneId>abc</ns:SoTimeZoneId></ns:TimeZone>")),
    _read("token-child", "an element in ApplicationToken", _block(
        b"<ns:ApplicationToken><ns:x/></ns:ApplicationToken>")),
    _read("no-blocks", "no header blocks", _body(
        lambda b: b.partition(b"<s:Header>")[0] + b.partition(b"</s:Header>")[2])),
    _read("unknown-part", "an unknown child", _swap((_ID, b"<ns:Other>1</ns:Other>"))),
    _read("part-85", "a child in the namespace of Services85", _swap(
        (_ID, b'<x:BlobEntityId xmlns:x="' + _NS85 + b'">1</x:BlobEntityId>'))),
)  # fmt: skip

PARTS: Final = (
    _write("save", "a right upload", _same),
    _write("save-blocks", "header blocks in another order", _block(b"<ns:TimeZone/>")),
    _write("type-unknown", "an unknown Type", _kind(b"Portrait")),
    _write("type-number", "Type as a number", _kind(b"1")),
    _write("type-empty", "an empty Type", _kind(b"")),
    _write("type-case", "Type in another case", _kind(b"personimage")),
    _write("type-padded", "Type with white space", _kind(b" PersonImage ")),
    _write("type-nil", "a nil Type", _kind(b"", _XSI + b' xsi:nil="true"')),
    _write("no-type-part", "no Type", _part("Type", b"")),
    _write("no-image", "no Image", _part("Image", b"")),
    _write("no-description", "no Description", _part("Description", b"")),
    _write("order-dti", "Description, Type, Image", _order("Description", "Type", "Image")),
    _write("order-tdi", "Type, Description, Image", _order("Type", "Description", "Image")),
    _write("unknown-child", "an unknown child", _swap((b"<ns:Image>", b"<ns:X/><ns:Image>"))),
    _write("child-85", "Image in the namespace of Services85", _part(
        "Image", b'<x:Image xmlns:x="' + _NS85 + b'">' + _PIXELS + b"</x:Image>")),
    _write("child-case", "a child in another case", _part(
        "Image", b"<ns:image>" + _PIXELS + b"</ns:image>")),
    _write("duplicate", "a duplicate Image", _part(
        "Image", (b"<ns:Image>" + _PIXELS + b"</ns:Image>") * 2)),
    _write("xsi-type", "the right xsi:type", _part(
        "Description", b"<ns:Description" + _XSI + f' xmlns:d="{XSD}"'.encode()
        + b' xsi:type="d:string">soblob</ns:Description>')),
    _write("xsi-unknown", "an unknown xsi:type", _part(
        "Description", b"<ns:Description" + _XSI + b' xsi:type="ns:Nothing">a</ns:Description>'),
        compares="head"),
    _write("bad-base64", "base64 with a bad character", _image(b"A*ECAw==")),
    _write("url-base64", "base64 with a URL-safe character", _image(b"A-ECAw==")),
    _write("short-base64", "base64 of a wrong length", _image(b"AAECA")),
    _write("spaced-base64", "base64 with white space", _image(b"AA EC\nAw = =")),
    _write("cdata", "base64 as CDATA", _image(b"<![CDATA[AAECAw==]]>")),
    _write("reference", "base64 with a character reference", _image(b"&#65;AECAw==")),
    _write("comment", "base64 with a comment", _image(b"AAEC<!--a-->Aw==")),
    _write("pad-bits", "base64 with pad bits that are not zero", _image(b"AAECAx==")),
    _write("joined-base64", "two base64 texts", _image(b"AAECAw==AAEC")),
    _write("empty-image", "an empty Image", _image(b"")),
    _write("blank-image", "an Image of white space", _image(b"  ")),
    _write("nil-image", "a nil Image", _part("Image", b"<ns:Image" + _XSI + b' xsi:nil="1"/>')),
    _write("image-child", "an element in Image", _image(b"<ns:x/>"), compares="head"),
    _write("over-limit", "a message of over 64 KiB", _image(b"A" * _OVER_LIMIT_BYTES),
           is_limit=True),
    _write("over-limit-chunked", "the same in chunks", _chunked(_image(b"A" * _OVER_LIMIT_BYTES)),
           is_limit=True),
)  # fmt: skip

ROWS: Final = (*HTTP, *ENVELOPE, *PARTS)
