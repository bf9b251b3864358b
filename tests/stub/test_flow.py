"""The flow with several clients at once: nobody is blamed for what they could not know.

Bounds and costs of what is remembered are looked up in the private table: no answer shows them.
"""

import os
import re
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import IO, Any

import pytest

from pytest_soblob import (
    Blob,
    ExceptionInfo,
    Fault,
    HttpResponse,
    SaveImageStreamRequest,
    StubEndpoint,
)
from pytest_soblob.soap.messages import (
    AuthenticateUsernamePasswordRequest,
    ChangePersonImageRequest,
    ChangeProjectImageRequest,
    GetBlobStreamRequest,
    GetPersonImageRequest,
    Request,
)
from pytest_soblob.stub.endpoint._attempts import Attempt
from pytest_soblob.stub.endpoint._records import Event, Table
from pytest_soblob.wire import HttpRequest
from tests.cpu import MOST_GROWTH, growth, spent_s
from tests.example_counts import untraced
from tests.sockets import connect, written
from tests.stub.stories import LONGER, Longer, play


@pytest.fixture
def endpoint() -> Iterator[StubEndpoint]:
    endpoint = StubEndpoint().start()
    yield endpoint
    endpoint.close()


def send(connection: socket.socket, request: Request) -> None:
    connection.sendall(written(request.to_http_request()))


def answer(connection: socket.socket) -> bytes:
    received = b""
    while b"</s:Envelope>" not in received:
        data = connection.recv(65536)
        assert data, received
        received += data
    return received


def upload(description: str, ticket: str = "7T:old") -> SaveImageStreamRequest:
    return SaveImageStreamRequest(
        type="PersonImage", image=b"\x89PNG", description=description, ticket=ticket
    )


def call(endpoint: StubEndpoint, request: Request) -> None:
    post(endpoint, request.to_http_request())


def post(endpoint: StubEndpoint, http: HttpRequest, body: bytes | None = None) -> None:
    """Send a request without a socket, as a client does, or with another body."""
    body = http.body if body is None else body
    length = ("Content-Length", str(len(body)))
    endpoint.handle(HttpRequest(target=http.target, headers=(*http.headers, length), body=body))


def flow_rules(endpoint: StubEndpoint) -> list[str]:
    return [
        violation.rule
        for exchange in endpoint.exchanges
        for violation in exchange.violations
        if violation.family == "flow"
    ]


@pytest.mark.parametrize("behaviour", ["strict", "wcf"])
@pytest.mark.parametrize("story", LONGER, ids=lambda story: story.title)
def test_a_longer_story(story: Longer, behaviour: str) -> None:
    exchanges = play(StubEndpoint(behaviour=behaviour), story.text)
    broken = [
        (number, violation.rule)
        for number, exchange in enumerate(exchanges, 1)
        for violation in exchange.violations
        if violation.family == "flow"
    ]
    assert tuple(broken) == story.broken


def test_uploads_that_were_under_way_when_the_ticket_expired_are_no_mistake(
    endpoint: StubEndpoint,
) -> None:
    """Five workers share a ticket; each learns of its end on its own connection, once."""
    with ExitStack() as stack:
        workers = [stack.enter_context(closing(connect(endpoint))) for _ in range(5)]
        for number, worker in enumerate(workers):
            send(worker, upload(f"warm {number}"))
            answer(worker)
        endpoint.clock.advance(hours=7)
        for number, worker in enumerate(workers):  # the newest connection last: nobody told it
            send(worker, upload(str(number)))
            assert b"The ticket has expired." in answer(worker)
        for number, worker in enumerate(workers):
            send(worker, upload(str(number), "7T:new"))
            assert b">true<" in answer(worker)
    assert flow_rules(endpoint) == []
    endpoint.check()


def test_who_was_told_and_goes_on_is_caught_on_any_connection(endpoint: StubEndpoint) -> None:
    with closing(connect(endpoint)) as one:
        send(one, upload("first"))
        answer(one)
        endpoint.clock.advance(hours=7)
        send(one, upload("second"))
        answer(one)
        send(one, upload("third"))
        answer(one)
        assert flow_rules(endpoint) == ["flow.ticket-used-after-expiry"]
    with closing(connect(endpoint)) as other:  # opened after the refusal
        send(other, upload("fourth"))
        answer(other)
    assert flow_rules(endpoint) == ["flow.ticket-used-after-expiry"] * 2


def test_the_same_image_for_two_persons_is_no_retry(endpoint: StubEndpoint) -> None:
    endpoint.fail("no-rights", times=None)
    with closing(connect(endpoint)) as connection:
        for name in ("Kari", "Ola", "Ada"):
            send(connection, upload(name))
            answer(connection)
    assert flow_rules(endpoint) == []


