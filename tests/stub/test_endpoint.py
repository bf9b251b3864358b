"""The endpoint: what it stores, what it answers, in each profile and with real clients."""

import gc
import shutil
import subprocess
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lxml.html
import pytest
import requests
import zeep
import zeep.exceptions

from pytest_soblob import (
    ContractViolationError,
    EnvelopeValidator,
    ExceptionInfo,
    Exchange,
    ExpectedCall,
    Fault,
    HttpRequest,
    HttpResponse,
    SaveImageStreamRequest,
    SaveImageStreamResponse,
    SoblobError,
    SoblobSettings,
    StubEndpoint,
    assert_saved,
    assert_valid_request,
    assert_valid_response,
)
from pytest_soblob.clients import close_client, new_zeep_client
from pytest_soblob.names import SERVICE_PATHS
from pytest_soblob.soap.messages import ChangePersonImageRequest
from tests import mistakes
from tests.sockets import connect, everything
from tests.wire import envelope_of

RIGHT = SaveImageStreamRequest(
    type="PersonImage", image=b"12345", description="a portrait", ticket="7T:x"
)


PUBLIC = """
    start stop close handle base_url url principal_url in_process_url wsdl_url settings
    check expecting example settle unfinished reset discard_findings
    reply fail clear expect_calls
    exchanges forgotten last_request blobs orphans person_images project_images clock issue_ticket
"""


@pytest.fixture(scope="module")
def running() -> Iterator[StubEndpoint]:
    endpoint = StubEndpoint().start()
    yield endpoint
    endpoint.close()


@pytest.fixture
def endpoint(running: StubEndpoint) -> StubEndpoint:
    running.reset()
    return running


@pytest.fixture(scope="module")
def client(running: StubEndpoint) -> Iterator[Any]:
    client = new_zeep_client(running.wsdl_url, SoblobSettings())
    yield client
    close_client(client)


def test_what_only_the_plugin_calls_is_not_public() -> None:
    assert {name for name in dir(StubEndpoint()) if name[0] != "_"} == set(PUBLIC.split())


def post(endpoint: StubEndpoint, request: HttpRequest) -> requests.Response:
    headers = dict(request.headers)
    return requests.post(endpoint.url, data=request.body, headers=headers, timeout=30)


def answer_of(body: bytes) -> SaveImageStreamResponse:
    answer = SaveImageStreamResponse.from_envelope(envelope_of(body))
    assert answer is not None
    return answer


# -- what is stored and answered ------------------------------------------------------------------


@pytest.mark.parametrize("profile", ["wsdl", "soap12", "documented"])
def test_the_answer_has_the_form_of_the_request(endpoint: StubEndpoint, profile: str) -> None:
    answer = post(endpoint, RIGHT.to_http_request(profile))
    assert answer.status_code == 200
    assert EnvelopeValidator("response", profile).judge(answer.content).errors == ()
    response = HttpResponse(status=200, headers=tuple(answer.headers.items()), body=answer.content)
    assert_valid_response(response, profile=profile)
    assert answer_of(answer.content).blob_id == 70001
    assert endpoint.exchanges[0].profile == profile


def test_ids_have_more_than_16_bits_and_gaps_and_a_blob_keeps_what_came(
    endpoint: StubEndpoint,
) -> None:
    for _ in range(3):
        post(endpoint, RIGHT.to_http_request())
    assert list(endpoint.blobs) == [70001, 70008, 70022]
    blob = endpoint.blobs[70022]
    assert (blob.id, blob.type, blob.image) == (70022, "PersonImage", b"12345")
    assert blob.description == "a portrait"
    assert [exchange.blob_id for exchange in endpoint.exchanges] == [70001, 70008, 70022]
    assert endpoint.last_request == RIGHT


