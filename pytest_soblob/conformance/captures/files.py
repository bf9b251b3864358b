"""The messages of a file, whatever its format: an export, raw HTTP messages or one envelope."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

from pytest_soblob._http import iter_messages, looks_like_http
from pytest_soblob.conformance.captures import (
    FORMATS,
    Capture,
    Judgeable,
    find_format,
    is_json_with_envelope,
)
from pytest_soblob.conformance.opening import opened

_LARGEST_BYTES: Final = 512 * 1024 * 1024


def messages_of(path: Path) -> Iterator[Judgeable]:
    """Yield each message of the service in a file.

    Raises:
        SoblobError: The file cannot be read, or is damaged.
    """
    with opened(str(path), _LARGEST_BYTES) as source:
        kind = find_format(source.head)
        if kind is not None:
            yield from Capture(kind, source, path)
            return
        data = source.read()
    if is_json_with_envelope(data):
        yield from Capture(FORMATS["json"], BytesIO(data))
    elif looks_like_http(data):
        for number, captured in enumerate(iter_messages(data), 1):
            yield Judgeable(f"message {number}, {captured.kind}", captured)
    else:
        yield Judgeable("", data)
