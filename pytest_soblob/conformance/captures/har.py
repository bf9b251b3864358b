"""HAR 1.2, as browsers, mitmproxy, Fiddler and Charles write it, read entry by entry.

Its bodies are decoded already, whatever Content-Encoding says. Text is text; what is none has
`encoding: base64`, which the format has for responses, and some tools for requests as well.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from pytest_soblob._http import HttpSyntaxError
from pytest_soblob.conformance.captures.decoding import Readable
from pytest_soblob.conformance.captures.entries import (
    NOT_HELD,
    Entry,
    Message,
    as_dict,
    as_status,
    as_text,
    encoded,
    first_line,
    from_base64,
    pairs_of,
    short,
    target_of,
    without_lengths,
)
from pytest_soblob.conformance.captures.json_values import ERRORS, iter_values
from pytest_soblob.errors import SoblobError
from pytest_soblob.wire import HttpRequest, HttpResponse

_CUT_OFF: Final = "the export does not hold its body"
_NO_BODY: Final = (204, 205, 304)
_CLOSED: Final = re.compile(rb"</(?:[\w.-]{1,99}:)?Envelope\s*>")
_LOOKED_AT: Final = 300


def read_har(stream: Readable) -> Iterator[Entry]:
    """Yield each entry.

    Raises:
        SoblobError: The file is not JSON to its end.
    """
    number = 0
    try:
        for number, entry in enumerate(iter_values(stream, "log", "entries"), 1):
            yield _entry(number, as_dict(entry))
    except ERRORS as error:
        raise SoblobError(f"it is no JSON after entry {number}: {first_line(error)}") from None


def _entry(number: int, entry: dict[str, Any]) -> Entry:
    asked, answered = as_dict(entry.get("request")), as_dict(entry.get("response"))
    request, response = _request(asked), _response(answered)
    missing = {"request": _missing_of_request(asked, request)}
    missing["response"] = _missing_of_response(answered, response)
    return Entry(
        where=f"entry {number}",
        request=request,
        response=response,
        not_held=tuple((kind, why) for kind, why in missing.items() if why),
    )


def _missing_of_request(asked: dict[str, Any], request: Message | None) -> str:
    """Return what the export lacks of a request; empty if it has all of it."""
    if not isinstance(request, HttpRequest):
        return "" if asked else NOT_HELD
    post = as_dict(asked.get("postData"))
    lengths = [value for key, value in pairs_of(asked.get("headers")) if _is_length(key)]
    sizes = [_size(asked.get("bodySize")), *map(_size, lengths)]
    if request.method == "POST" and "text" not in post and not any(size == 0 for size in sizes):
        return _CUT_OFF
    return _missing_of_body(request.body, max(sizes))


def _missing_of_response(answered: dict[str, Any], response: Message | None) -> str:
    if response is None:
        why = as_text(answered.get("_error")) or as_text(answered.get("statusText"))
        return f"{NOT_HELD} ({short(why)})" if why else NOT_HELD
    if not isinstance(response, HttpResponse) or response.status in _NO_BODY:
        return ""
    content = as_dict(answered.get("content"))
    size = _size(content.get("size"))
    if not content.get("text") and size < 0 and _size(answered.get("bodySize")) != 0:
        return _CUT_OFF
    if not content.get("text"):
        size = max(size, _size(answered.get("bodySize")))
    return _missing_of_body(response.body, size)


def _missing_of_body(body: bytes, size: int) -> str:
    if not body:
        return _CUT_OFF if size > 0 else ""
    if len(body) < size and _CLOSED.search(body[-_LOOKED_AT:].replace(b"\0", b"")) is None:
        return f"the export holds {len(body):,} of {size:,} bytes of its body"
    return ""


def _is_length(name: str) -> bool:
    return name.lower() == "content-length"


def _size(value: Any) -> int:
    """Return a size, or -1 if it is not known."""
    text = str(value)
    return int(text) if len(text) < 16 and text.isascii() and text.isdigit() else -1


def _request(asked: dict[str, Any]) -> Message | None:
    if not asked:
        return None
    post = as_dict(asked.get("postData"))
    version = as_text(asked.get("httpVersion")).lower()
    body = _body(post, as_text(post.get("mimeType")))
    if body is None:
        return HttpSyntaxError("postData.text is not base64, as postData.encoding says")
    request = HttpRequest(
        method=as_text(asked.get("method")) or "GET",
        target=target_of(as_text(asked.get("url"))),
        headers=pairs_of(asked.get("headers")),
        body=body,
        http_version="1.0" if version.endswith("1.0") else "1.1",
    )
    found: Message = without_lengths(request)
    return found


def _response(answered: dict[str, Any]) -> Message | None:
    status = as_status(answered.get("status"))
    if not status:  # 0: the browser got no answer
        return None
    content = as_dict(answered.get("content"))
    body = _body(content, as_text(content.get("mimeType")))
    if body is None:
        return HttpSyntaxError("content.text is not base64, as content.encoding says")
    response = HttpResponse(
        status=status,
        reason=as_text(answered.get("statusText")) or None,
        headers=pairs_of(answered.get("headers")),
        body=body,
    )
    found: Message = without_lengths(response, "content-encoding")
    return found


def _body(content: dict[str, Any], media_type: str) -> bytes | None:
    """Return a body as bytes, or None if it is said to be base64 and is not."""
    text = as_text(content.get("text"))
    if as_text(content.get("encoding")).lower() == "base64":
        return from_base64(text)
    return encoded(text, media_type)
