"""The control API: what it does, what it refuses, and that it is not there without the token."""

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterator
from itertools import product
from typing import Any

import jsonschema
import openapi_spec_validator
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_soblob import (
    ImageBytes,
    SaveImageStreamRequest,
    SoblobError,
    SoblobSettings,
    StubEndpoint,
    TimeZone,
)
from pytest_soblob.judge.catalogue import RULES
from pytest_soblob.judge.severities import Severities
from pytest_soblob.serving.control import PREFIX, ControlApi
from pytest_soblob.serving.control._openapi import openapi  # before there is an endpoint
from pytest_soblob.wire import HttpRequest, HttpResponse
from tests.example_counts import at_length, either
from tests.mistakes import TARGET
from tests.serving.json_schema import allowed

TOKEN = "LeakedControlToken"
IMAGE = ImageBytes(format="PNG", width=2, height=2)
AUTHORIZATION = f"Bearer {TOKEN}"


def driven(behaviour: str = "strict", **options: Any) -> tuple[StubEndpoint, ControlApi]:
    api = ControlApi(TOKEN)
    api.endpoint = StubEndpoint(
        behaviour=behaviour, intercept=api.intercept, waits=api.waits, **options
    )
    return api.endpoint, api


def ask(
    endpoint: StubEndpoint,
    method: str,
    path: str,
    data: object = None,
    authorization: str | None = AUTHORIZATION,
) -> HttpResponse:
    body = b"" if data is None else data if isinstance(data, bytes) else json.dumps(data).encode()
    length = ("Content-Length", str(len(body)))
    headers = (length,) if authorization is None else (length, ("Authorization", authorization))
    request = HttpRequest(method=method, target=PREFIX + path, headers=headers, body=body)
    response = endpoint.handle(request).response
    assert isinstance(response, HttpResponse)
    return response


def read(endpoint: StubEndpoint, path: str) -> Any:
    response = ask(endpoint, "GET", path)
    assert response.status == 200
    return json.loads(response.body)


def upload(endpoint: StubEndpoint, description: str = "Kari", image: bytes | None = IMAGE) -> int:
    http = SaveImageStreamRequest(
        type="PersonImage", image=image, description=description, ticket="7T:LeakedTicket=="
    ).to_http_request()
    length = ("Content-Length", str(len(http.body)))
    response = endpoint.handle(
        HttpRequest(target=http.target, headers=(*http.headers, length), body=http.body)
    ).response
    return response.status if isinstance(response, HttpResponse) else 0


# -- without the token ----------------------------------------------------------------------------


@pytest.mark.parametrize("behaviour", ["strict", "wcf"])
@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", f"Bearer {TOKEN[:-1]}", f"bearer {TOKEN}", TOKEN, "Basic x",
     f"Bearer {TOKEN} ", "Bearer \u00e9"],
)  # fmt: skip
def test_without_the_token_it_is_401_and_noted(behaviour: str, authorization: str | None) -> None:
    noted: list[tuple[str, str]] = []
    api = ControlApi(TOKEN, lambda request, what: noted.append((request.path, what)))
    endpoint = api.endpoint = StubEndpoint(behaviour=behaviour, intercept=api.intercept)
    what = "wrong control token" if authorization else "no control token"
    paths = ("openapi.json", "reset", "exchanges", "blobs/70001", "nothing")
    for path, method in product(paths, ("GET", "POST", "DELETE", "HEAD", "OPTIONS")):
        met = ask(endpoint, method, path, authorization=authorization)
        assert (met.status, met.header("WWW-Authenticate")) == (401, 'Bearer realm="soblob"'), path
        assert TOKEN.encode() not in met.body
        assert json.loads(met.body)["error"].startswith(f"{what}: send Authorization: Bearer")
        assert noted.pop() == (PREFIX + path, what)
    assert noted == []
    assert not endpoint.exchanges


