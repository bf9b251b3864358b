"""A recording: each exchange as one line of JSON, its bodies beside it, both without secrets.

A body is complete on the disk before the line that names it is written, and a line is written at
once. So a recording that ends at any moment can be read to its last whole line.
"""

import hashlib
import json
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

from pytest_soblob._text import KnownSecrets, ascii_controls, clip, hide, plural
from pytest_soblob._xml import carving as _carving
from pytest_soblob.conformance.captures.entries import is_without_soap
from pytest_soblob.conformance.captures.recording import VERSION, folder_of
from pytest_soblob.conformance.documented import (
    LARGEST_COMPARED,
    Difference,
    answer_of_host,
    compare,
)
from pytest_soblob.conformance.markup import is_contract_text, is_of_contract
from pytest_soblob.conformance.packed import Packed, decoded_size
from pytest_soblob.conformance.redacting import (
    redact_headers,
    redact_target,
    scrub,
)
from pytest_soblob.errors import SoblobError
from pytest_soblob.judge.rendering import summary_line
from pytest_soblob.judge.validators import EnvelopeValidator
from pytest_soblob.judge.validators.http import is_call
from pytest_soblob.judge.violations import Verdict
from pytest_soblob.settings import SoblobSettings
from pytest_soblob.soap.envelope import Envelope
from pytest_soblob.soap.messages import SaveImageStreamResponse
from pytest_soblob.wire import HttpRequest, HttpResponse