def test_a_request_with_an_error_is_refused_and_stored_nowhere(endpoint: StubEndpoint) -> None:
    wrong = mistakes.request(mistakes.IMAGE, mistakes.TYPE, mistakes.DESCRIPTION)
    answer = post(endpoint, mistakes.http_request(wrong))
    assert answer.status_code == 500
    assert "body.child-out-of-order: Type comes after Image" in answer.text
    assert EnvelopeValidator("response", "wsdl").judge(answer.content).violations == ()
    assert endpoint.blobs == {}
    with pytest.raises(ContractViolationError, match=r"body\.child-out-of-order"):
        endpoint.check()


@pytest.mark.parametrize("profile", ["soap12", "documented"])
def test_a_sender_fault_of_soap_12_travels_with_400(endpoint: StubEndpoint, profile: str) -> None:
    right = SaveImageStreamRequest(type="PersonImage", image=b"1", description="d", ticket="7T:x")
    wrong = right.to_bytes(profile).decode().replace("PersonImage", "Portrait")
    answer = post(
        endpoint,
        mistakes.http_request(wrong, content_type="application/soap+xml", soap_action=None),
    )
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("application/soap+xml")
    assert EnvelopeValidator("response", profile).judge(answer.content).errors == ()
    assert endpoint.exchanges[0].profile == profile


def test_bytes_that_are_no_envelope_are_refused_with_a_fault(endpoint: StubEndpoint) -> None:
    answer = post(endpoint, mistakes.http_request("{}"))
    assert (answer.status_code, "xml.not-xml" in answer.text) == (500, True)
    exchange = endpoint.exchanges[0]
    assert (exchange.operation, exchange.message, exchange.profile) == (None, None, None)


def test_another_path_is_404_and_says_where_the_service_is(endpoint: StubEndpoint) -> None:
    answer = requests.post(f"{endpoint.base_url}/elsewhere", data=b"<x/>", timeout=30)
    assert (answer.status_code, "http.path" in answer.text) == (404, True)
    assert endpoint.url in requests.get(f"{endpoint.base_url}/", timeout=30).text


def test_get_serves_the_wsdl_with_its_own_address_and_is_not_recorded(
    endpoint: StubEndpoint,
) -> None:
    for query in ("wsdl", "WSDL", "singleWsdl"):
        text = requests.get(f"{endpoint.url}?{query}", timeout=30).text
        assert f'location="{endpoint.url}"' in text
    assert endpoint.url in requests.get(endpoint.url, timeout=30).text
    assert endpoint.exchanges == []


@pytest.mark.parametrize("behaviour", ["strict", "wcf"])
@pytest.mark.parametrize(
    ("host", "is_taken"),
    [
        ("stub.test:8086", True),
        ("[::1]:80", True),
        ("10.0.0.1", True),
        ('a"><script>', False),
        ("a/b", False),
        ("user@a", False),
        ("", False),
    ],
)
def test_the_wsdl_gives_the_address_under_which_it_was_asked_for(
    behaviour: str, host: str, is_taken: bool
) -> None:
    """A container's own address is of no use to who comes by a published port."""
    with StubEndpoint(behaviour=behaviour) as endpoint:
        headers = {"Host": host}
        text = requests.get(f"{endpoint.url}?wsdl", headers=headers, timeout=30).text
        url = f"http://{host}/Remote/Services86/BLOB.svc" if is_taken else endpoint.url
        assert f'location="{url}"' in text
        assert "script" not in requests.get(endpoint.url, headers=headers, timeout=30).text


@pytest.mark.parametrize("behaviour", ["strict", "wcf"])
@pytest.mark.parametrize("service", list(SERVICE_PATHS))
def test_the_page_at_the_bare_url_links_to_the_wsdl(behaviour: str, service: str) -> None:
    with StubEndpoint(behaviour=behaviour) as endpoint:
        url = endpoint.base_url + SERVICE_PATHS[service]
        page = lxml.html.fromstring(requests.get(url, timeout=30).content)
        links = [link for *_, link, _ in page.iterlinks()]
        assert links == [f"{url}?wsdl", f"{url}?singleWsdl"]
        wsdls = {requests.get(link, timeout=30).content for link in links}
        assert len(wsdls) == 1
        assert f'location="{url}"'.encode() in wsdls.pop()


