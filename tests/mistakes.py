"""Messages that are wrong in one way each, written by hand: the judge's independent oracle.

Each names the rule that it must break and the path where. `test_mistakes.py` judges them all and
holds the text that a user reads.
"""

import struct
import zlib
from dataclasses import dataclass, field, replace
from typing import TypeVar

from pytest_soblob import HttpRequest, HttpResponse

Http = TypeVar("Http", HttpRequest, HttpResponse)
NS = "http://www.superoffice.net/ws/crm/NetServer/Services86"
NS85 = "http://www.superoffice.net/ws/crm/NetServer/Services85"
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XSD = "http://www.w3.org/2001/XMLSchema"
ACTION = f"{NS}/BLOB/SaveImageStream"
TARGET = "/Remote/Services86/BLOB.svc"
TICKET = "7T:4711LeakedTicket=="
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="

TYPE = "<n:Type>PersonImage</n:Type>"
IMAGE = f"<n:Image>{PNG}</n:Image>"
DESCRIPTION = "<n:Description>Portrait</n:Description>"
CREDENTIALS = f"<n:Credentials><n:Ticket>{TICKET}</n:Ticket></n:Credentials>"
SUCCEEDED = "<n:Succeeded>true</n:Succeeded>"

OP = "s:Envelope/s:Body/ns:SaveImageStream"
HEADER = "s:Envelope/s:Header"
RESULT = "s:Envelope/s:Body/ns:SaveImageStreamResponse"
FAULT = "s:Envelope/s:Body/s:Fault"


def envelope(header: str, body: str, soap: str = SOAP11, attributes: str = "") -> str:
    used = "".join(
        f' xmlns:{prefix}="{uri}"'
        for prefix, uri in (("xsi", XSI), ("xsd", XSD))
        if f"{prefix}:" in header + body + attributes
    )
    inside = "\n".join(filter(None, (header, body)))
    return (
        f'<e:Envelope xmlns:e="{soap}" xmlns:n="{NS}"{used}{attributes}>\n{inside}\n</e:Envelope>'
    )


def request(
    *children: str,
    header: str = CREDENTIALS,
    wrapper: str = "n:SaveImageStream",
    soap: str = SOAP11,
    attributes: str = "",
) -> str:
    inside = "\n".join(children or (TYPE, IMAGE, DESCRIPTION))
    name = wrapper.partition(" ")[0]
    return envelope(
        f"<e:Header>{header}</e:Header>" if header else "",
        f"<e:Body><{wrapper}>\n{inside}\n</{name}></e:Body>",
        soap,
        attributes,
    )


def response(
    *children: str,
    header: str = SUCCEEDED,
    wrapper: str = "n:SaveImageStreamResponse",
    soap: str = SOAP11,
) -> str:
    return request(
        *(children or ("<n:Response>7</n:Response>",)), header=header, wrapper=wrapper, soap=soap
    )


def fault(inside: str, soap: str = SOAP11) -> str:
    return envelope("", f"<e:Body><e:Fault>{inside}</e:Fault></e:Body>", soap)


def http_request(body: str = "", **headers: str | None) -> HttpRequest:
    """A right HTTP request; a header is replaced by name (`content_type`), or left out by None."""
    known: dict[str, str | None] = {
        "Content-Type": "text/xml; charset=utf-8",
        "SOAPAction": f'"{ACTION}"',
    }
    names = {"content_type": "Content-Type", "soap_action": "SOAPAction"}
    known.update({names[name]: value for name, value in headers.items()})
    return HttpRequest(
        target=TARGET,
        headers=tuple((name, value) for name, value in known.items() if value is not None),
        body=(body or request()).encode(),
    )


def http_response(body: str, status: int = 200) -> HttpResponse:
    headers = (("Content-Type", "text/xml; charset=utf-8"),)
    return HttpResponse(status=status, headers=headers, body=body.encode())


def stored_gzip(data: bytes) -> bytes:
    """A gzip member that holds the data as it is: the same bytes whatever zlib there is."""
    block = struct.pack("<BHH", 1, len(data), len(data) ^ 0xFFFF) + data
    head = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
    return head + block + struct.pack("<II", zlib.crc32(data), len(data))


def in_parts(envelope: str, of: str = "application/xop+xml") -> tuple[str, str]:
    """The Content-Type and the body of a message in MIME parts, with an image as the second."""
    kind = f'multipart/related; boundary="uuid:soblob"; type="{of}"; start="<root>"'
    body = (
        f"--uuid:soblob\r\nContent-Type: {of}; charset=UTF-8\r\nContent-ID: <root>\r\n\r\n"
        f"{envelope}\r\n--uuid:soblob\r\nContent-Type: image/png\r\n"
        "Content-Transfer-Encoding: binary\r\nContent-ID: <image>\r\n\r\nPNG\r\n"
        "--uuid:soblob--\r\n"
    )
    return kind, body


@dataclass(frozen=True)
class Mistake:
    """A message, the rule that it breaks, and where.

    `also` names error rules that follow from the mistake; no other may be broken.
    """

    name: str
    rule: str
    path: str | None
    message: bytes | HttpRequest | HttpResponse
    kind: str = "request"
    profile: str = "wsdl"
    installation: str = "onsite"
    operation: str = "SaveImageStream"
    max_message_size: int | None = None
    also: frozenset[str] = field(default_factory=frozenset)


