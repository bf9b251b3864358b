"""What a test asserts: a valid request, a valid response, a stored image."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NoReturn
from xml.sax.saxutils import escape

from pytest_soblob._numbers import is_whole
from pytest_soblob._text import character, clip, hide, plural, quote
from pytest_soblob.binding import parse_base64
from pytest_soblob.contract import BlobLinkType, Installation, Profile, find_link_type
from pytest_soblob.endpoint import UNSET, Blob, StubEndpoint, Unset
from pytest_soblob.errors import ContractViolationError, SoblobError
from pytest_soblob.exchange import Exchange
from pytest_soblob.rendering import failure, headline
from pytest_soblob.validators import EnvelopeValidator
from pytest_soblob.wire import HttpRequest, HttpResponse

_SHOWN_BLOBS: Final = 5


def assert_valid_request(
    message: bytes | HttpRequest | Exchange,
    *,
    profile: Profile | str = Profile.AUTO,
    installation: Installation | str = Installation.ONSITE,
) -> None:
    """Assert that a SaveImageStream request has no error; warnings and notes pass.

    What fails can be set by the ini keys `soblob_fail_on` and `soblob_severity`.

    Args:
        message: An envelope; an HTTP request, whose headers are judged, too; or an exchange, of
            which the request is judged.
        profile: The form that it must have; `auto` tells it from the message.
        installation: `online` makes an application token mandatory.

    Raises:
        ContractViolationError: With every violation; the subclass is that of the first one's
            family.
        SoblobError: `message` is something else.
    """
    __tracebackhide__ = True
    if isinstance(message, Exchange):
        message = message.request
    _assert_valid(EnvelopeValidator("request", profile, installation), message)


def assert_valid_response(
    message: bytes | HttpResponse | Exchange,
    *,
    profile: Profile | str = Profile.AUTO,
    installation: Installation | str = Installation.ONSITE,
) -> None:
    """Assert that the response to a SaveImageStream has no error; warnings and notes pass.

    What fails can be set by the ini keys `soblob_fail_on` and `soblob_severity`. A well-formed
    fault is a valid response, and so is a failure that says that it is one.

    Args:
        message: An envelope; an HTTP response, whose status and headers are judged, too; or an
            exchange, of which the response is judged.
        profile: The form that it must have; `auto` tells it from the message.
        installation: Means nothing for a response; taken so that both assertions take the same.

    Raises:
        ContractViolationError: With every violation; the subclass is that of the first one's
            family.
        SoblobError: `message` is something else, or an exchange without a response.
    """
    __tracebackhide__ = True
    operation: str | None = "SaveImageStream"
    if isinstance(message, Exchange):
        if message.response is None:
            raise SoblobError("this exchange has no response: the connection was closed")
        operation = message.operation or operation
        message = message.response
    _assert_valid(EnvelopeValidator("response", profile, installation, operation), message)


def assert_saved(
    endpoint: StubEndpoint,
    *,
    image: bytes | Unset | None = UNSET,
    type: BlobLinkType | str | Unset | None = UNSET,
    description: str | Unset | None = UNSET,
    count: int = 1,
) -> None:
    """Assert that the endpoint stored such an image.

    What is left out is not compared; None matches what was absent or nil. Images are compared as
    bytes, a description exactly as XML carried it: nothing is stripped or normalised.

    Args:
        endpoint: The stub that was called.
        image: The bytes that must have arrived.
        type: A link type or its name.
        description: The text that must have arrived.
        count: How many stored images must match, exactly; 0 alone: nothing was saved at all.

    Raises:
        ContractViolationError: Another number matches; what is nearest is shown, with what
            differs.
        SoblobError: A value that cannot be compared, such as text for an image.
    """
    __tracebackhide__ = True
    if image is not UNSET and image is not None and not isinstance(image, bytes):
        raise SoblobError(f"image must be bytes, not {image.__class__.__name__}")
    if not (is_whole(count) and count >= 0):
        raise SoblobError(f"count must be 0 or more, not {count!r:.60}")
    if isinstance(type, str):
        find_link_type(type)
    wanted = {"type": type, "image": image, "description": description}
    compared = {name: value for name, value in wanted.items() if value is not UNSET}
    blobs = list(endpoint.blobs.values())
    matching = [blob for blob in blobs if not any(_differences(blob, compared))]
    if len(matching) != count:
        _fail_saved(endpoint, blobs, matching, compared, count)


def _assert_valid(
    validator: EnvelopeValidator, message: bytes | HttpRequest | HttpResponse
) -> None:
    __tracebackhide__ = True
    verdict = validator.judge(message)
    if validator.policy.failing(verdict.violations):
        raise failure([(headline(verdict, verdict.violations), verdict.violations)])


def _fail_saved(
    endpoint: StubEndpoint,
    blobs: list[Blob],
    matching: list[Blob],
    compared: Mapping[str, object],
    count: int,
) -> NoReturn:
    __tracebackhide__ = True
    wanted = ", ".join(f"{name} {_describe(value)}" for name, value in compared.items())
    such = f" with {wanted}" if wanted else ""
    rows = [
        f"expected {plural(count, 'stored image')}{such}, found {len(matching)} of {len(blobs)}"
    ]
    if endpoint.forgotten:
        gone = plural(endpoint.forgotten, "exchange")
        rows.append(f"  the first {gone} and what was stored there are not kept any more")
    if not blobs:
        rows.append(_why_nothing(endpoint))
    if len(matching) < count:
        others = [blob for blob in blobs if blob not in matching]
        others.sort(key=lambda blob: sum(1 for _ in _differences(blob, compared)))
        for blob in others[:_SHOWN_BLOBS]:
            rows.append(f"  blob {blob.id}:")
            rows += [f"    {line}" for line in _differences(blob, compared)]
        if len(others) > _SHOWN_BLOBS:
            rows.append(f"  and {plural(len(others) - _SHOWN_BLOBS, 'more blob')}")
    else:
        rows += [f"  blob {blob.id}: {blob!r}" for blob in matching[:_SHOWN_BLOBS]]
    raise ContractViolationError("\n".join(rows))


def _why_nothing(endpoint: StubEndpoint) -> str:
    exchanges = endpoint.exchanges
    if not exchanges:
        return "  nothing was stored: the endpoint got no request at all"
    last = exchanges[-1]
    rules = ", ".join(sorted({v.rule for v in last.violations if v.is_error}))
    broke = rules and last.refusal is None  # a .NET host takes much that breaks a rule
    why = f"it broke {rules}" if broke else f"the last one was {last!r}"
    return f"  nothing was stored from {plural(len(exchanges), 'request')}: {why}"


def _differences(blob: Blob, compared: Mapping[str, object]) -> Iterable[str]:
    """Yield a line for each field of the blob that is not as wanted."""
    compare: dict[str, Callable[[object, object], str]] = {
        "type": lambda wanted, got: f"{_describe(got)} instead of {_describe(wanted)}",
        "image": _image_difference,
        "description": _text_difference,
    }
    for name, wanted in compared.items():
        got = getattr(blob, name)
        if got != wanted:
            yield f"{name}: {compare[name](wanted, got)}"


def _image_difference(wanted: object, got: object) -> str:
    text = f"{_describe(got)} instead of {_describe(wanted)}"
    if not isinstance(wanted, bytes) or not isinstance(got, bytes):
        return text
    if parse_base64(got.decode("latin-1")) == wanted:
        return f"{text}: it arrived encoded twice; hand the raw bytes to your SOAP library"
    if parse_base64(wanted.decode("latin-1")) == got:
        return f"{text}: the test expects base64 text, but the image's own bytes arrived"
    offset = _first_difference(wanted, got)
    if offset == min(len(wanted), len(got)):
        return f"{text}: {'cut off' if len(got) < len(wanted) else 'more bytes'} at byte {offset:,}"
    return (
        f"{text}: first difference at byte {offset:,}, {got[offset]:#04x} for {wanted[offset]:#04x}"
    )


def _text_difference(wanted: object, got: object) -> str:
    text = f"{_describe(got)} instead of {_describe(wanted)}"
    if not isinstance(wanted, str) or not isinstance(got, str):
        return text
    if got == wanted.replace("\r\n", "\n").replace("\r", "\n"):
        return (
            f"{text}: the carriage returns were lost; write them as &#13;, since XML reads a raw "
            "CR as a line feed"
        )
    if got == escape(wanted):
        return f"{text}: it arrived escaped twice; hand the plain text to your XML library"
    offset = _first_difference(wanted, got)
    there = character(got[offset]) if offset < len(got) else "the end"
    instead = character(wanted[offset]) if offset < len(wanted) else "the end"
    return f"{text}: first difference at character {offset + 1:,}, {there} for {instead}"


def _first_difference(wanted: bytes | str, got: bytes | str) -> int:
    pairs = enumerate(zip(wanted, got, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(wanted), len(got)))


def _describe(value: object) -> str:
    if isinstance(value, bytes):
        digest = hashlib.sha256(value).hexdigest()[:8]
        return f"{plural(len(value), 'byte')} (sha256 {digest}…, {clip(repr(value[:8]), 40)})"
    return quote(hide(value), 60) if isinstance(value, str) else str(value)
