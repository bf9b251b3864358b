"""JSON lines, or one JSON document, with envelopes in fields, as services write their logs."""

import json
import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final

from pytest_soblob._text import clip
from pytest_soblob.conformance.captures.decoding import Readable
from pytest_soblob.conformance.captures.entries import ENVELOPE_IN_JSON, Entry, encoded, first_line
from pytest_soblob.conformance.captures.json_values import ERRORS, Place, iter_texts
from pytest_soblob.errors import SoblobError

# `json` is faster than reading text by text, and needs memory for each value.
_SHORT_LINE: Final = 1_000_000
_TAG: Final = re.compile(
    r"<(?:(?:[\w.-]{1,99}:)?Envelope[\s>]|(?P<close>/(?:[\w.-]{1,99}:)?Envelope\s*+>))"
)
_DECLARATION: Final = re.compile(r"<\?xml[^<>]{0,200}\?>\s{0,50}\Z")
_BEFORE: Final = 300
# What a message is, as its body says; a field may be named anything.
_PAYLOAD: Final = re.compile(
    r"<(?:[\w.-]{1,99}:)?Body(?:\s[^<>]{0,2000})?>\s*+<(?:[\w.-]{1,99}:)?([\w.-]{1,200})[\s/>]"
)
_FILLED: Final = re.compile(rb"[^\n]++")
_RESPONSE: Final = re.compile(r"respon|answer|reply|output", re.IGNORECASE)


def read_json_lines(stream: Readable) -> Iterator[Entry]:
    """Yield each envelope.

    A file whose first line is no complete JSON is read as one document.

    Raises:
        SoblobError: A line is not JSON.
    """
    for number, line, before in _lines(stream.read()):
        if before:
            yield Entry(where=f"line {number}", count=before)
        if not line:
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


def _lines(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Yield number and bytes of each line with an envelope, and the number of others before it.

    The whole file is one line if its first line is no complete JSON.
    """
    data = data.removeprefix(b"\xef\xbb\xbf").strip()
    first = data.find(b"\n")
    if first < 0 or not _is_complete(data[:first]):
        yield 1, data, 0
        return
    start = number = 0  # the next line, and how many lines come before it
    while found := ENVELOPE_IN_JSON.search(data, start):
        begin = data.rfind(b"\n", start, found.start()) + 1 or start
        end = data.find(b"\n", found.end())
        end = len(data) if end < 0 else end
        number += data.count(b"\n", start, begin) + 1
        yield number, data[begin:end], _filled(data, start, begin)
        start = end + 1
    if others := _filled(data, start, len(data)):
        yield number + 1, b"", others


def _filled(data: bytes, start: int, end: int) -> int:
    """Return the number of lines in a part of the data, without those that are empty."""
    if start >= end:
        return 0
    if data.startswith(b"\n", start) or data.find(b"\n\n", start, end) >= 0:
        return sum(1 for _ in _FILLED.finditer(data, start, end))
    return data.count(b"\n", start, end) + (data[end - 1] != ord("\n"))  # as fast as can be


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
            declared = _DECLARATION.search(text, max(end, tag.start() - _BEFORE), tag.start())
            start = tag.start() if declared is None else declared.start()
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