@pytest.mark.parametrize("behaviour", ["strict", "wcf"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_where_it_is_off_nothing_is_there(behaviour: str, method: str) -> None:
    assert ask(StubEndpoint(behaviour=behaviour), method, "reset").status == 404


@pytest.mark.parametrize("token", ["", "short", "has\nline end", "n\u00f6t-ascii-at-all"])
def test_a_token_that_could_be_guessed_is_refused(token: str) -> None:
    with pytest.raises(SoblobError, match="8 or more printable ASCII characters"):
        ControlApi(token)


# -- what it does ---------------------------------------------------------------------------------


def test_a_suite_drives_it() -> None:
    endpoint, _ = driven()
    assert ask(endpoint, "POST", "replies", {"failure": "http-503"}).status == 204
    reply = {"blob_id": 4711, "matching": {"description": "Kari"}}
    assert ask(endpoint, "POST", "replies", reply).status == 204
    assert [upload(endpoint), upload(endpoint)] == [503, 200]
    exchanges = read(endpoint, "exchanges")["exchanges"]
    assert [(e["status"], e["failure_name"], e["blob_id"]) for e in exchanges] == [
        (503, "http-503", None),
        (200, None, 4711),
    ]
    assert ask(endpoint, "POST", "replies", {"succeeded": False}).status == 204
    assert upload(endpoint) == 200
    assert [e["business_failure_text"] for e in read(endpoint, "exchanges")["exchanges"]] == [
        None,
        None,
        "Succeeded was false: System.Exception: The call failed, as the test asked for.",
    ]
    digest = hashlib.sha256(IMAGE).hexdigest()
    message = exchanges[1]["message"]
    assert message["image"] == {"bytes": len(IMAGE), "sha256": digest}
    assert message["ticket"] == "7T:Le…"
    assert ask(endpoint, "GET", "blobs/4711").body == IMAGE
    assert read(endpoint, "blobs")["blobs"][0]["is_orphan"] is False
    assert ask(endpoint, "POST", "reset").status == 204
    assert read(endpoint, "exchanges") == {"exchanges": []}


def test_exchanges_are_numbered_as_a_check_numbers_them() -> None:
    endpoint, _ = driven(keep=2)
    for description in ("a", "b", "c", "d"):
        upload(endpoint, description)
    endpoint.handle(HttpRequest(target=TARGET))
    exchanges = read(endpoint, "exchanges")["exchanges"]
    assert [exchange["number"] for exchange in exchanges] == [4, 5]
    assert "request 5 breaks" in json.loads(ask(endpoint, "POST", "check").body)["text"]
    ask(endpoint, "POST", "reset")
    upload(endpoint)
    assert [e["number"] for e in read(endpoint, "exchanges")["exchanges"]] == [1]


def test_scripted_answers_of_every_kind() -> None:
    endpoint, _ = driven()
    for reply, status in (
        ({"succeeded": False, "exception_info": {"message": "No rights."}}, 200),
        ({"fault": {"code": "Server", "reason": "Out."}, "status": 503}, 503),
        ({"response": {"status": 418, "headers": {"X-A": "b"}, "body": "tea"}}, 418),
        ({"response": {"body_base64": b64encode(b"\0").decode()}}, 200),
        ({"raw_base64": b64encode(b"HTTP/1.1 204 No Content\r\n\r\n").decode()}, 0),
        ({"close": True}, 0),
        ({"failure": "http-429", "parameters": {"retry_after_s": 3}, "times": 1}, 429),
        ({"failure": "http-429", "share": 1, "times": None, "seed": 1}, 429),
    ):
        assert ask(endpoint, "POST", "replies", reply).status == 204, reply
        assert upload(endpoint, str(reply)) == status
    assert ask(endpoint, "DELETE", "replies").status == 204
    assert upload(endpoint, "after") == 200


def test_clock_and_tickets() -> None:
    endpoint, _ = driven(tickets=["7T:LeakedTicket=="])
    assert read(endpoint, "clock") == {"now_s": 0}
    response = ask(endpoint, "POST", "clock", {"advance_s": 30_000})
    assert json.loads(response.body) == {"now_s": 30_000}
    upload(endpoint)
    assert read(endpoint, "exchanges")["exchanges"][0]["blob_id"] is None
    ticket = json.loads(ask(endpoint, "POST", "tickets", {"lifetime_s": 5}).body)["ticket"]
    assert ticket.startswith("7T:")


def test_expectations_and_what_the_end_of_a_test_would_say() -> None:
    endpoint, _ = driven()
    call = {"operation": "SaveImageStream", "times": 2, "matching": {"description": "Kari"}}
    assert ask(endpoint, "POST", "expectations", {"calls": [call]}).status == 204
    upload(endpoint)
    said = json.loads(ask(endpoint, "POST", "check").body)
    assert said["ok"] is False
    assert "expected 2 of SaveImageStream, description 'Kari'; 1 received" in said["text"]
    nothing = {"ok": True, "text": "", "rules": [], "remarks": []}
    assert json.loads(ask(endpoint, "POST", "check").body) == nothing
    at_least = {"calls": [{"at_least": 0, "at_most": 9, "matching": {"image": "AA=="}}]}
    assert ask(endpoint, "POST", "expectations", {**at_least, "only": False}).status == 204


@pytest.mark.parametrize("fail_on", ["error", "warning"])
def test_a_check_tells_what_fails_apart_from_what_does_not(fail_on: str) -> None:
    severities = Severities.parse("flow.retry-after-unknown-outcome=note", fail_on)
    endpoint, _ = driven(settings=SoblobSettings(severities=severities))
    ask(endpoint, "POST", "replies", {"failure": "saved-but-503"})
    assert [upload(endpoint, image=None), upload(endpoint, image=None)] == [503, 200]
    said = json.loads(ask(endpoint, "POST", "check").body)
    schema = openapi()["paths"]["/check"]["post"]["responses"]["200"]["content"]
    jsonschema.validate(said, schema_of(openapi(), schema))
    rows = [(row["rule"], row["severity"], row["count"]) for row in said["remarks"]]
    note = ("flow.retry-after-unknown-outcome", "note", 1)
    if fail_on == "warning":
        assert (said["ok"], said["rules"], rows) == (False, ["body.image-missing"] * 2, [note])
    else:
        assert (said["ok"], said["rules"]) == (True, [])
        assert rows == [("body.image-missing", "warning", 2), note]
    assert said["remarks"][-1]["meaning"] == RULES["flow.retry-after-unknown-outcome"].meaning


REFUSED: list[tuple[str, object, str]] = [
    ("replies", b"{", "the body is not valid JSON"),
    ("replies", b"\xff", "the body is not valid JSON"),
    ("replies", b"[" * 100_000, "the body is not valid JSON: RecursionError"),
    ("replies", b'{"delay_s": NaN}', "the body is not valid JSON"),
    ("replies", [], "the body must be an object, not a list"),
    ("replies", {}, "a reply needs a failure, or content"),
    ("replies", {"blob": 1}, "a reply has no 'blob'; did you mean 'blob_id'?"),
    ("replies", {"blob_id": "1"}, "blob_id must be a whole number, not '1'"),
    ("replies", {"blob_id": True}, "blob_id must be a whole number, not true"),
    ("replies", {"succeeded": None}, "succeeded must be true or false, not null"),
    ("replies", {"delay_s": 10**400}, "delay_s is too large, or not a number: 1000"),
    ("replies", {"close": True, "blob_id": 1}, "a reply takes only one of these"),
    ("replies", {"failure": "http-53"}, "did you mean 'http-503'?"),
    ("replies", {"failure": "delay", "parameters": {"self": 1}}, "has no parameter 'self'"),
    ("replies", {"failure": "delay", "parameters": {"nth": 1}}, "nth belongs beside parameters"),
    ("replies", {"failure": "delay", "parameters": 1}, "parameters must be an object, not 1"),
    ("replies", {"fault": {"reason": "\x00"}}, "XML 1.0 cannot carry"),
    ("replies", {"fault": {"reason": "\ud800"}}, "half a character"),
    ("replies", {"fault": {}, "status": 7}, "status must have three digits"),
    ("replies", {"response": {"headers": {"a": "b\r\nc"}}}, "must not contain a line end"),
    ("replies", {"response": {"headers": {"a b": "c"}}}, "'a b' is not a valid header name"),
    ("replies", {"response": {"status": 7}}, "status must have three digits, not 7"),
    ("replies", {"response": {"body_base64": "!"}}, "body_base64 must be base64"),
    ("replies", {"close": True, "matching": {"typ": 1}}, "did you mean 'type'?"),
    ("replies", {"close": True, "operation": "Save"}, "there is no operation 'Save'"),
    ("clock", {}, "the clock only moves forward"),
    ("clock", {"advance_s": -1}, "the clock only moves forward"),
    ("clock", {"advance": 1}, "did you mean 'advance_s'?"),
    ("tickets", {"user": "bob"}, "there is no account 'bob'"),
    ("tickets", {"lifetime_s": -1}, "lifetime_s must be 0 or more"),
    ("expectations", {"calls": [1]}, "a call must be an object, not 1"),
    ("expectations", {"calls": [{"times": -1}]}, "times must be"),
    ("expectations", {"calls": [{"matching": {"self": 1}}]}, "has no 'self'"),
    ("expectations", {"calls": [{"matching": {"times": 1}}]}, "belong beside matching"),
]


@pytest.mark.parametrize(("path", "data", "text"), REFUSED)
def test_what_cannot_be_is_400_and_says_why(path: str, data: object, text: str) -> None:
    endpoint, _ = driven()
    response = ask(endpoint, "POST", path, data)
    assert response.status == 400
    assert text in json.loads(response.body)["error"]
    assert upload(endpoint) == 200, "nothing of it is in force"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "reset", 405), ("PUT", "clock", 405), ("GET", "nothing", 404), ("GET", "", 404),
     ("GET", "blobs/x", 404), ("GET", "blobs/99999999999999999999", 404), ("GET", "blobs/-1", 404),
     ("GET", "reset/x", 404), ("POST", "blobs/70001", 404)],
)  # fmt: skip
def test_what_is_not_there(method: str, path: str, status: int) -> None:
    endpoint, _ = driven()
    response = ask(endpoint, method, path)
    assert response.status == status
    if status == 405:
        assert response.header("Allow")


