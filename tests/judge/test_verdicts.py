"""Valid messages as many stacks write them, and verdicts where the sources are silent."""

import base64

import pytest

from pytest_soblob import EnvelopeValidator, HttpRequest
from pytest_soblob.judge.violations import Severity
from tests.mistakes import (
    ACTION,
    CREDENTIALS,
    DESCRIPTION,
    IMAGE,
    NS,
    PNG,
    SOAP11,
    SOAP12,
    SUCCEEDED,
    TARGET,
    TICKET,
    TYPE,
    XSI,
    envelope,
    fault,
    http_request,
    request,
    response,
)

BODY = f"<n:SaveImageStream>{TYPE}{IMAGE}{DESCRIPTION}</n:SaveImageStream>"
PHP = (
    f'<?xml version="1.0" encoding="UTF-8"?>\n<SOAP-ENV:Envelope xmlns:SOAP-ENV="{SOAP11}" '
    f'xmlns:ns1="{NS}" xmlns:xsi="{XSI}"><SOAP-ENV:Header><ns1:ApplicationToken>app'
    f"</ns1:ApplicationToken><ns1:Credentials><ns1:Ticket>{TICKET}</ns1:Ticket></ns1:Credentials>"
    '<ns1:TimeZone xsi:nil="true"/></SOAP-ENV:Header><SOAP-ENV:Body><ns1:SaveImageStream>'
    f"<ns1:Type>PersonImage</ns1:Type><ns1:Image>{PNG}</ns1:Image><ns1:Description>d"
    "</ns1:Description></ns1:SaveImageStream></SOAP-ENV:Body></SOAP-ENV:Envelope>\n"
)
WCF_CLIENT = (
    f'<s:Envelope xmlns:s="{SOAP11}"><s:Header><h:ApplicationToken xmlns:h="{NS}">app'
    f'</h:ApplicationToken><h:Credentials xmlns:h="{NS}" xmlns:i="{XSI}"><h:Ticket>{TICKET}'
    f'</h:Ticket></h:Credentials><h:TimeZone i:nil="true" xmlns:h="{NS}" xmlns:i="{XSI}"/>'
    f'</s:Header><s:Body><SaveImageStream xmlns="{NS}"><Type>PersonImage</Type>'
    f"<Image>{PNG}</Image><Description>hello &amp; &lt;b&gt;&#xD;\n</Description></SaveImageStream>"
    "</s:Body></s:Envelope>"
)
WCF_HEADERS = "".join(
    f'<h:{name} i:nil="true" xmlns:h="{NS}" xmlns:i="{XSI}"/>'
    for name in ("ExceptionInfo", "ExtraInfo", "TimeZone")
)
WCF_SERVER = (
    f'<s:Envelope xmlns:s="{SOAP11}"><s:Header>{WCF_HEADERS}<h:Succeeded xmlns:h="{NS}">true'
    f'</h:Succeeded></s:Header><s:Body><SaveImageStreamResponse xmlns="{NS}"><Response>4711'
    "</Response></SaveImageStreamResponse></s:Body></s:Envelope>"
)
DISPATCHER = "http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher"
ADDRESSING = "http://www.w3.org/2005/08/addressing"

