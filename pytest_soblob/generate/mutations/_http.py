"""Mutations of HTTP messages: they wrap the envelope into a raw HTTP message."""

import gzip
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pytest_soblob._http import to_bytes
from pytest_soblob.contract import SAVE_IMAGE_STREAM, Profile
from pytest_soblob.generate.mutations._mutation import ONLY_WSDL, RESPONSE, SOAP_1_2, Mutation
from pytest_soblob.names import NETSERVER, SERVICE_PATHS, SOAP12
from pytest_soblob.soap.messages import (
    Fault,
    SaveImageStreamRequest,
    SaveImageStreamResponse,
    to_http_response,
)
from pytest_soblob.soap.messages import http_request_headers as headers_of
from pytest_soblob.wire import HttpRequest, HttpResponse

_OTHER = f"{NETSERVER}/BLOB/GetBlobStream"


def _profile_of(data: bytes) -> Profile:
    return Profile.SOAP12 if SOAP12.encode() in data else Profile.WSDL


def _request(
    data: bytes,
    *,
    method: str = "POST",
    target: str = SERVICE_PATHS["BLOB"],
    action: str = SAVE_IMAGE_STREAM.soap_action,
    without: str = "",
    **changed: str,
) -> HttpRequest:
    """Return a request with the envelope; other keywords are headers, with underscores."""
    headers = [pair for pair in headers_of(_profile_of(data), action) if pair[0] != without]
    names = {name.replace("_", "-"): value for name, value in changed.items()}
    headers = [pair for pair in headers if pair[0] not in names] + list(names.items())
    return HttpRequest(method=method, target=target, headers=tuple(headers), body=data)


def _raw(data: bytes, **changed: Any) -> bytes:
    return to_bytes(_request(data, **changed))


def _framed_otherwise(header: str) -> Callable[[bytes], bytes]:
    """Return an edit that adds a header about the framing of the body, which is not true."""

    def edit(data: bytes) -> bytes:
        head, _, body = _raw(data).partition(b"\r\n\r\n")
        return head + f"\r\n{header}".encode() + b"\r\n\r\n" + body

    return edit


def _shorter(data: bytes) -> bytes:
    return _raw(data)[:-1]


def _headless(data: bytes) -> bytes:
    return _raw(data).partition(b"\r\n\r\n")[0]


def _twice(data: bytes) -> bytes:
    request = _request(data)
    duplicate = HttpRequest(
        target=request.target, headers=(*request.headers, request.headers[0]), body=data
    )
    return to_bytes(duplicate)


def _response(data: bytes, status: int) -> bytes:
    return to_bytes(to_http_response(data, _profile_of(data), status))


def _with_type(data: bytes, content_type: str) -> bytes:
    """Return a response with the envelope and that Content-Type."""
    return to_bytes(HttpResponse(headers=(("Content-Type", content_type),), body=data))


def _mutation(name: str, rule: str, edit: Callable[[bytes], bytes], **more: Any) -> Mutation:
    given = {"message": SaveImageStreamRequest, **more}
    return Mutation(name=name, rule=rule, edit_bytes=edit, is_http=True, **given)


_CHARSET = "charset=utf-16"
_BOUNDARY = "soblob-part"


def _in_parts(data: bytes) -> tuple[str, bytes]:
    """Return Content-Type and body of an MTOM message with the envelope as its root part."""
    soap_type = "application/soap+xml" if SOAP12.encode() in data else "text/xml"
    xop = f'application/xop+xml; charset=UTF-8; type="{soap_type}"'
    head = f"--{_BOUNDARY}\r\nContent-Type: {xop}\r\nContent-ID: <root>\r\n\r\n"
    body = head.encode() + data + f"\r\n--{_BOUNDARY}--\r\n".encode()
    kind = f'multipart/related; boundary="{_BOUNDARY}"; type="application/xop+xml"'
    return f'{kind}; start="<root>"; start-info="{soap_type}"', body


def _request_in_parts(data: bytes) -> bytes:
    content_type, body = _in_parts(data)
    return to_bytes(replace(_request(data, Content_Type=content_type), body=body))


def _response_in_parts(data: bytes) -> bytes:
    content_type, body = _in_parts(data)
    return to_bytes(HttpResponse(headers=(("Content-Type", content_type),), body=body))


def _compressed(data: bytes) -> bytes:
    packed = gzip.compress(data, mtime=0)
    return to_bytes(replace(_request(data, Content_Encoding="gzip"), body=packed))


