"""HAR 1.2, as browsers, mitmproxy, Fiddler and Charles write it, read entry by entry.

Its bodies are decoded already, whatever Content-Encoding says. Text is text; what is none has
`encoding: base64`, which the format has for responses, and some tools for requests as well.
"""

from collections.abc import Iterator
from typing import Any, Final

import ijson
from ijson.common import JSONError, ObjectBuilder

from pytest_soblob._http import HttpSyntaxError
from pytest_soblob._text import clip
from pytest_soblob.conformance.captures.entries import (
    Entry,
    Message,
    Readable,
    as_dict,
    as_status,
    as_text,
    encoded,
    from_base64,
    pairs_of,
    target_of,
    without_lengths,
)
from pytest_soblob.errors import SoblobError
from pytest_soblob.wire import HttpRequest, HttpResponse

_DEEPEST: Final = 100
_CUT_OFF: Final = "the export does not hold its body"


def read_har(stream: Readable) -> Iterator[Entry]:
    """Yield each entry.

    Raises:
        SoblobError: The file is not JSON to its end.
    """
    number = 0
    try:
        for number, entry in enumerate(_entries(stream), 1):
            yield _entry(number, as_dict(entry))
    except (JSONError, ValueError, ArithmeticError) as error:
        # What follows the first line is an excerpt, which may have a secret in it.
        said = clip(str(error).partition("\n")[0], 100)
        raise SoblobError(f"it is no JSON after entry {number}: {said}") from None


def _entries(stream: Readable) -> Iterator[Any]:
    """Yield each item of `log.entries`.

    `ijson.items` would do the same, but takes time that grows with the square of the depth.
    """
    keys = [""] * (_DEEPEST + 1)
    builder: Any = None
    depth = 0
    for event, value in ijson.basic_parse(stream, use_float=True):
        is_entry = depth == 3 and keys[1:3] == ["log", "entries"]
        if event in ("start_map", "start_array"):
            depth += 1
            if depth > _DEEPEST:
                raise ValueError(f"nested more than {_DEEPEST} deep")
            if is_entry:
                builder = ObjectBuilder()
        elif event in ("end_map", "end_array"):
            depth -= 1
        elif event == "map_key":
            keys[depth] = value
        elif is_entry:
            yield value
        if builder is not None:
            builder.event(event, value)
            if depth == 3:
                yield builder.value
                builder = None


def _entry(number: int, entry: dict[str, Any]) -> Entry:
    asked, answered = as_dict(entry.get("request")), as_dict(entry.get("response"))
    request, response = _request(asked), _response(answered)
    not_held = []
    post = as_dict(asked.get("postData"))
    if not post.get("text") and _is_positive(asked.get("bodySize")):
        not_held.append(("request", _CUT_OFF))
    content = as_dict(answered.get("content"))
    if response is not None and not content.get("text") and _is_positive(content.get("size")):
        not_held.append(("response", _CUT_OFF))
    return Entry(
        where=f"entry {number}", request=request, response=response, not_held=tuple(not_held)
    )


def _is_positive(value: Any) -> bool:
    return isinstance(value, int | float) and value > 0


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