def test_a_success_in_between_begins_anew(endpoint: StubEndpoint) -> None:
    with closing(connect(endpoint)) as connection:
        for name in ("no-rights", None, "no-rights", "no-rights"):
            if name is not None:
                endpoint.fail(name)
            send(connection, upload("Kari"))
            answer(connection)
    assert flow_rules(endpoint) == []


def handle(endpoint: StubEndpoint, *messages: Request) -> None:
    """Send them, without a socket."""
    for message in messages:
        http = message.to_http_request()
        endpoint.handle(HttpRequest(target=http.target, headers=http.headers, body=http.body))


@pytest.mark.parametrize(
    ("scripted", "is_doubted"),
    [
        ({"response": HttpResponse(status=404)}, False),
        ({"response": HttpResponse(status=302)}, False),
        ({"response": HttpResponse(status=200)}, True),
        ({"response": HttpResponse(status=500)}, True),
        ({"fault": Fault(code="Client")}, False),
        ({"fault": Fault(code="Server")}, True),
    ],
)
def test_what_a_scripted_answer_leaves_open(scripted: dict[str, Any], is_doubted: bool) -> None:
    endpoint = StubEndpoint()
    endpoint.reply(**scripted)
    handle(endpoint, upload("Kari"), upload("Kari"))
    assert flow_rules(endpoint) == ["flow.retry-after-unknown-outcome"] * is_doubted


def test_a_success_ends_the_doubt(endpoint: StubEndpoint) -> None:
    """The same image a third time is a new upload, of which all is known."""
    endpoint.fail("http-504")
    handle(endpoint, upload("Kari"), upload("Kari"), upload("Kari"))
    assert flow_rules(endpoint) == ["flow.retry-after-unknown-outcome"]


def test_the_newest_failure_is_the_one_that_is_told() -> None:
    endpoint = StubEndpoint()
    for name in ("no-rights", "no-licence", "http-404"):
        endpoint.fail(name)
    handle(endpoint, upload("a"), upload("b"), upload("a"), removes(1))
    (violation,) = [v for v in endpoint.exchanges[-1].violations if v.family == "flow"]
    assert violation.rule == "flow.no-blob-id-after-failed-save"
    assert "http-404" in violation.message


def test_a_blob_that_the_test_has_put_there_may_be_attached() -> None:
    endpoint = StubEndpoint()
    endpoint.blobs[4711] = Blob(id=4711, type="PersonImage", image=b"1")
    handle(endpoint, ChangePersonImageRequest(person_id=1, blob_id=4711, ticket="7T:x"))
    assert flow_rules(endpoint) == []
    assert endpoint.person_images == {1: 4711}


@pytest.mark.parametrize("blob_id", [0, None])
def test_a_projects_picture_is_lost_as_well(blob_id: int | None) -> None:
    endpoint = StubEndpoint()
    endpoint.project_images[7] = 3
    endpoint.fail("no-licence")
    attach = ChangeProjectImageRequest(project_id=7, blob_id=blob_id, ticket="7T:x")
    handle(endpoint, upload("Kari"), attach)
    (violation,) = [v for v in endpoint.exchanges[1].violations if v.family == "flow"]
    assert violation.rule == "flow.no-blob-id-after-failed-save"
    assert "removes the picture of project 7" in violation.message
    assert endpoint.project_images == {7: 3}


def removes(person_id: int) -> ChangePersonImageRequest:
    return ChangePersonImageRequest(person_id=person_id, blob_id=0, ticket="7T:old")


def test_a_success_of_another_upload_does_not_make_a_failure_good(endpoint: StubEndpoint) -> None:
    """First all uploads, then all attaches: the id that failed is handed on in the end."""
    endpoint.fail("no-licence")
    with closing(connect(endpoint)) as client:
        for message in (upload("a"), upload("b"), removes(1)):
            send(client, message)
            answer(client)
        assert flow_rules(endpoint) == ["flow.no-blob-id-after-failed-save"]
        endpoint.reset()
        endpoint.fail("no-licence")
        for message in (upload("a"), upload("b"), upload("a"), removes(1)):
            send(client, message)
            answer(client)
    assert flow_rules(endpoint) == []


def test_a_second_better_try_makes_a_failure_good(endpoint: StubEndpoint) -> None:
    endpoint.fail("not-an-image")
    better = SaveImageStreamRequest(
        type="PersonImage", image=b"GIF89a", description="a", ticket="7T:old"
    )
    with closing(connect(endpoint)) as client:
        for message in (upload("a"), better, removes(1)):
            send(client, message)
            answer(client)
    assert flow_rules(endpoint) == []


