"""Judging of one file: read it, judge it, and return the result as text or JSON.

The result is small and picklable: text ready to be written, and the facts for the exit code. So a
worker process can do all of it, and no large objects cross between processes.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from pytest_soblob._http import Captured, HttpSyntaxError
from pytest_soblob._text import ascii_controls
from pytest_soblob._xml import carving as _carving
from pytest_soblob._xml.document import Document
from pytest_soblob.cli.output import progress_of
from pytest_soblob.conformance.captures import Capture
from pytest_soblob.conformance.captures.files import (
    LARGEST_FILE_BYTES,
    MOST_MESSAGES,
    contents_of,
    iter_messages_in,
)
from pytest_soblob.conformance.opening import STANDARD_INPUT, Opened
from pytest_soblob.errors import SoblobError
from pytest_soblob.judge.rendering import WIDTH, count_text, render_violations
from pytest_soblob.judge.severities import Severities
from pytest_soblob.judge.validators import EnvelopeValidator
from pytest_soblob.judge.validators.packing import unpack
from pytest_soblob.judge.violations import Verdict
from pytest_soblob.soap.envelope import Envelope, local_name

if TYPE_CHECKING:
    from pytest_soblob.judge.cross_check import Disagreement

_MOST_LISTED: Final = 5  # on one line


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeSettings:
    """How files are judged and reported; picklable, the same for all files of a run.

    Attributes:
        kind: `request`, `response`, or `auto` to detect it for each message.
        profile: As for `EnvelopeValidator`.
        installation: As for `EnvelopeValidator`.
        operation: The only operation that is valid; None for any.
        severities: What fails, and overridden severities.
        max_message_size: As for `EnvelopeValidator`.
        cross_check: Whether libxml2's XML Schema and xmlschema validate as well.
        max_size: Largest size in bytes of a file that is judged.
        output: `text`, `json` (an indented item of a list) or `jsonl` (an object on one line).
        width: Columns at which text wraps.
        shows_progress: Whether the progress inside a file is shown on standard error.
    """

    kind: str = "auto"
    profile: str = "auto"
    installation: str = "onsite"
    operation: str | None = None
    severities: Severities = field(default_factory=Severities)
    max_message_size: int | None = None
    cross_check: bool = False
    max_size: int = LARGEST_FILE_BYTES
    output: str = "text"
    width: int = WIDTH
    shows_progress: bool = False


class Outcome(NamedTuple):
    """The result for one file.

    Attributes:
        text: The output, without the last line end; for an unread file the reason, on one line.
        is_valid: Whether the file was read and has no error.
        is_read: Whether the file was read at all.
        fails: Whether it has a violation at or above the threshold.
        remark: What was not judged, for standard error; empty if everything was.
    """

    text: str
    is_valid: bool = False
    is_read: bool = True
    fails: bool = False
    remark: str = ""


class _Location(NamedTuple):
    """A message of a file.

    Attributes:
        file: Name of the file.
        number: Number of the message, counted from 1; 0 if it is the only one.
        where: Place in an export, such as `entry 3, response`; empty for other files.
    """

    file: str
    number: int
    where: str = ""

    def __str__(self) -> str:
        where = self.where or (f"message {self.number}" if self.number else "")
        return shown(self.file) + (f", {where}" if where else "")


# Separators between the messages of a file, other than a line end.
_BETWEEN: Final = {"json": ",\n"}
# A file to judge, or an outcome known before judging, such as that of an unreadable folder.
Item = str | Outcome


def judge_item(item: Item, settings: JudgeSettings) -> Outcome:
    """Read and judge one file; return a known outcome unchanged."""
    return item if isinstance(item, Outcome) else judge_file(item, settings)


def judge_file(file: str, settings: JudgeSettings) -> Outcome:
    """Read and judge one file; a file that cannot be read has an outcome as well."""
    try:
        with contents_of(file, settings.max_size) as (found, source):
            if isinstance(found, Capture):
                return _judge_capture(file, found, source, settings)
    except SoblobError as error:
        return unread(file, str(error))
    is_only = found.is_alone and settings.output == "text"
    judged = _Judged(settings)
    for number, message in found.messages:
        judged.add(_Location(file, 0 if is_only else number), message)
    return judged.outcome()


def _judge_capture(file: str, capture: Capture, source: Opened, settings: JudgeSettings) -> Outcome:
    """Judge each message of an export, one at a time."""
    judged, kind = _Judged(settings), capture.format
    try:
        with progress_of(file, settings.shows_progress) as advance:
            for number, (where, message) in enumerate(capture, 1):
                if number > MOST_MESSAGES:
                    return unread(file, f"it has more than {MOST_MESSAGES:,} messages: split it")
                judged.add(_Location(file, number, where), message)
                advance(source.position)
    except SoblobError as error:
        return unread(file, f"this is {kind.name}: {error}")
    remarks = [f"{where} is not judged: {why}" for where, why in capture.not_held]
    if capture.count_not_held > len(remarks):
        remarks.append(f"{capture.count_not_held - len(remarks):,} more are not judged")
    if capture.passed_over:
        unit = kind.unit if capture.passed_over == 1 else kind.units
        entries = f"{capture.passed_over:,} {unit}"
        remarks.append(f"{entries} of other traffic passed over")
    if not judged.texts:
        remarks = remarks or [f"no {kind.unit}"]
        listed = "; ".join(remarks[:_MOST_LISTED] + remarks[_MOST_LISTED:][-1:])
        return unread(file, f"this is {kind.name} without a message of the service ({listed})")
    return judged.outcome("\n".join(f"soblob: {shown(file)}: {remark}" for remark in remarks))


class _Judged:
    """The result for the messages of one file, collected one at a time.

    A file is valid if all of its messages are, and fails if one does.
    """

    def __init__(self, settings: JudgeSettings) -> None:
        self.texts: list[str] = []
        self._settings = settings
        self._valid, self._fails = True, False

    def add(self, location: _Location, message: Captured | bytes) -> None:
        """Judge one message."""
        settings = self._settings
        verdict = _judge(message, settings)
        others = _cross_check(message, settings) if settings.cross_check else []
        self._valid = self._valid and verdict.is_valid
        self._fails = self._fails or bool(settings.severities.failing(verdict.violations))
        self._fails = self._fails or any(not other.rows for other in others)
        as_text = _as_text if settings.output == "text" else _as_json
        self.texts.append(as_text(location, verdict, settings, others))

    def outcome(self, remark: str = "") -> Outcome:
        """Return the result."""
        text = _BETWEEN.get(self._settings.output, "\n").join(self.texts)
        return Outcome(text, self._valid, fails=self._fails, remark=remark)


def judge_files(files: Iterable[str], settings: JudgeSettings) -> list[Outcome]:
    """Judge some files one after the other: the task of a worker process."""
    return [judge_file(file, settings) for file in files]


def judge_bytes(data: bytes, settings: JudgeSettings) -> Verdict:
    """Judge an envelope, or a raw HTTP message that contains one; of several, the first."""
    return _judge(next(iter_messages_in(data)), settings)


def _judge(message: Captured | bytes, settings: JudgeSettings) -> Verdict:
    if isinstance(message, bytes):
        return _judge_envelope(message, settings)
    found, captured = message
    kind = found if settings.kind == "auto" else settings.kind
    validator = _validator(kind, settings)
    if isinstance(captured, HttpSyntaxError):
        return validator.judge_malformed(captured)
    # If it is judged as the other kind, its HTTP part does not apply.
    return validator.judge(captured if kind == found else unpack(captured).data)


def _judge_envelope(data: bytes, settings: JudgeSettings) -> Verdict:
    document = _carving.parse(data)
    kind = _kind_of(document) if settings.kind == "auto" else settings.kind
    return _validator(kind, settings).examine(data, document=document)[0]


@lru_cache(maxsize=8)
def _validator(kind: str, settings: JudgeSettings) -> EnvelopeValidator:
    return EnvelopeValidator.of_service(
        kind,
        settings.profile,
        settings.installation,
        operation=settings.operation,
        max_message_size=settings.max_message_size,
        severities=settings.severities,
    )


def _cross_check(message: Captured | bytes, settings: JudgeSettings) -> list["Disagreement"]:
    """Return where the libraries differ from the contract; overridden severities do not matter."""
    from pytest_soblob.judge.cross_check import cross_check  # loads xmlschema, which takes long

    plain = replace(settings, severities=Severities(), max_message_size=None)
    verdict = _judge(message, plain)
    if isinstance(message, bytes):
        return cross_check(message, verdict)
    if isinstance(message.message, HttpSyntaxError):
        return []
    return cross_check(unpack(message.message).data, verdict)


def unread(file: str, reason: str) -> Outcome:
    """Return the outcome of a file or folder that cannot be read."""
    return Outcome(f"soblob: {shown(file)}: {reason}", is_read=False)


def reason_of(error: OSError) -> str:
    """Return the system's error text, without the file name."""
    return error.strerror or type(error).__name__