# Secrets of earlier exchanges, such as a ticket that a server repeats in a later answer.
_MOST_REMEMBERED: Final = 1_000
# Exchanges with a larger body, decoded, are recorded by few threads: each costs several times as
# many bytes, which the allocator keeps for the thread.
_SMALL_BYTES: Final = 1024 * 1024
_WORKERS: Final = 2
_LONGEST_SAID: Final = 150
_NAMED_DIFFERENCES: Final = 5
_JUDGED: Final = ("soapaction", "content-type")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """An exchange that has passed through the proxy.

    Attributes:
        request: The request as the client sent it.
        response: The answer of the upstream, or None.
        failure: Why there is no answer, or no complete one; None if there is.
        duration_s: Seconds from the complete request to the complete answer.
    """

    request: HttpRequest
    response: HttpResponse | None
    failure: str | None = None
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What was found out about an exchange.

    Attributes:
        line: One line about it for people, without secrets.
        is_invalid: Whether one of the messages has an error.
        differs: Whether the answer differs from that of the documented host.
        failed: Whether there is no complete answer.
    """

    line: str
    is_invalid: bool
    differs: bool
    failed: bool


class Recorder:
    """Writes a recording. Threads can share it.

    Args:
        file: The recording, which must not exist, nor the folder for its bodies.
        settings: Settings of the documented host, with the behaviour `wcf`.
        profile: As for `EnvelopeValidator`.

    Raises:
        SoblobError: The file or the folder exists, or cannot be written.
    """

    def __init__(self, file: Path, settings: SoblobSettings, profile: str = "auto") -> None:
        self._settings = settings
        self._requests = EnvelopeValidator.of_service("request", profile, settings.installation)
        self._responses = self._requests.responses
        self._bodies = folder_of(file)
        self._lock = threading.Lock()
        self._seen: dict[str, None] = {}  # the newest last
        self._number = 0
        self._workers = ThreadPoolExecutor(_WORKERS, "soblob-record-large")
        self._file = file
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        try:
            self._bodies.mkdir(mode=0o700)
            try:
                self._descriptor = os.open(file, flags, 0o600)
            except (OSError, ValueError):
                self._bodies.rmdir()
                raise
        except FileExistsError as error:
            raise SoblobError(f"{error.filename} exists already: name another file") from None
        except (OSError, ValueError) as error:
            said = getattr(error, "strerror", None) or error
            raise SoblobError(f"{file} cannot be written: {said}") from None

    def close(self) -> None:
        """Close the file; may not be called while an exchange is recorded."""
        self._workers.shutdown(cancel_futures=True)  # what runs ends within seconds
        os.close(self._descriptor)

    def discard(self) -> None:
        """Close and remove a recording that has no exchange yet."""
        self.close()
        self._file.unlink()
        self._bodies.rmdir()

    def record(self, passed: Passed) -> Recorded:
        """Judge an exchange, compare its answer, and write its line.

        Raises:
            OSError: It cannot be written. What was written before stays readable.
        """
        size = max(decoded_size(one) for one in (passed.request, passed.response))
        if size <= _SMALL_BYTES:
            return self._record(passed)
        return self._workers.submit(self._record, passed).result()

    def _record(self, passed: Passed) -> Recorded:
        request, response = passed.request, passed.response
        packed = Packed(request), None if response is None else Packed(response)
        if any(one is not None and one.has_too_many for one in packed):
            for one in packed:
                if one is not None:
                    one.drop()
        known = self._known(packed)
        differs, not_compared = self._compare(passed)
        try:
            verdicts = self._judge(passed)
        except Exception as error:  # noqa: BLE001 -- the exchange is recorded all the same
            verdicts, not_compared = (None, None), f"the judging failed: {type(error).__name__}"
        envelope = None if response is None else _envelope_of(response)
        blob_id = None if envelope is None else _blob_id(envelope)
        item: dict[str, Any] = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "duration_s": round(passed.duration_s, 3),
            "operation": verdicts[0].operation if verdicts[0] else None,
            "blob_id": blob_id,
            "failure": passed.failure,
            "request": {
                "method": request.method,
                "target": redact_target(request.target, known),
                "http_version": request.http_version,
                **self._message(packed[0], known),
            },
            "response": None
            if response is None or packed[1] is None
            else {
                "status": response.status,
                "reason": hide(response.reason_phrase, known),
                **self._message(packed[1], known),
            },
            "verdicts": {
                "request": _verdict_to_json(verdicts[0]),
                "response": _verdict_to_json(verdicts[1]),
            },
            "differs": [one.to_json() for one in differs],
            "not_compared": not_compared,
        }
        # Texts of the judge, the server and the system; the rest is redacted where it was read.
        lowered = _lowered(known)
        for name in ("operation", "failure", "verdicts", "differs", "not_compared"):
            if not is_contract_text(str(item[name])):
                item[name] = scrub(item[name], lowered)
        self._append(item)
        return Recorded(
            line=ascii_controls(hide(_line(item, verdicts), lowered)),
            is_invalid=any(verdict is not None and not verdict.is_valid for verdict in verdicts),
            differs=bool(differs),
            failed=passed.failure is not None,
        )

    def _known(self, packed: "tuple[Packed, Packed | None]") -> KnownSecrets:
        """Return the secrets of both messages, and of those before the ones seen last."""
        marked = (secret for one in packed if one is not None for secret in one.secrets)
        own = [secret for secret in marked if not is_of_contract(secret)]
        with self._lock:
            known = KnownSecrets((*own, *self._seen))
            for secret in own:
                self._seen.pop(secret, None)
                self._seen[secret] = None
            for secret in list(islice(self._seen, max(len(self._seen) - _MOST_REMEMBERED, 0))):
                del self._seen[secret]
        return known

    def _judge(self, passed: Passed) -> tuple[Verdict | None, Verdict | None]:
        """Return the verdicts; None for a look-up with GET, and for an answer that is none."""
        if not is_call(passed.request):
            return None, None
        verdict = self._requests.judge(passed.request)
        answered = passed.response
        if answered is None or passed.failure is not None or is_without_soap(answered):
            return verdict, None
        return verdict, self._responses.judge(answered)

    def _compare(self, passed: Passed) -> tuple[list[Difference], str | None]:
        if passed.response is None or passed.failure is not None:
            return [], "there is no complete answer"
        try:
            expected = answer_of_host(passed.request, self._settings)
            if expected is None:
                return [], f"the request is over {LARGEST_COMPARED:,} bytes"
            return compare(passed.request, expected, passed.response), None
        except Exception as error:  # noqa: BLE001 -- the exchange is recorded all the same
            return [], f"the comparison failed: {type(error).__name__}"

    def _message(self, packed: "Packed", known: KnownSecrets) -> dict[str, Any]:
        """Write the body of a message; return what both kinds have in their line."""
        data, not_kept = packed.redacted(known)
        headers = redact_headers(packed.message.headers, known)
        item: dict[str, Any] = {
            "headers": [
                pair if pair[0].lower() in _JUDGED and is_contract_text(pair[1]) else redacted
                for pair, redacted in zip(packed.message.headers, headers, strict=True)
            ],
            "sent_bytes": len(packed.message.body),
            "body": self._write_body(data) if data else None,
        }
        if packed.codings:
            item["decoded"] = scrub(packed.codings, known)
        if not_kept is not None:
            item["not_kept"] = hide(not_kept, _lowered(known))
        return item

    def _write_body(self, data: bytes) -> str:
        """Write a body to the file that has its hash as name; return the hash."""
        name = hashlib.sha256(data).hexdigest()
        target = self._bodies / name
        if target.exists():
            return name
        unfinished = self._bodies / f".{token_hex(8)}"
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(descriptor)
            unfinished.replace(target)
        except OSError:
            with suppress(OSError):
                unfinished.unlink()
            raise
        return name

    def _append(self, item: dict[str, Any]) -> None:
        """Append a line in one piece; if it does not fit on the disk, nothing of it is left."""
        with self._lock:
            numbered = {"soblob_recording": VERSION, "exchange": self._number + 1, **item}
            line = json.dumps(numbered, ensure_ascii=True, separators=(", ", ": ")).encode() + b"\n"
            size = os.fstat(self._descriptor).st_size
            written = 0
            try:
                written = os.write(self._descriptor, line)
                if written < len(line):
                    written += os.write(self._descriptor, line[written:])  # says why
            finally:
                if written < len(line):
                    os.ftruncate(self._descriptor, size)
            self._number += 1


def _lowered(known: KnownSecrets) -> KnownSecrets:
    """Return secrets as they are and in lower case, as the judge shows names of codings."""
    return known | (secret.lower() for secret in known)


def _envelope_of(response: HttpResponse) -> Envelope | None:
    if not response.body:
        return None
    return Envelope.from_document(_carving.parse(response.body))


def _blob_id(envelope: Envelope) -> int | None:
    saved = SaveImageStreamResponse.from_envelope(envelope)
    return None if saved is None else saved.blob_id


def _verdict_to_json(verdict: Verdict | None) -> dict[str, Any] | None:
    if verdict is None:
        return None
    return {
        "valid": verdict.is_valid,
        "profile": verdict.profile,
        "violations": [violation.to_json() for violation in verdict.violations],
    }


def _line(item: dict[str, Any], verdicts: Sequence[Verdict | None]) -> str:
    """Return an exchange on one line, as `soblob serve` logs its own."""
    response, request = item["response"], item["request"]
    status = "no answer" if response is None else str(response["status"])
    if verdicts[0] is None:
        said = f"{status} {request['method']} {clip(request['target'], _LONGEST_SAID)}"
    else:
        said = f"{status} {item['operation'] or 'unknown operation'}"
    if item["blob_id"] is not None:
        said += f" blob {item['blob_id']}"
    if item["failure"] is not None:
        said += f" ({item['failure']})"
    for kind, verdict in zip(("", "answer: "), verdicts, strict=True):
        if verdict is not None and verdict.violations:
            said += f" {kind}{summary_line(verdict.violations, _LONGEST_SAID)}"
    names = [one["what"] for one in item["differs"]]
    if names:
        listed = ", ".join(names[:_NAMED_DIFFERENCES])
        more = ", …" if len(names) > _NAMED_DIFFERENCES else ""
        said += f"; {plural(len(names), 'difference')}: {listed}{more}"
    return said
