"""Postman collections 2.0 and 2.1: requests, and the responses that were saved with them."""

from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
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
from pytest_soblob.conformance.captures.variables import OF_POSTMAN, fill_in
from pytest_soblob.errors import SoblobError
from pytest_soblob.judge.validators.http import is_path_of
from pytest_soblob.names import SERVICE_PATHS
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
    values = _variables(collection, {})
    waiting = [(as_dict(item), (), values) for item in reversed(as_list(collection.get("item")))]
    while waiting:
        item, folders, values = waiting.pop()
        names: Any = (*folders, short(as_text(item.get("name"))))
        values = _variables(item, values)
        inside = [(as_dict(one), names, values) for one in as_list(item.get("item"))]
        waiting += reversed(inside)
        if "request" in item:
            yield from _entries(item, names, values)


def _variables(data: dict[str, Any], outer: Mapping[str, str]) -> Mapping[str, str]:
    """Return the values of the variables of a collection or a folder, and of what it is in."""
    own = [one for one in map(as_dict, as_list(data.get("variable"))) if not one.get("disabled")]
    if not own:
        return outer
    inner = {as_text(one.get("key")): _value(one.get("value")) for one in own}
    return ChainMap(inner, *(outer.maps if isinstance(outer, ChainMap) else (dict(outer),)))


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float | Decimal) else as_text(value)


def _entries(
    item: dict[str, Any], names: tuple[str, ...], values: Mapping[str, str]
) -> Iterator[Entry]:
    where = named(names)
    request, not_held = _request(item["request"], values)
    yield Entry(where=where, request=request, not_held=not_held)
    for number, saved in enumerate(map(as_dict, as_list(item.get("response"))), 1):
        name = short(as_text(saved.get("name"))) or f"example {number}"
        response = _response(saved)
        original = saved.get("originalRequest", item["request"])
        sent, lacking = None, not_held[:0]
        if original != item["request"]:  # else it has been judged
            sent, lacking = _request(original, values)
        if response is not None or sent is not None:
            where = named((*names, name))
            yield Entry(where=where, request=sent, response=response, not_held=lacking)


def _request(
    data: Any, values: Mapping[str, str]
) -> tuple[HttpRequest, tuple[tuple[str, str], ...]]:
    """Return a request with the values of its variables, and why it is not whole."""
    found = {"url": data} if isinstance(data, str) else as_dict(data)
    request, why = _unfilled(found)
    url = found.get("url")
    address, of_url = _filled(as_text(as_dict(url).get("raw")) or as_text(url), values)
    heads = [(_filled(key, values), _filled(value, values)) for key, value in request.headers]
    headers = tuple((key[0], value[0]) for key, value in heads)
    text, of_body = _filled(as_text(as_dict(found.get("body")).get("raw")), values)
    request = replace(
        request,
        target=target_of(address),
        headers=headers,
        body=encoded(text, request_type(headers)),
    )
    is_known = any(is_path_of(one, request.path) for one in SERVICE_PATHS)
    if (is_known or not address.startswith("{{")) and not OF_POSTMAN.search(request.target):
        of_url = ""  # of the host, which is not judged
    lacking = [why, of_url, *(part[1] for head in heads for part in head), of_body]
    return request, tuple(("request", one) for one in lacking if one)[:1]


def _filled(text: str, values: Mapping[str, str]) -> tuple[str, str]:
    return fill_in(text, OF_POSTMAN, values.get)


def _unfilled(data: dict[str, Any]) -> tuple[HttpRequest, str]:
    """Return method and headers of a request, and why its body is not held, or an empty text."""
    body = as_dict(data.get("body"))
    raw, mode = as_text(body.get("raw")), as_text(body.get("mode"))
    headers = pairs_of(data.get("header"), "key")
    if raw and not any(key.lower() == "content-type" for key, _ in headers):
        language = as_text(as_dict(as_dict(body.get("options")).get("raw")).get("language"))
        headers = (*headers, ("Content-Type", _TYPES.get(language, "text/plain")))
    request = HttpRequest(method=as_text(data.get("method")) or "GET", headers=headers)
    if mode in ("", "raw"):
        return request, ""
    return request, f"its body is of mode {mode!r:.20}, which the export leaves out"


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
