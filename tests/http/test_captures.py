"""Captures as tools write them: several messages in a file, and what stands between and around.

What was sent is said by h11, by the standard library's gzip and zlib, by brotli where it is there,
and by curl itself.
"""

import gzip
import json
import random
import shutil
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import h11
import pytest

from pytest_soblob import EnvelopeValidator, HttpRequest, HttpResponse, StubEndpoint
from pytest_soblob._http import Captured, HttpSyntaxError, iter_messages, looks_like_http, to_bytes
from pytest_soblob._http.coding import LARGEST_BYTES, CodingError, decode
from pytest_soblob.assertions import assert_valid_request, assert_valid_response
from pytest_soblob.cli import main
from pytest_soblob.cli.judging import JudgeSettings, judge_bytes
from pytest_soblob.conformance.captures.unread import find_export
from pytest_soblob.errors import ContractViolationError
from pytest_soblob.judge.severities import Severities
from pytest_soblob.settings import SoblobSettings
from tests.command import runner
from tests.cpu import MOST_GROWTH, growth, spent_s
from tests.example_counts import at_length, either, untraced
from tests.mistakes import (
    ACTION,
    DESCRIPTION,
    IMAGE,
    TARGET,
    TYPE,
    http_request,
    http_response,
    in_parts,
    request,
    response,
    stored_gzip,
)

ASKED = to_bytes(http_request())
ANSWERED = to_bytes(http_response(response()))
HEADERS = f'Host: a\r\nContent-Type: text/xml; charset=utf-8\r\nSOAPAction: "{ACTION}"\r\n'
LOWER = f'host: a\r\ncontent-type: text/xml; charset=utf-8\r\nsoapaction: "{ACTION}"\r\n'


def messages(data: bytes) -> list[HttpRequest | HttpResponse]:
    assert looks_like_http(data)
    found = [captured.message for captured in iter_messages(data)]
    for message in found:
        assert not isinstance(message, HttpSyntaxError), str(message)
    return [message for message in found if not isinstance(message, HttpSyntaxError)]


def bodies(data: bytes) -> list[bytes]:
    return [message.body for message in messages(data)]


def rules(data: bytes, **settings: str) -> list[str]:
    return [v.rule for v in judge_bytes(data, JudgeSettings(**settings)).violations]  # type: ignore[arg-type]


