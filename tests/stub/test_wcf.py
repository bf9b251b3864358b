"""The behaviour `wcf`: the bytes of a .NET service, and each row of what its host does."""

import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_soblob import (
    ContractViolationError,
    EnvelopeValidator,
    ExceptionInfo,
    HttpRequest,
    SaveImageStreamRequest,
    SaveImageStreamResponse,
    StubEndpoint,
    TimeZone,
)
from pytest_soblob import strategies as soblob_st
from pytest_soblob.contract import (
    AUTHENTICATE_USERNAME_PASSWORD,
    CHANGE_PERSON_IMAGE,
    GET_PERSON_IMAGE,
    SAVE_IMAGE_STREAM,
    Operation,
)
from pytest_soblob.generate.specimens import EnvelopeBytes, MalformedBytes
from pytest_soblob.names import NETSERVER, SOAP11
from pytest_soblob.settings import WcfHost
from pytest_soblob.soap.messages import (
    AuthenticateResponse,
    ChangePersonImageRequest,
    ImageResponse,
    Response,
)
from pytest_soblob.stub import wcf
from pytest_soblob.wire import HttpResponse
from tests.example_counts import at_length, either
from tests.mistakes import (
    ACTION,
    CREDENTIALS,
    DESCRIPTION,
    IMAGE,
    NS,
    SOAP12,
    TYPE,
    request,
)
from tests.sockets import connect, everything, written
from tests.wire import parse_message

SAMPLES = Path(__file__).parents[3] / "shared" / "WCF.md"
PATH = "/Remote/Services86/BLOB.svc"
NONE = "http://schemas.microsoft.com/ws/2005/05/addressing/none"
TEXT = "text/xml; charset=utf-8"


# -- bytes ----------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def samples() -> tuple[str, list[str]]:
    if not SAMPLES.exists():
        pytest.skip("needs ../shared/WCF.md, which is not on this machine")
    text = SAMPLES.read_text(encoding="utf-8")
    return text, [block.strip() for block in re.findall(r"```xml\n(.*?)```", text, re.DOTALL)]


def test_a_success_is_written_like_sample_a(samples: tuple[str, list[str]]) -> None:
    response = SaveImageStreamResponse(blob_id=4711, succeeded=True)
    assert wcf.write_response(SAVE_IMAGE_STREAM, response).decode() == samples[1][0]


def test_filled_blocks_are_written_like_the_sample(samples: tuple[str, list[str]]) -> None:
    response = SaveImageStreamResponse(
        blob_id=0,
        succeeded=False,
        exception_info=ExceptionInfo(
            message="m",
            friendly_text="f",
            exception_type="T",
            inner_exception=ExceptionInfo(message="inner"),
            parameters=(("k", "v"),),
        ),
        extra_info=(("a", "b"),),
        time_zone=TimeZone(id=1, location_code="NO"),
    )
    assert wcf.write_response(SAVE_IMAGE_STREAM, response).decode() == samples[1][1]


@pytest.mark.parametrize(
    ("index", "refusal"),
    [
        (2, wcf.action_not_supported("X")),
        (3, wcf.internal_service_fault()),
        (4, wcf.must_understand("NAME", "NS")),
    ],
    ids=["sample B", "sample C", "sample D"],
)
def test_a_fault_is_written_like_its_sample(
    samples: tuple[str, list[str]], index: int, refusal: wcf.Rejection
) -> None:
    body = wcf.fault_response(refusal, WcfHost()).body.decode()
    reason = re.search(r'<faultstring xml:lang="en-US">(.*)</faultstring>', body)
    assert reason is not None
    assert body.replace(reason[1], "...") == samples[1][index]
    # The reasons stand in the text, in backquotes, with the two or trailing blanks that they have.
    said = refusal.text.replace("<serviceDebug>", "<serviceDebug>")
    assert f"`{said}`" in samples[0]


@pytest.mark.parametrize("part", ["PART", None])
def test_both_shapes_of_what_cannot_be_read(
    samples: tuple[str, list[str]], part: str | None
) -> None:
    text = wcf.deserialization_failed("SaveImageStream", "MSG", part).text
    assert f"`{text.replace(NS, '{NS}')}`" in samples[0]


def test_no_culture_no_language() -> None:
    host = WcfHost(culture="")
    assert b"<faultstring>" in wcf.fault_response(wcf.internal_service_fault(), host).body


def test_details_are_told_where_the_host_is_told_to() -> None:
    host = WcfHost(exception_detail=True, culture="nb-NO")
    fault = wcf.fault_response(wcf.internal_service_fault("it broke"), host)
    assert b'<faultstring xml:lang="nb-NO">it broke</faultstring><detail>' in fault.body
    assert b"<Message>it broke</Message>" in fault.body
    assert EnvelopeValidator("response", "wsdl").judge(fault).errors == ()


def test_extra_info_may_be_empty_instead_of_null() -> None:
    response = SaveImageStreamResponse(blob_id=70001, succeeded=True)
    body = wcf.write_response(SAVE_IMAGE_STREAM, response, empty_extra_info=True)
    assert re.search(rb"<h:ExtraInfo xmlns:h=[^>]* xmlns:i=[^>]*/>", body)


