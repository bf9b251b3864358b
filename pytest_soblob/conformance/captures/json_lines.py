"""JSON lines, or one JSON document, with envelopes in fields, as services write their logs."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from pytest_soblob._text import ascii_controls, clip
from pytest_soblob.conformance.captures.entries import Entry, Readable, encoded
from pytest_soblob.errors import SoblobError

_LONGEST_LINE: Final = 200_000_000
_ENVELOPE: Final = re.compile(
    r"(?:<\?xml[^>]{0,200}\?>\s*)?<(?:[\w.-]{1,99}:)?Envelope[\s>]", re.IGNORECASE
)
_END: Final = re.compile(r"</(?:[\w.-]{1,99}:)?Envelope\s*>\s*\Z")
_RESPONSE: Final = re.compile(r"respon|answer|reply|output", re.IGNORECASE)
_MOST_FIELDS: Final = 10_000


def read_json_lines(stream: Readable) -> Iterator[Entry]:
    """Yield each envelope.

    A file whose first line is no complete JSON is read as one document.

    Raises:
        SoblobError: A line is not JSON, or is too long.
    """
    number = 0
    for line in _lines(stream):
        number += 1
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise SoblobError(f"line {number} is no JSON: {clip(str(error), 100)}") from None
        found = list(_envelopes(value))
        yield from (_entry(number, field, text) for field, text in found)
        if not found:
            yield Entry(where=f"line {number}")


def _lines(stream: Readable) -> Iterator[bytes]:
    """Yield the lines; the whole file as one if the first line is no complete JSON."""
    data = stream.read(_LONGEST_LINE + 1)
    if len(data) > _LONGEST_LINE:
        raise SoblobError(f"JSON of more than {_LONGEST_LINE:,} bytes is not read: split it")
    data = data.removeprefix(b"\xef\xbb\xbf").strip()
    first = data.partition(b"\n")[0]
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        yield data
    else:
        yield from data.split(b"\n")


def _envelopes(value: Any) -> Iterator[tuple[str, str]]:
    """Yield the field and the text of each envelope in a value."""
    waiting = [("", value)]
    looked_at = 0
    while waiting and looked_at < _MOST_FIELDS:
        field, one = waiting.pop()
        looked_at += 1
        if isinstance(one, str):
            found = _ENVELOPE.search(one)
            if found is not None:
                yield field, one[found.start() :]
        elif isinstance(one, dict):
            inside = [(f"{field}.{key}" if field else str(key), one[key]) for key in one]
            waiting += reversed(inside)
        elif isinstance(one, list):
            inside = [(f"{field}[{index}]", item) for index, item in enumerate(one)]
            waiting += reversed(inside)


def _entry(number: int, field: str, text: str) -> Entry:
    end = text.rfind("</")
    close = _END.match(text[end : end + 200].partition(">")[0] + ">") if end >= 0 else None
    envelope = text[: text.index(">", end) + 1] if close is not None else text
    named = clip(ascii_controls(field), 100)
    where = f"line {number}, field {named}" if named else f"line {number}"
    data = encoded(envelope, "")
    is_response = _RESPONSE.search(field) is not None
    return Entry(
        where=where,
        request=None if is_response else data,
        response=data if is_response else None,
    )