# -- the neighbour --------------------------------------------------------------------------------


def change(person_id: int | None, blob_id: int | None) -> HttpRequest:
    return ChangePersonImageRequest(
        person_id=person_id, blob_id=blob_id, ticket="7T:x"
    ).to_http_request()


def test_a_picture_is_attached_changed_and_removed(endpoint: StubEndpoint) -> None:
    for _ in range(2):
        post(endpoint, RIGHT.to_http_request())
    one, two = 70001, 70008
    for blob_id, left in (
        (one, {42: one}),
        (two, {42: two}),
        (0, {}),
        (one, {42: one}),
        (None, {}),
    ):
        assert post(endpoint, change(42, blob_id)).status_code == 200
        assert endpoint.person_images == left
    endpoint.check()
    assert [v for v in endpoint._runner.remarks() if v.family == "flow"] == []


@pytest.mark.parametrize("blob_id", [0, None])
def test_no_blob_id_after_a_failed_save_is_told(
    endpoint: StubEndpoint, blob_id: int | None
) -> None:
    endpoint.person_images[42] = 7
    endpoint.reply(succeeded=False)
    post(endpoint, RIGHT.to_http_request())
    assert post(endpoint, change(42, blob_id)).status_code == 500
    assert endpoint.person_images == {42: 7}
    with pytest.raises(ContractViolationError) as caught:
        endpoint.check()
    (violation,) = caught.value.violations
    assert violation.rule == "flow.no-blob-id-after-failed-save"
    assert violation.got == ("no blob id" if blob_id is None else "blob id 0")
    assert "removes the picture of person 42" in violation.message


def test_a_nil_blob_id_counts_as_none(endpoint: StubEndpoint) -> None:
    endpoint.reply(succeeded=False)
    post(endpoint, RIGHT.to_http_request())
    nil = '<n:BlobId xsi:nil="true"/>'
    text = mistakes.request("<n:PersonId>42</n:PersonId>", nil, wrapper="n:ChangePersonImage")
    action = f'"{mistakes.NS}/BLOB/ChangePersonImage"'
    post(endpoint, mistakes.http_request(text, soap_action=action))
    rules = [v.rule for v in endpoint.exchanges[-1].violations]
    assert "flow.no-blob-id-after-failed-save" in rules


def test_a_real_blob_id_after_a_failed_save_says_nothing(endpoint: StubEndpoint) -> None:
    post(endpoint, RIGHT.to_http_request())
    endpoint.reply(succeeded=False)
    post(endpoint, RIGHT.to_http_request())
    assert post(endpoint, change(42, 70001)).status_code == 200
    endpoint.check()


def test_a_save_that_succeeds_later_clears_the_failure(endpoint: StubEndpoint) -> None:
    endpoint.reply(succeeded=False)
    for _ in range(2):
        post(endpoint, RIGHT.to_http_request())
    assert post(endpoint, change(42, 0)).status_code == 200
    endpoint.check()


# -- scripted replies, with requests and with zeep ------------------------------------------------

NO_RIGHTS = ExceptionInfo(message="No rights.", exception_type="SuperOffice.SoSentryException")


def test_a_blob_id_of_ones_own(endpoint: StubEndpoint, client: Any) -> None:
    endpoint.reply(blob_id=4711)
    assert answer_of(post(endpoint, RIGHT.to_http_request()).content).blob_id == 4711
    endpoint.reply(blob_id=4712)
    assert client.service.SaveImageStream("PersonImage", b"1", "d").body.Response == 4712
    assert list(endpoint.blobs) == [4711, 4712]