NOTHING: dict[str, tuple[Operation, Response, str]] = {
    "a block": (
        SAVE_IMAGE_STREAM, SaveImageStreamResponse(succeeded=True, extra_info=()),
        rf'<h:ExtraInfo xmlns:h="{NETSERVER}" xmlns:i="[^"]*"/>'),
    "a member": (
        SAVE_IMAGE_STREAM,
        SaveImageStreamResponse(succeeded=False, exception_info=ExceptionInfo(message="")),
        "<h:Message/>"),
    "members of a member": (
        SAVE_IMAGE_STREAM,
        SaveImageStreamResponse(succeeded=False, exception_info=ExceptionInfo(parameters=())),
        "<h:Parameters/>"),
    "key and value": (
        SAVE_IMAGE_STREAM, SaveImageStreamResponse(succeeded=True, extra_info=(("", ""),)),
        "<h:Key/><h:Value/>"),
    "the wrapper": (
        CHANGE_PERSON_IMAGE, Response(succeeded=True),
        f'<s:Body><ChangePersonImageResponse xmlns="{NETSERVER}"/></s:Body>'),
    "an image": (GET_PERSON_IMAGE, ImageResponse(succeeded=True, image=b""), "<Response/>"),
    "a child of a result": (
        AUTHENTICATE_USERNAME_PASSWORD, AuthenticateResponse(succeeded=True, ticket=""),
        "<Ticket/></Credentials>"),
}  # fmt: skip


@pytest.mark.parametrize("name", NOTHING)
def test_what_holds_nothing_is_written_as_one_tag(name: str) -> None:
    operation, response, written_as = NOTHING[name]
    body = wcf.write_response(operation, response).decode()
    assert re.search(written_as, body)
    assert re.search(r"<([\w:]+)(?: [^>]*)?></\1>", body) is None


def test_a_carriage_return_is_written_so_that_it_arrives() -> None:
    info = ExceptionInfo(message="a & <b>\r\nc")
    response = SaveImageStreamResponse(succeeded=False, exception_info=info)
    body = wcf.write_response(SAVE_IMAGE_STREAM, response)
    assert b"<h:Message>a &amp; &lt;b&gt;&#xD;\nc</h:Message>" in body


@pytest.mark.parametrize("hosting", ["self-host", "iis"])
def test_the_headers_of_each_hosting(hosting: str) -> None:
    names = {
        "self-host": ["Content-Type", "Server", "Date"],
        "iis": ["Cache-Control", "Content-Type", "Server", "X-AspNet-Version", "X-Powered-By",
                "Date"],
    }  # fmt: skip
    host = WcfHost(hosting=hosting)
    response = wcf.normal_response(b"<a/>", host)
    assert [name for name, _ in response.headers] == names[hosting]
    assert parsedate_to_datetime(response.header("Date") or "").tzinfo is not None
    without_body = wcf.fault_response(wcf.Rejection(status=400), host)
    assert without_body.header("Content-Type") is None


# -- the short table, over a raw socket -----------------------------------------------------------


@pytest.fixture(scope="module")
def running() -> Iterator[StubEndpoint]:
    endpoint = StubEndpoint(behaviour="wcf").start()
    yield endpoint
    endpoint.close()


@pytest.fixture
def host(running: StubEndpoint) -> StubEndpoint:
    running.reset()
    return running


