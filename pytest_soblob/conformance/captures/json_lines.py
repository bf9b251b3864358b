"""JSON lines, or one JSON document, with envelopes in fields, as services write their logs."""

import json
import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final

from pytest_soblob._text import clip
from pytest_soblob.conformance.captures.decoding import Readable
from pytest_soblob.conformance.captures.entries import Entry, encoded, first_line
from pytest_soblob.conformance.captures.json_values import ERRORS, Place, iter_texts
from pytest_soblob.errors import SoblobError

# `json` is faster than reading text by text, and needs memory for each value.
_SHORT_LINE: Final = 1_000_000
_ENVELOPE: Final = re.compile(
    r"(?:<\?xml[^>]{0,200}\?>\s*)?<(?:[\w.-]{1,99}:)?Envelope[\s>]", re.IGNORECASE
)
_END: Final = re.compile(r"</(?:[\w.-]{1,99}:)?Envelope\s*>\s*\Z")
_RESPONSE: Final = re.compile(r"respon|answer|reply|output", re.IGNORECASE)


def read_json_lines(stream: Readable) -> Iterator[Entry]:
    """Yield each envelope.

    A file whose first line is no complete JSON is read as one document.

    Raises:
        SoblobError: A line is not JSON.
    """
    for number, line in enumerate(_lines(stream.read()), 1):
        if not line.strip():
            continue
        has_envelope = False
        try:
            for place, text in _texts(line):
                found = _ENVELOPE.search(text)
                if found is not None:
                    has_envelope = True
                    yield _entry(number, "" if place is None else str(place), text[found.start() :])
        except (*ERRORS, RecursionError) as error:
            raise SoblobError(f"line {number} is no JSON: {first_line(error)}") from None
        if not has_envelope:
            yield Entry(where=f"line {number}")


def _lines(data: bytes) -> Iterator[bytes]:
    """Yield the lines; the whole file as one if the first line is no complete JSON."""
    data = data.removeprefix(b"\xef\xbb\xbf").strip()
    end = data.find(b"\n")
    if end < 0 or not _is_complete(data[:end]):
        yield data
        return
    start = 0
    while end >= 0:
        yield data[start:end]
        start, end = end + 1, data.find(b"\n", end + 1)
    yield data[start:]


def _is_complete(line: bytes) -> bool:
    try:
        for _ in _texts(line):
            pass
    except (*ERRORS, RecursionError):
        return False
    return True


def _texts(line: bytes) -> Iterator[tuple[Place | None, str]]:
    """Yield each text of a line, with its place."""
    if len(line) > _SHORT_LINE:
        yield from iter_texts(BytesIO(line))
        return
    waiting: list[tuple[Place | None, Any]] = [(None, json.loads(line))]
    while waiting:
        place, one = waiting.pop()
        if isinstance(one, str):
            yield place, one
        elif isinstance(one, dict):
            waiting += reversed([(Place(key, place), one[key]) for key in one])
        elif isinstance(one, list):
            waiting += reversed([(Place(at, place), item) for at, item in enumerate(one)])


def _entry(number: int, field: str, text: str) -> Entry:
    end = text.rfind("</")
    close = _END.match(text[end : end + 200].partition(">")[0] + ">") if end >= 0 else None
    envelope = text[: text.index(">", end) + 1] if close is not None else text
    named = clip(field, 100)
    where = f"line {number}, field {named}" if named else f"line {number}"
    data = encoded(envelope, "")
    is_response = _RESPONSE.search(field) is not None
    return Entry(
        where=where,
        request=None if is_response else data,
        response=data if is_response else None,
    )
