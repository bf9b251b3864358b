"""Recordings of `soblob record`: lines of JSON, with the bodies in a folder beside the file."""

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from pytest_soblob.conformance.captures.decoding import Readable
from pytest_soblob.conformance.captures.entries import (
    Entry,
    as_dict,
    as_list,
    as_status,
    as_text,
    without_lengths,
)
from pytest_soblob.conformance.opening import BODIES
from pytest_soblob.errors import SoblobError
from pytest_soblob.wire import HttpRequest, HttpResponse

VERSION: Final = 1
_LONGEST_LINE: Final = 16 * 1024 * 1024
_LARGEST_BODY: Final = 512 * 1024 * 1024
_PIECE_BYTES: Final = 1024 * 1024
_HASH: Final = re.compile(r"[0-9a-f]{64}")
# No link is followed and no pipe waited for: a recording may come from anybody.
_FLAGS: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_KINDS: Final = ("request", "response")


class _Body(NamedTuple):
    """A body, or why there is none."""

    data: bytes
    missing: str | None = None


def folder_of(file: Path) -> Path:
    """Return the folder that has the bodies of a recording."""
    return file.with_name(f"{file.name}{BODIES}")


def read_recording(stream: Readable, file: Path | None) -> Iterator[Entry]:
    """Yield each exchange. What has been cut off at the end of the file is one without messages.

    Args:
        stream: The file.
        file: Its path, beside which the bodies are; None if it has none.

    Raises:
        SoblobError: A line is no exchange, or is of a later version.
    """
    number = 0
    for line, is_whole in _lines(stream):
        if not line.strip():
            continue
        number += 1
        try:
            item = as_dict(json.loads(line))
        except (ValueError, RecursionError):
            item = {}
        if not is_whole and "soblob_recording" not in item:
            yield Entry(
                where=f"exchange {number}",
                request=HttpRequest(target="/BLOB.svc"),
                not_held=(("request", "the file is cut off in its line"),),
            )
            return
        if "soblob_recording" not in item:
            raise SoblobError(f"line {number} is no exchange")
        if item["soblob_recording"] != VERSION:
            raise SoblobError(f"line {number} was written by a later version of soblob record")
        yield _entry(number, item, None if file is None else folder_of(file))


def _lines(stream: Readable) -> Iterator[tuple[bytes, bool]]:
    """Yield the lines, and whether each has its end."""
    rest = b""
    while piece := stream.read(_PIECE_BYTES):
        *lines, rest = (rest + piece).split(b"\n")
        yield from ((line, True) for line in lines)
        if len(rest) > _LONGEST_LINE:
            raise SoblobError(f"it has a line over {_LONGEST_LINE:,} bytes")
    if rest:
        yield rest, False


def _entry(number: int, item: dict[str, Any], folder: Path | None) -> Entry:
    asked, answered = as_dict(item.get("request")), as_dict(item.get("response"))
    bodies = [_body(one, folder) for one in (asked, answered)]
    status = as_status(answered.get("status"))
    missing = [body.missing for body in bodies]
    if status and item.get("failure") is not None:
        missing[1] = as_text(item["failure"]) or "it is not complete"
    held = zip(_KINDS, missing, strict=True)
    request: HttpRequest = without_lengths(
        HttpRequest(
            method=as_text(asked.get("method")) or "POST",
            target=as_text(asked.get("target")) or "/",
            headers=_headers(asked),
            body=bodies[0].data,
            http_version="1.0" if asked.get("http_version") == "1.0" else "1.1",
        ),
        *_decoded(asked),
    )
    response = HttpResponse(
        status=status,
        reason=as_text(answered.get("reason")),
        headers=_headers(answered),
        body=bodies[1].data,
    )
    return Entry(
        where=f"exchange {number}",
        request=request,
        response=without_lengths(response, *_decoded(answered)) if status else None,
        not_held=tuple((kind, why) for kind, why in held if why is not None),
    )


def _decoded(item: dict[str, Any]) -> tuple[str, ...]:
    return ("content-encoding",) if item.get("decoded") else ()


def _headers(item: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    pairs = [one for one in as_list(item.get("headers")) if isinstance(one, list) and len(one) == 2]
    return tuple((str(name), str(value)) for name, value in pairs)


def _body(item: dict[str, Any], folder: Path | None) -> _Body:
    """Return the body of a message, whose name must be its hash."""
    if item.get("not_kept"):
        return _Body(b"", f"its body was not kept: {as_text(item['not_kept'])}")
    name = item.get("body")
    if name is None:
        return _Body(b"")
    if folder is None or not isinstance(name, str) or not _HASH.fullmatch(name):
        return _Body(b"", "its body is not here: name the file, with its .bodies folder beside it")
    try:
        descriptor = os.open(folder / name, os.O_RDONLY | _FLAGS)
        with os.fdopen(descriptor, "rb") as stream:
            is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
            data = stream.read(_LARGEST_BODY + 1) if is_file else b""
    except OSError as error:
        said = error.strerror or type(error).__name__
        return _Body(b"", f"its body cannot be read in {folder.name}: {said}")
    if hashlib.sha256(data).hexdigest() != name:
        return _Body(b"", f"its body in {folder.name} is not the one that was recorded")
    return _Body(data)