def test_no_answer_of_it_holds_a_secret() -> None:
    endpoint, _ = driven()
    upload(endpoint)
    wrong = SaveImageStreamRequest(
        type="PersonImage", image=IMAGE, description="d", ticket="7T:LeakedTicket=="
    ).to_http_request()
    body = wrong.body.replace(b"Ticket>", b"Tickt>")
    endpoint.handle(HttpRequest(target=wrong.target, headers=wrong.headers, body=body))
    shown = [ask(endpoint, "GET", path).body for path in ("exchanges", "blobs", "openapi.json")]
    shown.append(ask(endpoint, "POST", "check").body)
    assert b"Leaked" not in b"".join(shown)
    assert b"header.child-unknown" in shown[0]


@pytest.mark.parametrize("behaviour", ["strict", "wcf"])
def test_a_secret_in_another_part_is_not_shown_either(behaviour: str) -> None:
    endpoint, _ = driven(behaviour)
    secrets = ("7T:LeakedTicket==", "LeakedToken")
    right = SaveImageStreamRequest(
        type="PersonImage", image=IMAGE, description=" of ".join(secrets), ticket=secrets[0],
        application_token=secrets[1], time_zone=TimeZone(location_code=secrets[1]),
    ).to_http_request()  # fmt: skip
    for body in (
        right.body,
        right.body.replace(b"PersonImage", secrets[0].encode()),
        right.body.replace(b"</ns:Description>", b"</ns:Description><LeakedToken/>"),
    ):
        endpoint.handle(HttpRequest(target=right.target, headers=right.headers, body=body))
    shown = [ask(endpoint, "GET", path).body for path in ("exchanges", "blobs")]
    shown.append(ask(endpoint, "POST", "check").body)
    shown.append(repr([(x, x.message, x.request) for x in endpoint.exchanges]).encode())
    shown.append(repr(endpoint.blobs).encode())
    assert b"aked" not in b"".join(shown)