def _requests() -> list[Mistake]:
    def mistake(name: str, rule: str, path: str | None, text: str, **more: object) -> Mistake:
        return replace(Mistake(name, rule, path, text.encode()), **more)  # type: ignore[arg-type]

    nil = 'xsi:nil="true"'
    return [
        # order
        mistake(
            "type after image", "body.child-out-of-order", f"{OP}/ns:Type",
            request(IMAGE, TYPE, DESCRIPTION),
        ),
        mistake(
            "image after description", "body.child-out-of-order", f"{OP}/ns:Image",
            request(TYPE, DESCRIPTION, IMAGE),
        ),
        mistake(
            "description first", "body.child-out-of-order", f"{OP}/ns:Type",
            request(DESCRIPTION, TYPE, IMAGE),
        ),
        mistake(
            "all children reversed", "body.child-out-of-order", f"{OP}/ns:Image",
            request(DESCRIPTION, IMAGE, TYPE),
        ),
        # misspelt
        mistake(
            "type misspelt", "body.child-unknown", f"{OP}/ns:Typ",
            request("<n:Typ>PersonImage</n:Typ>", IMAGE, DESCRIPTION),
        ),
        mistake(
            "image misspelt", "body.child-unknown", f"{OP}/ns:image",
            request(TYPE, f"<n:image>{PNG}</n:image>", DESCRIPTION),
        ),
        mistake(
            "description misspelt", "body.child-unknown", f"{OP}/ns:Descripton",
            request(TYPE, IMAGE, "<n:Descripton>Portrait</n:Descripton>"),
        ),
        mistake(
            "unknown child", "body.child-unknown", f"{OP}/ns:FileName",
            request(TYPE, IMAGE, DESCRIPTION, "<n:FileName>a.png</n:FileName>"),
        ),
        # unqualified
        mistake(
            "type unqualified", "body.child-unqualified", f"{OP}/Type",
            request("<Type>PersonImage</Type>", IMAGE, DESCRIPTION),
        ),
        mistake(
            "image unqualified", "body.child-unqualified", f"{OP}/Image",
            request(TYPE, f"<Image>{PNG}</Image>", DESCRIPTION),
        ),
        mistake(
            "description unqualified", "body.child-unqualified", f"{OP}/Description",
            request(TYPE, IMAGE, "<Description>Portrait</Description>"),
        ),
        # another version
        mistake(
            "type in Services85", "body.child-other-version", f"{OP}/{{{NS85}}}Type",
            request(f'<Type xmlns="{NS85}">PersonImage</Type>', IMAGE, DESCRIPTION),
        ),
        mistake(
            "image in Services85", "body.child-other-version", f"{OP}/{{{NS85}}}Image",
            request(TYPE, f'<Image xmlns="{NS85}">{PNG}</Image>', DESCRIPTION),
        ),
        mistake(
            "description in Services85", "body.child-other-version",
            f"{OP}/{{{NS85}}}Description",
            request(TYPE, IMAGE, f'<Description xmlns="{NS85}">Portrait</Description>'),
        ),
        mistake(
            "operation in Services85", "body.operation-other-version",
            f"s:Envelope/s:Body/{{{NS85}}}SaveImageStream",
            request(wrapper="n:SaveImageStream", attributes="").replace(
                f'xmlns:n="{NS}"', f'xmlns:n="{NS85}" xmlns:m="{NS}"'
            ).replace("<n:Cred", "<m:Cred").replace("</n:Cred", "</m:Cred")
            .replace("n:Ticket", "m:Ticket"),
        ),
        mistake(
            "image in a foreign namespace", "body.child-other-namespace",
            f"{OP}/{{urn:example}}Image",
            request(TYPE, f'<Image xmlns="urn:example">{PNG}</Image>', DESCRIPTION),
        ),
        # missing: warnings
        mistake("type missing", "body.type-missing", OP, request(IMAGE, DESCRIPTION)),
        mistake("image missing", "body.image-missing", OP, request(TYPE, DESCRIPTION)),
        mistake("description missing", "body.description-missing", OP, request(TYPE, IMAGE)),
        mistake(
            "image nil", "body.image-missing", f"{OP}/ns:Image",
            request(TYPE, f"<n:Image {nil}/>", DESCRIPTION),
        ),
        mistake(
            "image empty", "payload.image-empty", f"{OP}/ns:Image",
            request(TYPE, "<n:Image/>", DESCRIPTION),
        ),
        mistake(
            "description nil", "body.description-missing", f"{OP}/ns:Description",
            request(TYPE, IMAGE, f"<n:Description {nil}/>"),
        ),
        # duplicate
        mistake(
            "type duplicate", "body.child-duplicate", f"{OP}/ns:Type[2]",
            request(TYPE, TYPE, IMAGE, DESCRIPTION),
        ),
        mistake(
            "image duplicate", "body.child-duplicate", f"{OP}/ns:Image[2]",
            request(TYPE, IMAGE, IMAGE, DESCRIPTION),
        ),
        mistake(
            "description duplicate", "body.child-duplicate", f"{OP}/ns:Description[2]",
            request(TYPE, IMAGE, DESCRIPTION, DESCRIPTION),
        ),
        # values of Type
        mistake(
            "type as a number", "body.type-unknown", f"{OP}/ns:Type",
            request("<n:Type>1</n:Type>", IMAGE, DESCRIPTION),
        ),
        mistake(
            "type in another case", "body.type-unknown", f"{OP}/ns:Type",
            request("<n:Type>personImage</n:Type>", IMAGE, DESCRIPTION),
        ),
        mistake(
            "type padded", "body.type-unknown", f"{OP}/ns:Type",
            request("<n:Type> PersonImage </n:Type>", IMAGE, DESCRIPTION),
        ),
        mistake(
            "type empty", "body.type-unknown", f"{OP}/ns:Type",
            request("<n:Type/>", IMAGE, DESCRIPTION),
        ),
        mistake(
            "type nil", "body.nil-not-allowed", f"{OP}/ns:Type",
            request(f"<n:Type {nil}/>", IMAGE, DESCRIPTION),
        ),
        mistake(
            "nil image with content", "body.nil-with-content", f"{OP}/ns:Image",
            request(TYPE, f"<n:Image {nil}>AAAA</n:Image>", DESCRIPTION),
        ),
        mistake(
            "nil is yes", "body.nil-value", f"{OP}/ns:Image",
            request(TYPE, f'<n:Image xsi:nil="yes">{PNG}</n:Image>', DESCRIPTION),
        ),
        mistake(
            "xsi:type of another type", "body.xsi-type-wrong", f"{OP}/ns:Type",
            request('<n:Type xsi:type="xsd:string">PersonImage</n:Type>', IMAGE, DESCRIPTION),
        ),
        mistake(
            "xsi:type unknown", "body.xsi-type-unknown", f"{OP}/ns:Image",
            request(TYPE, f'<n:Image xsi:type="xsd:base64">{PNG}</n:Image>', DESCRIPTION),
        ),
        mistake(
            "xsi:type with an unbound prefix", "body.xsi-type-unbound", f"{OP}/ns:Image",
            request(TYPE, f'<n:Image xsi:type="q:base64Binary">{PNG}</n:Image>', DESCRIPTION),
        ),
        mistake(
            "attribute on a child", "body.attribute-unknown", f"{OP}/ns:Image",
            request(TYPE, f'<n:Image encoding="base64">{PNG}</n:Image>', DESCRIPTION),
        ),
        mistake(
            "text between children", "body.text-between-children", OP,
            request(TYPE, "oops", IMAGE, DESCRIPTION),
        ),
        mistake(
            "MTOM instead of base64", "body.element-in-value", f"{OP}/ns:Image",
            request(
                TYPE,
                '<n:Image><x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" '
                'href="cid:1"/></n:Image>',
                DESCRIPTION,
            ),
        ),
        # base64
        mistake(
            "base64 of another alphabet", "payload.base64-alphabet", f"{OP}/ns:Image",
            request(TYPE, "<n:Image>AAEC!w==</n:Image>", DESCRIPTION),
        ),
        mistake(
            "base64 url-safe", "payload.base64-url-safe", f"{OP}/ns:Image",
            request(TYPE, "<n:Image>-_-_AAAA</n:Image>", DESCRIPTION),
        ),
        mistake(
            "base64 as a data URI", "payload.base64-data-uri", f"{OP}/ns:Image",
            request(TYPE, f"<n:Image>data:image/png;base64,{PNG}</n:Image>", DESCRIPTION),
        ),
        mistake(
            "base64 without padding", "payload.base64-length", f"{OP}/ns:Image",
            request(TYPE, "<n:Image>AAECAw</n:Image>", DESCRIPTION),
        ),
        mistake(
            "base64 padded in the middle", "payload.base64-padding", f"{OP}/ns:Image",
            request(TYPE, "<n:Image>AAECAw==AAEC</n:Image>", DESCRIPTION),
        ),
        mistake(
            "base64 with one '=' too many", "payload.base64-padding", f"{OP}/ns:Image",
            request(TYPE, "<n:Image>QUJDRA===</n:Image>", DESCRIPTION),
        ),
        mistake(
            "base64 padded where nothing is missing", "payload.base64-padding", f"{OP}/ns:Image",
            request(TYPE, "<n:Image>QUJD====</n:Image>", DESCRIPTION),
        ),
        mistake(
            "base64 padded inside a group", "payload.base64-padding", f"{OP}/ns:Image",
            request(TYPE, "<n:Image>QUJD=QUJD</n:Image>", DESCRIPTION),
        ),
        mistake(
            "base64 with unused bits", "payload.base64-pad-bits", f"{OP}/ns:Image",
            request(TYPE, "<n:Image>AB==</n:Image>", DESCRIPTION),
        ),
        mistake(
            "base64 twice", "payload.base64-twice", f"{OP}/ns:Image",
            request(
                TYPE,
                "<n:Image>aVZCT1J3MEtHZ29BQUFBTlNVaEVVZ0FBQUFFPQ==</n:Image>",
                DESCRIPTION,
            ),
        ),
        mistake(
            "base64 in full-width letters", "payload.base64-alphabet", f"{OP}/ns:Image",
            request(TYPE, "<n:Image>\uff21\uff21\uff21\uff21</n:Image>", DESCRIPTION),
        ),
        mistake(
            "description over 254 characters", "payload.description-too-long",
            f"{OP}/ns:Description",
            request(TYPE, IMAGE, f"<n:Description>{'x' * 255}</n:Description>"),
        ),
        # credentials
        mistake(
            "no header", "header.credentials-missing", "s:Envelope", request(header=""),
        ),
        mistake(
            "credentials misspelt", "header.credentials-missing", HEADER,
            request(header=CREDENTIALS.replace("Credentials", "Credential")),
        ),
        mistake(
            "credentials nil", "header.credentials-missing", f"{HEADER}/ns:Credentials",
            request(header=f"<n:Credentials {nil}/>"),
        ),
        mistake(
            "ticket missing", "header.ticket-missing", f"{HEADER}/ns:Credentials",
            request(header="<n:Credentials/>"),
        ),
        mistake(
            "ticket empty", "header.ticket-missing", f"{HEADER}/ns:Credentials/ns:Ticket",
            request(header="<n:Credentials><n:Ticket/></n:Credentials>"),
        ),
        mistake(
            "ticket nil", "header.ticket-missing", f"{HEADER}/ns:Credentials/ns:Ticket",
            request(header=f"<n:Credentials><n:Ticket {nil}/></n:Credentials>"),
        ),
        mistake(
            "ticket without prefix", "header.ticket-shape", f"{HEADER}/ns:Credentials/ns:Ticket",
            request(header=CREDENTIALS.replace("7T:", "")),
        ),
        mistake(
            "ticket with a line feed", "header.ticket-white-space",
            f"{HEADER}/ns:Credentials/ns:Ticket",
            request(header=CREDENTIALS.replace("</n:T", "\n</n:T")),
        ),
        mistake(
            "ticket unqualified", "header.child-unqualified", f"{HEADER}/ns:Credentials/Ticket",
            request(header=CREDENTIALS.replace("n:Ticket", "Ticket")),
            also=frozenset({"header.ticket-missing"}),
        ),
        mistake(
            "credentials unqualified", "header.block-unqualified", f"{HEADER}/Credentials",
            request(header=f"<Credentials><Ticket>{TICKET}</Ticket></Credentials>"),
            also=frozenset({"header.credentials-missing"}),
        ),
        mistake(
            "credentials in Services85", "header.block-other-version",
            f"{HEADER}/{{{NS85}}}Credentials",
            request(
                header=f'<Credentials xmlns="{NS85}"><Ticket>{TICKET}</Ticket></Credentials>'
            ),
            also=frozenset({"header.credentials-missing"}),
        ),
        mistake(
            "credentials duplicate", "header.block-duplicate", f"{HEADER}/ns:Credentials[2]",
            request(header=CREDENTIALS * 2),
        ),
        mistake(
            "online without a token", "header.application-token-missing", HEADER, request(),
            installation="online",
        ),
        mistake(
            "online with an empty token", "header.application-token-missing",
            f"{HEADER}/ns:ApplicationToken",
            request(header=f"<n:ApplicationToken/>{CREDENTIALS}"), installation="online",
        ),
        mistake(
            "time zone id is text", "header.not-an-integer",
            f"{HEADER}/ns:TimeZone/ns:SoTimeZoneId",
            request(
                header=f"{CREDENTIALS}<n:TimeZone><n:SoTimeZoneId>UTC</n:SoTimeZoneId></n:TimeZone>"
            ),
        ),
        mistake(
            "unknown block must be understood", "header.not-understood",
            f"{HEADER}/{{urn:example}}Security",
            request(
                header=f'{CREDENTIALS}<x:Security xmlns:x="urn:example" e:mustUnderstand="1"/>'
            ),
        ),
        mistake(
            "mustUnderstand is true in SOAP 1.1", "header.must-understand-value",
            f"{HEADER}/ns:Credentials",
            request(header=CREDENTIALS.replace("<n:C", '<n:C', 1).replace(
                "<n:Credentials", '<n:Credentials e:mustUnderstand="true"')),
        ),
        # envelope
        mistake(
            "header blocks outside Header", "header.outside-header", "s:Envelope/ns:Credentials",
            request(header="").replace("<e:Body", f"{CREDENTIALS}<e:Body"),
        ),
        mistake(
            "SOAP 1.2 for the wsdl profile", "envelope.soap-version", "s12:Envelope",
            request(soap=SOAP12),
        ),
        mistake(
            "SOAP 1.1 for the soap12 profile", "envelope.soap-version", "s:Envelope", request(),
            profile="soap12",
        ),
        mistake(
            "Body of SOAP 1.2 in SOAP 1.1", "envelope.soap-version-mixed", "s:Envelope/s12:Body",
            request().replace("<e:Body>", f'<b:Body xmlns:b="{SOAP12}">')
            .replace("</e:Body>", "</b:Body>"),
        ),
        mistake(
            "Header of SOAP 1.2 in SOAP 1.1", "envelope.soap-version-mixed",
            "s:Envelope/s12:Header",
            request().replace("<e:Header>", f'<b:Header xmlns:b="{SOAP12}">')
            .replace("</e:Header>", "</b:Header>"),
        ),
        mistake(
            "second body child", "body.second-child",
            "s:Envelope/s:Body/ns:SaveImageStream[2]",
            request().replace("</e:Body>", "<n:SaveImageStream/></e:Body>"),
        ),
        mistake(
            "Body empty", "body.empty", "s:Envelope/s:Body",
            envelope(f"<e:Header>{CREDENTIALS}</e:Header>", "<e:Body/>"),
        ),
        mistake(
            "text for a Body", "body.empty", "s:Envelope/s:Body",
            envelope(f"<e:Header>{CREDENTIALS}</e:Header>", "<e:Body>hello</e:Body>"),
            also=frozenset({"envelope.text"}),
        ),
        mistake(
            "Body missing", "envelope.body-missing", "s:Envelope",
            envelope(f"<e:Header>{CREDENTIALS}</e:Header>", ""),
        ),
        mistake(
            "second Body", "envelope.after-body", "s:Envelope/s:Body[2]",
            request().replace("</e:Envelope>", "<e:Body/></e:Envelope>"),
        ),
        mistake(
            "Header after Body", "envelope.after-body", "s:Envelope/s:Header",
            request(header="").replace(
                "</e:Envelope>", f"<e:Header>{CREDENTIALS}</e:Header></e:Envelope>"
            ),
        ),
        mistake(
            "two Headers", "envelope.header-duplicate", "s:Envelope/s:Header[2]",
            request().replace("<e:Body>", "<e:Header/><e:Body>"),
        ),
        mistake(
            "foreign element before Header", "envelope.header-not-first", HEADER,
            request().replace("<e:Header>", '<x xmlns="urn:example"/><e:Header>'),
            also=frozenset({"envelope.foreign-child"}),
        ),
        mistake(
            "foreign element beside Body", "envelope.foreign-child",
            "s:Envelope/{urn:example}Trace",
            request().replace("<e:Body>", '<Trace xmlns="urn:example"/><e:Body>'),
        ),
        mistake(
            "text in the envelope", "envelope.text", "s:Envelope",
            request().replace("<e:Body>", "hello<e:Body>"),
        ),
        *(
            mistake(
                f"text {where}", "envelope.text", path, request().replace(tag, f"hello{tag}"),
            )
            for where, path, tag in (
                ("in Header", HEADER, "</e:Header>"),
                ("before the operation", "s:Envelope/s:Body", "<n:SaveImageStream>"),
                ("behind the operation", "s:Envelope/s:Body", "</e:Body>"),
                ("behind Body", "s:Envelope", "</e:Envelope>"),
            )
        ),
        mistake(
            "attribute without a namespace", "envelope.attribute-unqualified", "s:Envelope",
            request(attributes=' version="1"'),
        ),
        mistake(
            "encodingStyle in SOAP 1.1", "envelope.encoding-style", "s:Envelope",
            request(
                attributes=' e:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"'
            ),
        ),
        mistake(
            "encodingStyle in SOAP 1.2", "envelope.encoding-style", "s12:Envelope",
            request(
                soap=SOAP12,
                attributes=' e:encodingStyle="http://www.w3.org/2003/05/soap-encoding"',
            ),
            profile="soap12",
        ),
        mistake(
            "root is the operation", "envelope.root-not-envelope", "ns:SaveImageStream",
            f'<SaveImageStream xmlns="{NS}"/>',
        ),
        mistake(
            "envelope of no SOAP version", "envelope.namespace-unknown",
            "{urn:example}Envelope", request(soap="urn:example"),
        ),
        mistake(
            "more wrong than is told", "envelope.too-many-violations", None,
            request(*["<n:Typ/>"] * 1001), also=frozenset({"body.child-unknown"}),
        ),
        # operation
        mistake(
            "operation misspelt", "body.unknown-operation",
            "s:Envelope/s:Body/ns:SaveImage", request(wrapper="n:SaveImage"),
        ),
        mistake(
            "operation unqualified", "body.operation-unqualified",
            "s:Envelope/s:Body/SaveImageStream", request(wrapper="SaveImageStream"),
        ),
        mistake(
            "another operation", "body.other-operation",
            "s:Envelope/s:Body/ns:ChangePersonImage",
            request("<n:PersonId>1</n:PersonId>", "<n:BlobId>1</n:BlobId>",
                    wrapper="n:ChangePersonImage"),
        ),
        mistake(
            "response as a request", "body.response-in-request", RESULT,
            response(header=CREDENTIALS + SUCCEEDED),
        ),
        mistake(
            "fault as a request", "body.fault-in-request", FAULT,
            fault("<faultcode>e:Client</faultcode><faultstring>no</faultstring>"),
            also=frozenset({"header.credentials-missing"}),
        ),
        # documented
        mistake(
            "credentials in Header of the page's form", "header.inside-header",
            "s12:Envelope/s12:Header/ns:Credentials", request(soap=SOAP12), profile="documented",
        ),
        mistake(
            "time zone beside Body of the page's form", "header.time-zone-outside-header",
            "s12:Envelope/ns:TimeZone",
            request(header="", soap=SOAP12).replace(
                "<e:Body>", f"{CREDENTIALS}<n:TimeZone/><e:Body>"
            ),
            profile="documented",
        ),
        mistake(
            "credentials duplicate beside Body", "header.block-duplicate",
            "s12:Envelope/ns:Credentials[2]",
            request(header="", soap=SOAP12).replace("<e:Body>", f"{CREDENTIALS * 2}<e:Body>"),
            profile="documented",
        ),
        mistake(
            "foreign element beside Body of the page's form", "envelope.foreign-child",
            "s12:Envelope/{urn:example}Trace",
            request(header="", soap=SOAP12).replace(
                "<e:Body>", f'{CREDENTIALS}<Trace xmlns="urn:example"/><e:Body>'
            ),
            profile="documented",
        ),
        mistake(
            "the page's form sent to WCF", "envelope.not-what-wcf-speaks", "s12:Envelope",
            request(header="", soap=SOAP12).replace("<e:Body>", f"{CREDENTIALS}<e:Body>"),
            profile="auto",
        ),
        # xml
        mistake("no bytes", "xml.empty", None, ""),
        mistake("only white space", "xml.empty", None, " \n "),
        mistake("JSON", "xml.not-xml", None, '{"Type": "PersonImage"}'),
        mistake("HTML", "xml.html", None, "<!DOCTYPE html><html><body>Sign in</body></html>"),
        mistake(
            "ampersand unescaped", "xml.ampersand-unescaped", None,
            request(TYPE, IMAGE, "<n:Description>Tom & Jerry</n:Description>"),
        ),
        mistake(
            "unclosed element", "xml.not-well-formed", None, request().replace("</n:Image>", ""),
        ),
        mistake("truncated", "xml.truncated", None, request()[:-30]),
        mistake(
            "prefix not declared", "xml.prefix-unbound", None,
            request().replace("<n:Image>", "<q:Image>").replace("</n:Image>", "</q:Image>"),
        ),
        mistake(
            "document type", "xml.doctype", None, f"<!DOCTYPE e:Envelope []>{request()}",
        ),
        mistake(
            "processing instruction", "xml.processing-instruction", None,
            f'<?xml-stylesheet href="a.css"?>{request()}',
        ),
        mistake(
            "processing instruction inside", "xml.processing-instruction", OP,
            request(TYPE, "<?php echo 1 ?>", IMAGE, DESCRIPTION),
        ),
        mistake(
            "comment before a SOAP 1.2 envelope", "xml.comment-outside-envelope", None,
            f"<!-- hello -->{request(soap=SOAP12)}", profile="soap12",
        ),
        mistake(
            "nested too deep", "xml.too-deep", None,
            request(TYPE, "<n:x>" * 200 + "</n:x>" * 200),
        ),
        mistake(
            "more attributes than anybody sends", "xml.too-many-nodes", None,
            request(attributes="".join(f' a{i}=""' for i in range(1001))),
        ),
        mistake(
            "an encoding that hides markup", "xml.encoding-unsupported", None,
            f'<?xml version="1.0" encoding="UTF-7"?>{request()}',
        ),
        mistake(
            "latin-1", "xml.encoding-unusual", None,
            f'<?xml version="1.0" encoding="ISO-8859-1"?>{request()}',
        ),
    ]  # fmt: skip


