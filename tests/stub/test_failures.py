"""What goes out for a failure by name, beside the answer that would have gone out."""

from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from pytest_soblob import SaveImageStreamRequest, SoblobError, StubEndpoint
from pytest_soblob.soap.messages import (
    AuthenticateUsernamePasswordRequest,
    ChangePersonImageRequest,
    GetBlobStreamRequest,
    GetPersonImageRequest,
    Request,
)
from pytest_soblob.stub.failures import explain_failure, failure_to_json, find_failure
from pytest_soblob.wire import Delivery, Ending, HttpResponse

UPLOAD = SaveImageStreamRequest(type="PersonImage", image=b"1", description="d", ticket="7T:x")
ATTACH = ChangePersonImageRequest(person_id=42, blob_id=70001, ticket="7T:x")


def played(
    name: str | None, request: Request = UPLOAD, profile: str = "wsdl", **parameters: Any
) -> Delivery:
    """What is delivered for a request while that failure is played; None plays none."""
    endpoint = StubEndpoint()
    endpoint.handle(UPLOAD.to_http_request())
    if name is not None:
        endpoint.fail(name, operation=None, **parameters)
    return endpoint.handle(request.to_http_request(profile))


def response_of(delivery: Delivery) -> HttpResponse:
    assert isinstance(delivery.response, HttpResponse)
    return delivery.response


# -- bare statuses --------------------------------------------------------------------------------

REALM = 'Basic realm="proxy"'


@pytest.mark.parametrize(
    ("name", "parameters", "header", "title"),
    [
        ("http-400", {}, None, None),
        ("http-401", {}, ("WWW-Authenticate", REALM), "401 Unauthorized"),
        ("http-403", {}, None, "403 Forbidden"),
        ("http-404", {}, None, "404 Not Found"),
        ("http-411", {}, None, None),
        ("http-413", {}, None, None),
        ("http-415", {}, None, None),
        ("http-429", {}, ("Retry-After", "1"), "429 Too Many Requests"),
        ("http-429", {"retry_after_s": 10**6}, ("Retry-After", "1000000"), "429 Too Many Requests"),
        ("http-503", {"retry_after_s": 0}, ("Retry-After", "0"), "503 Service Unavailable"),
        ("http-500", {}, None, "500 Internal Server Error"),
        ("http-502", {}, None, "502 Bad Gateway"),
        ("http-503", {"retry_after_s": 30}, ("Retry-After", "30"), "503 Service Unavailable"),
        ("http-504", {}, None, "504 Gateway Time-out"),
    ],
)
def test_a_bare_status(
    name: str, parameters: dict[str, Any], header: tuple[str, str] | None, title: str | None
) -> None:
    response = response_of(played(name, **parameters))
    typed = [("Content-Type", "text/html; charset=utf-8")] if title else []
    assert response.status == int(name.removeprefix("http-"))
    assert list(response.headers) == typed + ([header] if header else [])
    assert (f"<h1>{title}</h1>".encode() in response.body) if title else not response.body


def test_415_has_the_reason_phrase_of_wcf() -> None:
    said = response_of(played("http-415")).reason or ""
    assert said.startswith("Cannot process the message because the content type 'application/soap+")


@pytest.mark.parametrize(
    ("name", "status", "location"),
    [("redirect", 302, "/login"), ("redirect-307", 307, "/moved/Remote/Services86/BLOB.svc")],
)
def test_a_redirect(name: str, status: int, location: str) -> None:
    response = response_of(played(name))
    assert (response.status, response.header("Location")) == (status, location)
    response = response_of(played(name, location="http://a/b"))
    assert (response.status, response.header("Location")) == (status, "http://a/b")


def test_a_service_moves_under_its_own_name() -> None:
    login = AuthenticateUsernamePasswordRequest(user="ada", password="x")
    response = response_of(played("redirect-307", login))
    assert response.header("Location") == "/moved/Remote/Services86/SoPrincipal.svc"
    with pytest.raises(SoblobError, match="location must be a URL or a path, not None"):
        StubEndpoint().fail("redirect", location=None)  # which has one for all services
    StubEndpoint().fail("redirect-307", location=None)
    with pytest.raises(SoblobError, match="or None for that of the service, not ''"):
        StubEndpoint().fail("redirect-307", location="")