def _compressed_otherwise(data: bytes) -> bytes:
    """Return a response whose Content-Encoding is gzip, but whose body is compressed by zlib."""
    response = to_http_response(data, _profile_of(data), 200)
    headers = (*response.headers, ("Content-Encoding", "gzip"))
    return to_bytes(replace(response, headers=headers, body=zlib.compress(data)))


MUTATIONS = (
    _mutation("no end of the head", "http.malformed", _headless),
    _mutation("GET", "http.method", lambda data: _raw(data, method="GET")),
    _mutation("another service", "http.path",
              lambda data: _raw(data, target="/Remote/Services86/Person.svc")),
    _mutation("no Content-Type", "http.content-type-missing",
              lambda data: _raw(data, without="Content-Type")),
    _mutation("Content-Type of a form", "http.content-type",
              lambda data: _raw(data, Content_Type="application/x-www-form-urlencoded")),
    _mutation("the charset of another encoding", "http.charset-contradicts",
              lambda data: _raw(data, Content_Type=f"text/xml; {_CHARSET}"), profiles=ONLY_WSDL),
    _mutation("the charset of another encoding, SOAP 1.2", "http.charset-contradicts",
              lambda data: _raw(data, Content_Type=f"application/soap+xml; {_CHARSET}"),
              profiles=SOAP_1_2),
    _mutation("a charset without its hyphen", "http.charset-unusual",
              lambda data: _raw(data, Content_Type="text/xml; charset=utf8"), profiles=ONLY_WSDL),
    _mutation("a byte less than Content-Length", "http.content-length", _shorter),
    _mutation("a length and chunks", "http.conflicting-framing",
              _framed_otherwise("Transfer-Encoding: chunked")),
    _mutation("two Content-Types", "http.header-duplicate", _twice),
    _mutation("compressed", "http.request-compressed", _compressed),
    _mutation("in MIME parts", "http.multipart", _request_in_parts),
    _mutation("no SOAPAction", "http.soap-action-missing",
              lambda data: _raw(data, without="SOAPAction"), profiles=ONLY_WSDL),
    _mutation("an empty SOAPAction", "http.soap-action-empty",
              lambda data: _raw(data, SOAPAction='""'), profiles=ONLY_WSDL),
    _mutation("another SOAPAction", "http.soap-action-other",
              lambda data: _raw(data, SOAPAction=f'"{_OTHER}"'), profiles=ONLY_WSDL),
    _mutation("another action parameter", "http.action-other",
              lambda data: _raw(data, action=_OTHER), profiles=SOAP_1_2),
    _mutation("a fault with 200", "http.fault-with-success-status",
              lambda data: _response(data, 200), kinds=RESPONSE, message=Fault),
    _mutation("a response with 500", "http.response-with-error-status",
              lambda data: _response(data, 500), kinds=RESPONSE,
              message=SaveImageStreamResponse),
    *(
        _mutation(f"a response with {name}", rule, edit, kinds=RESPONSE,
                  message=SaveImageStreamResponse, **more)
        for name, rule, edit, more in (
            ("no Content-Type", "http.content-type-missing",
             lambda data: to_bytes(HttpResponse(body=data)), {}),
            ("another Content-Type", "http.content-type",
             lambda data: _with_type(data, "text/html"), {}),
            ("another charset", "http.charset-contradicts",
             lambda data: _with_type(data, f"text/xml; {_CHARSET}"), {"profiles": ONLY_WSDL}),
            ("a charset without its hyphen", "http.charset-unusual",
             lambda data: _with_type(data, "text/xml; charset=utf8"), {"profiles": ONLY_WSDL}),
            ("another charset in SOAP 1.2", "http.charset-contradicts",
             lambda data: _with_type(data, f"application/soap+xml; {_CHARSET}"),
             {"profiles": SOAP_1_2}),
            ("a byte less", "http.content-length", lambda data: _response(data, 200)[:-1], {}),
            ("no end of the head", "http.malformed",
             lambda data: _response(data, 200).partition(b"\r\n\r\n")[0], {}),
            ("a length and chunks", "http.conflicting-framing",
             lambda data: _response(data, 200).replace(
                 b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n", 1), {}),
            ("another coding", "http.content-encoding", _compressed_otherwise, {}),
            ("MIME parts", "http.multipart", _response_in_parts, {}),
            ("two Content-Types", "http.header-duplicate",
             lambda data: _response(data, 200).replace(
                 b"\r\n", b"\r\nContent-Type: text/xml\r\n", 1), {}),
        )
    ),
)  # fmt: skip