PORTRAITS = [
    SaveImageStreamRequest(
        type="PersonImage", image=b"\x89PNG%d" % n, description="Portrait", ticket="7T:x"
    )
    for n in range(3)
]


def attach(person: int, blob_id: int) -> ChangePersonImageRequest:
    return ChangePersonImageRequest(person_id=person, blob_id=blob_id, ticket="7T:x")


def test_of_many_with_one_description_the_one_that_failed_is_not_taken_for_mended() -> None:
    endpoint = StubEndpoint()
    endpoint.fail("no-rights")
    for message in (*PORTRAITS, attach(1, 0)):
        call(endpoint, message)
    assert flow_rules(endpoint) == ["flow.no-blob-id-after-failed-save"]


@pytest.mark.parametrize("description", ["Kari", None])
@pytest.mark.parametrize("behaviour", ["strict", "wcf"])
@pytest.mark.parametrize("wrong", ["not-base64", "http-413"])
def test_what_was_refused_unread_is_mended_by_what_comes_then(
    behaviour: str, description: str | None, wrong: str
) -> None:
    endpoint = StubEndpoint(behaviour=behaviour)
    http = SaveImageStreamRequest(
        type="PersonImage", image=b"\x89PNG12", description=description, ticket="7T:x"
    ).to_http_request()
    body = http.body
    if wrong == "not-base64":
        body = body.replace(b"iVBO", b"*VBO")
    else:
        endpoint.fail(wrong)
    for sent in (body, http.body):
        post(endpoint, http, sent)
    for message in (attach(1, 70001), attach(1, 0)):
        call(endpoint, message)
    assert flow_rules(endpoint) == []


@pytest.mark.parametrize("found_by", ["attach", "read"])
def test_who_finds_the_blob_that_an_answer_did_not_tell_has_it(found_by: str) -> None:
    endpoint = StubEndpoint()
    endpoint.fail("saved-but-503")
    call(endpoint, upload("Kari"))
    if found_by == "read":
        call(endpoint, GetBlobStreamRequest(blob_id=70001, ticket="7T:x"))
    else:
        call(endpoint, attach(42, 70001))
    call(endpoint, attach(42, 0))
    assert endpoint.orphans == []
    assert flow_rules(endpoint) == []


def test_who_finds_nothing_may_send_it_again() -> None:
    endpoint = StubEndpoint()
    endpoint.fail("http-504")
    for message in (upload("a"), GetBlobStreamRequest(blob_id=70001, ticket="7T:x"), upload("a")):
        call(endpoint, message)
    assert flow_rules(endpoint) == []


def test_who_logs_in_anew_may_send_the_old_ticket_along() -> None:
    endpoint = StubEndpoint()
    endpoint.fail("ticket-expired")
    call(endpoint, upload("a", "7T:old"))
    login = AuthenticateUsernamePasswordRequest(user="ada", password="x", ticket="7T:old")
    call(endpoint, login)
    assert flow_rules(endpoint) == []
    call(endpoint, upload("a", "7T:old"))
    assert flow_rules(endpoint) == ["flow.ticket-used-after-expiry"]


def test_an_attachment_and_a_log_in_can_be_tried_too_often_as_well() -> None:
    endpoint = StubEndpoint()
    for name, operation, request in (
        ("no-rights", "ChangePersonImage", attach(1, 0)),
        ("wrong-password", None, AuthenticateUsernamePasswordRequest(user="a", password="b")),
        ("no-rights", "GetPersonImage", GetPersonImageRequest(person_id=1, ticket="7T:x")),
    ):
        endpoint.clear()
        endpoint.fail(name, operation=operation, times=None)
        for _ in range(3):
            call(endpoint, request)
    assert flow_rules(endpoint) == ["flow.retried-twice"] * 2
    with pytest.raises(AssertionError, match=r"the same call has failed (?s:.*) is sent again"):
        endpoint.check()


def test_workers_with_one_logo_are_not_blamed_for_each_other(endpoint: StubEndpoint) -> None:
    """Each is refused once, takes a new ticket, and tries once more."""
    with ExitStack() as stack:
        workers = [stack.enter_context(closing(connect(endpoint))) for _ in range(4)]
        endpoint.fail("ticket-expired", times=4)
        for ticket in ("7T:old", "7T:new"):
            for worker in workers:
                send(worker, upload("logo", ticket))
                answer(worker)
    assert flow_rules(endpoint) == []