RIGHT_REQUESTS = {
    "PHP": PHP,
    "WCF": WCF_CLIENT,
    "zeep's addressing blocks": request(
        header=f'{CREDENTIALS}<a:Action xmlns:a="{ADDRESSING}">{ACTION}</a:Action>'
        f'<a:MessageID xmlns:a="{ADDRESSING}">urn:uuid:1</a:MessageID>'
    ),
    "mustUnderstand and actor on known blocks": request(
        header=CREDENTIALS.replace(
            "<n:Credentials", '<n:Credentials e:mustUnderstand="1" e:actor="urn:next"'
        )
    ),
    "unknown block that need not be understood": request(
        header=f'{CREDENTIALS}<x:Trace xmlns:x="urn:x" e:mustUnderstand="0" id="1">t</x:Trace>'
    ),
    "blocks in another order": request(
        header=f'<n:TimeZone xsi:nil="1"/>{CREDENTIALS}<n:ApplicationToken>a</n:ApplicationToken>'
    ),
    "xsi:type on every child": request(
        '<n:Type xsi:type="n:BlobLinkType">PersonImage</n:Type>',
        f'<n:Image xsi:type=" xsd:base64Binary ">{PNG}</n:Image>',
        '<n:Description xsi:type="xsd:token">Portrait</n:Description>',
    ),
    "xsi:type in the default namespace": request(
        f'<n:Type xmlns="{NS}" xsi:type="BlobLinkType">PersonImage</n:Type>', IMAGE, DESCRIPTION
    ),
    "wrapped base64": request(
        TYPE, f"<n:Image>\n{PNG[:60]}\r\n\t {PNG[60:]}\n</n:Image>", DESCRIPTION
    ),
    "CDATA": request(
        TYPE, f"<n:Image><![CDATA[{PNG}]]></n:Image>",
        "<n:Description><![CDATA[<b>&]]></n:Description>",
    ),
    "character references": request(
        TYPE.replace("P", "&#80;"), IMAGE, "<n:Description>a&#13;&#x1F600;</n:Description>"
    ),
    "comments": request(
        "<!-- a -->", TYPE, f"<n:Image>{PNG[:8]}<!-- b -->{PNG[8:]}</n:Image>", DESCRIPTION
    ),
    "prefixes of its own everywhere": request(
        f'<a:Type xmlns:a="{NS}">PersonImage</a:Type>', f'<b:Image xmlns:b="{NS}">{PNG}</b:Image>',
        f'<Description xmlns="{NS}">d</Description>',
    ),
    "access token": request(header=CREDENTIALS.replace("7T:", "8A:")),
    "schemaLocation": request(attributes=f' xsi:schemaLocation="{NS} http://localhost/a.xsd"'),
    "qualified attributes on SOAP's elements": request(attributes=' xml:lang="en" n:a="b"'),
    "comment before SOAP 1.1": f"<!-- hello -->{request()}",
    "standalone": f'<?xml version="1.0" encoding="utf-8" standalone="yes"?>{request()}',
}  # fmt: skip
RIGHT_SOAP12 = {
    "blocks in Header": request(soap=SOAP12),
    "mustUnderstand true, relay and role": request(
        soap=SOAP12,
        header=CREDENTIALS.replace(
            "<n:Credentials", '<n:Credentials e:mustUnderstand="true" e:relay="1" e:role="urn:r"'
        ),
    ),
}
BESIDE = f"<n:ApplicationToken>a</n:ApplicationToken>{CREDENTIALS}<e:Body>"
RIGHT_DOCUMENTED = {
    "blocks beside Body": request(header="", soap=SOAP12).replace("<e:Body>", BESIDE),
    "blocks in the other order": request(header="", soap=SOAP12).replace(
        "<e:Body>", f"{CREDENTIALS}<n:ApplicationToken>a</n:ApplicationToken><e:Body>"
    ),
    "an empty Header first": request(header="", soap=SOAP12).replace(
        "<e:Body>", f"<e:Header/>{BESIDE}"
    ),
}
RIGHT_RESPONSES = {
    "WCF": WCF_SERVER,
    "WCF's fault": fault(
        f'<faultcode xmlns:a="{DISPATCHER}">a:InternalServiceFault</faultcode>'
        '<faultstring xml:lang="en-US">no</faultstring>'
    ),
    "fault with all": fault(
        "<faultcode>e:Client</faultcode><faultstring/><faultactor>urn:a</faultactor>"
        '<detail><x xmlns="urn:x" y="1"/></detail>'
    ),
    "failure": response(
        "<n:Response>0</n:Response>",
        header="<n:ExceptionInfo><n:Message>m</n:Message><n:InnerException><n:InnerException>"
        '<n:Source xsi:nil="true"/></n:InnerException></n:InnerException><n:Parameters>'
        "<n:SoExceptionInfoParametersKeyValuePair><n:Key>k</n:Key><n:Value/>"
        "</n:SoExceptionInfoParametersKeyValuePair></n:Parameters></n:ExceptionInfo>"
        "<n:Succeeded>0</n:Succeeded>",
    ),
    "spelt otherwise": response(
        "<n:Response> +007 </n:Response>", header="<n:Succeeded> 1 </n:Succeeded>"
    ),
}


@pytest.mark.parametrize("name", RIGHT_REQUESTS)
def test_valid_requests_have_no_findings(name: str) -> None:
    for profile in ("wsdl", "auto"):
        validator = EnvelopeValidator("request", profile)
        found = validator.judge(RIGHT_REQUESTS[name].encode()).violations
        # WS-Addressing blocks get a note.
        assert [v for v in found if v.rule != "header.ws-addressing"] == []


@pytest.mark.parametrize("name", RIGHT_RESPONSES)
def test_valid_responses_have_no_findings(name: str) -> None:
    data = RIGHT_RESPONSES[name].encode()
    assert EnvelopeValidator("response", "wsdl").judge(data).violations == ()