def send(host: StubEndpoint, data: bytes) -> HttpResponse:
    with connect(host) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        received = everything(connection)
    message = parse_message(received.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n"))
    assert isinstance(message, HttpResponse)
    return message


def post(
    host: StubEndpoint,
    body: str | bytes = b"",
    *,
    method: str = "POST",
    path: str = PATH,
    action: str | None = f'"{ACTION}"',
    content_type: str | None = TEXT,
    length: bool = True,
    chunked: bool = False,
    more: str = "",
) -> HttpResponse:
    data = body.encode() if isinstance(body, str) else body
    lines = [f"{method} {path} HTTP/1.1", "Host: x", "Connection: close"]
    lines += [f"SOAPAction: {action}"] if action is not None else []
    lines += [f"Content-Type: {content_type}"] if content_type is not None else []
    lines += ["Transfer-Encoding: chunked"] if chunked else []
    lines += [f"Content-Length: {len(data)}"] if length and not chunked else []
    lines += [more] if more else []
    framed = b"%x\r\n%b\r\n" % (len(data), data) if chunked and data else data
    return send(host, "\r\n".join(lines).encode() + b"\r\n\r\n" + framed + b"0\r\n\r\n" * chunked)


def code(response: HttpResponse) -> tuple[int, str]:
    """Status, and the fault code's local name; empty for a body that is none."""
    found = re.search(rb"<faultcode[^>]*>\w+:(\w+)<", response.body)
    return response.status, found[1].decode() if found else ""


OK, EMPTY, AN, IS, DF, MU = (
    (200, ""),
    (400, ""),
    (500, "ActionNotSupported"),
    (500, "InternalServiceFault"),
    (500, "DeserializationFailed"),
    (500, "MustUnderstand"),
)
DECLARED = '<?xml version="1.0" encoding="{}"?>'
DEEP = "<n:a>" * 140 + "</n:a>" * 140
FOREIGN = '<x:y xmlns:x="urn:x"{}/>'


def described(text: str) -> str:
    return request(TYPE, IMAGE, f"<n:Description>{text}</n:Description>")


def image(text: str, attributes: str = "") -> str:
    return request(TYPE, f"<n:Image{attributes}>{text}</n:Image>", DESCRIPTION)


def type_(text: str, attributes: str = "") -> str:
    return request(f"<n:Type{attributes}>{text}</n:Type>", IMAGE, DESCRIPTION)


R = request()
BODIES: dict[str, tuple[str | bytes, tuple[int, str]]] = {
    "a valid call": (R, OK),
    "SOAP 1.2": (request(soap=SOAP12), EMPTY),
    "an unknown envelope": (request(soap="urn:x"), EMPTY),
    "the root is no Envelope": ("<a/>", EMPTY),
    "text before Header": (R.replace("<e:Header>", "oops<e:Header>"), EMPTY),
    "text before Body": (R.replace("<e:Body>", "oops<e:Body>"), EMPTY),
    "a comment and text before Body": (R.replace("<e:Body>", "<!-- -->oops<e:Body>"), EMPTY),
    "text in Header": (R.replace("</e:Header>", "oops</e:Header>"), EMPTY),
    "text before a block": (R.replace("<e:Header>", "<e:Header>oops"), EMPTY),
    "white space and comments before Body": (R.replace("<e:Body>", " <!-- a --> <e:Body>"), OK),
    "text behind Body": (R.replace("</e:Body>", "</e:Body>oops"), DF),
    "not XML": ("hello", EMPTY),
    "a DTD": (f"<!DOCTYPE a>{R}", EMPTY),
    "an instruction before": (f"<?php?>{R}", EMPTY),
    "broken before Body": (R.replace("<e:Body>", "&<e:Body>"), EMPTY),
    "no Body": (R[: R.index("<e:Body>")] + "</e:Envelope>", EMPTY),
    "another encoding declared": (DECLARED.format("utf-16") + R, EMPTY),
    "UTF-16 without a declaration": (R.encode("utf-16"), EMPTY),
    "UTF-16, declared, but charset is UTF-8": ((DECLARED.format("utf-16") + R).encode("utf-16"),
                                               EMPTY),
    "a mark": ("\ufeff" + R, OK),
    "a declaration": (DECLARED.format("utf-8") + R, OK),
    "white space around": (f"\n {R}\n ", OK),
    "comments around": (f"<!-- a -->{R}<!-- b -->", OK),
    "truncated inside the wrapper": (R[: R.index("</n:Image>")], DF),
    "an undefined entity inside": (described("&nbsp;"), DF),
    "an instruction inside": (request(TYPE, "<?php?>", IMAGE, DESCRIPTION), DF),
    "bad UTF-8 inside": (described("x").encode().replace(b">x<", b">\xff<"), DF),
    "something after Envelope": (R + "<a/>", DF),
    "a second child of Body": (R.replace("</e:Body>", "<n:x/></e:Body>"), DF),
    "text in the wrapper": (request(TYPE, "oops", IMAGE, DESCRIPTION), DF),
    "another wrapper": (request(wrapper="n:SaveImage"), IS),
    "the wrapper in no namespace": (request(wrapper="SaveImageStream"), IS),
    "text as Body": (re.sub("<e:Body>.*</e:Body>", "<e:Body>oops</e:Body>", R, flags=re.S), IS),
    "an empty Body": (re.sub("<e:Body>.*</e:Body>", "<e:Body/>", R, flags=re.S), OK),
    "an empty wrapper": (request("<!-- -->"), OK),
    "an unknown type": (type_("Portrait"), DF),
    "a number for a type": (type_("1"), DF),
    "an empty type": (type_(""), DF),
    "a type in another case": (type_("personimage"), DF),
    "a type with white space": (type_(" PersonImage "), DF),
    "type nil": (type_("", ' xsi:nil="true"'), OK),
    "xsi:type": (image("QUJD", ' xsi:type="xsd:base64Binary"'), OK),
    "xsi:type unknown": (image("QUJD", ' xsi:type="xsd:base64"'), DF),
    "a bad base64 character": (image("A*EC"), DF),
    "URL-safe base64": (image("-_-_"), DF),
    "base64 of five characters": (image("QUJDQ"), DF),
    "white space in base64": (image(" QU\r\nJD "), OK),
    "a no-break space in base64": (image("AA\u00a0EC"), DF),
    "an em space in base64": (image("AA\u2003EC"), DF),
    "a line separator in base64": (image("AA\u2028EC"), DF),
    "a next line in base64": (image("AA\u0085EC"), DF),
    "a no-break space in the wrapper": (request(TYPE, "\u00a0", IMAGE, DESCRIPTION), DF),
    "a no-break space before the parts": (request("\u00a0", TYPE, IMAGE, DESCRIPTION), DF),
    "a no-break space as Body": (
        re.sub("<e:Body>.*</e:Body>", "<e:Body>\u00a0</e:Body>", R, flags=re.S), IS),
    "CDATA": (image("<![CDATA[QUJD]]>"), OK),
    "a character reference": (image("&#81;UJD"), OK),
    "a comment in base64": (image("QU<!-- -->JD"), OK),
    "pad bits": (image("AB=="), OK),
    "padding inside": (image("AAECAw==AAEC"), OK),
    "an empty image": (image(""), OK),
    "an image of white space": (image("  \n"), OK),
    "image nil": (image("", ' xsi:nil="true"'), OK),
    "an element in the image": (image("<a/>"), DF),
    "xop:Include": (image('<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include"/>'), DF),
    "an element in the type": (type_("<a/>"), DF),
    "an element in the description": (described("<a/>"), DF),
    "deeper than 128": (request(TYPE, IMAGE, DESCRIPTION, DEEP), DF),
    "as deep as 128": (request(TYPE, IMAGE, DESCRIPTION, "<n:a>" * 125 + "</n:a>" * 125), OK),
    "as deep as 129": (request(TYPE, IMAGE, DESCRIPTION, "<n:a>" * 126 + "</n:a>" * 126), DF),
    "a duplicate part": (request(TYPE, IMAGE, DESCRIPTION, DESCRIPTION), OK),
    "an unknown block": (request(header=CREDENTIALS + FOREIGN.format("")), OK),
    "an unknown block, mustUnderstand 0": (
        request(header=CREDENTIALS + FOREIGN.format(' e:mustUnderstand="0"')), OK),
    "an unknown block, mustUnderstand 1": (
        request(header=CREDENTIALS + FOREIGN.format(' e:mustUnderstand="1"')), MU),
    "an unknown block, mustUnderstand true": (
        request(header=CREDENTIALS + FOREIGN.format(' e:mustUnderstand="true"')), MU),
    "an unknown block for another actor": (
        request(header=CREDENTIALS + FOREIGN.format(' e:mustUnderstand="1" e:actor="urn:other"')),
        MU),
    "wsa:Action that must be understood": (
        request(header=f'{CREDENTIALS}<a:Action xmlns:a="http://www.w3.org/2005/08/addressing" '
                       'e:mustUnderstand="1">x</a:Action>'), MU),
    "mustUnderstand is no boolean": (
        request(header=CREDENTIALS + FOREIGN.format(' e:mustUnderstand="x"')), EMPTY),
    "a block of addressing/none": (
        request(header=f'{CREDENTIALS}<a:To xmlns:a="{NONE}"/>'), EMPTY),
    "a time zone that is no number": (
        request(header=f"{CREDENTIALS}<n:TimeZone><n:SoTimeZoneId>abc</n:SoTimeZoneId></n:TimeZone>"),
        IS),
    "a child in a token": (
        request(header=f"{CREDENTIALS}<n:ApplicationToken><n:a/></n:ApplicationToken>"), IS),
    "no block": (request(header=""), OK),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_what_a_body_is_answered(host: StubEndpoint, name: str) -> None:
    body, expected = BODIES[name]
    response = post(host, body)
    assert code(response) == expected
    if expected == EMPTY:
        assert (response.body, response.header("Content-Length")) == (b"", "0")
    elif expected == OK:
        assert response.header("Content-Type") == TEXT
        assert response.body.startswith(b'<s:Envelope xmlns:s="')


def broken(text: str, after: str = "") -> str:
    """An envelope that ends in the midst of the wrapper, behind that text."""
    whole = request(text, "<n:Description>", header=CREDENTIALS + after)
    return whole[: whole.index("<n:Description>")]


ZONE = "<n:TimeZone><n:SoTimeZoneId>abc</n:SoTimeZoneId></n:TimeZone>"
DEEPER = "<n:a>" * 130 + "</n:a>" * 130
# Bytes that are no XML from some place on: what comes before is read, and answered, all the same.
BREAKS: dict[str, tuple[str | bytes, tuple[int, str], str]] = {
    "no boolean in mustUnderstand": (
        broken(TYPE, FOREIGN.format(' e:mustUnderstand="x"')), EMPTY, ""),
    "the root is no Envelope": (broken(TYPE).replace("e:Envelope", "e:Env"), EMPTY, ""),
    "SOAP 1.2 around a Body of 1.1": (
        f'<f:Envelope xmlns:f="{SOAP12}" xmlns:e="{SOAP11}"><e:Body><a>', EMPTY, ""),
    "an element before Header": (broken(TYPE).replace("<e:Header>", "<x/><e:Header>"), EMPTY, ""),
    "another encoding": ((DECLARED.format("utf-16") + broken(TYPE)).encode("utf-16"), EMPTY, ""),
    "a bad block": (broken(TYPE, ZONE), IS, "internal error"),
    "another wrapper": (broken(TYPE).replace("n:SaveImageStream", "n:Other"), IS, "internal error"),
    "between parts": (broken(TYPE), DF, "body of request message for operation"),
    "in a part": (broken("<n:Type>Per"), DF, f"parameter {NETSERVER}:Type"),
    "in an element that nobody reads": (broken(f"{TYPE}<n:x>a"), DF, "body of request message"),
    "in a part that comes too late": (
        broken(f"{TYPE}{IMAGE}<n:Type>a"), DF, "body of request message"),
    "an entity in a part": (type_("&foo;"), DF, f"parameter {NETSERVER}:Type"),
    "an instruction in a part": (type_("<?a b?>"), DF, f"parameter {NETSERVER}:Type"),
    "a bad value before": (broken("<n:Type>Zork</n:Type>"), DF, "Invalid enum value 'Zork'"),
    "a bad value before what is too deep": (
        request("<n:Type>Zork</n:Type>", DEEPER), DF, "Invalid enum value 'Zork'"),
    "too deep": (request(TYPE, DEEPER), DF, "read depth (128) has been exceeded"),
    "too deep in a block": (request(header=CREDENTIALS + DEEPER), EMPTY, ""),
    "text, and a bad image behind it": (
        request(TYPE, "abc", "<n:Image>A*EC</n:Image>"), DF, "body of request message"),
    "a no-break space in Body": (
        R[: R.index("<n:SaveImageStream>")] + "\u00a0&", IS, "internal error"),
    "a comment and text as Body": (
        re.sub("<e:Body>.*</e:Body>", "<e:Body><!-- -->abc</e:Body>", R, flags=re.S), IS,
        "internal error"),
    "a prefix of no namespace in a block": (request(header=f"{CREDENTIALS}<q:a/>"), EMPTY, ""),
    "a prefix of no namespace on a block": (
        request(header=CREDENTIALS.replace("<n:Ticket", '<n:Ticket q:a=""')), EMPTY, ""),
    "a prefix of no namespace on the wrapper": (request(wrapper="q:SaveImageStream"), EMPTY, ""),
    "a prefix of no namespace in the wrapper": (
        request(TYPE, "<q:a/>", "<n:Image>A*</n:Image>"), DF, "body of request message"),
    "a prefix of no namespace on a part": (
        request(TYPE, '<n:Image q:a="">A*</n:Image>'), DF, "body of request message"),
    "a name with two colons": (request(TYPE, "<n:a:b/>"), DF, "body of request message"),
    "in the wrapper's name": (R[: R.index("n:SaveImageStream>") + 9], EMPTY, ""),
    "before the wrapper's end": (R[: R.index("n:SaveImageStream>") + 17] + " ", EMPTY, ""),
    "behind a namespace that is relative": (
        broken(TYPE, '<q xmlns="u"/>') + "<&>", DF, "request message"),
    "behind the wrapper": (R[: R.index("</e:Body>")], DF, "body of request message"),
    "an instruction behind Envelope": (R + "<?a b?>", DF, "body of request message"),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKS)
def test_what_came_before_a_break_is_answered_first(host: StubEndpoint, name: str) -> None:
    body, expected, said = BREAKS[name]
    response = post(host, body)
    assert code(response) == expected
    assert said.encode() in response.body


@pytest.mark.parametrize(
    ("head", "status", "rule"),
    [
        ({"Content-Length": "70000"}, 413, "payload.message-too-large"),
        ({"Content-Length": "700", "Content-Type": "text/plain"}, 415, "http.content-type"),
    ],
)
def test_who_waits_with_a_body_that_is_not_wanted_is_told_so(
    host: StubEndpoint, head: dict[str, str], status: int, rule: str
) -> None:
    lines = {"Host": "x", "Content-Type": TEXT, "SOAPAction": f'"{ACTION}"',
             "Expect": "100-continue", **head}  # fmt: skip
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    with connect(host) as connection:
        connection.sendall(f"POST {PATH} HTTP/1.1\r\n{text}\r\n".encode())
        answer = connection.recv(65536)
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert b"Content-Length: 0" in answer
    (exchange,) = host.exchanges
    assert [violation.rule for violation in exchange.violations] == [rule]
    assert exchange.operation == "SaveImageStream"
    assert rule in (host._runner.unreported() or "")
    removes = ChangePersonImageRequest(person_id=1, blob_id=0, ticket="7T:x")
    send(host, written(removes.to_http_request()))
    assert "flow.no-blob-id-after-failed-save" in (host._runner.unreported() or "")


def test_what_nobody_would_ever_read_is_refused_without_a_body(host: StubEndpoint) -> None:
    """Beyond the endpoint's own limit, of which the host's answer says nothing."""
    answer = send(
        host,
        f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000000\r\n\r\n".encode(),
    )
    assert (answer.status, answer.body) == (413, b"")
    assert "payload.message-too-large" in (host._runner.unreported() or "")


def test_who_waits_with_what_is_for_nobody_is_let_go_on(host: StubEndpoint) -> None:
    """The control API has a path of its own, and a client of .NET waits there as well."""
    with connect(host) as connection:
        connection.sendall(
            b"POST /_soblob/reset HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
            b"Expect: 100-continue\r\n\r\n"
        )
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_what_is_over_the_hosts_limit_is_held_against_the_test(host: StubEndpoint) -> None:
    assert post(host, request(TYPE, f"<n:Image>{'QUJD' * 20_000}</n:Image>")).status == 413
    assert host.exchanges[0].violations[0].rule == "payload.message-too-large"


HEADS: dict[str, tuple[dict[str, object], tuple[int, str]]] = {
    "text/plain": ({"content_type": "text/plain"}, (415, "")),
    "SOAP 1.2's type": ({"content_type": "application/soap+xml"}, (415, "")),
    "Latin-1": ({"content_type": "text/xml; charset=iso-8859-1"}, (415, "")),
    "JSON": ({"content_type": "application/json"}, (415, "")),
    "MTOM": ({"content_type": 'multipart/related; type="application/xop+xml"'}, (415, "")),
    "no type": ({"content_type": None}, (415, "")),
    "no charset": ({"content_type": "text/xml"}, OK),
    "a quoted charset in upper case": ({"content_type": 'TEXT/XML; charset="UTF-8"'}, OK),
    "no body": ({"body": b""}, EMPTY),
    "no body, and a wrong type": ({"body": b"", "content_type": "a/b"}, EMPTY),
    "chunked without bytes": ({"body": b"", "chunked": True}, EMPTY),
    "neither length nor chunks": ({"body": b"", "length": False}, (411, "")),
    "over the limit": ({"body": R + " " * 65_536}, (413, "")),
    "at the limit": ({"body": R + " " * (65_536 - len(R))}, OK),
    "chunked, at the limit": ({"body": R + " " * (65_536 - len(R)), "chunked": True}, EMPTY),
    "chunked, over the limit": ({"body": R + " " * 65_536, "chunked": True}, EMPTY),
    "over the limit, and a wrong type": ({"body": " " * 65_537, "content_type": "a/b"}, (415, "")),
    "chunked": ({"chunked": True}, OK),
    "gzip": ({"body": b"\x1f\x8b\x08\x00", "more": "Content-Encoding: gzip"}, EMPTY),
    "Expect": ({"more": "Expect: 100-continue"}, OK),
    "no SOAPAction": ({"action": None}, AN),
    "an empty SOAPAction": ({"action": '""'}, AN),
    "another SOAPAction": ({"action": '"urn:x"'}, AN),
    "SOAPAction in another case": ({"action": f'"{ACTION.lower()}"'}, AN),
    "SOAPAction unquoted": ({"action": ACTION}, OK),
    "SOAPAction percent-encoded": ({"action": f'"{ACTION.replace("/", "%2F")}"'}, OK),
    "HEAD": ({"method": "HEAD"}, EMPTY),
    "DELETE": ({"method": "DELETE"}, EMPTY),
    "OPTIONS": ({"method": "OPTIONS"}, EMPTY),
    "OPTIONS *": ({"method": "OPTIONS", "path": "*", "body": b"", "length": False}, EMPTY),
    "PUT": ({"method": "PUT"}, OK),
    "PATCH": ({"method": "PATCH"}, OK),
    "a path in another case": ({"path": PATH.upper()}, OK),
    "a slash at the end": ({"path": f"{PATH}/"}, OK),
    "two slashes at the end": ({"path": f"{PATH}//"}, (500, "DestinationUnreachable")),
    "a query": ({"path": f"{PATH}?x=y"}, OK),
    "below the service": ({"path": f"{PATH}/x"}, (500, "DestinationUnreachable")),
    "below it, and another SOAPAction": ({"path": f"{PATH}/x", "action": '"urn:x"'}, AN),
    "another path": ({"path": "/x"}, (404, "")),
    "another path, and no length": ({"path": "/x", "body": b"", "length": False}, (411, "")),
    "another path, and a method without a body": ({"path": "/x", "method": "DELETE"}, (404, "")),
    "text before Body, and another SOAPAction": (
        {"body": R.replace("<e:Body>", "oops<e:Body>"), "action": '"urn:x"'}, EMPTY),
    "broken XML, and another SOAPAction": ({"body": "hello", "action": '"urn:x"'}, EMPTY),
    "a broken part, and another SOAPAction": ({"body": image("A*EC"), "action": '"urn:x"'}, AN),
}  # fmt: skip


@pytest.mark.parametrize("name", HEADS)
def test_what_a_head_is_answered(host: StubEndpoint, name: str) -> None:
    given, expected = HEADS[name]
    body = given.pop("body", R) if "body" not in given else given["body"]
    options = {key: value for key, value in given.items() if key != "body"}
    response = post(host, body, **options)  # type: ignore[arg-type]
    assert code(response) == expected
    if expected[0] == 415:
        assert response.reason_phrase.startswith("Cannot process the message because the content")


def test_of_blocks_that_must_be_understood_the_first_is_named(host: StubEndpoint) -> None:
    two = "".join(f'<x:{name} xmlns:x="urn:x" e:mustUnderstand="1"/>' for name in ("one", "two"))
    answer = post(host, request(header=CREDENTIALS + two))
    assert code(answer) == MU
    assert b"The header 'one' from the namespace 'urn:x' was not understood" in answer.body


def test_of_two_application_tokens_the_last_wins() -> None:
    with StubEndpoint(behaviour="wcf", installation="online", application_tokens=["app"]) as host:
        for first, last, succeeded in (("x", "app", b"true"), ("app", "x", b"false")):
            block = "<n:ApplicationToken>{}</n:ApplicationToken>"
            tokens = block.format(first) + block.format(last)
            answer = post(host, request(header=tokens + CREDENTIALS))
            assert b">%b</h:Succeeded>" % succeeded in answer.body
        host.discard_findings()


def test_the_order_of_checks_hides_what_comes_later(host: StubEndpoint) -> None:
    block = FOREIGN.format(' e:mustUnderstand="1"')
    bad_body = image("A*EC").replace(CREDENTIALS, CREDENTIALS + block)
    assert code(post(host, bad_body)) == DF
    bad_block = "<n:ApplicationToken><n:a/></n:ApplicationToken>"
    assert code(post(host, image("A*EC").replace(CREDENTIALS, CREDENTIALS + bad_block))) == IS


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (image("A*EC"), "The characters 'A*EC' at offset 0 are not a valid Base64 sequence."),
        (
            image("AA\u00a0EC"),
            "The characters 'AA\u00a0E' at offset 0 are not a valid Base64 sequence.",
        ),
        (image("QUJDQ"), "Base64 sequence length (5) not valid. Must be a multiple of 4."),
        (type_("x"), "Invalid enum value 'x' cannot be deserialized into type 'BlobLinkType'."),
    ],
)
def test_what_a_reader_says(host: StubEndpoint, body: str, said: str) -> None:
    assert said in post(host, body).body.decode()


