"""One file: read, judged, and said in words or as JSON.

What comes out is small and picklable: text that is ready to be written, and what the exit code
needs. So a worker process can do all of it, and nothing big crosses between processes.
"""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from pytest_soblob import _carving
from pytest_soblob._http import HttpSyntaxError, looks_like_http, parse_message
from pytest_soblob._text import ascii_controls
from pytest_soblob.envelope import Envelope, local_name
from pytest_soblob.errors import SoblobError
from pytest_soblob.rendering import WIDTH, count_text, render_violations
from pytest_soblob.severities import Severities
from pytest_soblob.validators import EnvelopeValidator
from pytest_soblob.validators.validator import malformed_http
from pytest_soblob.violations import Verdict

if TYPE_CHECKING:
    from pytest_soblob.cross_check import Disagreement

LARGEST_FILE_BYTES = 512 * 1024 * 1024
STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeSettings:
    """How files are judged and told of; picklable, the same for every file of a run.

    Attributes:
        kind: `request`, `response`, or `auto`, which tells it from each file.
        profile: As the validator's.
        installation: As the validator's.
        severities: What fails, and a team's own severities.
        max_message_size: As the validator's.
        cross_check: Whether libxml2's XML Schema and xmlschema are asked as well.
        max_size: The most bytes that are read of a file; a larger one is not judged.
        output: `text`, `json` (an indented item of a list) or `jsonl` (an object on one line).
        width: Columns at which text wraps.
    """

    kind: str = "auto"
    profile: str = "auto"
    installation: str = "onsite"
    severities: Severities = field(default_factory=Severities)
    max_message_size: int | None = None
    cross_check: bool = False
    max_size: int = LARGEST_FILE_BYTES
    output: str = "text"
    width: int = WIDTH


class Outcome(NamedTuple):
    """What there is to say about one file.

    Attributes:
        text: What to write about it, without the last line end; of an unread file, why, on a line.
        is_valid: Whether it was read, and has no error.
        is_read: Whether it was read at all.
        fails: Whether it has anything at or above the threshold.
    """

    text: str
    is_valid: bool = False
    is_read: bool = True
    fails: bool = False


# A file to judge, or what is known already: of a folder that cannot be listed.
Item = str | Outcome


def judge_item(item: Item, settings: JudgeSettings) -> Outcome:
    """Read and judge one file; hand on what is known already."""
    return item if isinstance(item, Outcome) else judge_file(item, settings)


def judge_file(file: str, settings: JudgeSettings) -> Outcome:
    """Read and judge one file; a file that cannot be read is an outcome as well."""
    try:
        data = _read(file, settings.max_size)
    except SoblobError as error:
        return unread(file, str(error))
    verdict = judge_bytes(data, settings)
    as_text = _as_text if settings.output == "text" else _as_json
    others = _ask_others(data, settings) if settings.cross_check else []
    fails = bool(settings.severities.failing(verdict.violations))
    fails = fails or any(not other.rows for other in others)
    return Outcome(as_text(file, verdict, settings, others), verdict.is_valid, fails=fails)


def judge_files(files: Iterable[str], settings: JudgeSettings) -> list[Outcome]:
    """Judge some files one after the other: what a worker process is asked to do."""
    return [judge_file(file, settings) for file in files]


def judge_bytes(data: bytes, settings: JudgeSettings) -> Verdict:
    """Judge an envelope, or a raw HTTP message with one inside."""
    kind = settings.kind
    if not looks_like_http(data):
        kind = _kind_of(data) if kind == "auto" else kind
        return _validator(kind, settings).judge(data)
    found = "response" if data.lstrip()[:5].upper() == b"HTTP/" else "request"
    kind = found if kind == "auto" else kind
    try:
        message = parse_message(data)
    except HttpSyntaxError as error:
        verdict = malformed_http(kind, error)
        return replace(verdict, violations=settings.severities.apply(verdict.violations))
    validator = _validator(kind, settings)
    # Asked to judge it as the other kind, there is no HTTP side of it to judge.
    return validator.judge(message if kind == found else message.body)


