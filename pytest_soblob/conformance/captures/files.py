"""What a file holds, whatever its format: an export, raw HTTP messages or one envelope."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from pytest_soblob._http import Captured, iter_messages, looks_like_http
from pytest_soblob.conformance.captures import (
    FORMATS,
    Capture,
    Judgeable,
    find_format,
    is_json_with_envelope,
)
from pytest_soblob.conformance.captures.decoding import decoded
from pytest_soblob.conformance.captures.entries import is_without_soap
from pytest_soblob.conformance.captures.recording import folder_of
from pytest_soblob.conformance.captures.unread import find_export
from pytest_soblob.conformance.opening import Opened, opened
from pytest_soblob.errors import SoblobError
from pytest_soblob.judge.validators.http import is_call
from pytest_soblob.wire import HttpRequest, HttpResponse

LARGEST_FILE_BYTES: Final = 512 * 1024 * 1024
# Messages in one file, beyond which it is not judged: each has up to a page of output.
MOST_MESSAGES: Final = 10_000

_LARGEST_JSON: Final = 10_000_000
_FOLLOWED: Final = re.compile(rb"\s*+=++\r?\nFollow: [a-z]{1,9},raw\r?\n")
# In pairs of digits; the lines of the server begin with a tab.
_HEX_LINE: Final = re.compile(rb"^\t?((?:[0-9a-f]{2})++)\r?$", re.MULTILINE)


class Raw(NamedTuple):
    """The messages of a file that is no export.

    Attributes:
        messages: Each message with its number, counted from 1.
        is_alone: Whether the file is one message.
    """

    messages: list[tuple[int, Captured | bytes]]
    is_alone: bool


@contextmanager
def contents_of(file: str, limit: int) -> Iterator[tuple[Capture | Raw, Opened]]:
    """Provide what a file holds, and the file, whose position shows the progress.

    Args:
        file: A path, or `-` for standard input.
        limit: Largest number of bytes, unpacked.

    Raises:
        SoblobError: It cannot be read, is damaged, or is of a format that is not read.
    """
    with opened(file, limit) as source:
        yield _contents(source, None if file == "-" else Path(file)), source


def _contents(source: Opened, file: Path | None) -> Capture | Raw:
    kind = find_format(source.head)
    if kind is not None:
        return Capture(kind, source, file)
    data = _of_a_stream(source.read())
    export = find_export(data)
    if export is not None:
        raise SoblobError(f"this is {export}")
    text = decoded(data) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else data
    if is_json_with_envelope(text):
        return Capture(FORMATS["json"], BytesIO(text))
    if not data and file is not None and folder_of(file).is_dir():
        raise SoblobError("this is a recording of soblob record without an exchange")
    if _is_json(text) and (file is None or file.suffix.lower() != ".xml"):
        raise SoblobError("this is JSON without an envelope in it: no message of the service")
    messages = list(islice(iter_messages_in(data), MOST_MESSAGES + 1))
    if len(messages) > MOST_MESSAGES:
        raise SoblobError(f"it has more than {MOST_MESSAGES:,} messages: split it")
    answers = [one.message for one in messages if isinstance(one, Captured)]
    alone = [one for one in answers if isinstance(one, HttpResponse) and is_without_soap(one)]
    if alone and len(alone) == len(messages):
        raise SoblobError(
            f"this is an answer with status {alone[0].status} and without an envelope"
        )
    return Raw(_calls_of(messages), len(messages) == 1)


def _is_json(data: bytes) -> bool:
    """Whether a file is JSON: as a whole, or its first line."""
    text = data.removeprefix(b"\xef\xbb\xbf").strip()
    if text[:1] not in (b"{", b"["):
        return False
    for part in (text.partition(b"\n")[0], text):
        with suppress(ValueError, RecursionError):
            if len(part) <= _LARGEST_JSON:
                json.loads(part)
                return True
    return False


def _of_a_stream(data: bytes) -> bytes:
    """Return the bytes of a stream that `tshark -z follow,tcp,raw` shows in hexadecimal digits."""
    if _FOLLOWED.match(data) is None:
        return data
    lines = _HEX_LINE.finditer(data)
    return b"".join(bytes.fromhex(line[1].decode()) for line in lines)


def iter_messages_in(data: bytes) -> Iterator[Captured | bytes]:
    """Yield what is to be judged: each HTTP message of a capture, or the bytes themselves."""
    if looks_like_http(data):
        yield from iter_messages(data)
    else:
        yield data


def iter_judgeable(found: Capture | Raw) -> Iterator[Judgeable]:
    """Yield each message of a file with its place; an empty one for a file that is an envelope."""
    if isinstance(found, Capture):
        yield from found
        return
    for number, message in found.messages:
        where = "" if isinstance(message, bytes) else f"message {number}, {message.kind}"
        yield Judgeable(where, message)


def _calls_of(messages: list[Captured | bytes]) -> list[tuple[int, Captured | bytes]]:
    """Return the messages with their numbers, without GET requests that fetch a WSDL or a page.

    A client that fetches the WSDL first does so on the same connection, and so in the same capture.
    The response that directly follows such a request is left out, too, and so are answers without
    SOAP, such as a 415. If there are no other messages, they are judged.
    """
    numbered = list(enumerate(messages, 1))
    calls = []
    is_answer_passed = False
    for number, message in numbered:
        captured = None if isinstance(message, bytes) else message.message
        is_passed = isinstance(captured, HttpResponse) and (
            is_answer_passed or is_without_soap(captured)
        )
        is_answer_passed = isinstance(captured, HttpRequest) and not is_call(captured)
        if not (is_passed or is_answer_passed):
            calls.append((number, message))
    return calls or numbered
