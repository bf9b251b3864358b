"""Typed messages: requests, responses and the small values in them."""

from base64 import b64encode
from functools import cached_property
from typing import TypeVar, cast

from hypothesis import strategies as st

from pytest_soblob._text import DRAWN_MARK
from pytest_soblob.contract import BlobLinkType
from pytest_soblob.soap.messages import (
    ExceptionInfo,
    Fault,
    SaveImageStreamRequest,
    SaveImageStreamResponse,
    TimeZone,
)
from pytest_soblob.strategies._arguments import check_drawn, check_strategy
from pytest_soblob.strategies._descriptions import descriptions
from pytest_soblob.strategies._images import images
from pytest_soblob.strategies._naming import changed, number_below, shown_as

_TICKETS, _TOKENS = 65_521, 65_519
_ODD_TEXTS = (None, "", "a", " a ", "a\r\nb", "<&>]]>", "\xe9", "\u201cx\u201d", "\U0001f600")
# Classes that exist in NetServer; which failure has which is inferred.
_EXCEPTION_TYPES = (
    "SuperOffice.Exceptions.SoSessionException",
    "SuperOffice.Exceptions.SoSentryException",
    "SuperOffice.Exceptions.SoInvalidArgumentException",
    "SuperOffice.Exceptions.SoLicenseException",
    "System.ArgumentException",
)


def blob_link_types() -> st.SearchStrategy[BlobLinkType]:
    """Draw one of the 16 link types; shrinks to PersonImage."""
    return _blob_link_types_drawn()


@shown_as("blob_link_types")
def _blob_link_types_drawn(draw: st.DrawFn) -> BlobLinkType:
    return draw(st.sampled_from(tuple(BlobLinkType)))


def tickets() -> st.SearchStrategy[str]:
    """Draw invented tickets, `7T:` or `8A:` and base64.

    They carry a fixed mark, so that they may be shown where a real ticket is redacted.
    """
    return _tickets_drawn()


@shown_as("tickets")
def _tickets_drawn(draw: st.DrawFn) -> str:
    number = draw(number_below(_TICKETS))
    tail = b64encode(number.to_bytes(3, "big").lstrip(b"\0")).decode()
    return f"{('7T', '8A')[number % 2]}:{DRAWN_MARK}{tail}"


def application_tokens() -> st.SearchStrategy[str]:
    """Draw invented application tokens, which carry the same mark."""
    return _application_tokens_drawn()


@shown_as("application_tokens")
def _application_tokens_drawn(draw: st.DrawFn) -> str:
    return f"{DRAWN_MARK}-{draw(number_below(_TOKENS)):x}"


T = TypeVar("T")
_ZONE_IDS = (None, 0, 1, 17, -1, 2**31 - 1, -(2**31))
_ZONES = tuple(
    TimeZone(id=number, location_code=code)
    for code in ("NO", *(text and text[:8] for text in _ODD_TEXTS))
    for number in _ZONE_IDS
)


def time_zones() -> st.SearchStrategy[TimeZone]:
    """Draw TimeZone blocks with smallest, largest and no id, and location codes of all kinds."""
    return _time_zones_drawn()


@shown_as("time_zones")
def _time_zones_drawn(draw: st.DrawFn) -> TimeZone:
    return _ZONES[draw(number_below(len(_ZONES)))]


@shown_as("zones_or_none")
def _zones_or_none(draw: st.DrawFn) -> TimeZone | None:
    number = draw(number_below(2 * len(_ZONES) + 1))
    return None if number <= len(_ZONES) else _ZONES[number - len(_ZONES) - 1]


def requests(
    *,
    types: st.SearchStrategy[BlobLinkType | None] | None = None,
    images: st.SearchStrategy[bytes | None] | None = None,
    descriptions: st.SearchStrategy[str | None] | None = None,
    tickets: st.SearchStrategy[str] | None = None,
    application_tokens: st.SearchStrategy[str | None] | None = None,
) -> st.SearchStrategy[SaveImageStreamRequest]:
    """Draw requests that are right: a type, an image, a description (or none), a ticket.

    Args:
        types: Strategy to use in place of `blob_link_types()`, or None for that one.
        images: Strategy of bytes to use in place of `images()`, or None for that one.
        descriptions: Strategy to use in place of `descriptions()`, or None for that one.
        tickets: Strategy to use in place of `tickets()`, or None for that one.
        application_tokens: Strategy to use in place of invented tokens, or None for those. They
            are always sent, since an online installation requires them and an on-site one ignores
            them; draw None to leave them out.

    Raises:
        InvalidArgument: An argument that is no strategy.
    """
    given: dict[str, object] = {"types": types, "images": images, "descriptions": descriptions}
    given |= {"tickets": tickets, "application_tokens": application_tokens}
    for name, strategy in given.items():
        check_strategy(name, strategy)
    return _requests_drawn(**changed(given, dict.fromkeys(given)))  # type: ignore[arg-type]