# -- what is lost, and who says so ----------------------------------------------------------------

LOST = {
    "description first": (request(DESCRIPTION, TYPE, IMAGE), {"Type", "Image"}),
    "description before image": (request(TYPE, DESCRIPTION, IMAGE), {"Image"}),
    "an unknown child": (request(TYPE, "<n:x/>", IMAGE, DESCRIPTION), {"x"}),
    "misspelt": (request(TYPE, IMAGE.replace("Image", "image"), DESCRIPTION), {"image"}),
    "in no namespace": (request(TYPE, IMAGE.replace("n:", ""), DESCRIPTION), {"Image"}),
    "duplicate": (request(TYPE, IMAGE, DESCRIPTION, DESCRIPTION), {"Description[2]"}),
}


@pytest.mark.parametrize("name", LOST)
def test_what_is_dropped_in_silence_is_told_by_the_judge(host: StubEndpoint, name: str) -> None:
    body, lost = LOST[name]
    assert post(host, body).status == 200
    (exchange,) = host.exchanges
    assert {path.rpartition("/")[2].removeprefix("ns:") for path in exchange.dropped} == lost
    assert any(violation.is_error for violation in exchange.violations)
    (blob,) = host.blobs.values()
    assert (blob.image is None) == bool({"Image", "image"} & lost)
    with pytest.raises(AssertionError, match=r"body\.child-"):
        host.check()