# -- faults ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "code11", "code12", "subcode"),
    [
        ("fault-client", b"Client", (400, b"Sender"), None),
        ("fault-server", b"Server", (500, b"Receiver"), None),
        ("fault-with-detail", b"Server", (500, b"Receiver"), None),
        ("fault-version-mismatch", b"VersionMismatch", (500, b"VersionMismatch"), None),
        ("fault-must-understand", b"MustUnderstand", (500, b"MustUnderstand"), None),
        *(
            (f"fault-{name}", code, blamed, code)
            for name, code, blamed in (
                ("action-not-supported", b"ActionNotSupported", (400, b"Sender")),
                ("deserialization-failed", b"DeserializationFailed", (400, b"Sender")),
                ("internal-service", b"InternalServiceFault", (500, b"Receiver")),
            )
        ),
    ],
)
def test_a_fault(
    name: str, code11: bytes, code12: tuple[int, bytes], subcode: bytes | None
) -> None:
    """A code of WCF's own is a subcode in SOAP 1.2."""
    one, two = (response_of(played(name, profile=profile)) for profile in ("wsdl", "soap12"))
    assert (one.status, two.status) == (500, code12[0])
    assert b":" + code11 + b"</faultcode>" in one.body
    assert b"<s:Code><s:Value>s:" + code12[1] + b"</s:Value>" in two.body
    assert (b"<s:Subcode>" in two.body) == (subcode is not None)
    assert subcode is None or b":" + subcode + b"</s:Value></s:Subcode>" in two.body
    language = b"en" if b"as the test asked for" in one.body else b"en-US"
    for fault in (one, two):
        assert b'xml:lang="' + language + b'">' in fault.body


def test_a_fault_with_actor_and_detail() -> None:
    body = response_of(played("fault-with-detail")).body
    assert b"<faultactor>urn:a-node</faultactor>" in body
    assert b">Stack: none.</" in body


# -- answers that are not what they should be -----------------------------------------------------


@pytest.mark.parametrize("request_", [UPLOAD, ATTACH], ids=["upload", "attach"])
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("wrong-encoding", lambda own: own.decode().encode("utf-16")),
        ("wrong-declaration", lambda own: b'<?xml version="1.0" encoding="UTF-16"?>' + own),
        ("wrong-content-type", lambda own: own),
        ("truncated", lambda own: own[: len(own) // 2]),
        ("malformed", lambda own: own.replace(b"<s:Body>", b"<s:Bdy>")),
        ("duplicate", lambda own: own + own),
    ],
)
def test_an_answer_that_was_changed(
    name: str, change: Callable[[bytes], bytes], request_: Request
) -> None:
    own, response = response_of(played(None, request_)), response_of(played(name, request_))
    assert response.status == own.status
    assert response.body == change(own.body)
    if name == "wrong-content-type":
        own_type = own.header("Content-Type")
        assert own.headers == (("Content-Type", own_type),)
        assert response.headers == (("Content-Type", "text/html; charset=utf-8"),)
    else:
        assert response.headers == own.headers


@pytest.mark.parametrize(("profile", "other"), [("wsdl", "soap12"), ("soap12", "wsdl")])
def test_the_other_soap_version(profile: str, other: str) -> None:
    """In all else the server's own answer: its blob id, its image, its ticket."""
    for request in (
        UPLOAD,
        ATTACH,
        GetBlobStreamRequest(blob_id=70001, ticket="7T:x"),
        AuthenticateUsernamePasswordRequest(user="ada", password="x"),
    ):
        response = response_of(played("wrong-soap-version", request, profile))
        own = response_of(played(None, request, other))
        assert response.headers == own.headers
        assert said(own) <= said(response)
        assert f"{request.operation.response_element}".encode() in response.body


def said(response: HttpResponse) -> set[tuple[str, str]]:
    """Each value of an envelope with its name; one without credentials may have no header."""
    root = etree.fromstring(response.body)
    return {(str(e.tag).rpartition("}")[2], e.text) for e in root.iter() if e.text}


def test_the_answer_of_another_operation() -> None:
    asked = GetPersonImageRequest(person_id=42, ticket="7T:x")
    for request, other in (
        (UPLOAD, b"GetPersonImageResponse"),
        (asked, b"ChangePersonImageResponse"),
    ):
        body = response_of(played("other-operation", request)).body
        assert other in body
        assert request.operation.response_element.encode() not in body


@pytest.mark.parametrize(
    ("name", "parameters", "blob_id"),
    [
        ("zero-id", {}, b">0</"),
        ("negative-id", {}, b">-1</"),
        ("negative-id", {"blob_id": -7}, b">-7</"),
        ("huge-id", {}, b">2147483648</"),
        ("huge-id", {"blob_id": 10**100}, b">1" + b"0" * 100 + b"</"),
    ],
)
def test_an_id_that_no_blob_has(name: str, parameters: dict[str, Any], blob_id: bytes) -> None:
    endpoint = StubEndpoint()
    endpoint.fail(name, **parameters)
    body = response_of(endpoint.handle(UPLOAD.to_http_request())).body
    assert b"Response" + blob_id in body
    assert endpoint.blobs == {}


def test_no_response() -> None:
    endpoint = StubEndpoint()
    endpoint.fail("no-response")
    body = response_of(endpoint.handle(UPLOAD.to_http_request())).body
    assert b">true</" in body
    assert b"Response>" not in body.replace(b"SaveImageStreamResponse>", b"")


@pytest.mark.parametrize("blob_id", [0, 10**100 + 1, -(10**100) - 1])
def test_an_id_that_is_not_what_the_name_says(blob_id: int) -> None:
    with pytest.raises(SoblobError, match="blob_id"):
        StubEndpoint().fail("negative-id", blob_id=blob_id)


