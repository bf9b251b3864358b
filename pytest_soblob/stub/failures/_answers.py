"""Wrong answers, although the server has done its work, or says so."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from pytest_soblob._basics.numbers import LARGEST_INT
from pytest_soblob.contract import Profile
from pytest_soblob.soap.messages import (
    Fault,
    ImageResponse,
    Response,
    SaveImageStreamResponse,
    to_http_response,
)
from pytest_soblob.stub.failures._failure import FailureContext, make
from pytest_soblob.wire import Delivery, HttpResponse

_SAVES: Final = frozenset({"SaveImageStream"})
_UTF16_DECLARED: Final = b'<?xml version="1.0" encoding="UTF-16"?>'


def _changed(
    change: Callable[[HttpResponse], HttpResponse],
) -> Callable[[FailureContext], Delivery]:
    """Return a function that delivers the server's own answer, changed."""

    def deliver(context: FailureContext) -> Delivery:
        assert context.own is not None  # noqa: S101 -- each of these works
        return Delivery(response=change(context.own))

    return deliver


def _with_header(response: HttpResponse, name: str, value: str) -> HttpResponse:
    kept = tuple(pair for pair in response.headers if pair[0].lower() != name.lower())
    return replace(response, headers=((name, value), *kept))


def _other_version(context: FailureContext) -> Delivery:
    other = Profile.SOAP12 if context.profile is Profile.WSDL else Profile.WSDL
    assert context.success is not None  # noqa: S101 -- it works
    data = context.success.to_bytes(other, operation=context.operation)
    return Delivery(response=to_http_response(data, other))


def _success(context: FailureContext, blob_id: int | None) -> Response:
    if context.operation.name in _SAVES:
        return SaveImageStreamResponse(succeeded=True, blob_id=blob_id)
    return Response(succeeded=True)


def _blob_id(get: Callable[[FailureContext], int | None]) -> Callable[[FailureContext], Delivery]:
    return lambda context: Delivery(response=context.write(_success(context, get(context))))


def _other_operation(context: FailureContext) -> Delivery:
    """Answer with the body of GetPersonImage, or to that operation with that of a change."""
    response = context.write(ImageResponse(succeeded=True))
    own, other = context.operation.response_element, "GetPersonImageResponse"
    if own == other:
        other = "ChangePersonImageResponse"
    body = response.body.replace(own.encode(), other.encode())
    return Delivery(response=replace(response, body=body))


def _as_utf16(response: HttpResponse) -> HttpResponse:
    return replace(response, body=response.body.decode("utf-8").encode("utf-16"))


def _half(response: HttpResponse) -> HttpResponse:
    return replace(response, body=response.body[: len(response.body) // 2])


def _unclosed(response: HttpResponse) -> HttpResponse:
    return replace(response, body=response.body.replace(b"Body>", b"Bdy>", 1))


def _twice(response: HttpResponse) -> HttpResponse:
    return replace(response, body=2 * response.body)


_failure = partial(make, group="answer", works=True)
_id_failure = partial(make, group="answer", operations=_SAVES)

FAILURES: Final = (
    _failure("wrong-soap-version", "the answer in the other SOAP version", _other_version),
    _failure("wrong-encoding", "the answer in UTF-16, though its charset says UTF-8",
             _changed(_as_utf16)),
    _failure("wrong-declaration", "the answer in UTF-8, though its XML declaration says UTF-16",
             _changed(lambda own: replace(own, body=_UTF16_DECLARED + own.body))),
    _failure("wrong-content-type", "the answer as text/html",
             _changed(lambda own: _with_header(own, "Content-Type", "text/html; charset=utf-8"))),
    _failure("truncated", "half of the envelope, with the Content-Length of the half",
             _changed(_half)),
    _failure("malformed", "an envelope whose Body is not closed", _changed(_unclosed)),
    _failure("duplicate", "the envelope twice in one answer", _changed(_twice)),
    _failure("other-operation", "the answer of another operation", _other_operation),
    _id_failure("no-response", "Succeeded true, and no Response", _blob_id(lambda s: None)),
    _id_failure("zero-id", "Succeeded true, and blob id 0: a client that passes it on deletes a "
                "picture", _blob_id(lambda s: 0)),
    _id_failure("negative-id", "Succeeded true, and a negative blob id",
                _blob_id(lambda s: s.parameters["blob_id"]), blob_id=-1),
    _id_failure("huge-id", "Succeeded true, and a blob id out of the range of xs:int",
                _blob_id(lambda s: s.parameters["blob_id"]), blob_id=LARGEST_INT + 1),
    *(
        _failure(f"saved-but-{name}", f"the server does its work, and answers {what}", deliver)
        for name, what, deliver in (
            ("500", "500 with an HTML page", lambda s: Delivery(response=HttpResponse(
                status=500, headers=(("Content-Type", "text/html"),), body=b"<html/>"))),
            ("503", "503", lambda s: Delivery(response=HttpResponse(status=503))),
            ("fault", "a fault of the server", lambda s: Delivery(response=s.write_fault(
                Fault(code="Server", reason="The call failed, as the test asked for."),
                s.profile, None))),
            ("closed", "nothing: it closes the connection", lambda s: Delivery(response=None)),
        )
    ),
)  # fmt: skip