def test_of_two_blocks_the_last_wins_and_of_two_parts_or_children_the_first() -> None:
    ticket = "<n:Credentials><n:Ticket>{}</n:Ticket></n:Credentials>"
    with StubEndpoint(behaviour="wcf", tickets=["7T:good"]) as host:
        for first, last, succeeded in (("7T:bad", "7T:good", b"true"), ("7T:good", "", b"false")):
            header = ticket.format(first) + "<n:ApplicationToken>a</n:ApplicationToken>"
            answer = post(host, request(header=header + ticket.format(last)))
            assert b">%b</h:Succeeded>" % succeeded in answer.body
        two = "<n:Ticket>7T:good</n:Ticket><n:Ticket>7T:bad</n:Ticket>"
        answer = post(host, request(header=f"<n:Credentials>{two}</n:Credentials>"))
        assert b">true</h:Succeeded>" in answer.body
        second = DESCRIPTION.replace(">", ">second ", 1)
        header = ticket.format("7T:good")
        assert post(host, request(TYPE, IMAGE, DESCRIPTION, second, header=header)).status == 200
        assert not (list(host.blobs.values())[-1].description or "").startswith("second")
        host.discard_findings()


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (request("<!-- -->"), (None, None)),
        (request(TYPE, DESCRIPTION), ("PersonImage", None)),
        (request(IMAGE, DESCRIPTION), (None, b"ABC")),
        # The value of an enumeration is 0 then, which has no name in the contract.
        (type_("", ' xsi:nil="true"'), (None, b"ABC")),
        (image(""), ("PersonImage", b"")),
        (image("  "), ("PersonImage", b"")),
        (image("", ' xsi:nil="true"'), ("PersonImage", None)),
    ],
)
def test_what_a_missing_or_nil_part_is_read_as(
    host: StubEndpoint, body: str, read: tuple[str | None, bytes | None]
) -> None:
    assert post(host, body.replace(IMAGE, "<n:Image>QUJD</n:Image>")).status == 200
    (blob,) = host.blobs.values()
    assert (blob.type, blob.image) == read