def _responses() -> list[Mistake]:
    def mistake(name: str, rule: str, path: str | None, text: str, **more: object) -> Mistake:
        base = Mistake(name, rule, path, text.encode(), kind="response")
        return replace(base, **more)  # type: ignore[arg-type]

    failed = "<n:Succeeded>false</n:Succeeded>"
    exception = "<n:ExceptionInfo><n:Message>no</n:Message></n:ExceptionInfo>"
    code, reason = "<faultcode>e:Server</faultcode>", "<faultstring>no</faultstring>"
    code12 = "<e:Code><e:Value>e:Sender</e:Value></e:Code>"
    reason12 = '<e:Reason><e:Text xml:lang="en">no</e:Text></e:Reason>'
    fault12 = "s12:Envelope/s12:Body/s12:Fault"
    return [
        mistake(
            "Succeeded is yes", "header.not-a-boolean", f"{HEADER}/ns:Succeeded",
            response(header="<n:Succeeded>yes</n:Succeeded>"),
        ),
        mistake(
            "Succeeded is True", "header.not-a-boolean", f"{HEADER}/ns:Succeeded",
            response(header="<n:Succeeded>True</n:Succeeded>"),
        ),
        mistake(
            "Succeeded nil", "header.nil-not-allowed", f"{HEADER}/ns:Succeeded",
            response(header='<n:Succeeded xsi:nil="true"/>'),
        ),
        mistake("Succeeded missing", "header.succeeded-missing", "s:Envelope", response(header="")),
        mistake(
            "Response missing after a success", "body.response-missing", RESULT,
            response("<!-- nothing -->"),
        ),
        mistake(
            "Response missing after a failure", "body.response-missing", RESULT,
            response("<!-- nothing -->", header=exception + failed),
        ),
        mistake(
            "Response is text", "body.not-an-integer", f"{RESULT}/ns:Response",
            response("<n:Response>seven</n:Response>"),
        ),
        mistake(
            "Response empty", "body.not-an-integer", f"{RESULT}/ns:Response",
            response("<n:Response/>"),
        ),
        mistake(
            "Response over 32 bits", "body.not-an-integer", f"{RESULT}/ns:Response",
            response("<n:Response>2147483648</n:Response>"),
        ),
        mistake(
            "Response in Arabic digits", "body.not-an-integer", f"{RESULT}/ns:Response",
            response("<n:Response>\u0667</n:Response>"),
        ),
        mistake(
            "Response nil", "body.nil-not-allowed", f"{RESULT}/ns:Response",
            response('<n:Response xsi:nil="true"/>'),
        ),
        mistake(
            "Response 0 after a success", "body.response-not-positive", f"{RESULT}/ns:Response",
            response("<n:Response>0</n:Response>"),
        ),
        mistake(
            "Response 7 after a failure", "body.response-positive-on-failure",
            f"{RESULT}/ns:Response", response(header=exception + failed),
        ),
        mistake(
            "failure without a reason", "header.failure-without-exception",
            f"{HEADER}/ns:Succeeded",
            response("<n:Response>0</n:Response>", header=failed),
        ),
        mistake(
            "success with an exception", "header.success-with-exception",
            f"{HEADER}/ns:ExceptionInfo", response(header=exception + SUCCEEDED),
        ),
        mistake(
            "exception's children out of order", "header.child-out-of-order",
            f"{HEADER}/ns:ExceptionInfo/ns:Message",
            response(
                "<n:Response>0</n:Response>",
                header="<n:ExceptionInfo><n:Source>s</n:Source><n:Message>m</n:Message>"
                f"</n:ExceptionInfo>{failed}",
            ),
        ),
        mistake(
            "extra info without a value", "header.child-missing",
            f"{HEADER}/ns:ExtraInfo/ns:ExtraInfoNameValuePair",
            response(
                header="<n:ExtraInfo><n:ExtraInfoNameValuePair><n:Key>k</n:Key>"
                f"</n:ExtraInfoNameValuePair></n:ExtraInfo>{SUCCEEDED}"
            ),
        ),
        mistake(
            "a request as a response", "body.response-in-request", OP, request(header=SUCCEEDED),
        ),
        mistake(
            "response of another operation", "body.other-operation",
            "s:Envelope/s:Body/ns:ChangePersonImageResponse",
            response("<!-- nothing -->", wrapper="n:ChangePersonImageResponse"),
        ),
        mistake(
            "fault without a reason", "fault.child-missing", FAULT, fault(code),
        ),
        mistake("fault without a code", "fault.child-missing", FAULT, fault(reason)),
        mistake(
            "fault in the wrong order", "fault.child-out-of-order", f"{FAULT}/faultcode",
            fault(reason + code),
        ),
        mistake(
            "fault's children qualified", "fault.child-qualified", f"{FAULT}/s:faultstring",
            fault(code + "<e:faultstring>no</e:faultstring>"),
        ),
        mistake(
            "fault with an unknown child", "fault.child-unknown", f"{FAULT}/message",
            fault(code + reason + "<message>no</message>"),
        ),
        mistake(
            "fault with two reasons", "fault.child-duplicate", f"{FAULT}/faultstring[2]",
            fault(code + reason + reason),
        ),
        mistake(
            "fault code with an unbound prefix", "fault.code-not-a-qname", f"{FAULT}/faultcode",
            fault("<faultcode>soap:Server</faultcode>" + reason),
        ),
        mistake(
            "fault code with a dot", "fault.code-dotted", f"{FAULT}/faultcode",
            fault("<faultcode>e:Server.Broken</faultcode>" + reason),
        ),
        mistake(
            "SOAP 1.2 fault with a SOAP 1.1 code", "fault.code-unknown",
            f"{fault12}/s12:Code/s12:Value",
            fault(code12.replace("Sender", "Client") + reason12, SOAP12), profile="soap12",
        ),
        mistake(
            "SOAP 1.2 reason without a language", "fault.language-missing",
            f"{fault12}/s12:Reason/s12:Text",
            fault(code12 + reason12.replace(' xml:lang="en"', ""), SOAP12), profile="soap12",
        ),
        mistake(
            "SOAP 1.2 fault without a code", "fault.child-missing", fault12,
            fault(reason12, SOAP12), profile="soap12",
        ),
        mistake(
            "SOAP 1.2 fault with SOAP 1.1 children", "fault.child-unknown",
            f"{fault12}/faultcode", fault(code + reason, SOAP12), profile="soap12",
            also=frozenset({"fault.child-missing"}),
        ),
        mistake(
            "the page's response for the wsdl profile", "envelope.soap-version", "s12:Envelope",
            response(header="", soap=SOAP12),
        ),
        mistake("HTML error page", "xml.html", None, "<html><body>502 Bad Gateway</body></html>"),
    ]  # fmt: skip