@shown_as("requests")
def _requests_drawn(
    draw: st.DrawFn,
    *,
    types: st.SearchStrategy[BlobLinkType | None] | None = None,
    images: st.SearchStrategy[bytes | None] | None = None,
    descriptions: st.SearchStrategy[str | None] | None = None,
    tickets: st.SearchStrategy[str] | None = None,
    application_tokens: st.SearchStrategy[str | None] | None = None,
) -> SaveImageStreamRequest:
    def one(name: str, own: st.SearchStrategy[T] | None, *allowed: type) -> T | None:
        if own is None:
            return cast("T", draw(getattr(_usual, name)))
        return check_drawn(name, own, draw(own), *allowed, None)

    return SaveImageStreamRequest(
        type=one("types", types, str),
        image=one("images", images, bytes),
        description=one("descriptions", descriptions, str),
        ticket=one("tickets", tickets, str),
        application_token=one("application_tokens", application_tokens, str),
        time_zone=draw(_usual.zones),
    )


def exception_infos() -> st.SearchStrategy[ExceptionInfo]:
    """Draw ExceptionInfo blocks, some with inner exceptions and parameters."""
    return _exception_infos_drawn()


@shown_as("exception_infos")
def _exception_infos_drawn(draw: st.DrawFn) -> ExceptionInfo:
    text = draw(_usual.short)
    number = draw(number_below(256))
    info = ExceptionInfo(message=text)
    for _ in range(number >> 6):  # up to three inner ones
        info = _around(info, text, number)
    return info


def _around(inner: ExceptionInfo, text: str | None, number: int) -> ExceptionInfo:
    """Return an exception with another inside, and the text where the number's bits say."""
    return ExceptionInfo(
        message=text if number & 1 else None,
        stack_trace=text if number & 2 else "",
        friendly_text=text if number & 4 else None,
        exception_type=_EXCEPTION_TYPES[number % len(_EXCEPTION_TYPES)],
        source=text if number & 8 else None,
        inner_exception=inner if number & 16 else None,
        parameters=(("a", text), (text, None)) if number & 32 else None,
    )


def _pairs() -> st.SearchStrategy[tuple[tuple[str, str | None], ...] | None]:
    """Draw what ExtraInfo holds: nothing, or up to two pairs."""
    one = tuple((("a", text),) for text in _ODD_TEXTS)
    return st.sampled_from((None, (), *one, *((("", "b"), *pair) for pair in one)))


def responses() -> st.SearchStrategy[SaveImageStreamResponse | Fault]:
    """Draw responses that are right: a success with its blob id, a failure, or a fault.

    A failure has `Succeeded` false, an ExceptionInfo, and 0 or nothing for a blob id.
    """
    return _responses_drawn()


@shown_as("responses")
def _responses_drawn(draw: st.DrawFn) -> SaveImageStreamResponse | Fault:
    return draw(_usual.responses)


def save_responses() -> st.SearchStrategy[SaveImageStreamResponse]:
    """Draw right responses of SaveImageStream: a success with its blob id, or a failure."""
    extra = _pairs()
    zones = _zones_or_none()
    successes = st.builds(
        SaveImageStreamResponse,
        blob_id=st.integers(1, 2**31 - 1),
        succeeded=st.just(True),
        extra_info=extra,
        time_zone=zones,
    )
    failures = st.builds(
        SaveImageStreamResponse,
        blob_id=st.sampled_from((0, None)),
        succeeded=st.just(False),
        exception_info=exception_infos(),
        extra_info=extra,
        time_zone=zones,
    )
    return successes | failures


def faults() -> st.SearchStrategy[Fault]:
    """Draw SOAP faults, some with a code of a namespace of its own in SOAP 1.1 only."""
    return st.builds(
        Fault,
        code=st.sampled_from(("Client", "Server", "MustUnderstand", "VersionMismatch")),
        reason=_descriptions(max_size=100, nullable=False),
        language=st.sampled_from(("en", "en-US", "nb-NO")),
        actor=st.none() | st.just("urn:example:node"),
        detail=st.sampled_from(_ODD_TEXTS),
    )


# `requests` has arguments of the same names, as Hypothesis's house style asks.
_images = images
_descriptions = descriptions
_tickets = tickets
_application_tokens = application_tokens


class _Usual:
    """The strategies in place of which others may be given, made when they are first drawn from."""

    types = cached_property(lambda _: blob_link_types())
    images = cached_property(lambda _: _images())
    descriptions = cached_property(lambda _: _descriptions())
    short = cached_property(lambda _: _descriptions(max_size=60))
    tickets = cached_property(lambda _: _tickets())
    application_tokens = cached_property(lambda _: _application_tokens())
    zones = cached_property(lambda _: _zones_or_none())
    responses = cached_property(lambda _: st.one_of(save_responses(), faults()))


_usual = _Usual()
