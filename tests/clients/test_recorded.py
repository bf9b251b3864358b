"""What real clients sent, byte for byte: the judge finds no error in what is right, and in what is
wrong exactly what is. Where each file comes from stands in README.md."""

from pathlib import Path

import pytest

from pytest_soblob import EnvelopeValidator, HttpRequest, HttpResponse, StubEndpoint, assert_saved
from pytest_soblob.cli.judging import JudgeSettings, judge_bytes
from pytest_soblob.judge.cross_check import cross_check
from tests.clients.calls import by_curl, by_node_soap, by_requests, by_suds, by_zeep
from tests.clients.calls.case import TICKET, Case
from tests.wire import parse_message

RECORDED = Path(__file__).with_name("recorded")
RIGHT = sorted(RECORDED.glob("*.http"))
REPLIES = sorted((RECORDED / "replies").glob("*.http"))
CASES = {
    case.name: case
    for module in (by_curl, by_node_soap, by_requests, by_suds, by_zeep)
    for case in module.CASES
}

# What each wrong one really breaks, every error of it and nothing else.
WRONG = {
    # curl says that it is a form where nobody says what it is.
    "curl-1.1-no-headers": ["http.content-type", "http.soap-action-missing"],
    # A plain object: blocks in no namespace, so that there are no credentials.
    "node-soap-1.1-headers-bare": [
        "header.block-unqualified",
        "header.block-unqualified",
        "header.credentials-missing",
    ],
    # A multipart body around the envelope, for which the WSDL has no policy.
    "node-soap-1.1-mtom": ["http.multipart"],
    # A prefix that the WSDL does not declare is not declared by node-soap either.
    "node-soap-1.1-headers-unbound": ["xml.prefix-unbound"],
    # The parts have the order of the object's keys.
    "node-soap-1.1-parts-out-of-order": ["body.child-out-of-order"],
    # Compressed: a WCF host takes no notice of Content-Encoding.
    "requests-1.1-gzip": ["http.request-compressed"],
    # The first of the tuple is the first block of the WSDL, ApplicationToken.
    "suds-1.1-credentials-first": ["header.element-in-value", "header.credentials-missing"],
    # Nil is for elements; as a block it becomes <SoTimeZoneId>Nil</SoTimeZoneId>.
    "zeep-1.1-time-zone-nil": ["header.not-an-integer"],
}

right = pytest.mark.parametrize("file", RIGHT, ids=lambda file: file.stem)
replies = pytest.mark.parametrize("file", REPLIES, ids=lambda file: file.stem)
wrong = pytest.mark.parametrize("name", WRONG)


def request_of(file: Path) -> HttpRequest:
    message = parse_message(file.read_bytes())
    assert isinstance(message, HttpRequest)
    return message


def profile_of(name: str) -> str:
    if "-1.1-" in name:
        return "wsdl"
    return "documented" if name.endswith("-documented") else "soap12"


def remarks_of(case: Case) -> set[str]:
    """The warnings and notes that this call deserves."""
    remarks = {
        "envelope.not-what-wcf-speaks": case.soap == "1.2",
        "header.ws-addressing": case.client == "zeep",
        "body.description-missing": case.description is None,
        "payload.image-empty": case.image == b"",
        "http.content-type-soap12-as-text": case.what == "text-xml",
        "http.soap-action-unquoted": case.what == "unquoted-action",
    }
    return {rule for rule, deserved in remarks.items() if deserved}


def test_each_file_is_a_call_and_each_call_to_be_kept_a_file() -> None:
    kept = {name for name, case in CASES.items() if case.recorded}
    assert {file.stem for file in RIGHT} == {name for name in kept if not CASES[name].breaks}
    assert {file.stem for file in REPLIES} == {file.stem for file in RIGHT}
    assert {file.stem for file in (RECORDED / "wrong").glob("*.http")} == set(WRONG)
    assert {n: set(c.breaks) for n, c in CASES.items() if c.breaks} == {
        name: set(rules) for name, rules in WRONG.items()
    }


@right
@pytest.mark.parametrize("installation", ["onsite", "online"])
@pytest.mark.parametrize("profile", ["own", "auto"])
def test_a_right_request_has_no_error(file: Path, profile: str, installation: str) -> None:
    own = profile_of(file.stem)
    validator = EnvelopeValidator("request", own if profile == "own" else "auto", installation)
    verdict = validator.judge(request_of(file))
    assert verdict.errors == ()
    assert (verdict.profile, verdict.operation) == (own, "SaveImageStream")
    assert {violation.rule for violation in verdict.violations} == remarks_of(CASES[file.stem])


@right
def test_the_plain_way_says_the_same_of_it(file: Path) -> None:
    validator = EnvelopeValidator("request")
    request = request_of(file)
    assert validator.examine(request, fast=False)[0] == validator.judge(request)


@right
def test_the_command_says_the_same_of_it(file: Path) -> None:
    request = request_of(file)
    verdict = EnvelopeValidator.of_service("request").judge(request)
    assert judge_bytes(file.read_bytes(), JudgeSettings()) == verdict
    without_http = [v for v in verdict.violations if v.family != "http"]
    assert list(judge_bytes(request.body, JudgeSettings()).violations) == without_http


@right
def test_the_schemas_say_nothing_else_of_it(file: Path) -> None:
    request = request_of(file)
    others = cross_check(request.body, EnvelopeValidator("request").judge(request))
    assert [other for other in others if not other.rows] == []


@right
def test_the_stub_stores_what_was_uploaded(file: Path) -> None:
    case = CASES[file.stem]
    endpoint = StubEndpoint(tickets=[TICKET])
    response = endpoint.handle(request_of(file)).response
    assert isinstance(response, HttpResponse)
    assert response.status == 200
    assert_saved(endpoint, type="PersonImage", image=case.image, description=case.description)
    endpoint.check()


@pytest.mark.parametrize("file", [f for f in RIGHT if "-1.2-" in f.stem], ids=lambda f: f.stem)
def test_soap_12_is_refused_where_the_wsdl_is_asked_for(file: Path) -> None:
    rules = [v.rule for v in EnvelopeValidator("request", "wsdl").judge(request_of(file)).errors]
    assert "envelope.soap-version" in rules


@replies
@pytest.mark.parametrize("profile", ["own", "auto"])
def test_a_reply_that_the_client_took_has_nothing_to_say(file: Path, profile: str) -> None:
    message = parse_message(file.read_bytes())
    own = profile_of(file.stem)
    validator = EnvelopeValidator("response", own if profile == "own" else "auto")
    verdict = validator.judge(message)
    assert verdict.errors == ()
    assert verdict.profile == own
    assert {v.rule for v in verdict.violations} <= {"envelope.not-what-wcf-speaks"}


@wrong
@pytest.mark.parametrize("profile", ["wsdl", "auto"])
def test_a_wrong_request_breaks_just_these_rules(name: str, profile: str) -> None:
    request = request_of(RECORDED / "wrong" / f"{name}.http")
    errors = EnvelopeValidator("request", profile).judge(request).errors
    assert [violation.rule for violation in errors] == WRONG[name]


@wrong
def test_the_stub_refuses_it_and_stores_nothing(name: str) -> None:
    endpoint = StubEndpoint()
    response = endpoint.handle(request_of(RECORDED / "wrong" / f"{name}.http")).response
    assert isinstance(response, HttpResponse)
    assert response.status == 500
    assert_saved(endpoint, count=0)
    with pytest.raises(AssertionError, match=WRONG[name][0]):
        endpoint.check()
