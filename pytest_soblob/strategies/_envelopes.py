"""Envelopes as bytes: right ones in every profile and spelling, and malformed ones."""

from collections.abc import Collection, Sequence
from functools import cached_property

from hypothesis import strategies as st

from pytest_soblob.contract import Profile
from pytest_soblob.generate.specimens import EnvelopeBytes
from pytest_soblob.soap.binding import Spelling
from pytest_soblob.soap.messages import Fault, SaveImageStreamRequest, SaveImageStreamResponse
from pytest_soblob.strategies._arguments import check_drawn, check_names, check_strategy
from pytest_soblob.strategies._messages import requests, responses
from pytest_soblob.strategies._naming import changed, number_below, shown_as

PROFILES = (Profile.WSDL, Profile.SOAP12, Profile.DOCUMENTED)


_SOAP_PREFIXES = ("s", "SOAP-ENV", "soapenv", "")
_NETSERVER_PREFIXES = ("ns", "BLOB", "ns0", "_x.y-z")
_COLUMNS = (0, 76, 60, 64)
# As different from each other as from the other ranges that a message draws from.
_NAMES, _LAYOUTS, _PROFILE_NUMBERS = 4 * 4 * 4 * 4, 17, 6


def styles() -> st.SearchStrategy[Spelling]:
    """Draw ways to write the same envelope; shrinks to the plainest."""
    return _styles_drawn()


@shown_as("styles")
def _styles_drawn(draw: st.DrawFn) -> Spelling:
    names, layout = draw(number_below(_NAMES)), draw(number_below(_LAYOUTS))
    if layout == _LAYOUTS - 1:
        return Spelling(soap_prefix="soap", netserver_prefix="", nil=bool(names & 1))
    return Spelling(
        soap_prefix=_SOAP_PREFIXES[names // 64],
        netserver_prefix=_NETSERVER_PREFIXES[names // 16 % 4],
        wrap=_COLUMNS[names // 4 % 4],
        xsi_type=bool(names & 2),
        nil=bool(names & 1),
        cdata=bool(layout & 1),
        indent=bool(layout & 2),
        declaration=bool(layout & 4),
        encoding="utf-16" if layout & 8 else "utf-8",
    )


def request_envelopes(
    *,
    profiles: Collection[Profile | str] = PROFILES,
    requests: st.SearchStrategy[SaveImageStreamRequest] | None = None,
) -> st.SearchStrategy[EnvelopeBytes]:
    """Draw request envelopes without an error, in many spellings.

    Args:
        profiles: The forms to choose from: `wsdl`, `soap12`, `documented`.
        requests: Strategy to use in place of `requests()`, or None for that one.

    Raises:
        InvalidArgument: `profiles` is empty, or contains an unknown profile or `auto`; `requests`
            is no strategy.
    """
    check_strategy("requests", requests)
    given = {"profiles": list(map(str, checked_profiles(profiles))), "requests": requests}
    shown = changed(given, {"profiles": list(map(str, PROFILES)), "requests": None})
    return _request_envelopes_drawn(**shown)  # type: ignore[arg-type]


@shown_as("request_envelopes")
def _request_envelopes_drawn(
    draw: st.DrawFn,
    *,
    profiles: Sequence[str] = PROFILES,
    requests: st.SearchStrategy[SaveImageStreamRequest] | None = None,
) -> EnvelopeBytes:
    if requests is None:
        return _write(draw, draw(_usual.requests), profiles)
    message = check_drawn("requests", requests, draw(requests), SaveImageStreamRequest)
    return _write(draw, message, profiles)


def response_envelopes(
    *,
    profiles: Collection[Profile | str] = PROFILES,
    responses: st.SearchStrategy[SaveImageStreamResponse | Fault] | None = None,
) -> st.SearchStrategy[EnvelopeBytes]:
    """Draw response envelopes without an error, in many spellings.

    Args:
        profiles: The forms to choose from: `wsdl`, `soap12`, `documented`.
        responses: Strategy to use in place of `responses()`, or None for that one.

    Raises:
        InvalidArgument: `profiles` is empty, or contains an unknown profile or `auto`; `responses`
            is no strategy.
    """
    check_strategy("responses", responses)
    given = {"profiles": list(map(str, checked_profiles(profiles))), "responses": responses}
    shown = changed(given, {"profiles": list(map(str, PROFILES)), "responses": None})
    return _response_envelopes_drawn(**shown)  # type: ignore[arg-type]


@shown_as("response_envelopes")
def _response_envelopes_drawn(
    draw: st.DrawFn,
    *,
    profiles: Sequence[str] = PROFILES,
    responses: st.SearchStrategy[SaveImageStreamResponse | Fault] | None = None,
) -> EnvelopeBytes:
    if responses is None:
        return _write(draw, draw(_usual.responses), profiles)
    drawn = draw(responses)
    message = check_drawn("responses", responses, drawn, SaveImageStreamResponse, Fault)
    return _write(draw, message, profiles)


def _write(
    draw: st.DrawFn,
    message: SaveImageStreamRequest | SaveImageStreamResponse | Fault,
    profiles: Sequence[str],
) -> EnvelopeBytes:
    profile = profiles[draw(number_below(_PROFILE_NUMBERS)) % len(profiles)]
    return EnvelopeBytes(message, profile=profile, spelling=draw(_usual.styles))


def checked_profiles(profiles: Collection[Profile | str]) -> tuple[Profile, ...]:
    """Return them in the house's order, so that a set draws the same in every process."""
    return tuple(map(Profile, check_names("profiles", profiles, map(str, PROFILES))))


class _Usual:
    """What is drawn from unless others are given, made when it is first drawn from."""

    requests = cached_property(lambda _: requests())
    responses = cached_property(lambda _: responses())
    styles = cached_property(lambda _: styles())


_usual = _Usual()
