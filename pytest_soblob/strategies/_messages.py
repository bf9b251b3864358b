"""Typed messages: requests, responses and the small values in them."""

from hypothesis import strategies as st

from pytest_soblob._text import DRAWN_MARK
from pytest_soblob.contract import BlobLinkType
from pytest_soblob.messages import (
    ExceptionInfo,
    Fault,
    SaveImageStreamRequest,
    SaveImageStreamResponse,
    TimeZone,
)
from pytest_soblob.strategies._descriptions import descriptions
from pytest_soblob.strategies._images import images

_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
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
    return st.sampled_from(list(BlobLinkType))


def tickets() -> st.SearchStrategy[str]:
    """Draw invented tickets, `7T:` or `8A:` and base64.

    They carry a fixed mark, so that they may be shown where a real ticket is redacted.
    """
    body = st.text(_BASE64, max_size=24).map(lambda text: text + "=" * (-len(text) % 4 % 3))
    return st.builds(
        lambda prefix, text: f"{prefix}:{DRAWN_MARK}{text}", st.sampled_from(("7T", "8A")), body
    )


def application_tokens() -> st.SearchStrategy[str]:
    """Draw invented application tokens, which carry the same mark."""
    return st.text("0123456789abcdef-", max_size=32).map(lambda text: f"{DRAWN_MARK}-{text}")


def time_zones() -> st.SearchStrategy[TimeZone]:
    """Draw TimeZone blocks with any id and location code, or without them."""
    ids = st.none() | st.integers(-(2**31), 2**31 - 1)
    return st.builds(TimeZone, id=ids, location_code=st.none() | descriptions(max_size=8))


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
        types: In place of `blob_link_types()`.
        images: In place of `images()`; anything that is bytes.
        descriptions: In place of `descriptions()`.
        tickets: In place of `tickets()`.
        application_tokens: In place of invented ones. They are always sent, since an online
            installation asks for them and an on-site one does not mind; draw None to leave them
            out.
    """
    return st.builds(
        SaveImageStreamRequest,
        type=blob_link_types() if types is None else types,
        image=_images() if images is None else images,
        description=_descriptions() if descriptions is None else descriptions,
        ticket=_tickets() if tickets is None else tickets,
        application_token=(
            _application_tokens() if application_tokens is None else application_tokens
        ),
        time_zone=st.none() | time_zones(),
    )


def exception_infos() -> st.SearchStrategy[ExceptionInfo]:
    """Draw ExceptionInfo blocks, some with an inner exception and parameters."""
    texts = st.none() | _descriptions(max_size=60)
    pairs = st.lists(st.tuples(st.none() | st.text("abc", max_size=3), texts), max_size=2)

    def build(inner: st.SearchStrategy[ExceptionInfo | None]) -> st.SearchStrategy[ExceptionInfo]:
        return st.builds(
            ExceptionInfo,
            message=texts,
            stack_trace=texts,
            friendly_text=texts,
            exception_type=st.none() | st.sampled_from(_EXCEPTION_TYPES),
            source=texts,
            inner_exception=inner,
            parameters=st.none() | pairs.map(tuple),
        )

    leaves = st.builds(ExceptionInfo, message=texts)
    return st.recursive(leaves, lambda inner: build(st.none() | inner), max_leaves=3)


def responses() -> st.SearchStrategy[SaveImageStreamResponse | Fault]:
    """Draw responses that are right: a success with its blob id, a failure, or a fault.

    A failure has `Succeeded` false, an ExceptionInfo, and 0 or nothing for a blob id.
    """
    pairs = st.lists(st.tuples(st.text("abc", max_size=3), st.none() | _descriptions(max_size=20)))
    extra = st.none() | pairs.map(tuple)
    zones = st.none() | time_zones()
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
    return st.one_of(successes, failures, faults())


def faults() -> st.SearchStrategy[Fault]:
    """Draw SOAP faults, some with a code of a namespace of its own in SOAP 1.1 only."""
    return st.builds(
        Fault,
        code=st.sampled_from(("Client", "Server", "MustUnderstand", "VersionMismatch")),
        reason=_descriptions(max_size=100, nullable=False),
        language=st.sampled_from(("en", "en-US", "nb-NO")),
        actor=st.none() | st.just("urn:example:node"),
        detail=st.none() | _descriptions(max_size=60),
    )


# `requests` has arguments of the same names, as Hypothesis's house style asks.
_images = images
_descriptions = descriptions
_tickets = tickets
_application_tokens = application_tokens
