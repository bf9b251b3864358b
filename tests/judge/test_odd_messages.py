"""Unusual messages: valid ones, ones with secrets, and large ones."""

from pathlib import Path

import pytest

from pytest_soblob import EnvelopeValidator, HttpResponse, StubEndpoint
from pytest_soblob.cli.judging import JudgeSettings, judge_bytes
from pytest_soblob.judge.rendering import render_violations
from pytest_soblob.judge.violations import Verdict
from tests.judge.test_hostile import MOST_SECONDS, judge_apart, linux
from tests.mistakes import (
    CREDENTIALS,
    DESCRIPTION,
    IMAGE,
    SOAP12,
    TYPE,
    fault,
    http_request,
    request,
    response,
)
from tests.wire import parse_message

MANY = "<x" + "".join(f' a{index}="1"' for index in range(1001)) + ">"
SECRET = "Qz9secretvalueThatNobodyReads"


def described(text: str) -> str:
    return request(TYPE, IMAGE, f"<n:Description>{text}</n:Description>")


def body_for_a_prefix(data: str) -> str:
    return (
        data.replace("xmlns:e=", "xmlns:body=").replace("<e:", "<body:").replace("</e:", "</body:")
    )


RIGHT: dict[str, str | bytes] = {
    "a prefix like HTML's, after a mark": "\ufeff" + body_for_a_prefix(request()),
    "a prefix like HTML's, after a comment": "<!-- x -->" + body_for_a_prefix(request()),
    "a prefix like HTML's, in UTF-16": (
        '<?xml version="1.0" encoding="UTF-16"?>' + body_for_a_prefix(request())
    ).encode("utf-16"),
    "much white space after a mark": "\ufeff" + " " * 2000 + request(),
    "much white space, then a comment": " " * 2000 + "<!-- x -->" + request(),
    "much white space in UTF-16": (
        '<?xml version="1.0" encoding="UTF-16"?>' + "\n" * 3000 + request()
    ).encode("utf-16"),
    "markup of many attributes in CDATA": described(f"<![CDATA[{MANY}]]>"),
    "markup of many attributes in a comment": f"<!-- {MANY} -->" + request(),
    "UTF-16LE without a mark": (
        '<?xml version="1.0" encoding="UTF-16LE"?>' + request()
    ).encode("utf-16-le"),
    "a derived type, and a value of it": described("nb-NO").replace(
        "<n:Description>", "<n:Description xsi:type='xsd:language'>"
    ).replace("xmlns:n=", 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
              'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:n='),
    "an image element in a header block": request(
        header=f"{CREDENTIALS}<x:Image xmlns:x='urn:x'>{'QUJD' * 2000}</x:Image>"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_odd_but_valid(name: str) -> None:
    text = RIGHT[name]
    data = text if isinstance(text, bytes) else text.encode()
    for fast in (True, False):
        verdict, envelope = EnvelopeValidator("request", "wsdl").examine(data, fast=fast)
        assert verdict.errors == ()
        assert envelope is not None


@pytest.mark.parametrize(
    "text",
    [
        described(f"<![CDATA[<!--]]>{MANY}</x>"),
        described(f"<!-- <![CDATA[ -->{MANY}</x>"),
        described(f"{MANY}</x>"),
        request(attributes="".join(f' a{index}=""' for index in range(1001))),
    ],
)
def test_too_many_attributes_cannot_hide(text: str) -> None:
    verdict = EnvelopeValidator("request", "wsdl").judge(text.encode())
    assert [v.rule for v in verdict.violations] == ["xml.too-many-nodes"]


ELEMENTS = "<a/>" * 100_001
IN_LATIN_1 = '<?xml version="1.0" encoding="iso-8859-1"?>'
IN_GBK = '<?xml version="1.0" encoding="GBK"?>'


@pytest.mark.parametrize(
    "message",
    [
        described(f"{ELEMENTS}</n:Description>").encode(),
        described(f"{ELEMENTS}&").encode(),
        described(f"{ELEMENTS}</n:Description>").encode("utf-16"),
        (IN_LATIN_1 + described(f"{ELEMENTS}</n:Description>")).encode(),
        (IN_GBK + described(f"{ELEMENTS}</n:Description>")).encode(),
        described(f"{'<a>' * 100_001}").encode(),
    ],
    ids=["as it is", "broken behind", "UTF-16", "Latin-1", "GBK", "nested"],
)
def test_a_message_of_over_100_000_elements_is_not_judged(message: bytes) -> None:
    verdict = EnvelopeValidator("request", "wsdl").judge(message)
    assert [v.rule for v in verdict.violations] == ["xml.too-many-nodes"]
    assert "more than 100,000 elements" in verdict.violations[0].message


@pytest.mark.parametrize(
    ("encoding", "inside"),
    [
        ("UTF-8", f"<![CDATA[{'<' * 100_001}]]>"),
        ("UTF-8", f"<!--{'<' * 100_001}-->"),
        ("UTF-8", "<a></a>" * 60_000),
        ("GBK", "<a></a>" * 60_000),
    ],
    ids=["CDATA", "a comment", "end tags", "end tags in GBK"],
)
def test_only_elements_are_counted_as_elements(encoding: str, inside: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>' + described(f"{inside}</n:Description>")
    verdict = EnvelopeValidator("request", "wsdl").judge(text.encode())
    assert "xml.too-many-nodes" not in [v.rule for v in verdict.violations]


def test_faults_with_subcodes_and_languages_are_valid() -> None:
    subcode = (
        '<e:Subcode><e:Value xmlns:q="urn:q">q:a</e:Value><e:Subcode><e:Value xmlns:q="urn:q">'
    )
    text = (
        f"<e:Code><e:Value>e:Sender</e:Value>{subcode}q:b</e:Value></e:Subcode></e:Subcode></e:Code>"
        '<e:Reason><e:Text xml:lang="en">no</e:Text><e:Text xml:lang="nb">nei</e:Text></e:Reason>'
        '<e:Detail><x e:encodingStyle="urn:x"/></e:Detail>'
    )
    judge = EnvelopeValidator("response", "soap12").judge
    assert judge(fault(text, SOAP12).encode()).errors == ()


# -- secrets --------------------------------------------------------------------------------------

SECRETS = {
    "text in Credentials": request(header=f"<n:Credentials>{SECRET}</n:Credentials>"),
    "a misspelt Ticket": request(
        header=f"<n:Credentials><n:Tikcet>{SECRET}</n:Tikcet></n:Credentials>"
    ),
    "another child": request(
        header=f"<n:Credentials><n:SessionKey>{SECRET}</n:SessionKey></n:Credentials>"
    ),
    "an attribute of Credentials": request(
        header=f"<n:Credentials n:key='{SECRET}'><n:Ticket>{SECRET}</n:Ticket></n:Credentials>"
    ),
    "a token over lines that do not parse": request(
        header=f"<n:ApplicationToken>\n{SECRET}\n&</n:ApplicationToken>"
    ),
    "a start tag over lines": request(
        header=f"<n:ApplicationToken\na='1'>{SECRET}\n&</n:ApplicationToken>"
    ),
    "an attribute without quotes": request(header=f"<n:ApplicationToken value={SECRET}/>"),
    "the token again in a comment outside": f"<!-- {SECRET} -->" + request(
        header=f"<n:ApplicationToken>{SECRET}</n:ApplicationToken>{CREDENTIALS}", soap=SOAP12
    ),
    "the token again, cut off": request(
        f"<n:Type>{SECRET}{SECRET}</n:Type>", IMAGE, DESCRIPTION,
        header=f"<n:ApplicationToken>{SECRET}{SECRET}</n:ApplicationToken>{CREDENTIALS}",
    ),
    "the token again as a number": request(
        header=f"<n:ApplicationToken>{SECRET}</n:ApplicationToken>{CREDENTIALS}"
        f"<n:TimeZone><n:SoTimeZoneId>{SECRET * 6}</n:SoTimeZoneId></n:TimeZone>",
    ),
    "a header line for a body": f"ApplicationToken: {SECRET}",
    "a form": f"ticket={SECRET}&type=PersonImage",
}  # fmt: skip


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("profile", ["wsdl", "soap12"])
def test_no_secret_is_readable(name: str, profile: str) -> None:
    verdict = EnvelopeValidator("request", profile).judge(SECRETS[name].encode())
    assert verdict.violations
    for text in (render_violations(verdict.violations), repr(verdict)):
        assert SECRET[:8] not in text


@pytest.mark.parametrize(
    ("name", "value"),
    [("SOAPAction", f'"{SECRET}"'), ("Content-Type", f"text/xml; action={SECRET}; charset=x")],
)
def test_no_secret_is_readable_in_http_headers(name: str, value: str) -> None:
    text = request(header=f"<n:ApplicationToken>{SECRET}</n:ApplicationToken>{CREDENTIALS}")
    message = http_request(
        text, **{name.lower().replace("-", "_").replace("soapa", "soap_a"): value}
    )
    verdict = EnvelopeValidator("request", "wsdl").judge(message)
    assert verdict.violations
    assert SECRET[:8] not in repr(verdict)


# -- HTTP as it is captured -----------------------------------------------------------------------


def judged(head: str, body: str = "") -> Verdict:
    return judge_bytes(f"{head}\r\n\r\n{body}".encode(), JudgeSettings())


def test_a_body_without_a_length_is_reported() -> None:
    (violation,) = judged("POST /BLOB.svc HTTP/1.1\r\nHost: x", request()).violations
    assert violation.rule == "http.content-length"
    assert "neither a Content-Length nor a Transfer-Encoding" in violation.message


def test_a_body_of_a_response_that_has_none_is_reported() -> None:
    (violation,) = judged("HTTP/1.1 204 No Content", response()).violations
    assert "a response with status 204 has no body" in violation.message
    assert violation.server is None


def test_leading_zeros_of_a_length_are_legal() -> None:
    body = request()
    assert parse_message(
        f"POST / HTTP/1.1\r\nContent-Length: 0{len(body)}\r\n\r\n{body}".encode()
    ).body == body.encode()  # fmt: skip
    verdict = judged(f"POST / HTTP/1.1\r\nContent-Length: 0{len(body)}", body)
    assert "http.content-length" not in {v.rule for v in verdict.violations}


def test_more_than_a_thousand_headers_are_reported() -> None:
    (violation,) = judged("POST / HTTP/1.1\r\n" + "a:b\r\n" * 1001 + "c:d").violations
    assert "more than 1,000 headers" in violation.message


# -- cost: each in a process of its own, without coverage ------------------------------------------

DEEP = "<n:InnerException>" * 100
COSTLY = {
    "text between many elements": request(header="<n:Foo/>x" * 100_000),
    "a secret of megabytes, many violations": request(
        TYPE, *["<n:Foo/>"] * 1200, header=f"<n:ApplicationToken> {'a' * 5_000_000} "
        f"</n:ApplicationToken>{CREDENTIALS}",
    ),
    "a long dotted name that does not end": request()[:-3] + "a." * 100_000,
    "an end tag of megabytes": request()[:-3] + "</" + "a." * 2_000_000,
    "millions of lines, then a mistake": "<a>" + "\n" * 5_000_000 + "&",
    "namespaces in scope, many violations": request(
        *["<n:Foo/>"] * 1100,
        header=CREDENTIALS,
        attributes="".join(f' xmlns:p{index}="urn:{index}"' for index in range(900)),
    ),
}  # fmt: skip


@linux
@pytest.mark.parametrize("name", COSTLY)
def test_odd_and_large_stays_cheap(name: str, tmp_path: Path) -> None:
    file = tmp_path / "message.xml"
    file.write_text(COSTLY[name])
    cost = judge_apart(file)
    assert cost["rules"]
    assert isinstance(cost["seconds"], float)
    assert cost["seconds"] <= MOST_SECONDS


def test_an_image_in_another_operation_crashes_nothing() -> None:
    text = request(
        "<n:PersonId>1</n:PersonId>", f"<n:Image>{'QUJD' * 2000}</n:Image>",
        wrapper="n:ChangePersonImage",
    )  # fmt: skip
    endpoint = StubEndpoint()
    delivery = endpoint.handle(http_request(text))
    assert isinstance(delivery.response, HttpResponse)
    assert delivery.response.status == 500
    with pytest.raises(AssertionError, match=r"body\.child-unknown"):
        endpoint.check()
