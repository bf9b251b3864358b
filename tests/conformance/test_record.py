"""`soblob record`: what passes is unchanged, and what is recorded is judged and compared."""

import json
import re
import socket
import stat
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_soblob import (
    HttpRequest,
    HttpResponse,
    SaveImageStreamRequest,
    SoblobError,
    StubEndpoint,
    assert_valid_request,
    strategies,
)
from pytest_soblob._text import DRAWN_MARK
from pytest_soblob.certificates import Authority
from pytest_soblob.cli import main
from pytest_soblob.conformance.captures.files import LARGEST_FILE_BYTES, contents_of, iter_judgeable
from pytest_soblob.conformance.documented import answer_of_host, compare
from pytest_soblob.conformance.forwarding import Upstream
from pytest_soblob.conformance.recording import Passed, Recorder
from pytest_soblob.judge.validators import EnvelopeValidator
from pytest_soblob.settings import SoblobSettings, WcfHost
from tests import mistakes
from tests.cli.conftest import command
from tests.command import all_output, runner
from tests.conformance.recorded import PATH, answered, call, raw_upstream, recording
from tests.example_counts import at_length, either
from tests.stub.stories import STEP, STORIES
from tests.wire import to_bytes

PAGE = (Path(__file__).parents[2] / "docs" / "conformance.md").read_text(encoding="utf-8")
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "recording.schema.json").read_text())
WCF = SoblobSettings(behaviour="wcf")


def sized(request: HttpRequest) -> HttpRequest:
    """Return a request with a Content-Length, without which a host answers 411."""
    length = ("Content-Length", str(len(request.body)))
    kept = [pair for pair in request.headers if pair[0].lower() != "content-length"]
    return replace(request, headers=(*kept, length))


