"""The assertions: a valid request, a valid response, a stored image."""

import hashlib
import warnings
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn
from xml.sax.saxutils import escape

from pytest_soblob._basics.numbers import is_whole
from pytest_soblob._http import HttpSyntaxError
from pytest_soblob._redacted import secrets_in
from pytest_soblob._text import KnownSecrets, character, clip, hide, plural, quote
from pytest_soblob.contract import (
    OPERATIONS,
    SAVE_IMAGE_STREAM,
    BlobLinkType,
    Installation,
    Profile,
    find_link_type,
)
from pytest_soblob.errors import ContractViolationError, SoblobError
from pytest_soblob.generate.specimens import MalformedBytes
from pytest_soblob.judge.rendering import failure, headline
from pytest_soblob.judge.validators import EnvelopeValidator
from pytest_soblob.judge.violations import Verdict
from pytest_soblob.soap.binding import parse_base64
from pytest_soblob.soap.messages import SaveImageStreamRequest
from pytest_soblob.stub.endpoint import UNSET, Blob, StubEndpoint, Unset
from pytest_soblob.stub.exchange import Exchange
from pytest_soblob.wire import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from pytest_soblob._http import Captured

_SHOWN_BLOBS: Final = 5
_MOST_FAILED: Final = 20


def assert_valid_request(
    message: bytes | HttpRequest | Exchange | Path,
    *,
    profile: Profile | str | None = None,
    installation: Installation | str | None = None,
    operation: str | None = None,
) -> None:
    """Assert that a request has no violation of severity error.

    Warnings and notes do not fail, unless the ini keys `soblob_fail_on` and `soblob_severity` say
    otherwise. A request of an operation that only the WSDL names has a note.

    Args:
        message: An envelope as bytes; an HTTP request, whose headers are judged as well; an
            exchange, of which the request is judged; or the path of a file that `soblob validate`
            reads, such as a HAR, of which every request of the service is judged.
        profile: Form that the message must have; `auto` detects it from the message. None for the
            profile of a message that a strategy drew as malformed, else `auto`.
        installation: `onsite`, or `online`, which requires an application token. None for that of a
            message that a strategy drew as malformed, else `onsite`.
        operation: Name of the operation that the request must call, such as `SaveImageStream`, or
            None for any operation that the kit knows, or SaveImageStream if a strategy drew the
            message as malformed.

    Raises:
        ContractViolationError: The request has such violations. The error holds all of them; its
            class is that of the family of the first.
        SoblobError: `message` has another type or is a file without a request, or an argument has
            an invalid value.
    """
    __tracebackhide__ = True
    if isinstance(message, Exchange):
        message = message.request
    _assert_valid("request", message, profile, installation, operation)


def assert_valid_response(
    message: bytes | HttpResponse | Exchange | Path,
    *,
    profile: Profile | str | None = None,
    installation: Installation | str | None = None,
    operation: str | None = None,
) -> None:
    """Assert that a response has no violation of severity error.

    Warnings and notes do not fail, unless the ini keys `soblob_fail_on` and `soblob_severity` say
    otherwise. A well-formed fault is a valid response, and so is a business failure (`Succeeded`
    false).

    Args:
        message: An envelope as bytes; an HTTP response, whose status and headers are judged as
            well; an exchange, of which the response is judged; or the path of a file that
            `soblob validate` reads, such as a HAR, of which every response is judged.
        profile: Form that the message must have; `auto` detects it from the message. None for the
            profile of a message that a strategy drew as malformed, else `auto`.
        installation: Not used for responses, whatever it is, None included; accepted so that both
            assertions have the same arguments.
        operation: Name of the operation that the response must answer. With None it is the one that
            the exchange called, or else any operation that the kit knows.

    Raises:
        ContractViolationError: The response has such violations. The error holds all of them; its
            class is that of the family of the first.
        SoblobError: `message` has another type, is an exchange or a file without a response, or an
            argument has an invalid value.
    """
    __tracebackhide__ = True
    if isinstance(message, Exchange):
        if message.response is None:
            raise SoblobError("this exchange has no response: the connection was closed")
        if operation is None and message.operation in OPERATIONS:
            operation = message.operation
        message = message.response
    _assert_valid("response", message, profile, installation, operation)


