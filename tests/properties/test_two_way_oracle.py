"""Strategies and judge are each other's oracle: what is drawn right is right, what is broken is
named. `tests/example_counts.py` says how many."""

import os
import pickle

import pytest
from hypothesis import HealthCheck, given, settings

from pytest_soblob import (
    BlobLinkType,
    ExceptionInfo,
    Fault,
    ImageBytes,
    SaveImageStreamRequest,
    SaveImageStreamResponse,
    TimeZone,
)
from pytest_soblob import strategies as soblob_st
from pytest_soblob.cli.judging import JudgeSettings, judge_bytes
from pytest_soblob.generate.mutations import MUTATIONS
from pytest_soblob.generate.specimens import EnvelopeBytes, MalformedBytes
from pytest_soblob.judge.catalogue import RULES
from pytest_soblob.judge.validators import EnvelopeValidator
from pytest_soblob.soap.binding import Spelling
from tests.example_counts import EXAMPLES, at_length
from tests.wire import envelope_of

many = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow] if os.environ.get("CI") else [],
)
NAMES = {
    "EnvelopeBytes": EnvelopeBytes,
    "MalformedBytes": MalformedBytes,
    "SaveImageStreamRequest": SaveImageStreamRequest,
    "SaveImageStreamResponse": SaveImageStreamResponse,
    "Fault": Fault,
    "ExceptionInfo": ExceptionInfo,
    "TimeZone": TimeZone,
    "ImageBytes": ImageBytes,
    "Spelling": Spelling,
    "BlobLinkType": BlobLinkType,
}
profiles = pytest.mark.parametrize("profile", ["wsdl", "soap12", "documented"])


@at_length
@profiles
def test_drawn_requests_are_valid(profile: str) -> None:
    @many
    @given(soblob_st.request_envelopes(profiles=[profile]))
    def check(data: EnvelopeBytes) -> None:
        for judged_as in (profile, "auto"):
            validator = EnvelopeValidator("request", judged_as, "online")
            assert validator.judge(data).errors == ()
        assert SaveImageStreamRequest.from_envelope(envelope_of(data)) == data.message

    check()


@at_length
@profiles
def test_drawn_responses_are_valid(profile: str) -> None:
    @many
    @given(soblob_st.response_envelopes(profiles=[profile]))
    def check(data: EnvelopeBytes) -> None:
        for judged_as in (profile, "auto"):
            assert EnvelopeValidator("response", judged_as).judge(data).errors == ()

    check()


@at_length
@pytest.mark.parametrize("kind", ["request", "response"])
def test_malformed_messages_break_the_rule_they_claim(kind: str) -> None:
    drawn = soblob_st.malformed_requests() if kind == "request" else soblob_st.malformed_responses()

    @many
    @given(drawn)
    def check(data: MalformedBytes) -> None:
        errors = {
            v.rule
            for v in EnvelopeValidator(kind, data.profile, data.installation).judge(data).errors
        }
        assert data.rule in errors
        assert errors <= {data.rule, *data.mutation.also}

    check()


HTTP_RULES = {mutation.rule for mutation in MUTATIONS if mutation.is_http}


def judged(data: bytes, kind: str, profile: str, installation: str) -> set[str]:
    """The error rules of an envelope, or of a whole raw HTTP message."""
    settings = JudgeSettings(
        kind=kind, profile=profile, installation=installation, operation="SaveImageStream"
    )
    return {violation.rule for violation in judge_bytes(data, settings).errors}


@at_length
@pytest.mark.parametrize("kind", ["request", "response"])
def test_malformed_http_messages_break_the_rule_they_claim(kind: str) -> None:
    rules = {m.rule for m in MUTATIONS if m.is_http and kind in m.kinds}
    draw = soblob_st.malformed_requests if kind == "request" else soblob_st.malformed_responses

    @many
    @given(draw(rules=rules))
    def check(data: MalformedBytes) -> None:
        assert judged(data, kind, data.profile, data.installation) == {data.rule}

    check()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: f"{m.name}-{m.rule}")
def test_each_mutation_breaks_an_error_rule_in_every_profile_it_names(mutation: object) -> None:
    from pytest_soblob.generate.mutations import Mutation, apply
    from pytest_soblob.judge.violations import Severity

    assert isinstance(mutation, Mutation)
    assert RULES[mutation.rule].severity is Severity.ERROR
    messages = (
        SaveImageStreamRequest(
            type="PersonImage", image=b"\x89PNG\r\n\x1a\n12345", description="d", ticket="7T:abc"
        ),
        SaveImageStreamResponse(blob_id=7, succeeded=True),
        Fault(code="Server", reason="r"),
        Fault(code="Server", reason="r", detail="d"),
    )
    tried = 0
    for message in messages:
        kind = "request" if isinstance(message, SaveImageStreamRequest) else "response"
        if kind not in mutation.kinds or not mutation.applies_to(message):
            continue
        for profile in mutation.profiles:
            data = apply(mutation, message.to_bytes(profile))
            errors = judged(data, kind, profile, mutation.installation)
            assert mutation.rule in errors, (profile, errors)
            assert errors <= {mutation.rule, *mutation.also}, profile
            tried += 1
    assert tried


@settings(max_examples=100, deadline=None)
@given(
    soblob_st.request_envelopes()
    | soblob_st.response_envelopes()
    | soblob_st.malformed_requests()
    | soblob_st.malformed_responses()
)
def test_repr_rebuilds_and_pickle_keeps(data: EnvelopeBytes | MalformedBytes) -> None:
    assert eval(repr(data), NAMES) == data
    kept = pickle.loads(pickle.dumps(data))
    assert (kept, type(kept), repr(kept)) == (data, type(data), repr(data))