def test_a_connection_stays_open_unless_the_client_says_close(host: StubEndpoint) -> None:
    data = R.encode()
    head = f'POST {PATH} HTTP/1.1\r\nHost: x\r\nSOAPAction: "{ACTION}"\r\nContent-Type: {TEXT}\r\n'
    head += f"Content-Length: {len(data)}\r\n"
    with connect(host) as connection:
        received = b""
        for more in ("", "Expect: 100-continue\r\n", "Connection: close\r\n"):
            connection.sendall(f"{head}{more}\r\n".encode() + data)
        received = everything(connection)
    answers = [
        line for line in received.split(b"\r\n") if line.startswith((b"HTTP/", b"Connection"))
    ]
    assert [line.split(b" ")[1] for line in answers if line.startswith(b"HTTP")][-1] == b"200"
    assert answers.count(b"Connection: close") == 1
    assert answers[-1] == b"Connection: close"
    assert [exchange.blob_id for exchange in host.exchanges] == [70001, 70008, 70022]


def test_a_missing_ticket_is_no_fault(host: StubEndpoint) -> None:
    assert b">false</h:Succeeded>" in post(host, request(header="")).body
    assert host.blobs == {}
    with pytest.raises(AssertionError, match="credentials-missing"):
        host.check()


def test_a_reply_can_be_scripted(host: StubEndpoint) -> None:
    host.reply(succeeded=False)
    assert b">false</h:Succeeded>" in post(host, R).body
    assert b"<Response>70001</Response>" in post(host, R).body
    host.check()