def assert_saved(
    endpoint: StubEndpoint,
    *,
    image: bytes | Unset | None = UNSET,
    type: BlobLinkType | str | Unset | None = UNSET,
    description: str | Unset | None = UNSET,
    count: int = 1,
) -> None:
    """Assert that the endpoint stored an image with these attributes.

    Omitted arguments are not compared. Images are compared as bytes. Descriptions are compared as
    the XML holds them: nothing is stripped or normalised. All calls that clients have sent by now
    are taken into account.

    Args:
        endpoint: Endpoint that was called.
        image: Bytes of the image, or None for an image that was absent or nil.
        type: Link type or its name, or None for a type that was absent.
        description: Description, or None for one that was absent or nil.
        count: Exact number of stored images that must match. `count=0` without another argument
            asserts that nothing was stored.

    Raises:
        ContractViolationError: Another number of images matches. The text shows the nearest ones
            and how they differ.
        SoblobError: An argument has the wrong type, such as text for an image.
    """
    __tracebackhide__ = True
    given: object = endpoint
    if not isinstance(given, StubEndpoint):
        said = f"a {given.__class__.__name__}"
        raise SoblobError(f"assert_saved takes the endpoint itself, a StubEndpoint, not {said}")
    if image is not UNSET and image is not None and not isinstance(image, bytes):
        raise SoblobError(f"image must be bytes, not {image.__class__.__name__}")
    if not (is_whole(count) and count >= 0):
        raise SoblobError(f"count must be 0 or more, not {count!r:.60}")
    if isinstance(type, str):
        find_link_type(type)
    wanted = {"type": type, "image": image, "description": description}
    compared = {name: value for name, value in wanted.items() if value is not UNSET}
    seen = _Seen(compared)
    endpoint.settle()  # a client may not have waited for the answer
    for blob in list(endpoint.blobs.values()):
        seen.look_at(blob)
    if seen.matches != count:
        _fail_saved(endpoint, seen, count)


def _assert_valid(
    kind: str,
    message: bytes | HttpRequest | HttpResponse | Path,
    profile: Profile | str | None,
    installation: Installation | str | None,
    operation: str | None,
) -> None:
    __tracebackhide__ = True
    malformed = message if isinstance(message, MalformedBytes) else None
    if profile is None:
        profile = Profile.AUTO if malformed is None else malformed.profile
    if operation is None and malformed is not None:
        operation = SAVE_IMAGE_STREAM.name
    if installation is None:
        installation = Installation.ONSITE if malformed is None else malformed.installation
    validator = EnvelopeValidator.of_service(kind, profile, installation, operation=operation)
    if isinstance(message, Path):
        _assert_file(validator, message, kind)
        return
    verdict = validator.judge(message)
    if validator.policy.failing(verdict.violations):
        raise failure([(headline(verdict, verdict.violations), verdict.violations)])