def test_a_business_failure(endpoint: StubEndpoint, client: Any) -> None:
    endpoint.reply(exception_info=NO_RIGHTS, times=2)
    answer = answer_of(post(endpoint, RIGHT.to_http_request()).content)
    assert (answer.succeeded, answer.blob_id, answer.exception_info) == (False, 0, NO_RIGHTS)
    seen = client.service.SaveImageStream("PersonImage", b"1", "d")
    assert (seen.header.Succeeded, seen.body.Response) == (False, 0)
    assert seen.header.ExceptionInfo.Message == "No rights."
    assert endpoint.blobs == {}
    assert client.service.SaveImageStream("PersonImage", b"1", "d").header.Succeeded is True


def test_a_business_failure_without_a_response(endpoint: StubEndpoint, client: Any) -> None:
    endpoint.reply(succeeded=False, blob_id=None)
    assert client.service.SaveImageStream("PersonImage", b"1", "d").body.Response is None


def test_a_fault(endpoint: StubEndpoint, client: Any) -> None:
    endpoint.reply(fault=Fault(code="Server", reason="Out of order."), times=2)
    answer = post(endpoint, RIGHT.to_http_request())
    assert (answer.status_code, "Out of order." in answer.text) == (500, True)
    with pytest.raises(zeep.exceptions.Fault, match="Out of order"):
        client.service.SaveImageStream("PersonImage", b"1", "d")


def test_a_raw_http_answer(endpoint: StubEndpoint, client: Any) -> None:
    page = HttpResponse(status=502, headers=(("Content-Type", "text/html"),), body=b"<html/>")
    endpoint.reply(response=page, times=2)
    assert post(endpoint, RIGHT.to_http_request()).status_code == 502
    with pytest.raises(zeep.exceptions.Fault, match="Unknown fault"):  # all that zeep makes of it
        client.service.SaveImageStream("PersonImage", b"1", "d")
    endpoint.reply(response=b"HTTP/1.1 204 No Content\r\n\r\n")
    assert post(endpoint, RIGHT.to_http_request()).status_code == 204
    assert [e.response.status for e in endpoint.exchanges if e.response] == [502, 502, 204]


def test_bytes_that_are_no_http(endpoint: StubEndpoint) -> None:
    endpoint.reply(response=b"SMTP ready\r\n")
    with pytest.raises(requests.ConnectionError):
        post(endpoint, RIGHT.to_http_request())
    assert endpoint.exchanges[0].response is None
    with pytest.raises(SoblobError, match="no response"):
        assert_valid_response(endpoint.exchanges[0])


def test_a_closed_connection(endpoint: StubEndpoint, client: Any) -> None:
    endpoint.reply(close=True, times=2)
    for call in (
        lambda: post(endpoint, RIGHT.to_http_request()),
        lambda: client.service.SaveImageStream("PersonImage", b"1", "d"),
    ):
        with pytest.raises(requests.ConnectionError):
            call()
    assert endpoint.blobs == {}


def test_a_delay_is_longer_than_the_clients_patience(endpoint: StubEndpoint, client: Any) -> None:
    endpoint.reply(delay_s=30, times=2)
    request = RIGHT.to_http_request()
    with pytest.raises(requests.Timeout):
        requests.post(endpoint.url, data=request.body, headers=dict(request.headers), timeout=0.05)
    with client.transport.settings(timeout=0.05), pytest.raises(requests.Timeout):
        client.service.SaveImageStream("PersonImage", b"1", "d")
    # At once: that the client has gone need not have been noticed yet.
    assert len(endpoint.orphans) == 2, "the server had stored it: a retry makes an orphan"


def test_for_all_until_the_reset(endpoint: StubEndpoint) -> None:
    endpoint.reply(succeeded=False, times=None)
    endpoint.reply(blob_id=9)
    ids = [answer_of(post(endpoint, RIGHT.to_http_request()).content).blob_id for _ in range(3)]
    assert ids == [9, 0, 0]
    endpoint.reset()
    assert answer_of(post(endpoint, RIGHT.to_http_request()).content).blob_id == 70001