def test_a_worker_that_connects_while_another_is_told_is_not_blamed(endpoint: StubEndpoint) -> None:
    endpoint.fail("ticket-expired", times=2)
    with closing(connect(endpoint)) as one:
        send(one, upload("a"))
        answer(one)
        with closing(connect(endpoint)) as other:  # accepted after the answer, connected before
            send(other, upload("b"))
            answer(other)
            assert flow_rules(endpoint) == []
            send(other, upload("b"))
            answer(other)
    assert flow_rules(endpoint) == ["flow.ticket-used-after-expiry"]


def test_an_upload_that_was_too_large_to_be_read_has_failed() -> None:
    with StubEndpoint(max_message_size=1_000) as endpoint:
        for message in (
            SaveImageStreamRequest(type="PersonImage", image=b"x" * 1_000, ticket="7T:old"),
            removes(1),
        ):
            with closing(connect(endpoint)) as client:
                client.sendall(written(message.to_http_request()))
                client.recv(65536)
        assert flow_rules(endpoint) == ["flow.no-blob-id-after-failed-save"]
        with closing(connect(endpoint)) as client:
            for small in (upload("b"), removes(2)):
                send(client, small)
                answer(client)
        assert len(flow_rules(endpoint)) == 1
        endpoint.reset()


def test_to_remove_a_picture_is_no_mistake(endpoint: StubEndpoint) -> None:
    endpoint.person_images[42] = 1
    with closing(connect(endpoint)) as connection:
        send(connection, ChangePersonImageRequest(person_id=42, blob_id=0, ticket="7T:x"))
        answer(connection)
    assert flow_rules(endpoint) == []
    assert endpoint.person_images == {}


def test_a_test_can_expect_a_rule_of_the_flow(endpoint: StubEndpoint) -> None:
    with (
        endpoint.expecting("flow.ticket-used-after-expiry"),
        closing(connect(endpoint)) as connection,
    ):
        endpoint.fail("ticket-expired")
        for _ in range(2):
            send(connection, upload("Kari"))
            answer(connection)
    endpoint.check()


