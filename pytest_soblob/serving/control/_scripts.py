"""Scripted answers as data, from a control request or a table of the configuration."""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Final

from pytest_soblob.errors import SoblobError
from pytest_soblob.serving.control._fields import as_object, check_known, take
from pytest_soblob.soap.messages import ExceptionInfo, Fault
from pytest_soblob.stub.endpoint import ExpectedCall, StubEndpoint
from pytest_soblob.stub.failures import find_failure
from pytest_soblob.wire import HttpResponse

_WHEN: Final = ("operation", "times", "nth", "share", "seed", "matching")
_REPLY: Final = (
    *("blob_id", "succeeded", "exception_info", "fault", "status", "response", "raw_base64"),
    *("close", "delay_s"),
)
REPLY_FIELDS: Final = ("failure", "parameters", *_REPLY, *_WHEN)
INFO: Final = ("message", "stack_trace", "friendly_text", "exception_type", "source")
FAULT: Final = ("code", "reason", "language", "actor", "detail")
RESPONSE: Final = ("status", "reason", "headers", "body", "body_base64")


def script(endpoint: StubEndpoint, data: Mapping[str, Any]) -> None:
    """Script an answer.

    Args:
        endpoint: Endpoint that gives the answer.
        data: `failure` and `parameters`, or the arguments of `reply`; and which calls it is for.

    Raises:
        SoblobError: A field is unknown or has an invalid value.
    """
    if "failure" in data:
        endpoint.fail(take(data, "failure", str), **_when(data), **_parameters(data))
        return
    check_known(data, (*_REPLY, *_WHEN), "a reply")
    if not any(name in data for name in _REPLY):
        raise SoblobError("a reply needs a failure, or content such as succeeded or fault")
    endpoint.reply(**_what(data), **_when(data))


def expected_calls(data: Mapping[str, Any]) -> tuple[ExpectedCall, ...]:
    """Return the expected calls.

    Raises:
        SoblobError: A field is unknown or has an invalid value.
    """
    calls = []
    for item in take(data, "calls", list, []):
        call = as_object(item, "a call")
        check_known(call, ("operation", "times", "at_least", "at_most", "matching"), "a call")
        times: Any = take(call, "times", int, 1)
        if "at_least" in call or "at_most" in call:
            if "times" in call:
                raise SoblobError("a call has times, or at_least and at_most, not both")
            times = (take(call, "at_least", int, 0), take(call, "at_most", int))
        operation = take(call, "operation", str, "SaveImageStream")
        matching = matching_values(call) or {}
        if {"operation", "times"} & set(matching):
            raise SoblobError("operation and times belong beside matching, not in it")
        calls.append(ExpectedCall(operation, times=times, **matching))
    return tuple(calls)


def matching_values(data: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the values that a message must have, or None; an image is given in base64.

    Raises:
        SoblobError: The value is not an object, or the image is not base64.
    """
    if data.get("matching") is None:
        return None
    values = dict(as_object(data["matching"], "matching"))
    if isinstance(values.get("image"), str):
        values["image"] = _bytes(values["image"], "image")
    return values


def _parameters(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the parameters of a failure, which must not be mixed with the fields around them."""
    known = find_failure(take(data, "failure", str)).parameters
    for name in data:
        if name in known and name not in REPLY_FIELDS:
            raise SoblobError(f"{name} belongs in parameters, not beside them")
    check_known(data, ("failure", "parameters", *_WHEN), "a failure")
    parameters = as_object(data.get("parameters", {}), "parameters")
    for name in parameters:
        if name in _WHEN:
            raise SoblobError(f"{name} belongs beside parameters, not in them")
    return parameters


def _when(data: Mapping[str, Any]) -> dict[str, Any]:
    when: dict[str, Any] = {"nth": take(data, "nth", int, 1), "seed": take(data, "seed", int, 0)}
    for name, kind in (("operation", str), ("times", int), ("share", float)):
        if name in data:
            when[name] = None if data[name] is None else take(data, name, kind)
    when["matching"] = matching_values(data)
    return when


def _what(data: Mapping[str, Any]) -> dict[str, Any]:
    what: dict[str, Any] = {
        "close": take(data, "close", bool, False),
        "delay_s": take(data, "delay_s", float, 0.0),
    }
    if "blob_id" in data:
        what["blob_id"] = None if data["blob_id"] is None else take(data, "blob_id", int)
    for name, kind in (("succeeded", bool), ("status", int)):
        what[name] = take(data, name, kind)
    if "exception_info" in data:
        what["exception_info"] = ExceptionInfo(**_texts(data, "exception_info", INFO))
    if "fault" in data:
        what["fault"] = Fault(**_texts(data, "fault", FAULT))
    if "response" in data:
        what["response"] = _response(as_object(data["response"], "response"))
    if "raw_base64" in data:
        what["response"] = _bytes(take(data, "raw_base64", str), "raw_base64")
    return what


def _texts(data: Mapping[str, Any], what: str, names: tuple[str, ...]) -> dict[str, Any]:
    inside = as_object(data[what], what)
    check_known(inside, names, what)
    return {name: take(inside, name, str) for name in inside}


def _response(data: Mapping[str, Any]) -> HttpResponse:
    check_known(data, RESPONSE, "a response")
    status = take(data, "status", int, 200)
    headers = as_object(data.get("headers", {}), "headers")
    body = take(data, "body", str, "").encode()
    if "body_base64" in data:
        body = _bytes(take(data, "body_base64", str), "body_base64")
    return HttpResponse(
        status=status,
        reason=take(data, "reason", str),
        headers=tuple((name, take(headers, name, str)) for name in headers),
        body=body,
    )


def _bytes(text: str, what: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SoblobError(f"{what} must be base64") from None