@pytest.mark.parametrize(
    ("profile", "data"),
    [("soap12", data) for data in RIGHT_SOAP12.values()]
    + [("documented", data) for data in RIGHT_DOCUMENTED.values()],
)
def test_valid_soap_12_gets_only_a_note(profile: str, data: str) -> None:
    for judged_as in (profile, "auto"):
        verdict = EnvelopeValidator("request", judged_as).judge(data.encode())
        assert verdict.profile == profile
        assert [v.rule for v in verdict.violations] == ["envelope.not-what-wcf-speaks"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_utf8_and_utf16_are_valid(encoding: str) -> None:
    name = "UTF-16" if "16" in encoding else "UTF-8"
    data = f'<?xml version="1.0" encoding="{name}"?>{request()}'.encode(encoding)
    assert EnvelopeValidator("request", "wsdl").judge(data).violations == ()


@pytest.mark.parametrize(
    ("content_type", "soap_action"),
    [
        ("text/xml", f'"{ACTION}"'),
        ("TEXT/XML; Charset=UTF-8", f'"{ACTION}"'),
        ('text/xml;charset="utf-8"', f'"{ACTION}"'),
        ("text/xml; charset=utf-8; action=anything", f'"{ACTION}"'),
    ],
)
def test_valid_http_headers_of_soap_11(content_type: str, soap_action: str) -> None:
    message = http_request(content_type=content_type, soap_action=soap_action)
    assert EnvelopeValidator("request", "wsdl").judge(message).violations == ()


@pytest.mark.parametrize(
    ("content_type", "soap_action"),
    [
        ("application/soap+xml", None),
        (f'application/soap+xml; charset=utf-8; action="{ACTION}"', f'"{ACTION}"'),
        ("application/soap+xml", "anything"),
    ],
)
def test_valid_http_headers_of_soap_12(content_type: str, soap_action: str | None) -> None:
    message = http_request(request(soap=SOAP12), content_type=content_type, soap_action=soap_action)
    verdict = EnvelopeValidator("request", "soap12").judge(message)
    assert [v.rule for v in verdict.violations] == ["envelope.not-what-wcf-speaks"]


@pytest.mark.parametrize("target", [TARGET, TARGET.lower(), f"/Cust12345{TARGET}/?x=1"])
def test_the_path_may_be_in_any_case_and_below_any_tenant(target: str) -> None:
    right = http_request()
    message = HttpRequest(target=target, headers=right.headers, body=right.body)
    assert EnvelopeValidator("request", "wsdl").judge(message).violations == ()


def test_an_empty_operation_has_three_warnings() -> None:
    data = envelope(f"<e:Header>{CREDENTIALS}</e:Header>", "<e:Body><n:SaveImageStream/></e:Body>")
    found = EnvelopeValidator("request", "wsdl").judge(data.encode()).violations
    assert {(v.rule, v.severity) for v in found} == {
        (f"body.{name}-missing", Severity.WARNING) for name in ("type", "image", "description")
    }


def test_response_missing_is_an_error_only_after_a_success() -> None:
    def severity(header: str) -> list[Severity]:
        data = response("<!-- -->", header=header).encode()
        found = EnvelopeValidator("response", "wsdl").judge(data).violations
        return [v.severity for v in found if v.rule == "body.response-missing"]

    assert severity(SUCCEEDED) == [Severity.ERROR]
    assert severity(SUCCEEDED.replace("true", "false")) == [Severity.WARNING]
    assert severity("") == [Severity.WARNING]


def test_a_validator_without_an_operation_accepts_any() -> None:
    change = request(
        "<n:PersonId>1</n:PersonId>", "<n:BlobId>2</n:BlobId>", wrapper="n:ChangePersonImage"
    )
    log_in = request(
        "<n:UserName>u</n:UserName>", "<n:Password>p</n:Password>",
        wrapper="n:AuthenticateUsernamePassword", header="",
    )  # fmt: skip
    judge = EnvelopeValidator("request", "wsdl", operation=None)
    for text in (change, log_in, request()):
        assert judge.judge(text.encode()).violations == ()
    answer = response(
        "<n:Response><n:Associate>a</n:Associate><x/></n:Response>", CREDENTIALS,
        "<n:AuthenticationSucceeded>true</n:AuthenticationSucceeded>",
        wrapper="n:AuthenticateResponse",
    )  # fmt: skip
    assert judge.responses.judge(answer.encode()).violations == ()


@pytest.mark.parametrize("size", [1, 2, 3, 1000, 12_000_000])
def test_base64_of_any_length_is_valid(size: int) -> None:
    image = base64.b64encode(b"\xfe" * size).decode()
    data = request(TYPE, f"<n:Image>{image}</n:Image>", DESCRIPTION).encode()
    found = EnvelopeValidator("request", "wsdl").judge(data).violations
    assert [v.rule for v in found] == ["payload.image-unrecognised"]


def test_an_operation_without_white_space_is_valid() -> None:
    data = envelope(f"<e:Header>{CREDENTIALS}</e:Header>", f"<e:Body>{BODY}</e:Body>").encode()
    assert EnvelopeValidator("request", "wsdl").is_valid(data)
    assert list(EnvelopeValidator("request", "wsdl").iter_violations(data)) == []
