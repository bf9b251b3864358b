"""Postman collections 2.0 and 2.1: requests, and the responses that were saved with them."""

from collections.abc import Iterator
from typing import Any, Final

from pytest_soblob.conformance.captures.decoding import Readable
from pytest_soblob.conformance.captures.entries import (
    Entry,
    Message,
    as_dict,
    as_list,
    as_status,
    as_text,
    encoded,
    first_line,
    named,
    pairs_of,
    short,
    target_of,
)
from pytest_soblob.conformance.captures.json_values import ERRORS, iter_values
from pytest_soblob.errors import SoblobError
from pytest_soblob.wire import HttpRequest, HttpResponse

_MOST_VALUES: Final = 500_000
# What Postman sends for a raw body if the request has no Content-Type.
_TYPES: Final = {"xml": "application/xml", "json": "application/json", "html": "text/html"}


def read_postman(stream: Readable) -> Iterator[Entry]:
    """Yield each request, then the responses that were saved with it.

    Raises:
        SoblobError: The file is not JSON, is too large, or is of version 1.
    """
    try:
        collection = as_dict(next(iter_values(stream, most=_MOST_VALUES), None))
    except ERRORS as error:
        raise SoblobError(f"it is no JSON: {first_line(error)}") from None
    collection = as_dict(collection.get("collection", collection))  # as Postman's API wraps it
    if "item" not in collection and "requests" in collection:
        raise SoblobError("a collection of version 1: export it as Collection v2.1")
    waiting = [(as_dict(item), ()) for item in reversed(as_list(collection.get("item")))]
    while waiting:
        item, folders = waiting.pop()
        names: Any = (*folders, short(as_text(item.get("name"))))
        inside = [(as_dict(one), names) for one in as_list(item.get("item"))]
        waiting += reversed(inside)
        if "request" in item:
            yield from _entries(item, names)


def _entries(item: dict[str, Any], names: tuple[str, ...]) -> Iterator[Entry]:
    where = named(names)
    request, not_held = _request(item["request"])
    yield Entry(where=where, request=request, not_held=not_held)
    for number, saved in enumerate(map(as_dict, as_list(item.get("response"))), 1):
        name = short(as_text(saved.get("name"))) or f"example {number}"
        response = _response(saved)
        if response is not None:
            yield Entry(where=named((*names, name)), response=response)


def _request(data: Any) -> tuple[HttpRequest, tuple[tuple[str, str], ...]]:
    if isinstance(data, str):
        return HttpRequest(method="GET", target=target_of(data)), ()
    data = as_dict(data)
    url, body = data.get("url"), as_dict(data.get("body"))
    raw, mode = as_text(body.get("raw")), as_text(body.get("mode"))
    headers = pairs_of(data.get("header"), "key")
    if raw and not any(key.lower() == "content-type" for key, _ in headers):
        language = as_text(as_dict(as_dict(body.get("options")).get("raw")).get("language"))
        headers = (*headers, ("Content-Type", _TYPES.get(language, "text/plain")))
    request = HttpRequest(
        method=as_text(data.get("method")) or "GET",
        target=target_of(
            as_text(as_dict(url).get("raw")) if isinstance(url, dict) else as_text(url)
        ),
        headers=headers,
        body=encoded(raw, request_type(headers)),
    )
    if mode in ("", "raw"):
        return request, ()
    return request, (("request", f"its body is of mode {mode!r:.20}, which the export leaves out"),)


def request_type(headers: tuple[tuple[str, str], ...]) -> str:
    """Return the Content-Type, or an empty text."""
    return next((value for key, value in headers if key.lower() == "content-type"), "")


def _response(saved: dict[str, Any]) -> Message | None:
    status = as_status(saved.get("code"))
    if not status:
        return None
    headers = tuple(
        pair
        for pair in pairs_of(saved.get("header"), "key")
        if pair[0].lower() not in ("content-length", "transfer-encoding", "content-encoding")
    )
    body = encoded(as_text(saved.get("body")), request_type(headers))
    reason = as_text(saved.get("status")) or None
    return HttpResponse(status=status, reason=reason, headers=headers, body=body)
