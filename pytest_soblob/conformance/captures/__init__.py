"""Exports of tools: which format a file has, and the messages of the service in it.

There is one module per format: a pure function from a stream of bytes to entries. An entry that
neither goes to the service nor has an envelope is passed over and counted.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from pytest_soblob._http import Captured, HttpSyntaxError
from pytest_soblob.conformance.captures.decoding import Readable, as_utf8, decoded_head
from pytest_soblob.conformance.captures.entries import ENVELOPE_IN_JSON, Entry, Message
from pytest_soblob.conformance.opening import HEAD_BYTES
from pytest_soblob.errors import SoblobError
from pytest_soblob.wire import HttpRequest

# Each takes some 20 us, however short it is in the file.
MOST_ENTRIES: Final = 50_000
# Beyond which they are counted only.
MOST_NOT_HELD: Final = 20
_PROLOG: Final = rb"(?:\s++|<\?[^>]*+>|<!--(?:[^-]|-(?!->))*+-->)*+"
_IN_SAZ: Final = re.compile(rb"PK\x03\x04.*?(?:_index\.htm|raw[/\\]\d{1,9}_[csm]\.)", re.DOTALL)
_HAR: Final = re.compile(
    rb'\A\s*\{\s*"log"\s*:\s*\{.*?"(?:version|creator|browser|pages|entries)"\s*:', re.DOTALL
)
_POSTMAN: Final = re.compile(
    rb"\A\s*\{.*?(?:_postman_id|schema\.getpostman\.com|postman_variable)", re.DOTALL
)
_BURP: Final = re.compile(
    rb"\A%b(?:<!DOCTYPE items\b.*?\]>\s*)?<items\b[^>]*\bburpVersion" % _PROLOG, re.DOTALL
)
_SOAPUI: Final = re.compile(rb"\A%b<(?:[\w.-]+:)?soapui-project\b" % _PROLOG)
_RECORDING: Final = re.compile(rb'\A\{"soblob_recording":')


class Format(NamedTuple):
    """A format that is read.

    Attributes:
        name: What it is, with an article.
        unit: What one of its entries is called.
        units: What several are called.
    """

    name: str
    unit: str
    units: str


FORMATS: Final = {
    "har": Format("an HTTP archive (HAR)", "entry", "entries"),
    "burp": Format("a Burp export", "item", "items"),
    "saz": Format("a Fiddler archive (SAZ)", "session", "sessions"),
    "soapui": Format("a SoapUI project", "message", "messages"),
    "postman": Format("a Postman collection", "request", "requests"),
    "recording": Format("a recording of soblob record", "exchange", "exchanges"),
    "json": Format("JSON with an envelope in a string", "line", "lines"),
}


class Judgeable(NamedTuple):
    """A message of the service.

    Attributes:
        where: Place in the file, such as `entry 3, response`.
        message: The message; bytes for an envelope without its HTTP part.
    """

    where: str
    message: Captured | bytes


def find_format(head: bytes) -> Format | None:
    """Return the format of a file, or None if it may be a message itself.

    Args:
        head: Beginning of the file: `HEAD_BYTES`, or all of it for JSON lines.
    """
    if _IN_SAZ.match(head):
        return FORMATS["saz"]
    text = decoded_head(head)
    for name, pattern in (
        ("recording", _RECORDING),
        ("har", _HAR),
        ("postman", _POSTMAN),
        ("burp", _BURP),
        ("soapui", _SOAPUI),
    ):
        if pattern.match(text):
            return FORMATS[name]
    return None


def is_json_with_envelope(data: bytes) -> bool:
    """Whether a whole file is JSON with an envelope in a string."""
    begins = data[:HEAD_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return begins in (b"{", b"[", b'"') and ENVELOPE_IN_JSON.search(data) is not None


class Capture:
    """The messages of the service in one file; iterable once.

    Args:
        format: Format of the file.
        stream: The file, from its beginning.
        file: Its path, for a format that keeps bodies beside it; None if it has none.

    Attributes:
        format: The format.
        passed_over: Number of entries passed over so far.
        not_held: Place and reason for messages that the export does not hold, or that are answers
            without SOAP, the first of them.
        count_not_held: Number of all of them so far.
    """

    def __init__(self, format: Format, stream: Readable, file: Path | None = None) -> None:
        self.format = format
        self.passed_over = 0
        self.not_held: list[tuple[str, str]] = []
        self._read = _reader(format, file)
        self.count_not_held = 0
        # Of the others one is bytes, and two are UTF-8 already.
        is_text = format not in (FORMATS["saz"], FORMATS["json"], FORMATS["recording"])
        self._stream = as_utf8(stream) if is_text else stream

    def __iter__(self) -> Iterator[Judgeable]:
        for number, entry in enumerate(self._read(self._stream), 1):
            if number > MOST_ENTRIES:
                raise SoblobError(
                    f"it has more than {MOST_ENTRIES:,} {self.format.units}: split it"
                )
            if not entry.is_of_the_service:
                self.passed_over += entry.count
                continue
            lacking = entry.not_judged
            self.count_not_held += len(lacking)
            if len(self.not_held) < MOST_NOT_HELD:
                self.not_held += [(f"{entry.where}, {kind}", why) for kind, why in lacking]
            for kind, where, message in entry.messages():
                yield Judgeable(where, _captured(kind, message))


def _captured(kind: str, message: Message) -> Captured | bytes:
    if isinstance(message, bytes):
        return message
    if isinstance(message, HttpSyntaxError):
        return Captured(kind, message)
    is_request = isinstance(message, HttpRequest)
    return Captured("request" if is_request else "response", message)


def _reader(format: Format, file: Path | None) -> Callable[[Readable], Iterator[Entry]]:
    """Return the reader of a format, whose module is loaded only if it is needed."""
    if format is FORMATS["recording"]:
        from pytest_soblob.conformance.captures.recording import read_recording

        return partial(read_recording, file=file)
    if format is FORMATS["har"]:
        from pytest_soblob.conformance.captures.har import read_har as read
    elif format is FORMATS["burp"]:
        from pytest_soblob.conformance.captures.burp import read_burp as read
    elif format is FORMATS["saz"]:
        from pytest_soblob.conformance.captures.saz import read_saz as read
    elif format is FORMATS["soapui"]:
        from pytest_soblob.conformance.captures.soapui import read_soapui as read
    elif format is FORMATS["postman"]:
        from pytest_soblob.conformance.captures.postman import read_postman as read
    else:
        from pytest_soblob.conformance.captures.json_lines import read_json_lines as read
    return read


__all__ = [
    "FORMATS",
    "Capture",
    "Format",
    "Judgeable",
    "find_format",
    "is_json_with_envelope",
]