def _http() -> list[Mistake]:
    where = "HTTP header SOAPAction"
    media = "HTTP header Content-Type"
    right_fault = fault("<faultcode>e:Server</faultcode><faultstring>no</faultstring>")
    utf16 = f'<?xml version="1.0" encoding="UTF-16"?>{request()}'.encode("utf-16")
    soap12 = request(soap=SOAP12)
    other = f'"{NS}/BLOB/GetBlobStream"'
    soap12_type = "application/soap+xml; charset=utf-8"
    coding = "HTTP header Content-Encoding"
    include = '<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:image"/>'
    mtom, included = in_parts(request(TYPE, f"<n:Image>{include}</n:Image>", DESCRIPTION))
    swa, attached = in_parts(request(), "text/xml")
    answer_type, answered = in_parts(response(), "text/xml")
    return [
        Mistake("SOAPAction missing", "http.soap-action-missing", where,
                http_request(soap_action=None)),
        Mistake("SOAPAction empty", "http.soap-action-empty", where,
                http_request(soap_action='""')),
        Mistake("SOAPAction of another operation", "http.soap-action-other", where,
                http_request(soap_action=other)),
        Mistake("SOAPAction in another case", "http.soap-action-other", where,
                http_request(soap_action=f'"{ACTION.lower()}"')),
        Mistake("SOAPAction of another service", "http.soap-action-other", where,
                http_request(soap_action=f'"{NS}/SoPrincipal/AuthenticateUsernamePassword"')),
        Mistake("SOAPAction unquoted", "http.soap-action-unquoted", where,
                http_request(soap_action=ACTION)),
        Mistake("Content-Type missing", "http.content-type-missing", media,
                http_request(content_type=None)),
        Mistake("Content-Type application/xml", "http.content-type", media,
                http_request(content_type="application/xml")),
        Mistake("Content-Type of SOAP 1.2 for SOAP 1.1", "http.content-type", media,
                http_request(content_type=soap12_type)),
        Mistake("charset contradicts the bytes", "http.charset-contradicts", media,
                replace(http_request(), body=utf16)),
        Mistake("GET", "http.method", "HTTP request line", replace(http_request(), method="GET")),
        Mistake("another path", "http.path", "HTTP request line",
                replace(http_request(), target="/Remote/Services86/Person.svc")),
        Mistake("SOAP 1.2 in text/xml", "http.content-type-soap12-as-text", media,
                http_request(soap12), profile="soap12"),
        Mistake("action of another operation", "http.action-other", media,
                http_request(soap12, content_type=f"{soap12_type}; action={other}"),
                profile="soap12"),
        Mistake("action unquoted", "http.action-unquoted", media,
                http_request(soap12, content_type=f"{soap12_type}; action={ACTION}"),
                profile="soap12"),
        Mistake("fault with 200", "http.fault-with-success-status", "HTTP status line",
                http_response(right_fault), kind="response"),
        Mistake("success with 500", "http.response-with-error-status", "HTTP status line",
                http_response(response(), 500), kind="response"),
        Mistake("gzip in a request", "http.request-compressed", coding,
                compressed(http_request(), "gzip", stored_gzip(request().encode()))),
        Mistake("gzip that nobody can undo", "http.request-compressed", coding,
                compressed(http_request(), "gzip", stored_gzip(request().encode())[:-9])),
        Mistake("an unknown coding in a request", "http.request-compressed", coding,
                compressed(http_request(), "zstd", b"(\xb5/\xfd")),
        Mistake("gzip in a request that does not say so", "http.request-compressed", coding,
                replace(http_request(), body=stored_gzip(request().encode()))),
        Mistake("a request that says gzip and is none", "http.request-compressed", coding,
                compressed(http_request(), "gzip", request().encode())),
        Mistake("gzip that is cut off", "http.content-encoding", coding,
                compressed(http_response(response()), "gzip",
                           stored_gzip(response().encode())[:-9]), kind="response"),
        Mistake("a coding that is unknown", "http.content-encoding", coding,
                compressed(http_response(response()), "zstd", b"(\xb5/\xfd"), kind="response"),
        Mistake("gzip that does not say so", "http.content-encoding", coding,
                replace(http_response(response()), body=stored_gzip(response().encode())),
                kind="response"),
        Mistake("an answer that says gzip and is none", "http.content-encoding", coding,
                compressed(http_response(response()), "gzip", response().encode()),
                kind="response"),
        Mistake("MTOM", "http.multipart", media,
                http_request(included, content_type=mtom),
                also=frozenset({"body.element-in-value"})),
        Mistake("SOAP with attachments", "http.multipart", media,
                http_request(attached, content_type=swa)),
        Mistake("an answer with attachments", "http.multipart", media,
                replace(http_response(answered), headers=(("Content-Type", answer_type),)),
                kind="response"),
    ]  # fmt: skip


def compressed(message: Http, coding: str, body: bytes) -> Http:
    """The same message with another body, which its headers say is so coded, and so long."""
    headers = (
        *message.headers,
        ("Content-Encoding", coding),
        ("Content-Length", str(len(body))),
    )
    return replace(message, headers=headers, body=body)


MISTAKES = [*_requests(), *_responses(), *_http()]
