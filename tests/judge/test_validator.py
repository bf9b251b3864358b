"""`EnvelopeValidator`: its settings, its arguments, and the operation it judges by."""

import pickle
from dataclasses import replace
from typing import Any

import pytest
from hypothesis.errors import InvalidArgument

from pytest_soblob import (
    EnvelopeValidator,
    HttpRequest,
    HttpResponse,
    Profile,
    SaveImageStreamRequest,
    SoblobError,
    StubEndpoint,
)
from pytest_soblob import strategies as soblob_st
from pytest_soblob.contract import OPERATIONS, OTHER_OPERATIONS, Operation
from pytest_soblob.generate.specimens import MalformedBytes
from pytest_soblob.judge.catalogue import RULES, check_rule_ids
from pytest_soblob.judge.rendering import headline
from pytest_soblob.names import SERVICE_PATHS
from pytest_soblob.soap.binding import Spelling
from pytest_soblob.soap.messages import (
    AuthenticateUsernamePasswordRequest,
    ChangePersonImageRequest,
    Request,
)
from tests import mistakes


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"kind": "reply"}, "kind must be 'request' or 'response', not 'reply'"),
        ({"profile": "soap11"}, "profile must be one of 'auto', .*, not 'soap11'"),
        ({"installation": "cloud"}, "installation must be one of 'onsite', 'online', not 'cloud'"),
        ({"operation": "SaveImageStrem"}, "no operation 'SaveImageStrem'.*mean 'SaveImageStream'"),
        ({"operation": "x"}, r"no operation 'x' in schemas/$"),
    ],
)
def test_an_invalid_setting_is_an_error(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(SoblobError, match=text):
        EnvelopeValidator(**arguments)


def test_text_is_not_bytes() -> None:
    with pytest.raises(SoblobError, match="not str; encode text first"):
        EnvelopeValidator().is_valid("<x/>")  # type: ignore[arg-type]
    assert EnvelopeValidator("request", "wsdl").is_valid(mistakes.request().encode())


def test_a_validator_is_a_value() -> None:
    validator = EnvelopeValidator("request", "wsdl", "online", None)
    assert pickle.loads(pickle.dumps(validator)) == validator
    assert validator.responses.kind == "response"
    assert validator.responses.requests == validator


@pytest.mark.parametrize(
    ("data", "profile"),
    [
        (mistakes.request(), "wsdl"),
        (mistakes.request(soap=mistakes.SOAP12), "soap12"),
        (mistakes.request(soap=mistakes.SOAP12, header=""), "documented"),
        ("<x/>", None),
        ("", None),
    ],
)
def test_auto_detects_the_profile(data: str, profile: str | None) -> None:
    verdict = EnvelopeValidator().judge(data.encode())
    assert (verdict.profile, verdict.guessed) == (profile, True)


def test_an_unknown_rule_is_an_error_with_the_nearest_id() -> None:
    assert check_rule_ids(["body.empty"]) == ("body.empty",)
    with pytest.raises(SoblobError, match=r"no rule 'body\.emty'; did you mean 'body\.empty'\?"):
        check_rule_ids(["body.emty"])


def test_every_rule_is_complete() -> None:
    for rule_id, rule in RULES.items():
        assert rule.id == rule_id
        assert rule.family == rule_id.partition(".")[0]
        assert all((rule.meaning, rule.reference, rule.change))
        assert "\n" not in rule.meaning


RIGHT = SaveImageStreamRequest(type="PersonImage", image=b"1", description="d", ticket="7T:x")


def test_a_malformed_message_that_cannot_be_made_is_an_error() -> None:
    with pytest.raises(SoblobError, match=r"0 ways to break 'fault\.child-duplicate'"):
        MalformedBytes("fault.child-duplicate", RIGHT)
    with pytest.raises(SoblobError, match="no variant 99"):
        MalformedBytes("body.child-duplicate", RIGHT, variant=99)
    with pytest.raises(SoblobError, match="needs prefixes"):
        MalformedBytes("body.empty", RIGHT, spelling=Spelling(netserver_prefix=""))


@pytest.mark.parametrize(
    "arguments",
    [
        {"profiles": []},
        {"profiles": "wsdl"},
        {"profiles": ["auto"]},
        {"profiles": ["soap11"]},
        {"rules": []},
        {"rules": ["body.emty"]},
        {"rules": ["payload.message-too-large"]},
        {"rules": ["envelope.encoding-style"], "profiles": [Profile.WSDL]},
    ],
)
def test_a_strategy_refuses_what_it_cannot_draw(arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        soblob_st.malformed_requests(**arguments)


def test_credentials_of_another_version_are_reported_without_a_hint() -> None:
    other = mistakes.CREDENTIALS.replace("n:", "o:").replace(
        "<o:Credentials", f'<o:Credentials xmlns:o="{mistakes.NS[:-2]}85"'
    )
    verdict = EnvelopeValidator("request", "wsdl").judge(mistakes.request(header=other).encode())
    assert [(v.rule, v.message) for v in verdict.errors] == [
        (
            "header.block-other-version",
            "the header block Credentials is in the namespace of another version",
        ),
        ("header.credentials-missing", "the request has no Credentials"),
    ]


LOG_IN = AuthenticateUsernamePasswordRequest(user="u", password="p")
CHANGE = ChangePersonImageRequest(person_id=1, blob_id=2, ticket="7T:x")
OF_THE_SERVICE = EnvelopeValidator("request", operation=None)


def broken(request: Request, old: bytes, new: bytes, profile: str = "wsdl") -> HttpRequest:
    """A valid HTTP request around an envelope that is no longer valid."""
    right = request.to_http_request(profile)
    assert old in right.body
    return replace(right, body=right.body.replace(old, new))


@pytest.mark.parametrize(
    ("request_", "rule", "operation"),
    [
        (broken(LOG_IN, b">p<", b">p&q<"), "xml.ampersand-unescaped", LOG_IN.operation),
        (broken(CHANGE, b"</ns:PersonId>", b"</ns:Id>"), "xml.not-well-formed", CHANGE.operation),
        (broken(LOG_IN, b">p<", b">p&q<", "soap12"), "xml.ampersand-unescaped", LOG_IN.operation),
    ],
    ids=["another service", "another operation", "an action parameter"],
)
def test_what_does_not_parse_is_judged_as_the_operation_that_its_head_names(
    request_: HttpRequest, rule: str, operation: Operation
) -> None:
    verdict = OF_THE_SERVICE.judge(request_)
    assert [violation.rule for violation in verdict.violations] == [rule]
    assert (verdict.operation, verdict.judged_as) == (None, operation.name)
    one = EnvelopeValidator("request", operation=operation.name).judge(request_)
    assert [violation.rule for violation in one.violations] == [rule]


@pytest.mark.parametrize("action", ['"{}"', "{}", "%22{}%22"])
@pytest.mark.parametrize("name", ["GetBlobStream", "SetPersonImage", "GetSystemInfo"])
def test_each_operation_that_a_soap_action_names_is_known(name: str, action: str) -> None:
    operation = {**OPERATIONS, **OTHER_OPERATIONS}[name]
    headers = (
        ("Content-Type", "text/xml"),
        ("SOAPAction", action.format(operation.soap_action)),
    )
    target = SERVICE_PATHS[operation.service]
    verdict = OF_THE_SERVICE.judge(HttpRequest(target=target, headers=headers, body=b"<a>"))
    assert (verdict.judged_as, verdict.errors[-1].rule) == (name, "xml.truncated")
    assert "http.path" not in [violation.rule for violation in verdict.violations]


def test_the_operation_is_that_of_the_path_if_no_soap_action_names_one() -> None:
    """SoPrincipal.svc has one operation that is judged, BLOB.svc several."""
    sent = replace(broken(LOG_IN, b">p<", b">p&q<"), headers=(("Content-Type", "text/xml"),))
    verdict = OF_THE_SERVICE.judge(sent)
    missing, ampersand = verdict.violations
    assert (missing.rule, ampersand.rule) == ("http.soap-action-missing", "xml.ampersand-unescaped")
    assert missing.expected == f'"{LOG_IN.operation.soap_action}"'
    assert verdict.judged_as == "AuthenticateUsernamePassword"
    blob = OF_THE_SERVICE.judge(replace(sent, target=SERVICE_PATHS["BLOB"]))
    assert blob.judged_as is None
    assert blob.violations[0].expected == f'"{OPERATIONS["SaveImageStream"].soap_action}"'


def misspelt(name: str, action: str) -> HttpRequest:
    sent = broken(CHANGE, b"ChangePersonImage", name.encode())
    service = CHANGE.operation.soap_action.rpartition("/")[0]
    headers = (("Content-Type", "text/xml"), ("SOAPAction", f'"{service}/{action}"'))
    return replace(sent, headers=headers)


@pytest.mark.parametrize(
    ("name", "action", "judged_as", "rules"),
    [
        (
            "ChangePersonImg",
            "ChangePersonImg",
            "ChangePersonImage",
            ["http.soap-action-other", "body.unknown-operation"],
        ),
        ("ChangePersonImg", "ChangePersonImage", "ChangePersonImage", ["body.unknown-operation"]),
        ("SetPersonImg", "SetPersonImage", "SetPersonImage", ["body.unknown-operation"]),
        ("Xyz", "Xyz", None, ["body.unknown-operation"]),
    ],
)
def test_a_misspelt_operation_is_judged_as_the_one_that_was_meant(
    name: str, action: str, judged_as: str | None, rules: list[str]
) -> None:
    verdict = OF_THE_SERVICE.judge(misspelt(name, action))
    assert [violation.rule for violation in verdict.violations] == rules
    assert verdict.judged_as == judged_as
    assert "SaveImageStream" not in str(verdict)


def test_the_title_names_the_operation_that_was_meant() -> None:
    endpoint = StubEndpoint()
    endpoint.handle(broken(LOG_IN, b">p<", b">p&q<"))
    said = endpoint._runner.unreported() or ""
    assert "breaks the AuthenticateUsernamePassword contract in 1 place" in said


def test_the_title_names_the_one_operation_that_is_judged() -> None:
    verdict = EnvelopeValidator("request", operation="ChangePersonImage").judge(b"<a>")
    assert "the ChangePersonImage contract" in headline(verdict, verdict.violations)


@pytest.mark.parametrize(
    ("request_", "target", "server"),
    [
        (LOG_IN, SERVICE_PATHS["BLOB"], "answers 500 with an ActionNotSupported fault"),
        (CHANGE, SERVICE_PATHS["SoPrincipal"], "answers 500 with an ActionNotSupported fault"),
        (
            CHANGE,
            f"{SERVICE_PATHS['SoPrincipal']}/x",
            "answers 500 with an ActionNotSupported fault",
        ),
        (CHANGE, f"{SERVICE_PATHS['BLOB']}/x", "answers 500 with a DestinationUnreachable fault"),
        (LOG_IN, "/Remote/Services86/Person.svc", "answers 404"),
        (LOG_IN, f"{SERVICE_PATHS['SoPrincipal']}x", "answers 404"),
    ],
)
def test_another_path_is_reported_with_the_expected_one_and_the_servers_answer(
    request_: Request, target: str, server: str
) -> None:
    right_one = request_.to_http_request()
    headers = (*right_one.headers, ("Content-Length", str(len(right_one.body))))
    sent = replace(right_one, target=target, headers=headers)
    (violation,) = OF_THE_SERVICE.judge(sent).violations
    right = SERVICE_PATHS[request_.operation.service]
    assert (violation.rule, violation.change) == ("http.path", f"send it to ...{right}")
    assert (violation.expected, violation.server) == (f"a path that ends in {right}", server)
    host = StubEndpoint(behaviour="wcf")
    answer = host.handle(sent).response
    assert isinstance(answer, HttpResponse)
    assert str(answer.status) in server
    assert answer.status == 404 or server.split()[-2].encode() in answer.body
