"""What a violation says that a server does is what the behaviour `wcf` does, message by message."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from pytest_soblob import EnvelopeValidator, HttpRequest, SaveImageStreamRequest, StubEndpoint
from pytest_soblob.contract import AUTHENTICATE_USERNAME_PASSWORD, Profile
from pytest_soblob.generate.mutations import find_mutations
from pytest_soblob.generate.specimens import MalformedBytes
from pytest_soblob.soap.messages import ChangePersonImageRequest
from pytest_soblob.wire import HttpResponse
from tests.judge.test_mistakes import MISTAKES
from tests.mistakes import http_request
from tests.wire import HttpSyntaxError, parse_message

FAULTS = "ActionNotSupported DestinationUnreachable InternalServiceFault DeserializationFailed"
FAULT = re.compile("|".join([*FAULTS.split(), "MustUnderstand"]))
STATUS = re.compile(r"\b[45][0-9]{2}\b")
# What the connection answers, before a behaviour is asked; and what a quota of names decides.
NOT_ASKED = {
    "http.content-length": "the length is judged where the bytes come in",
    "http.conflicting-framing": "likewise",
    "http.malformed": "likewise",
    "xml.too-many-nodes": "names are counted by a real server, elements by this one",
}
RIGHT = SaveImageStreamRequest(
    type="PersonImage",
    image=bytes.fromhex("89504e470d0a1a0a"),
    description="d",
    ticket="7T:x",
    application_token="a",
)


@dataclass(frozen=True)
class Case:
    """A wrong request, and the rule whose line is held against the answer."""

    name: str
    rule: str
    request: HttpRequest
    validator: EnvelopeValidator


def _as_request(message: object) -> HttpRequest:
    request = http_request()
    if isinstance(message, HttpRequest):
        request = message
    elif isinstance(message, bytes):
        request = replace(request, body=bytes(message))
    if request.header("Content-Length") is not None:
        return request
    length = ("Content-Length", str(len(request.body)))
    return replace(request, headers=(*request.headers, length))


def _cases() -> Iterator[Case]:
    """All wrong requests of SOAP 1.1: another form is refused for that, whatever else is wrong."""
    for mistake in MISTAKES:
        if mistake.kind == "request" and mistake.profile == "wsdl":
            validator = EnvelopeValidator(
                "request", "wsdl", mistake.installation, max_message_size=mistake.max_message_size
            )
            yield Case(mistake.name, mistake.rule, _as_request(mistake.message), validator)
    for rule in sorted(
        {mutation.rule for mutation in find_mutations("request", profile=Profile.WSDL)}
    ):
        ways = find_mutations("request", rule=rule, profile=Profile.WSDL, message=RIGHT)
        for variant, way in enumerate(ways):
            data = MalformedBytes(rule, RIGHT, variant=variant)
            try:
                message = parse_message(data) if way.is_http else data
            except HttpSyntaxError:
                continue
            validator = EnvelopeValidator("request", "wsdl", way.installation)
            yield Case(f"mutation: {way.name}", rule, _as_request(message), validator)


def _under_another_soap_action() -> Iterator[Case]:
    """What a judge of the service says, which takes the operation of the body."""
    change = ChangePersonImageRequest(person_id=1, blob_id=2, ticket="7T:x").to_http_request()
    save, log_in = (http_request().header("SOAPAction"), AUTHENTICATE_USERNAME_PASSWORD.soap_action)
    for action in (save, f'"{log_in}"', '"urn:x"'):
        headers = (("Content-Type", "text/xml"), ("SOAPAction", action or ""))
        request = _as_request(replace(change, headers=headers))
        validator = EnvelopeValidator("request", "wsdl", operation=None)
        yield Case(
            f"ChangePersonImage under {action}", "http.soap-action-other", request, validator
        )


CASES = [
    case
    for case in (*_cases(), *_under_another_soap_action())
    # The line of http.method is about several methods, and GET is no call.
    if case.rule not in NOT_ASKED and case.request.method != "GET"
]


def answer_to(case: Case) -> tuple[HttpResponse, StubEndpoint]:
    host = StubEndpoint(
        behaviour="wcf",
        installation=case.validator.installation,
        max_message_size=case.validator.max_message_size,
    )
    response = host.handle(case.request).response
    assert isinstance(response, HttpResponse)
    return response, host


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_server_line_says_what_the_host_does(case: Case) -> None:
    said = [v for v in case.validator.judge(case.request).violations if v.rule == case.rule]
    response, host = answer_to(case)
    fault = FAULT.search(response.body.decode())
    met = fault[0] if fault else str(response.status)
    assert said
    for violation in said:
        if violation.server is not None:
            assert met in answers_of(violation.server), violation.server
            reason = violation.server.partition("answers 500: ")[2]
            assert all(word in response.body.decode() for word in reason.split()), reason
    if met == "200" and case.rule.startswith("body.child-"):
        assert host.exchanges[-1].dropped


def answers_of(line: str) -> set[str]:
    """Return the statuses, or kinds of fault where it names one, that a line allows for."""
    faults, statuses = set(FAULT.findall(line)), set(STATUS.findall(line))
    if "400 if" in line:
        return {*statuses, "200"}
    if not faults and "500" in statuses:
        return {"DeserializationFailed"}  # `answers 500: ` and what its reason says
    return (faults | (statuses - {"500"})) or {"200"}