def _assert_file(validator: EnvelopeValidator, file: Path, kind: str) -> None:
    """Assert that all messages of a kind in a file are valid."""
    __tracebackhide__ = True
    from pytest_soblob.conformance.captures.files import (  # loads ijson, zipfile
        LARGEST_FILE_BYTES,
        contents_of,
        iter_judgeable,
    )

    failed = []
    not_held: list[str] = []
    count = 0
    try:
        with contents_of(str(file), LARGEST_FILE_BYTES) as (found, _):
            for where, message in iter_judgeable(found):
                if where and not where.endswith(kind):
                    continue
                count += 1
                verdict = _verdict_of(validator, message)
                if validator.policy.failing(verdict.violations):
                    place = f"{file.name}, {where}: " if where else ""
                    line = f"{place}{headline(verdict, verdict.violations)}"
                    failed.append((line, verdict.violations))
            lacking = getattr(found, "not_held", [])
            not_held = [f"{where}: {why}" for where, why in lacking if where.endswith(kind)]
    except SoblobError as error:
        raise SoblobError(f"{file}: {error}") from None
    if failed:
        raise failure(failed[:_MOST_FAILED])
    listed = "; ".join(not_held)
    if not count:
        reason = f" ({listed})" if listed else ""
        raise SoblobError(f"{file} has no {kind} of the service that can be judged{reason}")
    if listed:
        warnings.warn(f"{file} does not hold everything: {listed}", stacklevel=4)


def _verdict_of(validator: EnvelopeValidator, message: "Captured | bytes") -> Verdict:
    captured = message if isinstance(message, bytes) else message.message
    if isinstance(captured, HttpSyntaxError):
        return validator.judge_malformed(captured)
    return validator.judge(captured)


class _Seen:
    """The comparison of the stored images, each of which is read once, and few of which are kept.

    Args:
        compared: Expected value of each attribute.

    Attributes:
        blobs: Number of images that were compared.
        matches: Number of images that match.
        matching: The first images that match, each with its upload.
        nearest: The images that differ in the fewest attributes, each with its upload and the names
            of those attributes.
    """

    def __init__(self, compared: Mapping[str, object]) -> None:
        self.compared = compared
        self.blobs = self.matches = 0
        self.matching: list[tuple[Blob, SaveImageStreamRequest]] = []
        self.nearest: list[tuple[Blob, SaveImageStreamRequest, list[str]]] = []

    def look_at(self, blob: Blob) -> None:
        """Compare one image."""
        self.blobs += 1
        if not self.compared:
            self.matches += 1
            return
        upload = blob.upload()
        differing = [n for n, wanted in self.compared.items() if getattr(upload, n) != wanted]
        if differing:
            self.nearest.append((blob, upload, differing))
            self.nearest.sort(key=lambda one: len(one[2]))
            del self.nearest[_SHOWN_BLOBS:]
        else:
            self.matches += 1
            self.matching = [*self.matching, (blob, upload)][:_SHOWN_BLOBS]


def _fail_saved(endpoint: StubEndpoint, seen: _Seen, count: int) -> NoReturn:
    __tracebackhide__ = True
    known = _secrets(endpoint, seen)
    wanted = ", ".join(f"{name} {_describe(value, known)}" for name, value in seen.compared.items())
    such = f" with {wanted}" if wanted else ""
    rows = [f"expected {plural(count, 'stored image')}{such}, found {seen.matches} of {seen.blobs}"]
    if endpoint.forgotten:
        gone = plural(endpoint.forgotten, "exchange")
        rows.append(f"  the first {gone}, and the images stored there, are no longer kept")
    if not seen.blobs:
        rows.append(_why_nothing(endpoint))
    if seen.matches < count:
        for blob, upload, differing in seen.nearest:
            rows.append(f"  blob {blob.id}:")
            rows += [f"    {_difference(n, seen.compared[n], upload, known)}" for n in differing]
        others = seen.blobs - seen.matches
        if others > _SHOWN_BLOBS:
            rows.append(f"  and {plural(others - _SHOWN_BLOBS, 'more blob')}")
    elif seen.compared:
        rows += [f"  blob {blob.id}: {blob.described(upload)}" for blob, upload in seen.matching]
    else:
        first = islice(endpoint.blobs.values(), _SHOWN_BLOBS)
        rows += [f"  blob {blob.id}: {blob!r}" for blob in first]
    raise ContractViolationError("\n".join(rows))