def test_what_is_no_http_is_held_against_the_test(endpoint: StubEndpoint) -> None:
    with closing(connect(endpoint)) as connection:
        head = b"POST /x HTTP/1.1\r\nHost: a\r\n"
        connection.sendall(head + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")
    assert endpoint.exchanges == []
    with pytest.raises(
        AssertionError, match=r"a malformed request breaks .*(?s:.*)http\.header-duplicate"
    ):
        endpoint.check()


def test_only_the_newest_exchanges_are_kept_where_a_limit_says_so() -> None:
    endpoint = StubEndpoint(keep=3)
    for number in range(10):
        http = upload(str(number)).to_http_request()
        endpoint.handle(HttpRequest(target=http.target, headers=http.headers, body=http.body))
    assert [exchange.blob_id for exchange in endpoint.exchanges] == [70092, 70095, 70101]
    assert list(endpoint.blobs) == [70092, 70095, 70101]
    attach = ChangePersonImageRequest(person_id=1, blob_id=70008, ticket="7T:x").to_http_request()
    endpoint.handle(HttpRequest(target=attach.target, headers=attach.headers, body=attach.body))
    assert endpoint.person_images == {1: 70008}, "it was given, if it is not kept"
    endpoint.check()
    assert len(endpoint._ledger.view.remarks) == 3
    for number in range(10):
        http = upload(str(number), "").to_http_request()
        endpoint.handle(HttpRequest(target=http.target, headers=http.headers, body=http.body))
    with pytest.raises(AssertionError) as raised:
        endpoint.check()
    assert re.findall(r"request (\d+) breaks", str(raised.value)) == ["19", "20", "21"]


@pytest.mark.slow
@untraced
def test_what_is_remembered_of_the_flow_is_bounded_where_a_limit_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pytest_soblob.stub.endpoint._flow._LEAST_KEPT_IDS", 100)
    endpoint = StubEndpoint(keep=10)
    endpoint.fail("close-without-answer", times=None)
    endpoint.fail("no-rights", share=0.5)
    for number in range(300):
        call(endpoint, upload(f"{number}" * 1_000, f"7T:{number}"))
    flow = endpoint._ledger.view.flow
    tried = flow._tried
    assert len(tried) == 101
    assert max(len(repr(record)) for record in tried._records.values()) < 1_000
    linked = {attempt for found in tried._index.values() for attempt in found}
    assert linked == tried._records.keys()
    endpoint.clear()
    for number in range(300):
        call(endpoint, upload(f"again {number}"))
    assert len(flow._given) == 101
    call(endpoint, ChangePersonImageRequest(person_id=1, blob_id=70001, ticket="7T:x"))
    assert flow_rules(endpoint) == [], "it was given, if it is not remembered"
    endpoint.reply(blob_id=2_000_000)
    for number in range(200):
        call(endpoint, upload(f"more {number}"))
    call(endpoint, ChangePersonImageRequest(person_id=1, blob_id=1_000_000, ticket="7T:x"))
    assert flow_rules(endpoint) == ["flow.blob-id-never-given"]


def cost_of_flow_s(count: int) -> float:
    """CPU seconds of so many uploads that fail, as many like them that succeed, and attachments."""

    def fill_and_empty() -> None:
        table = Table()
        for number in range(count):
            attempt = Attempt("PersonImage", "Portrait", number)
            table.fail(attempt, Event.OPEN, "it failed", number)
        for number in range(count):
            attempt = Attempt("PersonImage", "Portrait", count + number)
            table.succeed(attempt)
            table.liken(attempt, count + number)
        for number in range(count):
            table.find(number)
            table.seek()
        assert not table

    return spent_s(fill_and_empty)


@pytest.mark.slow
@untraced
def test_what_is_remembered_does_not_make_each_call_dearer() -> None:
    assert growth(cost_of_flow_s, 2_000) <= MOST_GROWTH


def test_the_newest_is_what_was_noted_last() -> None:
    endpoint = StubEndpoint(keep=1)
    endpoint.fail("no-rights", times=None)
    mine = upload("mine")
    for batch in range(2):
        call(endpoint, mine)
        for number in range(60):
            call(endpoint, upload(f"{batch} {number}"))
    call(endpoint, mine)
    assert flow_rules(endpoint) == ["flow.retried-twice"]


def test_an_id_that_is_told_later_is_no_orphan_any_more() -> None:
    endpoint = StubEndpoint()
    endpoint.fail("saved-but-503")
    call(endpoint, upload("first"))
    assert [blob.id for blob in endpoint.orphans] == [70001]
    endpoint.reply(blob_id=70001)
    call(endpoint, upload("second"))
    assert endpoint.orphans == []


def test_a_save_that_is_no_xml_is_a_failed_save() -> None:
    endpoint = StubEndpoint()
    http = upload("d").to_http_request()
    body = http.body.replace(b"</", b"< /")
    endpoint.handle(HttpRequest(target=http.target, headers=http.headers, body=body))
    call(endpoint, ChangePersonImageRequest(person_id=1, ticket="7T:x"))
    assert flow_rules(endpoint) == ["flow.no-blob-id-after-failed-save"]


def test_a_failure_without_a_class_is_told_by_its_text() -> None:
    endpoint = StubEndpoint()
    endpoint.reply(exception_info=ExceptionInfo(message="Your ticket has expired."))
    call(endpoint, upload("d"))
    call(endpoint, ChangePersonImageRequest(person_id=1, blob_id=0, ticket="7T:x"))
    with pytest.raises(AssertionError, match=r"\(Succeeded was false: Your ticket has expired\.\)"):
        endpoint.check()


def test_the_id_of_a_blob_that_is_not_kept_is_not_given_again() -> None:
    endpoint = StubEndpoint(keep=1)
    for blob_id in (70008, 70022):
        endpoint.reply(blob_id=blob_id)
    handle(endpoint, *(upload(str(number)) for number in range(4)))
    assert [exchange.blob_id for exchange in endpoint.exchanges] == [70049]
    assert list(endpoint.blobs) == [70049]


@pytest.mark.slow
def test_a_large_upload_is_kept_in_a_file_and_read_when_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Up to 32 MiB of all large uploads are kept in memory: this one is larger."""
    files: list[IO[bytes]] = []
    create = tempfile.TemporaryFile

    def recorded(**how: Any) -> IO[bytes]:
        files.append(create(**how))
        return files[-1]

    monkeypatch.setattr(tempfile, "TemporaryFile", recorded)
    endpoint = StubEndpoint()
    image = b"\x89PNG" + bytes(26_000_000)
    http = SaveImageStreamRequest(
        type="PersonImage", image=image, description="d", ticket="7T:x"
    ).to_http_request()
    post(endpoint, http)
    (file,) = files
    assert os.pread(file.fileno(), len(http.body) + 1, 0).startswith(http.body)
    (kept,) = endpoint.exchanges
    assert endpoint.blobs[70001].image == image
    endpoint.reset()
    post(endpoint, http)
    assert kept.request.body == http.body, "what somebody holds stays"