PARTS = (mistakes.TYPE, mistakes.IMAGE, mistakes.DESCRIPTION)
RIGHT = sized(mistakes.http_request(mistakes.request(*PARTS)))
SAVED = mistakes.http_response(mistakes.response())
# What the transfer says of itself: a recording holds bodies without codings and their lengths.
OF_THE_TRANSFER = {
    "http.content-length",
    "http.conflicting-framing",
    "http.request-compressed",
    "http.content-encoding",
}
HEADER_NAME = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,12}", fullmatch=True)
HEADER_VALUE = st.from_regex(
    r"(?:[!-~\x80-\xff]([ -~\x80-\xff]{0,12}[!-~\x80-\xff])?)?", fullmatch=True
)
RESERVED = {
    *("host", "content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade"),
    *("expect", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization"),
    *("proxy-authentication-info",),
}


def headers() -> st.SearchStrategy[list[tuple[str, str]]]:
    pairs = st.tuples(HEADER_NAME, HEADER_VALUE).filter(lambda p: p[0].lower() not in RESERVED)
    return st.lists(pairs, max_size=6)


def recorded(folder: Path, passed: Passed) -> dict[str, Any]:
    """Record one exchange without a proxy, and return its line."""
    recorder = Recorder(folder / "recording.jsonl", WCF)
    try:
        recorder.record(passed)
    finally:
        recorder.close()
    item: dict[str, Any] = json.loads((folder / "recording.jsonl").read_text())
    jsonschema.validate(item, SCHEMA)
    return item


def body_of(folder: Path, message: dict[str, Any]) -> bytes:
    return (folder / "recording.jsonl.bodies" / str(message["body"])).read_bytes()


# -- what passes -----------------------------------------------------------------------------------


@at_length
def test_bodies_and_heads_pass_unchanged(tmp_path_factory: pytest.TempPathFactory) -> None:
    answer = b""
    with (
        raw_upstream(lambda _, client: client.sendall(answer)) as upstream,
        recording(tmp_path_factory.mktemp("r"), upstream.url) as record,
    ):

        @settings(max_examples=either(40, 120))
        @given(
            st.sampled_from(["POST", "PUT", "REPORT"]),
            headers(), st.binary(max_size=300), st.booleans(),
            st.integers(200, 599).filter(lambda status: status not in (204, 304)),
            st.from_regex(r"[ -~]{0,20}", fullmatch=True).map(str.strip),
            headers(), st.binary(max_size=300), st.booleans(),
        )  # fmt: skip
        def passes(
            method: str, asked: list[tuple[str, str]], sent: bytes, in_chunks: bool, status: int,
            reason: str, said: list[tuple[str, str]], body: bytes, chunked: bool,
        ) -> None:  # fmt: skip
            nonlocal answer
            coding = [("Transfer-Encoding", "chunked")]
            length = [("Content-Length", str(len(sent)))]
            framing = coding if in_chunks else length
            request = HttpRequest(
                method=method, target=f"{PATH}?a=%20b&c", body=sent,
                headers=(("hOST", "client.example"), *asked, *framing),
            )  # fmt: skip
            length = [("content-LENGTH", str(len(body)))]
            response = HttpResponse(
                status=status, reason=reason, headers=(*said, *(coding if chunked else length)),
                body=body,
            )  # fmt: skip
            answer = to_bytes(response)
            got = call(record.url, request, to_bytes(request).replace(b"\r\n\r\n",
                       b"\r\nConnection: close\r\n\r\n", 1))  # fmt: skip
            # The bytes are equal but for Host, Connection and where a chunk ends.
            asked_bytes = upstream.received[-1]
            host = upstream.url.partition("://")[2].partition("/")[0]
            expected = to_bytes(request).replace(b"hOST: client.example", f"hOST: {host}".encode())
            assert _head(asked_bytes) == [*_head(expected), b"Connection: close"]
            assert asked_bytes.partition(b"\r\n\r\n")[2] == expected.partition(b"\r\n\r\n")[2]
            assert _head(got) == [*_head(answer), b"Connection: close"]
            assert got.partition(b"\r\n\r\n")[2] == answer.partition(b"\r\n\r\n")[2]

        passes()
        assert record.proxy.broken is None


def _head(data: bytes) -> list[bytes]:
    return data.partition(b"\r\n\r\n")[0].split(b"\r\n")


def test_a_head_an_empty_answer_and_one_without_a_length_pass(tmp_path: Path) -> None:
    for number, (method, answer) in enumerate(
        (
            ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 570\r\nX: y\r\n\r\n"),
            ("GET", b"HTTP/1.1 304 Not Modified\r\nETag: 1\r\n\r\n"),
            ("POST", b"HTTP/1.0 200 Fine\r\nX: y\r\n\r\nto the end"),
        )
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        with (
            raw_upstream(lambda _, client, data=answer: client.sendall(data)) as upstream,  # type: ignore[misc]
            recording(folder, upstream.url) as record,
        ):
            got = call(record.url, HttpRequest(method=method, target=PATH))
        head, _, body = answer.partition(b"\r\n\r\n")
        assert got == b"HTTP/1.1" + head[8:] + b"\r\nConnection: close\r\n\r\n" + body


def test_requests_on_one_connection_are_answered_in_turn(tmp_path: Path) -> None:
    with (
        StubEndpoint(behaviour="wcf") as endpoint,
        recording(tmp_path, endpoint.url) as record,
    ):
        one = to_bytes(HttpRequest(target=PATH, headers=(("Host", "h"), *RIGHT.headers),
                                   body=RIGHT.body))  # fmt: skip
        expecting = one.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n", 1)
        last = one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
        got = call(record.url, RIGHT, one + one + last)
        assert got.count(b"HTTP/1.1 200 OK\r\n") == 3
        assert got.count(b"Connection: close") == 1
        old = call(record.url, RIGHT, expecting.replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert old.startswith(b"HTTP/1.1 200")
    assert [one["operation"] for one in record.exchanges] == ["SaveImageStream"] * 4


@pytest.mark.parametrize(
    ("upstream", "path", "passes"),
    [
        ("http://h/Remote/Services86/BLOB.svc", "/Remote/Services86/BLOB.svc", True),
        ("http://h/Remote/Services86/BLOB.svc", "/remote/services86/blob.svc/", True),
        ("http://h/Remote/Services86/BLOB.svc", "/Remote/Services86/SoPrincipal.svc", True),
        ("http://h/Remote/Services86/BLOB.svc", "/Remote/Services86/BLOB.svc/below", True),
        ("http://h/Remote/Services86/BLOB.svc", "/Remote/Services85/BLOB.svc", False),
        ("http://h/Remote/Services86/BLOB.svc", "/Remote/Services86/Person.svc", False),
        ("http://h/Remote/Services86/BLOB.svc", "/Remote/Services86/BLOB.svc/../Person.svc", False),
        ("http://h/Remote/Services86/BLOB.svc", "/Remote/Services86/BLOB.svc/..%2fx", False),
        ("http://h/Remote/Services86/BLOB.svc", "/Remote/Services86/BLOB.svc\\..\\x", False),
        ("http://h/Remote/Services86/BLOB.svc", "/Remote/Services86/XBLOB.svc", False),
        ("http://h/Remote/Services86/BLOB.svc", "/", False),
        ("http://h/Remote/Services86", "/Remote/Services86/BLOB.svc", True),
        ("http://h", "/Cust1/Remote/Services86/BLOB.svc", True),
        ("http://h", "/Cust1/admin", False),
        ("http://h", "/Cust1/XBLOB.svc", False),
        ("http://h/Cust1/", "/Cust2/Remote/Services86/BLOB.svc", False),
    ],
)
def test_only_the_service_is_passed_on(upstream: str, path: str, passes: bool) -> None:
    assert Upstream.of_url(upstream).serves(path) is passes


def test_another_path_is_refused_with_one_line_and_not_recorded(tmp_path: Path) -> None:
    with (
        raw_upstream(lambda _, client: client.sendall(b"")) as upstream,
        recording(tmp_path, upstream.url) as record,
    ):
        refused = answered(call(record.url, HttpRequest(method="GET", target="/admin?t=7T:Leak1")))
        assert (refused.status, refused.body.count(b"\n")) == (403, 1)
        assert upstream.received == []
    assert record.exchanges == []
    assert record.lines == ["403 GET /admin: not a path of the upstream's service"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://h/BLOB.svc", "must be an http or https URL"),
        ("h/BLOB.svc", "must be an http or https URL"),
        ("http://", "must be an http or https URL"),
        ("http://h:99999/BLOB.svc", "must be an http or https URL"),
        ("http://ada:LeakedPw@h/BLOB.svc", "without a user name"),
        ("http://h/BLOB.svc?wsdl", "without a query"),
        ("http://h/a/../BLOB.svc", "without a query"),
        ("http://h/Remote/Services86/Person.svc", "must be BLOB.svc or SoPrincipal.svc, or the"),
        ("http://h/Remote/Services86/person.SVC/", "got 'http://h/Remote/Services86/person.SVC/'"),
    ],
)
def test_an_upstream_that_is_none_is_refused(url: str, said: str) -> None:
    with pytest.raises(SoblobError, match=said) as raised:
        Upstream.of_url(url)
    assert "Leaked" not in str(raised.value)


def test_the_certificate_of_the_upstream_is_checked(tmp_path: Path) -> None:
    (tmp_path / "trusted").mkdir()
    (tmp_path / "unknown").mkdir()
    with (
        Authority(tmp_path / "ca") as authority,
        StubEndpoint(behaviour="wcf", tls=authority.server_context()) as endpoint,
    ):
        with recording(tmp_path / "trusted", endpoint.url, ca=str(authority.ca_file)) as record:
            assert answered(call(record.url, RIGHT)).status == 200
        with recording(tmp_path / "unknown", endpoint.url) as record:
            refused = answered(call(record.url, RIGHT))
        assert refused.status == 502
        assert b"certificate is not trusted" in refused.body
        assert b"--ca" in refused.body
        (exchange,) = record.exchanges
        assert exchange["response"] is None
        assert "certificate is not trusted" in exchange["failure"]
        endpoint.discard_findings()


# -- what is recorded ------------------------------------------------------------------------------


def test_an_exchange_is_a_line_with_its_bodies_beside_it(tmp_path: Path) -> None:
    with (
        StubEndpoint(behaviour="wcf") as endpoint,
        recording(tmp_path, endpoint.url) as record,
    ):
        call(record.url, RIGHT)
    (item,) = record.exchanges
    jsonschema.validate(item, SCHEMA)
    assert (item["exchange"], item["operation"], item["blob_id"]) == (1, "SaveImageStream", 70001)
    assert item["response"]["status"] == 200
    assert item["differs"] == []
    body = body_of(tmp_path, item["request"])
    assert body == RIGHT.body.replace(mistakes.TICKET.encode(), "7T:47…".encode())
    assert record.lines == ["200 SaveImageStream blob 70001"]
    for entry in (record.file, *record.file.with_name("recording.jsonl.bodies").iterdir()):
        assert stat.S_IMODE(entry.stat().st_mode) == 0o600
    assert_valid_request(record.file)


def test_a_file_that_exists_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "recording.jsonl").write_text("mine")
    with pytest.raises(SoblobError, match=r"recording\.jsonl exists already"):
        Recorder(tmp_path / "recording.jsonl", WCF)
    assert (tmp_path / "recording.jsonl").read_text() == "mine"
    assert [one.name for one in tmp_path.iterdir()] == ["recording.jsonl"]
    (tmp_path / "other.jsonl.bodies").mkdir()
    with pytest.raises(SoblobError, match=r"other\.jsonl\.bodies exists already"):
        Recorder(tmp_path / "other.jsonl", WCF)
    assert not (tmp_path / "other.jsonl").exists()


def test_a_port_that_is_taken_leaves_no_file(tmp_path: Path) -> None:
    with StubEndpoint() as endpoint:
        port = endpoint.base_url.rpartition(":")[2]
        options = ["--upstream", endpoint.url, "--to", str(tmp_path / "r.jsonl"), "--port", port]
        result = runner().invoke(main, ["record", *options])
    assert result.exit_code == 2
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in all_output(result)
    assert list(tmp_path.iterdir()) == []


@at_length
@pytest.mark.parametrize(
    "mistake",
    [m for m in mistakes.MISTAKES if m.operation == "SaveImageStream"][:: either(6, 1)],
    ids=lambda mistake: mistake.name,
)
def test_the_recording_has_the_verdict_of_the_exchange(
    tmp_path: Path, mistake: mistakes.Mistake
) -> None:
    message = mistake.message
    if isinstance(message, bytes):
        head = (("Content-Type", "text/xml; charset=utf-8"), ("SOAPAction", f'"{mistakes.ACTION}"'))
        request = HttpRequest(target=PATH, headers=head, body=message)
        message = request if mistake.kind == "request" else HttpResponse(headers=head, body=message)
    is_request = isinstance(message, HttpRequest)
    passed = Passed(
        request=message if isinstance(message, HttpRequest) else RIGHT,
        response=message if isinstance(message, HttpResponse) else SAVED,
    )
    item = recorded(tmp_path, passed)
    kind = "request" if is_request else "response"
    verdict = item["verdicts"][kind]
    if verdict is None or "not_kept" in item[kind] or mistake.rule == "header.ticket-white-space":
        return  # a look-up; a body that nobody can decode; a blank that is masked with its ticket
    with contents_of(str(tmp_path / "recording.jsonl"), LARGEST_FILE_BYTES) as (contents, _):
        found = {one.where.rpartition(", ")[2]: one.message for one in iter_judgeable(contents)}
    captured = found[kind]
    assert not isinstance(captured, bytes)
    judge = EnvelopeValidator.of_service(kind)
    assert not isinstance(captured.message, Exception)
    again = Counter(one.rule for one in judge.judge(captured.message).violations)
    before = Counter(one["rule"] for one in verdict["violations"])
    assert _without_transfer(again) == _without_transfer(before)


def _without_transfer(rules: Counter[str]) -> Counter[str]:
    return Counter({rule: count for rule, count in rules.items() if rule not in OF_THE_TRANSFER})


@at_length
@settings(max_examples=either(20, 80), deadline=None)
@given(st.data())
def test_a_valid_message_stays_valid_and_no_other_becomes_so(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("valid")
    request = data.draw(strategies.request_envelopes(profiles=["wsdl"]))
    response = data.draw(strategies.response_envelopes(profiles=["wsdl"]))
    head = (("Content-Type", "text/xml; charset=utf-8"), ("SOAPAction", f'"{mistakes.ACTION}"'))
    item = recorded(
        folder,
        Passed(
            request=HttpRequest(target=PATH, headers=head, body=_not_drawn(request)),
            response=HttpResponse(headers=head[:1], body=_not_drawn(response)),
        ),
    )
    if "not_kept" in item["response"]:
        return  # several characters for private use in a row could be another encoding
    result = runner().invoke(main, ["validate", str(folder / "recording.jsonl")])
    valid = all(verdict["valid"] for verdict in item["verdicts"].values())
    assert (result.exit_code == 0) is valid, result.output


def _not_drawn(envelope: bytes) -> bytes:
    """Return an envelope whose tickets are masked, as those of a strategy are not."""
    return bytes(envelope).replace(DRAWN_MARK.encode(), b"NotDrawn")


# -- what differs ----------------------------------------------------------------------------------


@at_length
def test_the_documented_host_does_not_differ_from_itself(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    endpoint = StubEndpoint(behaviour="wcf", keep=50).start()
    sent = strategies.requests().map(lambda one: one.to_http_request())
    wrong = strategies.malformed_requests().map(bytes).map(_in_http)

    with recording(tmp_path_factory.mktemp("same"), endpoint.url) as record:

        @settings(max_examples=either(60, 300), deadline=None)
        @given(sent | wrong.filter(lambda request: request is not None))
        def same(request: HttpRequest) -> None:
            call(record.url, request)
            assert record.proxy.broken is None
            assert "difference" not in record.lines[-1], record.lines[-1]

        same()
    assert record.proxy.counts.exchanges == len(record.lines) > 40
    endpoint.close()


def _in_http(body: bytes) -> HttpRequest | None:
    """Return an envelope as a request; None for what is a raw HTTP message already."""
    if body.startswith((b"POST ", b"GET ", b"PUT ")):
        return None
    head = (("Content-Type", "text/xml; charset=utf-8"), ("SOAPAction", f'"{mistakes.ACTION}"'))
    return sized(HttpRequest(target=PATH, headers=head, body=body))


def test_no_mistake_and_no_story_differs_at_the_documented_host(tmp_path: Path) -> None:
    endpoint = StubEndpoint(behaviour="wcf").start()
    texts = [text for story in STORIES for text in STEP.split(story.wrong)[2::2]]
    asked = [_in_http(text.strip().encode()) for text in texts]
    asked += [m.message if isinstance(m.message, HttpRequest) else _in_http(m.message)
              for m in mistakes.MISTAKES if m.kind == "request"
              and not isinstance(m.message, HttpResponse)]  # fmt: skip
    found = []
    for request in asked:
        assert request is not None
        response = endpoint.handle(request).response
        expected = answer_of_host(request, WCF)
        assert isinstance(response, HttpResponse)
        assert expected is not None
        found += compare(request, expected, response)
    endpoint.close()
    assert len(asked) > 100
    assert found == []


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_message_over_the_limit_is_no_difference(tmp_path: Path, *, is_chunked: bool) -> None:
    """The host answers before it has read the body."""
    upload = SaveImageStreamRequest(type="PersonImage", image=bytes(1_000_000), ticket="7T:x")
    request = upload.to_http_request()
    if is_chunked:
        chunked = ("Transfer-Encoding", "chunked")
        request = replace(request, headers=(*request.headers, chunked))
    with (
        StubEndpoint(behaviour="wcf") as endpoint,
        recording(tmp_path, endpoint.url) as record,
    ):
        assert answered(call(record.url, request)).status == (400 if is_chunked else 413)
        endpoint.discard_findings()
    (item,) = record.exchanges
    assert item["differs"] == []
    assert item["failure"] is None


DIFFERENCES = [
    (b"<h:Succeeded", b"<h:Extra xmlns:h='urn:x'/><h:Succeeded", {"header blocks",
                                                                 "header block Extra"}),
    (b">true</h:Succeeded>", b">1</h:Succeeded>", {"header block Succeeded"}),
    (b"SaveImageStreamResponse", b"SaveImageStreamResult", {"body element"}),
    (b">70001<", b">0<", {"result"}),
    (b">70001<", b">4711<", set()),
    (b"h:", b"n:", {"spelling"}),
    (b"<s:Envelope", b"<?xml version='1.0'?><s:Envelope", {"spelling"}),
    (b">true</h:Succeeded>", b">false</h:Succeeded>", {"outcome"}),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "names"), DIFFERENCES)
def test_a_difference_in_an_answer_is_named(before: bytes, after: bytes, names: set[str]) -> None:
    expected = answer_of_host(RIGHT, WCF)
    assert expected is not None
    body = expected.body.replace(before, after)
    if after.startswith(b"n"):
        body = body.replace(b"xmlns:h", b"xmlns:n")
    got = HttpResponse(status=200, headers=expected.headers, body=body)
    assert {one.what for one in compare(RIGHT, expected, got)} == names


def test_status_headers_and_the_fault_are_compared() -> None:
    action = ("SOAPAction", '"urn:nothing"')
    request = replace(RIGHT, headers=(*[h for h in RIGHT.headers if h[0] != action[0]], action))
    expected = answer_of_host(request, WCF)
    assert expected is not None
    body = expected.body.replace(b"ActionNotSupported", b"Client", 1).replace(b"en-US", b"nb-NO")
    body = body.replace(b"cannot be processed", b"is not for us")
    got = HttpResponse(
        status=400, headers=(("Content-Type", "text/xml"), ("X-Node", "3"), ("Date", "now")),
        body=body,
    )  # fmt: skip
    found = {one.what: (one.expected, one.got) for one in compare(request, expected, got)}
    assert set(found) == {
        *("status", "reason phrase", "HTTP header Content-Type", "HTTP header X-Node"),
        *("HTTP header Server", "fault code", "fault text", "fault language"),
    }
    assert found["status"] == ("500", "400")
    assert found["HTTP header X-Node"] == ("none", "3")
    assert found["fault language"] == ("en-US", "nb-NO")
    html = HttpResponse(status=500, headers=(("Content-Type", "text/html"),), body=b"<p>no</p>")
    (body_row,) = [one for one in compare(request, expected, html) if one.what == "body"]
    assert body_row.expected == "an envelope with s:Fault"
    assert body_row.got == "no envelope, Content-Type text/html"


def test_a_failure_that_depends_on_data_is_no_difference() -> None:
    """A wrong password, a blob that is not there: the kit cannot know."""
    request = sized(SaveImageStreamRequest(ticket="7T:x").to_http_request())
    failed = StubEndpoint(behaviour="wcf", tickets=["7T:another"]).handle(request).response
    expected = answer_of_host(request, WCF)
    assert expected is not None
    assert isinstance(failed, HttpResponse)
    (found,) = compare(request, expected, failed)
    assert found.what == "outcome"
    assert "SoSessionException" in found.got
    for name in ("GetBlobStream", "ChangePersonImage", "Authenticate"):
        ours, theirs = (
            HttpResponse(
                headers=one.headers,
                body=one.body.replace(b"SaveImageStreamResponse", f"{name}Response".encode()),
            )
            for one in (expected, failed)
        )
        assert compare(request, ours, theirs) == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_proxy_is_not_its_own_upstream(tmp_path: Path, host: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    upstream = ["--upstream", f"http://{host}:{port}{PATH}", "--port", port]
    result = runner().invoke(main, ["record", *upstream, "--to", str(tmp_path / "r.jsonl")])
    assert result.exit_code == 2
    said = f"soblob: the upstream is this proxy itself, 127.0.0.1:{port}: name another"
    assert all_output(result).startswith(said)
    assert all_output(result).count("\n") == 1
    assert list(tmp_path.iterdir()) == []


# -- the command -----------------------------------------------------------------------------------


def test_wrong_usage_is_one_line(tmp_path: Path) -> None:
    file = str(tmp_path / "r.jsonl")
    for options in (
        ["--upstream", "gopher://h", "--to", file],
        ["--upstream", "https://h/BLOB.svc", "--to", file, "--ca", str(tmp_path / "none.pem")],
        ["--upstream", "http://h/BLOB.svc", "--to", str(tmp_path / "no" / "r.jsonl")],
        ["--upstream", "http://h/BLOB.svc", "--to", file, "--culture", "!"],
        ["--upstream", "http://h/BLOB.svc", "--to", file, "--ca", str(tmp_path / "none.pem")],
    ):
        result = runner().invoke(main, ["record", *options])
        assert result.exit_code == 2
        assert all_output(result).count("\n") == 1, all_output(result)
        assert all_output(result).startswith("soblob: ")
        assert ("r.jsonl cannot be written: " in all_output(result)) is (file not in options)


@pytest.mark.slow
def test_the_session_on_the_page_is_what_comes_out(tmp_path: Path) -> None:
    block = re.search(r"```console\n\$ soblob (record [^\n]*)\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    first, *shown = block[2].splitlines()
    iis = SoblobSettings(behaviour="wcf", wcf_host=WcfHost(hosting="iis"))
    with StubEndpoint(settings=iis) as endpoint:
        options = block[1].replace("https://crm.example" + PATH, endpoint.url)
        options = options.replace("8086", "0").replace("netserver", str(tmp_path / "netserver"))
        process = subprocess.Popen(command(*options.split()), stdout=subprocess.PIPE, text=True)
        with process:
            assert process.stdout is not None
            said = process.stdout.readline().rstrip("\n")
            url = said.split()[1]
            said = said.replace(endpoint.base_url, "https://crm.example")
            assert re.sub(r":\d+/", ":8086/", said) == first
            late = mistakes.request(mistakes.IMAGE, mistakes.TYPE, mistakes.DESCRIPTION)
            for request in (RIGHT, mistakes.http_request(late)):
                call(url, request)
            lines = [process.stdout.readline().rstrip("\n") for _ in shown]
            process.terminate()
        endpoint.discard_findings()
    assert lines == shown
    assert process.returncode == 0


def test_the_page_names_every_option() -> None:
    help_text = runner().invoke(main, ["record", "--help"]).output
    options = set(re.findall(r"^ +(--[a-z-]+)", help_text, re.MULTILINE)) | {"--help"}
    options = options - {"--port", "--help"}
    rows = PAGE.partition("## `soblob record`")[2]
    assert {name for name in options if f"`{name}" not in rows} == set()
    assert {"--upstream", "--to", "--ca", "--hosting"} <= options