@cache
def _validator(kind: str, settings: JudgeSettings) -> EnvelopeValidator:
    return EnvelopeValidator(
        kind,
        settings.profile,
        settings.installation,
        max_message_size=settings.max_message_size,
        severities=settings.severities,
    )


def _ask_others(data: bytes, settings: JudgeSettings) -> list["Disagreement"]:
    """Return where the libraries differ from the contract, whatever a team makes of its rules."""
    from pytest_soblob.cross_check import cross_check  # loads xmlschema, which takes long

    plain = replace(settings, severities=Severities(), max_message_size=None)
    verdict = judge_bytes(data, plain)
    if looks_like_http(data):
        try:
            data = parse_message(data).body
        except HttpSyntaxError:
            return []
    return cross_check(data, verdict)


def unread(file: str, reason: str) -> Outcome:
    """Return the outcome of a file or folder that cannot be read."""
    return Outcome(f"soblob: {shown(file)}: {reason}", is_read=False)


def reason_of(error: OSError) -> str:
    """Return what the system says, without the name, which is said otherwise."""
    return error.strerror or type(error).__name__


def shown(file: str) -> str:
    """Return a path as it may be written to a terminal, on one line, whatever bytes it has."""
    if file == STANDARD_INPUT:
        return "standard input"
    return ascii_controls(click.format_filename(file))


def _read(file: str, max_size: int) -> bytes:
    """Return a file's bytes.

    Raises:
        SoblobError: It is missing, may not be read, or is over the limit.
    """
    try:
        if file == STANDARD_INPUT:
            data = sys.stdin.buffer.read(max_size + 1)
        else:
            with Path(file).open("rb") as stream:
                # Asked for the limit at once, Python would reserve that much for every file.
                size = min(os.fstat(stream.fileno()).st_size, max_size) + 1
                data = stream.read(size)
                if len(data) == size:  # it has grown, or is a pipe
                    data += stream.read(max_size + 1 - size)
    except OSError as error:
        raise SoblobError(reason_of(error)) from None
    except ValueError as error:  # a NUL in the name
        raise SoblobError(str(error)) from None
    if len(data) > max_size:
        raise SoblobError(f"over the limit of {max_size:,} bytes (--max-size)")
    return data


def _kind_of(data: bytes) -> str:
    """Tell a request from a response by the Body's child; what cannot be told is a request."""
    envelope = Envelope.from_document(_carving.parse(data))
    element = None if envelope is None else envelope.payload_element
    if element is None:
        return "request"
    name = local_name(element)
    return "response" if name == "Fault" or name.endswith("Response") else "request"


def _as_text(
    file: str, verdict: Verdict, settings: JudgeSettings, others: Sequence["Disagreement"]
) -> str:
    state = (
        click.style("valid", fg="green") if verdict.is_valid else click.style("INVALID", fg="red")
    )
    if verdict.is_valid and settings.severities.failing(verdict.violations):
        state += click.style(f", but fails on {settings.severities.fail_on}s", fg="red")
    profile = f", profile {verdict.profile}" if verdict.profile else ""
    line = f"{shown(file)}: {state} {verdict.kind}{profile}: {count_text(verdict.violations)}"
    line = "\n".join([line, *(f"   {other}" for other in others)])
    if not verdict.violations:
        return line
    return f"{line}\n\n{render_violations(verdict.violations, width=settings.width)}\n"


def _as_json(
    file: str, verdict: Verdict, settings: JudgeSettings, others: Sequence["Disagreement"]
) -> str:
    item: dict[str, object] = {
        "file": file,
        "kind": verdict.kind,
        "profile": verdict.profile,
        "valid": verdict.is_valid,
        "violations": [violation.to_json() for violation in verdict.violations],
    }
    if settings.cross_check:
        item["cross_check"] = [other.to_json() for other in others]
    if settings.output == "jsonl":
        text = json.dumps(item, ensure_ascii=False)
    else:
        # As an item of the list that json.dumps would indent by two as a whole.
        text = "  " + json.dumps(item, indent=2, ensure_ascii=False).replace("\n", "\n  ")
    # A name's bytes that are no UTF-8 become \udcXX, which is how JSON escapes them, too.
    return text.encode("utf-8", "backslashreplace").decode()