def shown(file: str) -> str:
    """Return a path as printable text on one line, whatever bytes it has."""
    if file == STANDARD_INPUT:
        return "standard input"
    return ascii_controls(click.format_filename(file))


def _kind_of(document: Document) -> str:
    """Return the kind of a message by the Body's child; `request` if that does not show it."""
    envelope = Envelope.from_document(document)
    element = None if envelope is None else envelope.payload_element
    if element is None:
        return "request"
    name = local_name(element)
    return "response" if name == "Fault" or name.endswith("Response") else "request"


def _as_text(
    location: _Location, verdict: Verdict, settings: JudgeSettings, others: Sequence["Disagreement"]
) -> str:
    state = (
        click.style("valid", fg="green") if verdict.is_valid else click.style("INVALID", fg="red")
    )
    if verdict.is_valid and settings.severities.failing(verdict.violations):
        state += click.style(f", but fails on {settings.severities.fail_on}s", fg="red")
    profile = f" (profile {verdict.profile})" if verdict.profile else ""
    line = f"{location}: {state} {verdict.kind}{profile}, {count_text(verdict.violations)}"
    line = "\n".join([line, *(f"   {other}" for other in others)])
    if not verdict.violations:
        return line
    return f"{line}\n\n{render_violations(verdict.violations, width=settings.width)}\n"


def _as_json(
    location: _Location, verdict: Verdict, settings: JudgeSettings, others: Sequence["Disagreement"]
) -> str:
    item: dict[str, object] = {
        "file": location.file,
        "message": location.number,
        **({"where": location.where} if location.where else {}),
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
        # An item of a list that json.dumps would indent by two as a whole.
        text = "  " + json.dumps(item, indent=2, ensure_ascii=False).replace("\n", "\n  ")
    # Bytes of a name that are not UTF-8 become \udcXX, which is also JSON's escape for them.
    return text.encode("utf-8", "backslashreplace").decode()