def test_an_id_that_cannot_be_is_answered_but_stores_nothing(endpoint: StubEndpoint) -> None:
    endpoint.reply(blob_id=0, succeeded=True)
    answer = answer_of(post(endpoint, RIGHT.to_http_request()).content)
    assert (answer.succeeded, answer.blob_id, endpoint.blobs) == (True, 0, {})


def test_a_script_is_not_used_up_by_a_request_that_is_refused(endpoint: StubEndpoint) -> None:
    endpoint.reply(blob_id=9)
    with endpoint.expecting("xml.empty"):
        post(endpoint, HttpRequest(headers=RIGHT.to_http_request().headers))
    assert answer_of(post(endpoint, RIGHT.to_http_request()).content).blob_id == 9


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"fault": Fault(), "blob_id": 1}, "takes only one of these: fault and blob_id"),
        ({"fault": Fault(), "succeeded": True}, "takes only one of these: fault and succeeded$"),
        (
            {"response": b"", "succeeded": False, "exception_info": ExceptionInfo()},
            "takes only one of these: response and succeeded, exception_info$",
        ),
        ({"close": True, "response": b""}, "takes only one of these: response and close"),
        ({"operation": "Save"}, "no operation 'Save'"),
        ({"times": 0}, "times must be 1 or more"),
        ({"delay_s": -1}, "delay_s must be 0 or more"),
        ({"status": 500}, "status is the status of a fault"),
        ({"blob_id": 2**31}, "must fit an xs:int"),
        ({"response": "text"}, "must be an HttpResponse or bytes, not str"),
    ],
)
def test_a_script_that_cannot_be_is_refused_at_once(
    endpoint: StubEndpoint, arguments: dict[str, Any], text: str
) -> None:
    with pytest.raises(SoblobError, match=text):
        endpoint.reply(**arguments)


# -- credentials ----------------------------------------------------------------------------------


def test_known_tickets_and_tokens() -> None:
    with StubEndpoint(
        installation="online", tickets=("7T:one", "7T:two"), application_tokens=("app",)
    ) as endpoint:
        answers = []
        for ticket, token in (
            ("7T:one", "app"),
            ("7T:two", "app"),
            ("7T:no", "app"),
            ("7T:one", "x"),
        ):
            request = SaveImageStreamRequest(
                type="PersonImage", image=b"1", description="d", ticket=ticket,
                application_token=token,
            )  # fmt: skip
            delivery = endpoint.handle(request.to_http_request())
            assert isinstance(delivery.response, HttpResponse)
            answers.append(answer_of(delivery.response.body))
    assert [answer.succeeded for answer in answers] == [True, True, False, False]
    info = answers[2].exception_info
    assert info is not None
    assert info.exception_type == "SuperOffice.Exceptions.SoSessionException"


# -- running --------------------------------------------------------------------------------------


def test_leaving_the_block_raises_what_check_would() -> None:
    with pytest.raises(ContractViolationError, match=r"xml\.empty"), StubEndpoint() as endpoint:
        post(endpoint, HttpRequest(headers=RIGHT.to_http_request().headers))


def test_an_exception_in_the_block_comes_through() -> None:
    with pytest.raises(ZeroDivisionError), StubEndpoint() as endpoint:
        raise ZeroDivisionError(post(endpoint, HttpRequest()).status_code)


def test_misuse_is_told() -> None:
    endpoint = StubEndpoint()
    with pytest.raises(SoblobError, match="not running"):
        _ = endpoint.url
    with pytest.raises(SoblobError, match="behaviour must be one of 'strict', 'wcf'"):
        StubEndpoint(behaviour="lenient")
    with pytest.raises(SoblobError, match="at least one rule"), endpoint.expecting():
        pass
    with endpoint, pytest.raises(SoblobError, match="started already"):
        endpoint.start()
    assert repr(endpoint) == "<StubEndpoint not running, 0 exchanges, 0 blobs>"
    endpoint.stop()