def _why_nothing(endpoint: StubEndpoint) -> str:
    exchanges = endpoint.exchanges
    if not exchanges:
        return "  nothing was stored: the endpoint received no request"
    last = exchanges[-1]
    rules = ", ".join(sorted({v.rule for v in last.violations if v.is_error}))
    # A .NET host accepts many requests that break a rule.
    broke = rules and last.business_failure_text is None
    why = f"it broke {rules}" if broke else f"the last one was {last!r}"
    return f"  nothing was stored from {plural(len(exchanges), 'request')}: {why}"


def _secrets(endpoint: StubEndpoint, seen: _Seen) -> KnownSecrets:
    """Return the secrets of the uploads that are shown, of their requests, and of the last one."""
    uploads = {blob.id: upload for blob, upload in seen.matching}
    uploads |= {blob.id: upload for blob, upload, _ in seen.nearest}
    found = [secret for upload in uploads.values() for secret in secrets_in(upload)]
    exchanges = endpoint.exchanges
    for exchange in exchanges:
        if exchange.blob_id in uploads:
            found += exchange.secrets(None)
        elif exchange is exchanges[-1]:
            found += exchange.secrets(exchange.message)
    return KnownSecrets(found)


def _difference(
    name: str, wanted: object, upload: SaveImageStreamRequest, known: KnownSecrets
) -> str:
    """Return a line for an attribute of an upload that differs from the expected value."""
    got = getattr(upload, name)
    both = f"{_describe(got, known)} instead of {_describe(wanted, known)}"
    match name:
        case "image":
            return f"{name}: {both}{_image_difference(wanted, got)}"
        case "description":
            return f"{name}: {both}{_text_difference(wanted, got)}"
        case _:
            return f"{name}: {both}"


def _image_difference(wanted: object, got: object) -> str:
    if not isinstance(wanted, bytes) or not isinstance(got, bytes):
        return ""
    if parse_base64(got.decode("latin-1")) == wanted:
        return ": it arrived base64-encoded twice; pass the raw bytes to your SOAP library"
    if parse_base64(wanted.decode("latin-1")) == got:
        return ": the test expects base64 text, but the decoded bytes arrived"
    offset = _first_difference(wanted, got)
    if offset == min(len(wanted), len(got)):
        return f": {'cut off' if len(got) < len(wanted) else 'more bytes'} at byte {offset:,}"
    return f": first difference at byte {offset:,}, {got[offset]:#04x} for {wanted[offset]:#04x}"


def _text_difference(wanted: object, got: object) -> str:
    if not isinstance(wanted, str) or not isinstance(got, str):
        return ""
    if got == wanted.replace("\r\n", "\n").replace("\r", "\n"):
        return (
            ": the carriage returns were lost; write them as &#13;, since XML reads a raw "
            "CR as a line feed"
        )
    if got == escape(wanted):
        return ": it arrived escaped twice; pass the plain text to your XML library"
    offset = _first_difference(wanted, got)
    there = character(got[offset]) if offset < len(got) else "the end"
    instead = character(wanted[offset]) if offset < len(wanted) else "the end"
    return f": first difference at character {offset + 1:,}, {there} for {instead}"


def _first_difference(wanted: bytes | str, got: bytes | str) -> int:
    """Return the first index at which they differ, or the length of the shorter one.

    By bisection: Hypothesis traces each line that a failing example runs, and a loop runs many.
    """
    same, stop = 0, min(len(wanted), len(got))
    if wanted[:stop] == got[:stop]:
        return stop
    while stop - same > 1:
        middle = (same + stop) // 2
        if wanted[same:middle] == got[same:middle]:
            same = middle
        else:
            stop = middle
    return same


def _describe(value: object, known: KnownSecrets) -> str:
    if isinstance(value, bytes):
        digest = hashlib.sha256(value).hexdigest()[:8]
        return f"{plural(len(value), 'byte')} (sha256 {digest}…, {clip(repr(value[:8]), 40)})"
    return quote(hide(value, known), 60) if isinstance(value, str) else str(value)
