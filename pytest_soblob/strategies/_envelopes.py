"""Envelopes as bytes: right ones in every profile and spelling, and malformed ones."""

from collections.abc import Collection, Mapping

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from pytest_soblob.binding import Spelling
from pytest_soblob.contract import Profile
from pytest_soblob.messages import Fault, SaveImageStreamRequest, SaveImageStreamResponse
from pytest_soblob.mutations import MUTATIONS, Mutation, find_mutations
from pytest_soblob.specimens import EnvelopeBytes, MalformedBytes
from pytest_soblob.strategies._descriptions import descriptions
from pytest_soblob.strategies._images import images
from pytest_soblob.strategies._messages import exception_infos, faults, requests, responses

PROFILES = (Profile.WSDL, Profile.SOAP12, Profile.DOCUMENTED)


def spellings() -> st.SearchStrategy[Spelling]:
    """Draw ways to write the same envelope; shrinks to the plainest."""
    return st.builds(
        Spelling,
        soap_prefix=st.sampled_from(("s", "SOAP-ENV", "soapenv", "")),
        netserver_prefix=st.sampled_from(("ns", "BLOB", "ns0", "_x.y-z")),
        xsi_type=st.booleans(),
        nil=st.booleans(),
        wrap=st.sampled_from((0, 76, 60, 64)),
        cdata=st.booleans(),
        indent=st.booleans(),
        declaration=st.booleans(),
        encoding=st.sampled_from(("utf-8", "utf-16")),
    ) | st.builds(
        Spelling, soap_prefix=st.just("soap"), netserver_prefix=st.just(""), nil=st.booleans()
    )


def request_envelopes(
    *,
    profiles: Collection[Profile | str] = PROFILES,
    requests: st.SearchStrategy[SaveImageStreamRequest] | None = None,
) -> st.SearchStrategy[EnvelopeBytes]:
    """Draw request envelopes without an error, in many spellings.

    Args:
        profiles: The forms to choose from: `wsdl`, `soap12`, `documented`.
        requests: In place of `requests()`.

    Raises:
        InvalidArgument: `profiles` is empty, or has one that there is not (or `auto`).
    """
    return st.builds(
        _envelope,
        _requests() if requests is None else requests,
        st.sampled_from(_checked_profiles(profiles)),
        spellings(),
    )


def response_envelopes(
    *,
    profiles: Collection[Profile | str] = PROFILES,
    responses: st.SearchStrategy[SaveImageStreamResponse | Fault] | None = None,
) -> st.SearchStrategy[EnvelopeBytes]:
    """Draw response envelopes without an error, in many spellings.

    Args:
        profiles: The forms to choose from: `wsdl`, `soap12`, `documented`.
        responses: In place of `responses()`.

    Raises:
        InvalidArgument: `profiles` is empty, or has one that there is not (or `auto`).
    """
    return st.builds(
        _envelope,
        _responses() if responses is None else responses,
        st.sampled_from(_checked_profiles(profiles)),
        spellings(),
    )


def malformed_requests(
    *,
    profiles: Collection[Profile | str] = PROFILES,
    rules: Collection[str] | None = None,
) -> st.SearchStrategy[MalformedBytes]:
    """Draw request envelopes that break one error rule; `.rule` says which.

    Args:
        profiles: The forms to choose from. `.profile` says which: judge by it.
        rules: Ids to choose from; None means all that an envelope can break. For a rule of family
            `http` a whole raw HTTP message is drawn.

    Raises:
        InvalidArgument: A profile or rule that there is not, or that no mutation breaks there.
    """
    complete = _requests(
        images=images(max_size=50_000), descriptions=descriptions(nullable=False).filter(bool)
    )
    return _malformed("request", profiles, rules, {SaveImageStreamRequest: complete})


def malformed_responses(
    *,
    profiles: Collection[Profile | str] = PROFILES,
    rules: Collection[str] | None = None,
) -> st.SearchStrategy[MalformedBytes]:
    """Draw response envelopes that break one error rule; `.rule` says which.

    Args:
        profiles: The forms to choose from. `.profile` says which: judge by it.
        rules: Ids to choose from; None means all that an envelope can break. For a rule of family
            `http` a whole raw HTTP message is drawn.

    Raises:
        InvalidArgument: A profile or rule that there is not, or that no mutation breaks there.
    """
    complete = st.builds(
        SaveImageStreamResponse, blob_id=st.integers(1, 2**31 - 1), succeeded=st.just(True)
    ) | st.builds(
        SaveImageStreamResponse,
        blob_id=st.just(0),
        succeeded=st.just(False),
        exception_info=exception_infos(),
    )
    messages = {SaveImageStreamResponse: complete, Fault: faults()}
    return _malformed("response", profiles, rules, messages)


def _malformed(
    kind: str,
    profiles: Collection[Profile | str],
    rules: Collection[str] | None,
    messages: Mapping[type, st.SearchStrategy[object]],
) -> st.SearchStrategy[MalformedBytes]:
    allowed = _checked_profiles(profiles)
    known = {mutation.rule for mutation in MUTATIONS if kind in mutation.kinds}
    wrong = [] if rules is None else [rule for rule in rules if rule not in known]
    if wrong or (rules is not None and not rules):
        raise InvalidArgument(f"rules={rules!r} must name rules that a {kind} can break: {wrong}")
    ways = [
        (mutation, profile)
        for mutation in find_mutations(kind)
        for profile in allowed
        if profile in mutation.profiles
        and (not mutation.is_http if rules is None else mutation.rule in rules)
    ]
    if not ways:
        raise InvalidArgument(f"none of {rules=} can be broken in {profiles=}")
    return _broken(kind, tuple(ways), messages)


@st.composite
def _broken(
    draw: st.DrawFn,
    kind: str,
    ways: tuple[tuple[Mutation, Profile], ...],
    messages: Mapping[type, st.SearchStrategy[object]],
) -> MalformedBytes:
    mutation, profile = draw(st.sampled_from(ways))
    # The first type of message in which it can be done: one order, so that it shrinks one way.
    accepted = mutation.message if isinstance(mutation.message, tuple) else (mutation.message,)
    home = next(t for t in messages if any(issubclass(t, a) for a in accepted))
    message: object = draw(messages[home])
    plain = Spelling(soap_prefix="s", netserver_prefix="ns")
    spelling = draw(st.just(plain) | st.builds(Spelling, indent=st.booleans(), nil=st.booleans()))
    same = find_mutations(kind, rule=mutation.rule, profile=profile, message=message)
    return MalformedBytes(
        mutation.rule,
        message,  # type: ignore[arg-type]  # one of the types that messages has
        variant=same.index(mutation),
        profile=profile,
        spelling=spelling,
    )


def _envelope(
    message: SaveImageStreamRequest | SaveImageStreamResponse | Fault,
    profile: Profile,
    spelling: Spelling,
) -> EnvelopeBytes:
    return EnvelopeBytes(message, profile=profile, spelling=spelling)


def _checked_profiles(profiles: Collection[Profile | str]) -> tuple[Profile, ...]:
    """Return them in the house's order, so that a set draws the same in every process."""
    names = {str(profile) for profile in profiles} if not isinstance(profiles, str) else set()
    if not names or not names <= set(map(str, PROFILES)):
        raise InvalidArgument(f"{profiles=} must be some of {', '.join(map(str, PROFILES))}")
    return tuple(profile for profile in PROFILES if str(profile) in names)


_requests = requests
_responses = responses