def validate(folder: Path, data: bytes, *options: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of `soblob validate`."""
    file = folder / "captured"
    file.write_bytes(data)
    result = runner().invoke(main, ["validate", *options, str(file)])
    return result.exit_code, result.stdout, result.stderr


# -- start lines ----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["2", "2.0", "3", "3.0"])
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_http_2_and_3_are_read_with_or_without_a_length(version: str, end: bytes) -> None:
    asked = f"POST {TARGET} HTTP/{version}\r\n{LOWER}\r\n".encode()
    answered = f"HTTP/{version} 200 \r\ncontent-type: text/xml; charset=utf-8\r\n\r\n".encode()
    for head, body in ((asked, request()), (answered, response())):
        data = head.replace(b"\r\n", end) + body.encode()
        assert bodies(data) == [body.encode()]
        assert rules(data) == []
    (message,) = messages(asked + request().encode())
    assert isinstance(message, HttpRequest)
    assert message.http_version == version[0]


@pytest.mark.parametrize(
    "head",
    [
        f":method: POST\n:path: {TARGET}\n:scheme: https\n:authority: a\n",
        f":authority: a\r\n:method: POST\r\n:path: {TARGET}\r\n",
        f"POST {TARGET} HTTP/2\r\n:authority: a\r\n:method: POST\r\n",
    ],
)
def test_pseudo_headers_stand_for_a_start_line(head: str) -> None:
    data = f"{head}{LOWER}\r\n{request()}".encode()
    (message,) = messages(data)
    assert isinstance(message, HttpRequest)
    assert (message.method, message.target) == ("POST", TARGET)
    assert not [name for name, _ in message.headers if name.startswith(":")]
    assert rules(data) == []
    answer = f":status: 200\ncontent-type: text/xml\n\n{response()}".encode()
    assert rules(answer) == []


# -- several messages -----------------------------------------------------------------------------


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\r\n\r\n", b"\xef\xbb\xbf \n"])
@pytest.mark.parametrize(
    "between",
    [b"", b"\r\n", b"\n\n", b"\r\n" + b"-" * 66 + b"\r\n\r\n", b"  \r\n\t\r\n"],
)
def test_what_stands_between_messages_belongs_to_none(before: bytes, between: bytes) -> None:
    unframed = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n" + response().encode()
    for answer in (ANSWERED, unframed):
        data = before + between.join([ASKED, answer, ASKED, answer]) + between
        found = list(iter_messages(data))
        assert [kind for kind, _ in found] == ["request", "response"] * 2
        assert [body.strip() for body in bodies(data)] == [
            request().encode(), response().encode(),
        ] * 2  # fmt: skip


def test_a_message_inside_a_description_is_none() -> None:
    text = "see\nPOST /x HTTP/1.1\nHost: a\n\nHTTP/1.1 200 OK\n\n"
    body = request(TYPE, IMAGE, f"<n:Description>{text}</n:Description>").encode()
    head = f"POST {TARGET} HTTP/2\r\n{HEADERS}\r\n".encode()
    assert bodies(head + body + ANSWERED) == [body, response().encode()]


def test_what_is_broken_hides_nothing_behind_it() -> None:
    broken = ASKED.replace(b"Content-Length: ", b"Content-Length: 1")
    cut = ASKED[:-30]
    for first in (broken, cut, b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\nabc\r\n"):
        one, two = iter_messages(first + b"\r\n" + ANSWERED)
        assert isinstance(one.message, HttpSyntaxError)
        assert one.kind == "request"
        assert isinstance(two.message, HttpResponse)
        assert two.message.body == response().encode()


def h11_writes(rng: random.Random) -> tuple[list[bytes], list[bytes]]:
    """A conversation of some calls as h11 writes both sides: the messages, and their bodies."""
    written, sent = [], []
    client, server = h11.Connection(h11.CLIENT), h11.Connection(h11.SERVER)
    for _ in range(rng.randint(1, 4)):
        if client.our_state is h11.DONE:
            client.start_next_cycle()
            server.start_next_cycle()
        for kind, writer in (("request", client), ("response", server)):
            body = rng.choice((request(), response(), "<x/>" * rng.randint(1, 900))).encode()
            chunked = rng.random() < 0.5
            length = ("Transfer-Encoding", "chunked") if chunked else (
                "Content-Length", str(len(body)))  # fmt: skip
            headers = [("Host", "a"), ("Content-Type", "text/xml"), length]
            head: h11.Event
            if kind == "request":
                head = h11.Request(method="POST", target=TARGET, headers=headers)
            else:
                interim = h11.InformationalResponse(status_code=100, headers=[])
                if rng.random() < 0.3:
                    written.append(server.send(interim) or b"")
                head = h11.Response(status_code=200, headers=headers[1:], reason=b"OK")
            pieces = [writer.send(head) or b""]
            cuts = sorted(rng.randrange(len(body) + 1) for _ in range(rng.randint(0, 3)))
            for start, stop in zip([0, *cuts], [*cuts, len(body)], strict=True):
                pieces.append(writer.send(h11.Data(data=body[start:stop])) or b"")
            pieces.append(writer.send(h11.EndOfMessage()) or b"")
            other = server if writer is client else client
            other.receive_data(b"".join(pieces))
            while other.next_event() not in (h11.NEED_DATA, h11.PAUSED) and not isinstance(
                other.their_state, type(h11.DONE)
            ):
                pass
            written.append(b"".join(pieces))
            sent.append(body)
    return written, sent


@at_length
def test_what_h11_writes_is_read() -> None:
    rng = random.Random(11)
    for _ in range(either(60, 600)):
        written, sent = h11_writes(rng)
        between = rng.choice((b"", b"\r\n", b"\r\n" + b"-" * 66 + b"\r\n"))
        assert bodies(between.join(written)) == sent


# -- steps on the way -----------------------------------------------------------------------------

STEPS = {
    "interim answers": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n",
    "interim answers of HTTP/2": b"HTTP/2 103 \r\nlink: x\r\n\r\n",
    "an upgrade": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
    "CONNECT": b"HTTP/1.1 200 Connection established\r\n\r\n",
    "CONNECT, of 1.0, with a header": b"HTTP/1.0 200 OK\r\nProxy-Agent: x\r\n\r\n",
    "CONNECT, with a length": b"HTTP/1.1 200 Connection Established\r\nContent-Length: 0\r\n\r\n",
    "CONNECT, asked": b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    "a proxy's log-in": b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 9\r\n\r\n",
    "a log-in": b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 99\r\n\r\n" * 2,
    "a redirect": b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /x\r\nContent-Length: 9\r\n\r\n",
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_what_only_leads_on_is_passed_over(step: str, end: bytes) -> None:
    data = STEPS[step].replace(b"\r\n", end) + ANSWERED
    assert bodies(data) == [response().encode()]
    assert rules(data) == []


def test_a_request_through_a_tunnel_and_one_that_waits_for_100() -> None:
    tunnel = STEPS["CONNECT, asked"]
    assert bodies(tunnel + ASKED + ANSWERED) == [request().encode(), response().encode()]
    waits = ASKED.replace(
        b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
    )
    assert bodies(waits + ANSWERED) == [request().encode(), response().encode()]


def test_an_answer_without_a_body_is_no_step_where_nothing_leads_on() -> None:
    redirect = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"
    assert rules(redirect) == ["xml.empty"]
    assert bodies(redirect + ASKED) == [b"", request().encode()]


# -- what tools change ----------------------------------------------------------------------------


def test_line_feeds_alone_for_all_line_ends() -> None:
    body = request().replace("><", ">\r\n<").encode()
    data = to_bytes(HttpRequest(target=TARGET, body=body)) + b"\r\n" + ANSWERED
    found = messages(data.replace(b"\r\n", b"\n"))
    assert [m.body.splitlines() for m in found] == [
        body.splitlines(),
        response().encode().splitlines(),
    ]
    assert rules(data.replace(b"\r\n", b"\n")) == rules(data)


def test_a_length_that_counts_other_line_ends_stays_a_mistake() -> None:
    """The head is as a client writes it: nobody has changed line ends."""
    body = request().replace("><", ">\n<").encode()
    data = to_bytes(HttpRequest(target=TARGET, body=body)).replace(
        body, body.replace(b"\n", b"\r\n")
    )
    assert rules(data) == ["http.content-length"]


@pytest.mark.parametrize(
    "length", ["", "Content-Length: 199\r\n", "Transfer-Encoding: chunked\r\n"]
)
@pytest.mark.parametrize("coding", ["", "Content-Encoding: gzip\r\n"])
def test_a_body_that_the_tool_has_put_together_or_decoded(length: str, coding: str) -> None:
    """As curl -i writes chunks, and curl -i --compressed gzip; the headers stay."""
    if length.startswith("C") and not coding:
        pytest.skip("a wrong length is a mistake")
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\n{length}{coding}\r\n"
    data = head.encode() + response().encode()
    assert bodies(data) == [response().encode()]
    assert rules(data) == []
    assert bodies(data + ASKED) == [response().encode(), request().encode()]


@pytest.mark.parametrize(
    "line",
    [b"Content-Type: text/xml; charset=utf-8  ", b"Content-Type: text/xml;\r\n charset=utf-8"],
)
def test_white_space_at_line_ends_and_folded_headers(line: bytes) -> None:
    data = ANSWERED.replace(b"Content-Type: text/xml; charset=utf-8", line)
    data = data.replace(b"\r\n\r\n", b"\r\n \t\r\n", 1)
    assert rules(data) == []


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")
@pytest.mark.parametrize("options", [[], ["--compressed"], ["-L"], ["--http1.0"], ["--raw"]])
@pytest.mark.parametrize(
    "answer", ["plain", "chunked", "gzip", "deflate", "gzip in chunks", "redirect"]
)
def test_what_curl_writes_is_judged(tmp_path: Path, options: list[str], answer: str) -> None:
    body = response().encode()
    packed = {"gzip": gzip.compress(body), "deflate": zlib.compress(body)}.get(
        answer.partition(" ")[0], body
    )
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/xml; charset=utf-8"),)
    if packed is not body:
        headers += (("Content-Encoding", answer.partition(" ")[0]),)
    if "chunk" in answer and "--http1.0" not in options:
        headers += (("Transfer-Encoding", "chunked"),)
    envelope = tmp_path / "envelope.xml"
    envelope.write_text(request())
    with StubEndpoint() as endpoint:
        if answer == "redirect":
            endpoint.reply(response=HttpResponse(status=307, headers=(("Location", endpoint.url),)))
        else:
            endpoint.reply(response=HttpResponse(headers=headers, body=packed))
        command = [
            "curl", "-s", "-i", "-m", "20", *options, "-H", "Expect: 100-continue",
            "-H", "Content-Type: text/xml", "-H", f'SOAPAction: "{ACTION}"',
            "--data-binary", f"@{envelope}", "-o", str(tmp_path / "answer.http"), endpoint.url,
        ]  # fmt: skip
        subprocess.run(command, check=True, timeout=30)
        endpoint.discard_findings()
    data = (tmp_path / "answer.http").read_bytes()
    expected = ["xml.empty"] if answer == "redirect" and "-L" not in options else []
    assert [rule for rule in rules(data) if not rule.startswith("header.")] == expected


# -- compression ----------------------------------------------------------------------------------


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def brotli(data: bytes) -> bytes:
    module = pytest.importorskip("brotli", reason="brotli is not installed")
    return bytes(module.compress(data, quality=5))


CODINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("X-GZip", gzip.compress),
    "two members": ("gzip", lambda data: gzip.compress(data[:99]) + gzip.compress(data[99:])),
    "stored": ("gzip", stored_gzip),
    "zlib": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "both": ("deflate, gzip", lambda data: gzip.compress(zlib.compress(data))),
    "identity": ("identity", bytes),
    "br": ("br", brotli),
}


def answer(coding: str, body: bytes) -> HttpResponse:
    headers = (("Content-Type", "text/xml; charset=utf-8"), ("Content-Encoding", coding))
    return HttpResponse(headers=headers, body=body)


@pytest.mark.parametrize("name", CODINGS)
def test_a_compressed_answer_is_judged_as_what_it_holds(name: str) -> None:
    coding, pack = CODINGS[name]
    right = answer(coding, pack(response().encode()))
    wrong = answer(coding, pack(response("<n:Response>x</n:Response>").encode()))
    assert rules(to_bytes(right)) == []
    assert rules(to_bytes(wrong)) == ["body.not-an-integer"]
    assert_valid_response(right)
    with pytest.raises(ContractViolationError, match=r"body\.not-an-integer"):
        assert_valid_response(wrong)


@pytest.mark.parametrize("name", [name for name in CODINGS if name != "identity"])
def test_a_compressed_request_is_a_mistake_of_its_own(name: str) -> None:
    coding, pack = CODINGS[name]
    packed = pack(request(IMAGE, TYPE, DESCRIPTION).encode())
    headers = (*http_request().headers, ("Content-Encoding", coding))
    message = HttpRequest(target=TARGET, headers=headers, body=packed)
    expected = ["http.request-compressed", "body.child-out-of-order"]
    assert rules(to_bytes(message)) == expected
    with pytest.raises(ContractViolationError, match="send it uncompressed"):
        assert_valid_request(message)
    for behaviour, status in (("strict", 500), ("wcf", 400)):
        endpoint = StubEndpoint(behaviour=behaviour)
        framed = HttpRequest(
            target=TARGET, headers=(*headers, ("Content-Length", str(len(packed)))), body=packed
        )
        delivery = endpoint.handle(framed)
        assert isinstance(delivery.response, HttpResponse)
        assert delivery.response.status == status
        (exchange,) = endpoint.exchanges
        assert [v.rule for v in exchange.violations] == expected
        assert endpoint.blobs == {}


def test_a_team_whose_server_takes_compressed_requests_says_so() -> None:
    severities = Severities.parse("http.request-compressed=off")
    endpoint = StubEndpoint(settings=SoblobSettings(severities=severities))
    packed = gzip.compress(request().encode())
    headers = (*http_request().headers, ("Content-Encoding", "gzip"))
    delivery = endpoint.handle(HttpRequest(target=TARGET, headers=headers, body=packed))
    assert isinstance(delivery.response, HttpResponse)
    assert delivery.response.status == 200
    assert len(endpoint.blobs) == 1


@pytest.mark.parametrize(
    ("coding", "body", "text"),
    [
        ("gzip", gzip.compress(response().encode())[:-1], "is cut off"),
        ("gzip", gzip.compress(response().encode())[:40], "is cut off"),
        ("gzip", zlib.compress(response().encode()), "is not gzip"),
        ("deflate", zlib.compress(response().encode())[:-9], "is cut off"),
        ("deflate", b"\xff" * 90, "is not deflate"),
        ("zstd", b"\x28\xb5\x2f\xfd", "which is not supported"),
        ("gzip, " * 9, b"\x1f\x8b", "content codings applied"),
    ],
    ids=lambda value: ascii(value)[:20] if isinstance(value, str) else "body",
)
def test_what_cannot_be_undone_is_told(coding: str, body: bytes, text: str) -> None:
    verdict = judge_bytes(to_bytes(answer(coding, body)), JudgeSettings())
    (violation,) = verdict.violations
    assert violation.rule == "http.content-encoding"
    assert text in violation.message


@untraced
@pytest.mark.parametrize(
    "name",
    [
        "gzip",
        *(pytest.param(n, marks=pytest.mark.slow) for n in ("zlib", "raw deflate", "both", "br")),
    ],
)
def test_what_becomes_too_large_costs_no_memory_and_little_time(name: str) -> None:
    coding, pack = CODINGS[name]
    bomb = pack(bytes(8 * LARGEST_BYTES))

    def unpack() -> None:
        with pytest.raises(CodingError, match="bytes when decoded"):
            decode(bomb, [part.strip() for part in coding.split(",")])

    assert spent_s(unpack) <= 1.5


@untraced
def test_many_members_cost_what_their_bytes_cost() -> None:
    empty = gzip.compress(b"")
    assert decode(empty * 100, ["gzip"]) == b""
    assert (
        growth(lambda count: spent_s(lambda: decode(empty * count, ["gzip"]), 1), 10_000)
        <= MOST_GROWTH
    )


# -- MIME parts -----------------------------------------------------------------------------------


def test_mtom_alone_in_a_file_is_named() -> None:
    _, body = in_parts(request())
    for data in (body.encode(), b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\n"):
        (violation,) = judge_bytes(data, JudgeSettings()).violations
        assert violation.rule == "xml.not-xml"
        assert "MIME parts" in violation.message
        assert "MTOM" in violation.change


@pytest.mark.parametrize("cut", [0, 1, 20, 40, 90, 200, 800])
def test_parts_that_are_cut_off_are_named_all_the_same(cut: int) -> None:
    kind, body = in_parts(request())
    message = http_request(body[: len(body) - cut] if cut else "no parts", content_type=kind)
    assert "http.multipart" in [v.rule for v in EnvelopeValidator().judge(message).violations]
    headless = http_request(body, content_type="multipart/related")
    assert "http.multipart" in [v.rule for v in EnvelopeValidator().judge(headless).violations]


# -- files of another kind ------------------------------------------------------------------------

EXPORTS = {
    "HAR": b'{"log": {"version": "1.2", "creator": {"name": "x"}, "entries": []}}',
    "HAR, BOM": b'\xef\xbb\xbf{\n "log": {"pages": [], "entries": []}}',
    "Postman": b'{"info": {"_postman_id": "x", "name": "y"}, "item": []}',
    "Insomnia": b'{"_type": "export", "resources": []}',
    "Burp": b'<?xml version="1.0"?>\n<items burpVersion="2023" exportTime="x"><item/></items>',
    "Burp, DTD": b'<?xml version="1.0"?>\n<!DOCTYPE items [\n<!ELEMENT items (item*)>\n'
    b'<!ATTLIST items burpVersion CDATA "">\n]>\n<items burpVersion="1">',
    "SoapUI": b'<?xml version="1.0"?><con:soapui-project xmlns:con="x"/>',
    "svclog": b'<E2ETraceEvent xmlns="http://schemas.microsoft.com/2004/06/E2ETraceEvent">',
    "a document": b"PK\x03\x04" + bytes(26) + b"word/document.xml",
    "SAZ": b"PK\x03\x04" + bytes(26) + b"raw/01_c.txt" + bytes(9),
    "pcap": b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00",
    "pcapng": b"\n\r\r\n\x1c\x00\x00\x00\x4d\x3c\x2b\x1a",
    "curl -v": b"*   Trying 127.0.0.1:80...\n* Connected\n> POST /x HTTP/1.1\r\n> Host: a\r\n",
    "curl -v, its answer": b"< HTTP/1.1 200 OK\r\n< Content-Type: text/xml\r\n<x/>",
    "curl --trace": b"== Info:   Trying 127.0.0.1:80...\n=> Send header, 9 bytes (0x9)\n",
    "curl --trace-time": b"12:34:56.123456 == Info:   Trying 127.0.0.1:80...\n",
    "curl": b"curl -X POST http://a/ -d @b\n",
    "hex": b"00000000  50 4f 53 54 20 2f 52 65  6d 6f 74 65 2f 53 65 72   POST /Re mote/Ser\n",
    "xxd": b"00000000: 504f 5354 202f 5265 6d6f 7465 2f53 6572  POST /Remote/Ser\n",
    "tshark": b"\n====================\nFollow: tcp,ascii\nFilter: tcp.stream eq 0\n",
    "YAML": b"# Packet 4\npeers:\n",
    "C arrays": b"char peer0_0[] = { /* Packet 4 */\n",
    "tcpdump": b"12:34:56.789012 IP 127.0.0.1.1 > 127.0.0.1.2: Flags [P.]\n",
    "ngrep": b"T 127.0.0.1:1 -> 127.0.0.1:2 [AP]\nPOST / HTTP/1.1.\n",
    "mitmdump": b"127.0.0.1:52122: POST http://a/x HTTP/2.0\n     << HTTP/2.0 200 OK\n",
    "mitmproxy": b"1234:9:websocket;0:~8:response;",
    "editor": b"### upload\nPOST http://a/BLOB.svc\nContent-Type: text/xml\n\n<x/>",
    "editor, variables": b"@host = a\n# x\nPOST {{host}}/BLOB.svc\nContent-Type: text/xml\n",
    "PowerShell": (ANSWERED.decode()).encode("utf-16"),
    "JMeter": b'<?xml version="1.0"?><jmeterTestPlan version="1.2"/>',
    "Charles": b'[{"status":"COMPLETE","method":"POST"}]',
}  # fmt: skip


@pytest.mark.parametrize("name", EXPORTS)
def test_a_file_of_another_kind_is_one_line_and_2(tmp_path: Path, name: str) -> None:
    for output in ("text", "json", "jsonl"):
        code, out, err = validate(tmp_path, EXPORTS[name], "--format", output)
        assert (code, err.count("\n")) == (2, 1)
        assert out.strip() in ("", "[]")
        assert ": this is " in err


@pytest.mark.parametrize(
    "data",
    [
        b"{}", b"[]", b'{"log": {"msg": "x"}}', b'{"a": "Envelope"}', b'[1, {"x": "<y/>"}]', b"{",
        b"POST the letter", b"curly",
        request().encode(), response().encode(), ASKED, ANSWERED, b"<items/>",
        b"<!-- <items burpVersion='1'> -->",
        b"<!-- <con:soapui-project> -->" + request().encode(), b"", b"\xff\xfe", b"12345678",
    ],
    ids=lambda data: ascii(data[:20]),
)  # fmt: skip
def test_what_may_be_a_message_is_judged(data: bytes) -> None:
    assert find_export(data) is None
    assert judge_bytes(data, JudgeSettings()) is not None


# -- the command ----------------------------------------------------------------------------------


def test_both_messages_of_a_file_are_judged_and_the_worst_is_the_code(tmp_path: Path) -> None:
    wrong = to_bytes(http_response(response("<n:Response>x</n:Response>")))
    code, out, _ = validate(tmp_path, ASKED + wrong + ASKED)
    assert code == 1
    lines = [line for line in out.splitlines() if "captured" in line]
    assert [line.partition("captured")[2] for line in lines] == [
        ", message 1: valid request (profile wsdl), no findings",
        ", message 2: INVALID response (profile wsdl), 1 error",
        ", message 3: valid request (profile wsdl), no findings",
    ]
    assert validate(tmp_path, ASKED + ANSWERED)[0] == 0
    assert "captured: valid request" in validate(tmp_path, ASKED)[1]


@pytest.mark.parametrize("output", ["json", "jsonl"])
def test_json_has_an_entry_for_each_message(tmp_path: Path, output: str) -> None:
    _, out, _ = validate(tmp_path, ASKED + ANSWERED, "--format", output)
    entries = json.loads(out) if output == "json" else list(map(json.loads, out.splitlines()))
    told = [(e["message"], e["kind"], e["valid"]) for e in entries]
    assert told == [(1, "request", True), (2, "response", True)]
    assert len({entry["file"] for entry in entries}) == 1


def test_a_file_with_more_messages_than_anybody_reads_is_one_line(tmp_path: Path) -> None:
    code, out, err = validate(tmp_path, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" * 10_001)
    assert (code, out) == (2, "")
    assert "it has more than 10,000 messages: split it" in err


def test_a_cross_check_asks_about_each_message(tmp_path: Path) -> None:
    wrong = to_bytes(http_request(request(TYPE, "<n:Image>!!!</n:Image>", DESCRIPTION)))
    code, out, _ = validate(tmp_path, ASKED + wrong, "--cross-check", "--format", "jsonl")
    first, second = map(json.loads, out.splitlines())
    assert (code, first["cross_check"]) == (1, [])
    assert second["cross_check"][0]["explained_by"] == ["base64-alphabet"]


# Slow; that other messages cost what their bytes cost is seen by `tests/text/test_redacting.py`.
# -- cost -----------------------------------------------------------------------------------------

COSTLY: dict[str, Callable[[int], bytes]] = {
    "interim answers": lambda n: b"HTTP/1.1 100 Continue\r\n\r\n" * n + ANSWERED,
    "interim answers alone": lambda n: b"HTTP/1.1 100 Continue\r\n\r\n" * n,
    "start lines": lambda n: b"POST / HTTP/1.1\r\n" * n,
    "start lines, then an end": lambda n: b"POST / HTTP/1.1\r\n" * n + b"\r\n",
    "broken heads": lambda n: b"POST / HTTP/1.1\r\n\x01\r\n\r\n" * n,
    "empty answers": lambda n: b"HTTP/1.1 200 OK\r\n\r\n" * n,
    "answers that open an envelope": lambda n: b"HTTP/1.1 500 X\r\n\r\n<Envelope>\n" * n,
    "the same, closed at the end": lambda n: b"HTTP/1.1 500 X\r\n\r\n<Envelope>\n" * n
    + b"</Envelope>",
    "lengths too large": lambda n: b"POST / HTTP/1.1\r\nContent-Length: 99999\r\n\r\n<a/>\n" * n,
    "chunks of one byte": lambda n: b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"1\r\nx\r\n" * n,
    "white space": lambda n: b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + b" " * (20 * n),
    "lines of dashes": lambda n: b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    + (b"-" * 30 + b"\r\n") * n,
    "folds": lambda n: b"HTTP/1.1 200 OK\r\nX: a" + b"\r\n b" * n + b"\r\n\r\n",
    "a run of blanks in a header": lambda n: b"POST / HTTP/1.1\r\nHost: a\r\nX: a" + b" " * n
    + b"b\r\nContent-Length: 0\r\n\r\n",
    "a run of dashes": lambda n: b"HTTP/1.1 200 OK\r\n\r\n" + b"-" * 9 * n + b"x",
    "a run of blanks in a body": lambda n: b"HTTP/1.1 200 OK\r\n\r\n<a>" + b" " * 9 * n + b"</a>",
    "a run of blanks in a body that is short": lambda n: b"POST / HTTP/1.1\r\nContent-Length: "
    b"10000000\r\n\r\n" + b" " * 9 * n + b"x",
    "tunnels": lambda n: b"CONNECT a:1 HTTP/1.1\r\n\r\n" * n,
    "pseudo headers": lambda n: b":status: 200\n" * n + b"\n",
}  # fmt: skip


@pytest.mark.slow
@untraced
@pytest.mark.parametrize("name", COSTLY)
def test_a_capture_costs_what_its_bytes_cost(name: str) -> None:
    def cost_s(count: int) -> float:
        data = COSTLY[name](count)
        return spent_s(lambda: list(iter_messages(data)))

    assert growth(cost_s, 3_000, spare_s=0.05) <= MOST_GROWTH


@pytest.mark.slow
@untraced
def test_a_million_interim_answers() -> None:
    data = b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000_000 + ANSWERED
    assert rules(data) == []
    assert spent_s(lambda: rules(data)) <= 5


# -- any bytes ------------------------------------------------------------------------------------


def mutated(rng: random.Random, data: bytes) -> bytes:
    for _ in range(rng.randint(1, 3)):
        at, other = rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)
        match rng.randrange(6):
            case 0:
                data = data[:at]
            case 1:
                data = data[:at] + rng.randbytes(rng.randint(1, 4)) + data[at:]
            case 2:
                data = data[: min(at, other)] + data[max(at, other) :]
            case 3:
                data = data[:at] + data[other:]
            case 4:
                data = data.replace(*rng.choice(((b"\r\n", b"\n"), (b"\n", b"\r\n"), (b"\r", b""))))
            case 5:
                data += rng.choice([*EXPORTS.values(), ASKED, ANSWERED])
    return data


@at_length
def test_any_bytes_are_judged_without_a_failure_of_ours(tmp_path: Path) -> None:
    """Each is a verdict or a line; `SOBLOB_FULL=1` tries ten times as many."""
    rng = random.Random(5)
    packed = to_bytes(answer("gzip", gzip.compress(response().encode(), mtime=0)))
    kind, body = in_parts(request())
    parts = to_bytes(http_request(body, content_type=kind))
    seeds = [ASKED, ANSWERED, ASKED + ANSWERED, packed, parts, request().encode(),
             *(STEPS[name] + ANSWERED for name in STEPS), *EXPORTS.values()]  # fmt: skip
    file = tmp_path / "x"
    for _ in range(either(800, 8_000)):
        data = mutated(rng, rng.choice(seeds))
        settings = JudgeSettings(kind=rng.choice(("auto", "auto", "request", "response")))
        verdict = judge_bytes(data, settings)
        assert verdict.kind in ("request", "response")
        for _kind, message in iter_messages(data) if looks_like_http(data) else ():
            assert isinstance(message, HttpRequest | HttpResponse | HttpSyntaxError)
        if rng.random() < 0.1:
            file.write_bytes(data)
            result = runner().invoke(main, ["validate", str(file)])
            assert result.exit_code in (0, 1, 2), data
            assert result.exception is None or isinstance(result.exception, SystemExit), data


def test_a_captured_message_knows_its_kind() -> None:
    assert [type(found) for found in iter_messages(ASKED)] == [Captured]