@pytest.mark.parametrize(
    ("name", "status", "text"),
    [
        ("saved-but-500", 500, b"<html/>"),
        ("saved-but-503", 503, b""),
        ("saved-but-fault", 500, b":Server</faultcode>"),
    ],
)
def test_work_that_was_done_and_is_not_told(name: str, status: int, text: bytes) -> None:
    response = response_of(played(name))
    assert response.status == status
    assert text in response.body


# -- what happens on the way ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "parameters", "how"),
    [
        ("delay", {}, {"delay_s": 1.0}),
        ("delay", {"seconds": 0.5}, {"delay_s": 0.5}),
        ("slow-head", {}, {"head_bytes_per_s": 200}),
        ("slow-head", {"bytes_per_s": 7}, {"head_bytes_per_s": 7}),
        ("slow-body", {}, {"body_bytes_per_s": 1_000}),
        ("slow-body", {"bytes_per_s": 7}, {"body_bytes_per_s": 7}),
        ("reset-after-answer", {}, {"ending": Ending.RESET}),
        ("stale-keep-alive", {}, {"ending": Ending.STALE}),
        ("reset-during-answer", {}, {"cut_at": "half", "ending": Ending.RESET}),
        ("close-during-answer", {}, {"cut_at": "half", "ending": Ending.CLOSE}),
    ],
)
def test_the_answer_itself_on_a_bad_way(
    name: str, parameters: dict[str, Any], how: dict[str, Any]
) -> None:
    own, delivery = response_of(played(None, ATTACH)), played(name, ATTACH, **parameters)
    if how.get("cut_at") == "half":
        how = {**how, "cut_at": len(own.body) // 2}
    plain = Delivery(response=own, **how)
    assert response_of(delivery) == own
    names = ("cut_at", "ending", "delay_s", "head_bytes_per_s", "body_bytes_per_s")
    for attribute in names:
        assert getattr(delivery, attribute) == getattr(plain, attribute)


def test_chunks_of_which_one_has_no_size() -> None:
    own, chunked = response_of(played(None, ATTACH)), response_of(played("chunked", ATTACH))
    assert chunked.body == own.body
    assert chunked.headers == (*own.headers, ("Transfer-Encoding", "chunked"))
    sent = played("bad-chunk", ATTACH).response
    assert isinstance(sent, bytes)
    half = len(own.body) // 2
    first = b"%x\r\n%b\r\nno size\r\n" % (half, own.body[:half])
    assert sent.partition(b"\r\n\r\n")[2] == first + own.body[half:]


@pytest.mark.parametrize(
    ("name", "response", "ending"),
    [
        ("garbage", b"\x00\xffSSH-2.0-nobody\r\n", Ending.KEEP),
        ("reset-before-answer", None, Ending.RESET),
        ("close-without-answer", None, Ending.KEEP),
        ("saved-but-closed", None, Ending.KEEP),
        ("half-open", None, Ending.HOLD),
    ],
)
def test_no_answer(name: str, response: bytes | None, ending: Ending) -> None:
    delivery = played(name)
    assert (delivery.response, delivery.ending) == (response, ending)


# -- for which calls ------------------------------------------------------------------------------


def test_a_failure_of_some_operations_is_refused_for_another() -> None:
    find_failure("zero-id").check_operation("SaveImageStream")
    find_failure("zero-id").check_operation(None)
    find_failure("http-503").check_operation("GetPersonImage")
    with pytest.raises(SoblobError, match="makes no sense for GetPersonImage, only for SaveImage"):
        find_failure("zero-id").check_operation("GetPersonImage")


@pytest.mark.parametrize("name", ["ticket-missing", "ticket-expired"])
def test_who_logs_in_has_no_ticket_that_could_be_wrong(name: str) -> None:
    with pytest.raises(SoblobError, match="makes no sense for AuthenticateUsernamePassword"):
        StubEndpoint().fail(name, operation="AuthenticateUsernamePassword")


# -- what people and programs are told ------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "then", "operations"),
    [
        ("delay", "the client gets its answer", "every operation"),
        ("http-503", "nothing was done, and the client can know it", "every operation"),
        ("not-an-image", "nothing was done, and the answer says so", "SaveImageStream"),
        (
            "zero-id",
            "nothing was done; the client cannot know whether it was done",
            "SaveImageStream",
        ),
        (
            "saved-but-503",
            "it was done; the client cannot know whether it was done",
            "every operation",
        ),
        (
            "blob-unknown",
            "nothing was done, and the answer says so",
            "ChangePersonImage, ChangeProjectImage, GetBlobStream",
        ),
    ],
)
def test_what_became_of_the_call_and_for_which_it_is(name: str, then: str, operations: str) -> None:
    failure = find_failure(name)
    lines = explain_failure(failure, 200).splitlines()
    assert lines[2:4] == [f"  then     {then}", f"  for      {operations}"]
    named = [] if operations == "every operation" else operations.split(", ")
    assert failure_to_json(failure)["operations"] == named
