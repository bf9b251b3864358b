"""Endpoint, assertion and command give the same verdict on the same message."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_soblob import (
    ContractViolationError,
    EnvelopeValidator,
    HttpRequest,
    HttpResponse,
    SoblobError,
    SoblobSettings,
    StubEndpoint,
    assert_valid_request,
    assert_valid_response,
)
from pytest_soblob.cli import main
from pytest_soblob.contract import OPERATIONS, OTHER_OPERATIONS, Operation
from pytest_soblob.judge.severities import Severities, set_default_severities
from pytest_soblob.names import SERVICE_PATHS
from tests import mistakes
from tests.command import runner
from tests.mistakes import CREDENTIALS, NS, NS85, PNG, SOAP12
from tests.wire import to_bytes

VALUES = {"int": "1", "string": "text", "base64Binary": PNG, "BlobLinkType": "PersonImage"}
BY_NAME = ("GetBlobEntity", "SetPersonImage", "AuthenticateGeneric")
ALL = [*OPERATIONS.values(), *map(OTHER_OPERATIONS.__getitem__, BY_NAME)]
FORMS = ("wsdl", "soap12", "documented")


def right(operation: Operation, form: str) -> HttpRequest:
    """A valid request, written by hand; without parts for an operation known by name only."""
    parts = [f"<n:{p.name}>{VALUES[p.type]}</n:{p.name}>" for p in operation.parts]
    blocks = CREDENTIALS if operation.needs_credentials else ""
    text = mistakes.request(
        *parts or ("<!-- -->",),
        header="" if form == "documented" else blocks,
        wrapper=f"n:{operation.name}",
        soap=mistakes.SOAP11 if form == "wsdl" else SOAP12,
    )
    if form == "documented":
        text = text.replace("<e:Body>", f"{blocks}<e:Body>")
    headers = (
        ("Host", "127.0.0.1"),
        ("Content-Type", "text/xml" if form == "wsdl" else "application/soap+xml"),
        ("SOAPAction", f'"{operation.soap_action}"'),
    )
    return HttpRequest(target=SERVICE_PATHS[operation.service], headers=headers, body=text.encode())


def in_body(old: str, new: str) -> Callable[[HttpRequest], HttpRequest]:
    return lambda sent: replace(sent, body=sent.body.replace(old.encode(), new.encode(), 1))


def header(name: str, *values: str) -> Callable[[HttpRequest], HttpRequest]:
    def change(sent: HttpRequest) -> HttpRequest:
        others = tuple(pair for pair in sent.headers if pair[0] != name)
        return replace(sent, headers=(*others, *((name, value) for value in values)))

    return change


# Edits of a valid message; some leave it valid.
EDITS: dict[str, Callable[[HttpRequest], HttpRequest]] = {
    "as it is": lambda sent: sent,
    "no ticket": in_body(CREDENTIALS, ""),
    "a child of no schema": in_body("</n:", "<n:Nonsense/></n:"),
    "text in the operation": in_body("</e:Body>", "text</e:Body>"),
    "another version": in_body(NS, NS85),
    "cut off": lambda sent: replace(sent, body=sent.body[:-9]),
    "no XML": lambda sent: replace(sent, body=b'{"json": true}'),
    "no SOAPAction": header("SOAPAction"),
    "SOAPAction of another": header("SOAPAction", f'"{NS}/BLOB/GetBlobEntityOnProduct"'),
    "two Content-Types": header("Content-Type", "text/xml", "application/soap+xml"),
    "a charset of nobody": header("Content-Type", "text/xml; charset=utf8"),
    "another path": lambda sent: replace(sent, target="/Remote/Services86/Contact.svc"),
    "PUT": lambda sent: replace(sent, method="PUT"),
    "GET": lambda sent: replace(sent, method="GET"),
    "HEAD": lambda sent: replace(sent, method="HEAD"),
    "GET and an answer": lambda sent: replace(sent, method="GET", target=sent.target + "?wsdl"),
}
MESSAGES = {
    f"{operation.name} {form} {name}": edit(right(operation, form))
    for operation in ALL
    for form in FORMS
    for name, edit in EDITS.items()
}
Findings = set[tuple[str, str]]


def verdict_of_endpoint(sent: HttpRequest, behaviour: str) -> Findings:
    """Its findings on the message, without those on the flow."""
    endpoint = StubEndpoint(settings=SoblobSettings(behaviour=behaviour))
    endpoint.handle(sent)
    found = endpoint.exchanges[0].violations
    return {(v.rule, str(v.severity)) for v in found if v.family != "flow"}


def verdict_of_assertion(message: HttpRequest | HttpResponse) -> Findings:
    try:
        if isinstance(message, HttpRequest):
            assert_valid_request(message)
        else:
            assert_valid_response(message)
    except ContractViolationError as error:
        return {(v.rule, str(v.severity)) for v in error.violations}
    return set()


def verdict_of_command(folder: Path, *arguments: str) -> Iterator[tuple[str, Findings]]:
    result = runner().invoke(main, ["validate", "--format", "jsonl", *arguments, str(folder)])
    for line in result.stdout.splitlines():
        entry = json.loads(line)
        found = {(v["rule"], v["severity"]) for v in entry["violations"]}
        yield Path(entry["file"]).stem, found


def write_all(folder: Path, messages: dict[str, HttpRequest] | dict[str, HttpResponse]) -> None:
    for name, message in messages.items():
        (folder / f"{name}.http").write_bytes(to_bytes(message))


def serious(found: Findings) -> Findings:
    """Without notes, which an assertion reports only together with a failure."""
    return {(rule, severity) for rule, severity in found if severity != "note"}


def test_the_messages_are_of_all_operations() -> None:
    assert len(MESSAGES) == len(ALL) * len(FORMS) * len(EDITS)  # no two have the same name
    assert {name.split()[0] for name in MESSAGES} == {*OPERATIONS, *BY_NAME}


@pytest.mark.slow
def test_endpoint_assertion_and_command_agree_on_requests(tmp_path: Path) -> None:
    write_all(tmp_path, MESSAGES)
    command = dict(verdict_of_command(tmp_path))
    end = set_default_severities(Severities(fail_on="warning"))
    try:
        assertion = {name: verdict_of_assertion(sent) for name, sent in MESSAGES.items()}
    finally:
        end()
    for name, sent in MESSAGES.items():
        assert verdict_of_endpoint(sent, "strict") == command[name], name
        assert serious(assertion[name]) == serious(command[name]), name
    assert {name for name, found in command.items() if not serious(found)} >= {
        f"{operation.name} {form} as it is" for operation in ALL for form in FORMS
    }
    assert sum(bool(serious(found)) for found in command.values()) > 200


@pytest.mark.parametrize("name", list(MESSAGES)[::7])
def test_both_behaviours_agree(name: str) -> None:
    strict, wcf = (verdict_of_endpoint(MESSAGES[name], b) for b in ("strict", "wcf"))
    assert strict == wcf


def response(operation: Operation) -> HttpResponse:
    values = {"SoPrincipalCarrier": "", "SoCredentials": "<n:Ticket>7T:x</n:Ticket>"}
    results = [
        f"<n:{p.name}>{(VALUES | values | {'boolean': 'true'})[p.type]}</n:{p.name}>"
        for p in operation.results
    ]
    text = mistakes.response(*results or ("<!-- -->",), wrapper=f"n:{operation.response_element}")
    return mistakes.http_response(text)


def test_assertion_and_command_agree_on_responses(tmp_path: Path) -> None:
    answers = {operation.name: response(operation) for operation in ALL}
    answers |= {
        f"{name} wrong": replace(answer, status=500, body=answer.body.replace(b">true<", b">x<"))
        for name, answer in answers.items()
    }
    write_all(tmp_path, answers)
    for name, found in verdict_of_command(tmp_path):
        assert serious(verdict_of_assertion(answers[name])) == serious(found), name
        assert bool(serious(found)) == name.endswith("wrong"), name


# -- narrowed --------------------------------------------------------------------------------------

CHANGE = right(OPERATIONS["ChangePersonImage"], "wsdl")


def test_an_operation_narrows_the_assertion() -> None:
    assert_valid_request(CHANGE)
    assert_valid_request(CHANGE, operation="ChangePersonImage")
    with pytest.raises(ContractViolationError) as caught:
        assert_valid_request(CHANGE, operation="SaveImageStream")
    assert [v.rule for v in caught.value.violations] == ["body.other-operation"]
    text = str(caught.value)
    assert text.startswith("the request breaks the SaveImageStream contract in 1 place")
    assert "the operation is ChangePersonImage, not SaveImageStream" in text
    with pytest.raises(SoblobError, match="did you mean 'ChangePersonImage'"):
        assert_valid_request(CHANGE, operation="ChangePersonImages")


def test_an_operation_narrows_the_command(tmp_path: Path) -> None:
    write_all(tmp_path, {"change": CHANGE})
    assert dict(verdict_of_command(tmp_path)) == {"change": set()}
    narrowed = dict(verdict_of_command(tmp_path, "--operation", "SaveImageStream"))
    assert narrowed == {"change": {("body.other-operation", "error")}}
    assert dict(verdict_of_command(tmp_path, "--operation", "ChangePersonImage")) == {
        "change": set()
    }
    wrong = runner().invoke(main, ["validate", "--operation", "x", str(tmp_path)])
    assert wrong.exit_code == 2


def test_a_validator_keeps_its_default() -> None:
    verdict = EnvelopeValidator("request").judge(CHANGE)
    assert [v.rule for v in verdict.errors] == ["body.other-operation"]
    assert (verdict.operation, verdict.asked) == ("ChangePersonImage", "SaveImageStream")


@pytest.mark.parametrize("name", BY_NAME)
def test_an_operation_known_by_name_is_a_note_in_all_places(name: str) -> None:
    sent = right(OTHER_OPERATIONS[name], "wsdl")
    assert_valid_request(sent)
    endpoint = StubEndpoint()
    endpoint.handle(sent)
    endpoint.check()
    assert [v.rule for v in endpoint._runner.remarks()] == ["body.operation-not-judged"]
    assert_valid_response(endpoint.exchanges[0])


def test_the_answer_of_an_exchange_is_that_of_its_call() -> None:
    endpoint = StubEndpoint()
    endpoint.handle(right(OPERATIONS["GetPersonImage"], "wsdl"))
    exchange = endpoint.exchanges[0]
    assert_valid_response(exchange)
    other = replace(exchange, response=response(OPERATIONS["SaveImageStream"]))
    with pytest.raises(ContractViolationError, match="other-operation"):
        assert_valid_response(other)
    with pytest.raises(ContractViolationError, match="other-operation"):
        assert_valid_response(exchange, operation="SaveImageStream")