# -- fuzzed from its own description --------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=9), inside),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, dict[str, Any]]]:
    """A running endpoint, and the description that it serves of itself."""
    endpoint, _ = driven()
    with endpoint:
        url = f"{endpoint.base_url}/_soblob"
        answer = requests.get(
            f"{url}/openapi.json", headers={"Authorization": AUTHORIZATION}, timeout=10
        )
        assert answer.json() == openapi()
        yield url, answer.json()
        endpoint.discard_findings()


def test_the_description_is_openapi() -> None:
    def errors(description: dict[str, Any]) -> list[object]:
        return list(openapi_spec_validator.OpenAPIV31SpecValidator(description).iter_errors())

    assert errors(openapi()) == []
    assert errors({key: part for key, part in openapi().items() if key != "info"}) != []


def schema_of(description: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    """A schema on its own: with what its references lead to."""
    schema: dict[str, Any] = content["application/json"]["schema"]
    return {**schema, "components": description["components"]}


OPERATIONS = [(path, method) for path, methods in openapi()["paths"].items() for method in methods]


@at_length
@pytest.mark.parametrize(("path", "method"), OPERATIONS, ids=lambda part: str(part).strip("/"))
def test_any_request_has_an_answer_that_the_description_knows(
    served: tuple[str, dict[str, Any]], path: str, method: str
) -> None:
    """Bodies that the description allows, and any other JSON beside them."""
    url, description = served
    operation = description["paths"][path][method]
    bodies: st.SearchStrategy[object] = st.none()
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        bodies = allowed(schema, description) | JSON

    @settings(max_examples=either(40, 150), deadline=None, suppress_health_check=list(HealthCheck))
    @given(body=bodies, number=st.integers(-1, 3))
    def ask_it(body: object, number: int) -> None:
        answer = requests.request(
            method,
            url + path.replace("{id}", str(number)),
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": AUTHORIZATION},
            timeout=10,
        )
        known = operation["responses"].get(str(answer.status_code))
        assert known is not None, f"{answer.status_code} {answer.text}"
        content = known.get("content", {})
        if "application/json" in content:
            assert answer.headers["Content-Type"] == "application/json"
            jsonschema.validate(answer.json(), schema_of(description, content))

    ask_it()


NAMES = (
    *("failure", "parameters", "operation", "times", "nth", "share", "seed", "matching", "blob_id"),
    *("succeeded", "exception_info", "fault", "status", "response", "raw_base64", "close"),
    *("delay_s", "advance_s", "user", "lifetime_s", "foreign", "calls", "in_order", "only"),
)
FUZZED, _ = driven()


@at_length
@pytest.mark.slow
@settings(max_examples=either(300, 600), deadline=None)
@given(
    path=st.sampled_from(("replies", "clock", "tickets", "expectations")),
    data=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=5) | JSON,
)
def test_any_json_is_done_or_refused(path: str, data: object) -> None:
    """And whatever was scripted can be played."""
    FUZZED.reset()
    body = json.dumps(data).encode("utf-8", "surrogatepass")
    response = ask(FUZZED, "POST", path, body)
    assert response.status in (200, 204, 400)
    if response.status == 400:
        assert json.loads(response.body)["error"]
    upload(FUZZED)