def test_two_endpoints_and_eight_clients_at_once() -> None:
    with StubEndpoint() as one, StubEndpoint() as other:
        assert one.url != other.url
        request = RIGHT.to_http_request()
        threads = [threading.Thread(target=post, args=(one, request)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ids = sorted(one.blobs)
        assert (len(ids), ids[0]) == (8, 70001)
        assert other.blobs == {}


def test_starting_and_stopping_leaves_nothing() -> None:
    before = set(threading.enumerate())
    for _ in range(20):
        with StubEndpoint() as endpoint:
            post(endpoint, RIGHT.to_http_request())
    assert set(threading.enumerate()) <= before


def test_on_exchange_is_called() -> None:
    seen: list[Exchange] = []
    with StubEndpoint(on_exchange=seen.append) as endpoint:
        endpoint.handle(RIGHT.to_http_request())
        assert seen == endpoint.exchanges
    assert repr(seen[0]) == "<Exchange SaveImageStream: 200, blob 70001>"


def test_a_request_that_is_still_being_judged_is_waited_for(
    endpoint: StubEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that gives up early does not hide what it sent."""
    begun, go_on = threading.Event(), threading.Event()
    examine = EnvelopeValidator.examine

    def slowly(self: EnvelopeValidator, message: HttpRequest, **options: Any) -> Any:
        begun.set()
        assert go_on.wait(10)
        return examine(self, message, **options)

    monkeypatch.setattr(EnvelopeValidator, "examine", slowly)
    wrong = mistakes.http_request(mistakes.request(mistakes.IMAGE, mistakes.TYPE))
    client = threading.Thread(target=post, args=(endpoint, wrong))
    client.start()
    assert begun.wait(10)
    threading.Timer(0.05, go_on.set).start()
    with pytest.raises(ContractViolationError):
        endpoint.check()
    client.join()


def test_an_error_of_the_stub_itself_is_raised_by_check(
    endpoint: StubEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_soblob.stub.endpoint._service.record", lambda *_: 1 / 0)
    for _ in range(2):
        assert post(endpoint, RIGHT.to_http_request()).status_code == 500
    with pytest.raises(SoblobError, match=r"the stub failed: ZeroDivisionError: .* \(and 1 more\)"):
        endpoint.check()


def test_a_broken_stub_does_not_hide_what_the_test_did_wrong(
    endpoint: StubEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(endpoint, mistakes.http_request(mistakes.request(mistakes.IMAGE, mistakes.TYPE)))
    monkeypatch.setattr("pytest_soblob.stub.endpoint._service.record", lambda *_: 1 / 0)
    post(endpoint, RIGHT.to_http_request())
    with pytest.raises(ContractViolationError) as caught:
        endpoint.check()
    assert [v.rule for v in caught.value.violations if v.is_error] == ["body.child-out-of-order"]
    text = str(caught.value)
    assert text.startswith("request 1 breaks the SaveImageStream contract in 1 place")
    assert "besides, the stub failed: ZeroDivisionError: division by zero\nwhere it" in text
    endpoint.check()  # each is told once


def test_a_broken_stub_does_not_hide_which_calls_are_missing(
    endpoint: StubEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.expect_calls(ExpectedCall("SaveImageStream", times=2))
    monkeypatch.setattr("pytest_soblob.stub.endpoint._service.record", lambda *_: 1 / 0)
    post(endpoint, RIGHT.to_http_request())
    with pytest.raises(ContractViolationError, match=r"(?s)SaveImageStream.*besides, the stub "):
        endpoint.check()


def test_errors_of_the_stub_do_not_pile_up_and_hold_no_request(
    endpoint: StubEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[weakref.ref[object]] = []

    def record(*arguments: object) -> None:
        class Local:
            pass

        local = Local()
        held.append(weakref.ref(local))
        raise ValueError("one\nline\x1b" + "x" * 1000)

    monkeypatch.setattr("pytest_soblob.stub.endpoint._service.record", record)
    for _ in range(20):
        assert post(endpoint, RIGHT.to_http_request()).status_code == 500
    gc.collect()
    assert [reference() for reference in held] == [None] * 20
    with pytest.raises(
        SoblobError, match=r"ValueError: one\\nline\\x1bx.*… \(and 19 more\)"
    ) as met:
        endpoint.check()
    assert len(str(met.value)) < 400
    assert ", in record\n" in "".join(met.value.__notes__), "where it happened"
    endpoint.check()  # told once


# -- sizes, with three clients --------------------------------------------------------------------

SIZES = pytest.mark.parametrize("size", [1, 100_000, 12_000_000])


@SIZES
def test_zeep_uploads(endpoint: StubEndpoint, client: Any, size: int) -> None:
    image = bytes(range(256)) * (size // 256) + bytes(size % 256)
    answer = client.service.SaveImageStream("PersonImage", image, "d")
    assert answer.body.Response == 70001
    assert_saved(endpoint, image=image, type="PersonImage", description="d")
    endpoint.check()


@SIZES
def test_requests_uploads(endpoint: StubEndpoint, size: int) -> None:
    image = b"\x00\xff" * (size // 2) + b"x" * (size % 2)
    request = SaveImageStreamRequest(
        type="ProjectImage", image=image, description="d", ticket="7T:x"
    )
    assert answer_of(post(endpoint, request.to_http_request()).content).blob_id == 70001
    assert_saved(endpoint, image=image)
    endpoint.check()


@SIZES
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")
def test_curl_uploads_a_file(endpoint: StubEndpoint, tmp_path: Path, size: int) -> None:
    image = b"\xab" * size
    request = SaveImageStreamRequest(
        type="PersonImage", image=image, description="d", ticket="7T:x"
    ).to_http_request()
    file = tmp_path / "request.xml"
    file.write_bytes(request.body)
    headers = [f"-H{name}: {value}" for name, value in request.headers]
    command = ["curl", "-sS", "--noproxy", "*", *headers, "--data-binary", f"@{file}", endpoint.url]
    result = subprocess.run(command, capture_output=True, check=True, timeout=60)
    assert answer_of(result.stdout).blob_id == 70001
    assert_saved(endpoint, image=image)
    endpoint.check()


@pytest.mark.parametrize("length", ["none", "of characters"])
def test_a_body_that_is_longer_than_its_length_is_told(length: str) -> None:
    body = mistakes.request(mistakes.TYPE, mistakes.IMAGE, "<n:Description>Kåre</n:Description>")
    head = "".join(
        f"{name}: {value}\r\n"
        for name, value in mistakes.http_request(body).headers
        if name.lower() != "content-length"
    )
    if length == "of characters":
        head += f"Content-Length: {len(body)}\r\n"
    sent = f"POST {SERVICE_PATHS['BLOB']} HTTP/1.1\r\nHost: a\r\n{head}\r\n{body}"
    endpoint = StubEndpoint().start()
    try:
        with connect(endpoint) as client:
            client.sendall(sent.encode())
            everything(client)
        with pytest.raises(ContractViolationError, match=r"http\.content-length"):
            endpoint.check()
    finally:
        endpoint.close()


def test_the_bytes_of_an_http_message_are_no_envelope() -> None:
    raw = b"POST /Remote/Services86/BLOB.svc HTTP/1.1\r\nHost: a\r\n\r\n<Envelope/>"
    with pytest.raises(ContractViolationError) as caught:
        assert_valid_request(raw)
    said = " ".join(str(caught.value).split())
    assert "it looks like" not in said
    assert "does not begin with '<': an HTTP message, head and all" in said
    assert "pass its body alone, or an HttpRequest" in said