@pytest.mark.parametrize(
    ("query", "kind", "start"),
    [
        ("", "text/html; charset=UTF-8", b"<!DOCTYPE html>"),
        ("?wsdl", "text/xml; charset=UTF-8", b"<?xml"),
        ("?WSDL", "text/xml; charset=UTF-8", b"<?xml"),
        ("?singleWsdl", "text/xml; charset=UTF-8", b"<?xml"),
        ("?xsd=xsd0", "text/xml; charset=UTF-8", b"<?xml"),
    ],
)
def test_looking_around(host: StubEndpoint, query: str, kind: str, start: bytes) -> None:
    def look_at(path: str) -> HttpResponse:
        request = HttpRequest(method="GET", target=path, headers=(("Host", "127.0.0.1"),))
        response = host.handle(request).response
        assert isinstance(response, HttpResponse)
        return response

    response = look_at(PATH + query)
    assert (response.status, response.header("Content-Type")) == (200, kind)
    assert response.body.startswith(start)
    for below in ("/x", "//"):
        assert look_at(f"{PATH}{below}{query}").status == 400
    assert host.exchanges == []


@pytest.mark.parametrize("behaviour", ["strict", "wcf"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("sends", ["a body", "a SOAPAction", "an XML Content-Type"])
def test_an_upload_by_get_is_a_call_all_the_same(behaviour: str, method: str, sends: str) -> None:
    right = SaveImageStreamRequest(image=b"GIF89a", ticket="7T:x").to_http_request()
    name = {"a SOAPAction": "soapaction", "an XML Content-Type": "content-type"}.get(sends, "")
    sent = replace(
        right,
        method=method,
        headers=tuple(h for h in right.headers if h[0].lower() in ("host", name)),
        body=right.body if sends == "a body" else b"",
    )
    endpoint = StubEndpoint(behaviour=behaviour)
    answer = endpoint.handle(sent).response
    assert isinstance(answer, HttpResponse)
    # A .NET host shows a page to GET, whatever comes with it, and has nothing to say to HEAD.
    expected = {"strict": 500, "wcf": 200 if method == "GET" else 400}[behaviour]
    assert answer.status == expected
    assert not endpoint.blobs
    with pytest.raises(ContractViolationError, match=r"http\.method"):
        endpoint.check()
    for path in ("?wsdl", "?singleWsdl"):  # as a client with a session of fixed headers asks
        endpoint.handle(replace(sent, target=right.target + path, body=b""))
    endpoint.check()


# -- whatever comes -------------------------------------------------------------------------------

OFFLINE = StubEndpoint(behaviour="wcf", max_message_size=1 << 30)


def handle(body: bytes, charset: str = "utf-8", action: str = ACTION) -> HttpResponse:
    """Answer without a socket; what is a fault or a response must be one for the judge, too."""
    OFFLINE.reset()
    headers = (
        ("Content-Type", f"text/xml; charset={charset}"),
        ("SOAPAction", f'"{action}"'),
        ("Content-Length", str(len(body))),
    )
    response = OFFLINE.handle(HttpRequest(target=PATH, headers=headers, body=body)).response
    assert isinstance(response, HttpResponse)
    if response.body:
        assert EnvelopeValidator("response", "wsdl").judge(response).errors == ()
    return response


@at_length
@settings(max_examples=either(60, 500), deadline=None)
@given(soblob_st.request_envelopes(profiles=["wsdl"]))
def test_right_requests_are_read_as_they_were_meant(data: EnvelopeBytes) -> None:
    utf16 = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    assert handle(data, "utf-16" if utf16 else "utf-8").status == 200
    (exchange,) = OFFLINE.exchanges
    message, meant = exchange.message, data.message
    assert isinstance(message, SaveImageStreamRequest)
    assert isinstance(meant, SaveImageStreamRequest)
    assert (message.type, message.image, message.description, message.ticket) == (
        meant.type,
        meant.image,
        meant.description,
        meant.ticket,
    )
    assert exchange.dropped == ()


@at_length
@pytest.mark.slow
@settings(max_examples=either(100, 1000), deadline=None)
@given(soblob_st.malformed_requests())
def test_wrong_requests_are_answered(data: MalformedBytes) -> None:
    assert handle(data).status in (200, 400, 500)


@at_length
@settings(max_examples=either(100, 1000), deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode), st.text(max_size=20))
def test_anything_is_answered(body: bytes, action: str) -> None:
    assert handle(body, action=quote(action)).status == 400
    assert handle(request().encode(), action=quote(action)).status in (200, 500)
