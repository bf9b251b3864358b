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
_TAG: Final = re.compile(
    r"(?:<\?xml[^>]{0,200}\?>\s*+)?<(?:[\w.-]{1,99}:)?Envelope[\s>]"
    r"|(?P<close></(?:[\w.-]{1,99}:)?Envelope\s*+>)",
    re.IGNORECASE,
)
# What a message is, as its body says; a field may be named anything.
_PAYLOAD: Final = re.compile(
    r"<(?:[\w.-]{1,99}:)?Body(?:\s[^<>]{0,2000})?>\s*+<(?:[\w.-]{1,99}:)?([\w.-]{1,200})[\s/>]"
)
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
                for at, envelope in enumerate(_envelopes(text), 1):
                    has_envelope = True
                    yield _entry(number, "" if place is None else str(place), at, envelope)
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


def _envelopes(text: str) -> Iterator[str]:
    """Yield each envelope in a text, without what stands around it."""
    start: int | None = None
    end = 0
    for tag in _TAG.finditer(text):
        if tag["close"] is not None:
            end = tag.end()
        elif start is None or end > start:  # after the last one has ended
            if start is not None:
                yield text[start:end]
            start = tag.start()
    if start is not None:
        yield text[start : end if end > start else None]


def _entry(number: int, field: str, at: int, envelope: str) -> Entry:
    where = f"line {number}, field {clip(field, 100)}" if field else f"line {number}"
    data = encoded(envelope, "")
    payload = _PAYLOAD.search(envelope)
    if payload is not None:
        is_response = payload[1] == "Fault" or payload[1].endswith("Response")
    else:
        is_response = _RESPONSE.search(field) is not None
    return Entry(
        where=where if at == 1 else f"{where}, envelope {at}",
        request=None if is_response else data,
        response=data if is_response else None,
    )
