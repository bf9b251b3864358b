"""More wrong messages, one for each rule about images, syntax, typed header blocks and faults."""

import base64
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace

from pytest_soblob import HttpResponse
from tests.mistakes import (
    ACTION,
    CREDENTIALS,
    DESCRIPTION,
    FAULT,
    HEADER,
    IMAGE,
    NS85,
    OP,
    PNG,
    SOAP11,
    SOAP12,
    SUCCEEDED,
    TICKET,
    TYPE,
    Mistake,
    envelope,
    fault,
    http_request,
    request,
    response,
)

PICTURE = base64.b64decode(PNG)
TICKET_PATH = f"{HEADER}/ns:Credentials/ns:Ticket"
LOST = frozenset({"header.ticket-missing"})


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *chunks: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes((width % 1000 + 1) * (height % 1000)))
    data = b"".join([chunk(b"IHDR", header), *chunks, chunk(b"IDAT", pixels), chunk(b"IEND", b"")])
    return b"\x89PNG\r\n\x1a\n" + data


# Start of image, a table, a frame of four components, a scan, end of image: all that says CMYK.
CMYK_JPEG = bytes.fromhex(
    f"ffd8ffdb004300{'01' * 64}ffc00014080001000104011100021100031100041100"
    "ffda000e040100020003000400003f0000ffd9"
)
BMP = b"BM" + struct.pack("<IHHIIiiHHIIiiII", 58, 0, 0, 54, 40, 1, 1, 1, 24, 0, 4, 0, 0, 0, 0)
BMP += b"\x00\x00\x00\x00"
ANIMATION = png(1, 1, chunk(b"acTL", struct.pack(">II", 2, 0)))
LYING = png(
    1,
    1,
    chunk(b"eXIf", b"II*\x00\x08\x00\x00\x00\x01\x00" + struct.pack("<HHIHHI", 274, 3, 1, 6, 0, 0)),
)


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(range(256))
ONCE = base64.b64encode(HEIC)
AGAIN = {
    "three times": base64.b64encode(base64.b64encode(PICTURE)),
    "URL-safe": base64.urlsafe_b64encode(b"\xff\xd8\xff\xfb\xff\xfe" + bytes(99)),
    "in lines": base64.encodebytes(HEIC),
    "in quotes": b'"' + ONCE + b'"',
    "after a byte order mark": b"\xef\xbb\xbf" + ONCE,
    "without padding": base64.b64encode(HEIC[:-1]).rstrip(b"="),
    "in UTF-16": ONCE.decode().encode("utf-16"),
}


def image(data: bytes) -> str:
    return request(TYPE, f"<n:Image>{base64.b64encode(data).decode()}</n:Image>", DESCRIPTION)


def _payload() -> list[Mistake]:
    def mistake(name: str, rule: str, text: str, path: str = f"{OP}/ns:Image") -> Mistake:
        return Mistake(name, rule, path, text.encode())

    return [
        mistake("an image that nobody knows", "payload.image-unrecognised", image(b"\xfe\x01" * 9)),
        mistake("a PDF for an image", "payload.image-disguised", image(b"%PDF-1.7\n%\xe2\xe3")),
        mistake("HTML for an image", "payload.image-disguised", image(b"<html><body>404")),
        mistake("SVG for an image", "payload.image-disguised",
                image(b'<svg xmlns="http://www.w3.org/2000/svg"/>')),
        mistake("an archive for an image", "payload.image-disguised", image(b"PK\x03\x04\x14\x00")),
        mistake("a name for an image", "payload.image-disguised", image(b"C:\\images\\ada.png")),
        mistake("an image cut off", "payload.image-truncated", image(PICTURE[:-20])),
        mistake("an image without its end", "payload.image-truncated", image(CMYK_JPEG[:-2])),
        mistake("an image with a wrong checksum", "payload.image-damaged",
                image(PICTURE[:-13] + bytes([PICTURE[-13] ^ 1]) + PICTURE[-12:])),
        mistake("an image without pixels", "payload.image-damaged",
                image(PICTURE[:33] + PICTURE[-12:])),
        mistake("an image that was text in between", "payload.image-damaged",
                image((b"GIF89a" + bytes(range(256)) * 2).decode("latin-1").encode())),
        mistake("an image of a billion pixels", "payload.image-bomb", image(png(40_000, 30_000))),
        mistake("an animation", "payload.animated", image(ANIMATION)),
        mistake("an image in CMYK", "payload.cmyk", image(CMYK_JPEG)),
        mistake("an image lying on its side", "payload.orientation", image(LYING)),
        *(
            mistake(f"a picture encoded {name}", "payload.base64-twice", image(text))
            for name, text in AGAIN.items()
        ),
        mistake("a bitmap", "payload.image-format", image(BMP)),
        mistake("a token for a type", "payload.type-not-for-images",
                request("<n:Type>AccessToken</n:Type>", IMAGE, DESCRIPTION), f"{OP}/ns:Type"),
        mistake("a raw carriage return", "payload.description-carriage-return",
                request(TYPE, IMAGE, "<n:Description>Ada\r\nLovelace</n:Description>"),
                f"{OP}/ns:Description"),
        Mistake("larger than the limit", "payload.message-too-large", None,
                request(TYPE, IMAGE, f"<n:Description>{'Ada ' * 20}</n:Description>").encode(),
                max_message_size=512),
    ]  # fmt: skip


def _syntax() -> list[Mistake]:
    def mistake(name: str, rule: str, data: str | bytes) -> Mistake:
        return Mistake(name, rule, None, data.encode() if isinstance(data, str) else data)

    def described(text: str) -> str:
        return request(TYPE, IMAGE, f"<n:Description>{text}</n:Description>")

    return [
        mistake("a control character", "xml.character-illegal", described("Ada\x0bLovelace")),
        mistake("a reference to a control character", "xml.character-illegal", described("&#11;")),
        mistake("NUL", "xml.character-illegal", described("Ada\x00")),
        mistake("a lone surrogate", "xml.character-illegal", described("&#xD83D;")),
        mistake("Latin-1 without saying so", "xml.bytes-not-in-encoding",
                described("Zoë").encode("latin-1")),
        mistake("half a character", "xml.bytes-not-in-encoding",
                described("Zoë").encode().replace("ë".encode(), b"\xc3")),
        mistake("the prefix xml bound anew", "xml.prefix-reserved",
                request(attributes=' xmlns:xml="urn:x"')),
        mistake("a prefix bound to nothing", "xml.prefix-reserved",
                request(attributes=' xmlns:q=""')),
        mistake("an attribute twice", "xml.attribute-duplicate",
                request(attributes=' xml:lang="en" xml:lang="no"')),
        mistake("an attribute twice by two prefixes", "xml.attribute-duplicate",
                request(attributes=' xmlns:m="urn:x" xmlns:o="urn:x" m:a="1" o:a="2"')),
        mistake("a second document", "xml.after-root", request() * 2),
        mistake("junk after the envelope", "xml.after-root", f"{request()}\nOK"),
        mistake("cut inside a tag", "xml.truncated", request()[:-3]),
        mistake("cut inside the image", "xml.truncated", request().partition("</n:Image>")[0]),
        mistake("an entity of HTML", "xml.entity-undeclared", described("Ada&nbsp;Lovelace")),
        mistake("an ampersand in a name", "xml.ampersand-unescaped", described("R&D")),
        mistake("XML 1.1", "xml.version", f'<?xml version="1.1"?>{request()}'),
        mistake("UTF-16 declared, UTF-8 sent", "xml.encoding-contradicts",
                f'<?xml version="1.0" encoding="UTF-16"?>{request()}'),
        mistake("Latin-1 declared, a BOM of UTF-8", "xml.encoding-contradicts",
                f'\ufeff<?xml version="1.0" encoding="ISO-8859-1"?>{request()}'),
        mistake("UTF-8 declared, UTF-16 sent", "xml.encoding-contradicts",
                f'<?xml version="1.0" encoding="UTF-8"?>{request()}'.encode("utf-16")),
        mistake("UTF-16 without a word", "xml.utf16-undeclared", request().encode("utf-16")),
        mistake("UTF-16 without even a mark", "xml.utf16-undeclared",
                request().encode("utf-16-le")),
        mistake("UTF-16 of the other byte order", "xml.encoding-contradicts",
                f'<?xml version="1.0" encoding="UTF-16LE"?>{request()}'.encode("utf-16-be")),
        mistake("utf8 without a hyphen", "xml.encoding-unusual",
                f'<?xml version="1.0" encoding="utf8"?>{request()}'),
        mistake("more namespaces than anybody declares", "xml.too-many-nodes",
                request(attributes="".join(f' xmlns:p{i}="urn:{i}"' for i in range(101)))),
    ]  # fmt: skip


def _header() -> list[Mistake]:
    def mistake(name: str, rule: str, path: str, header: str, **more: object) -> Mistake:
        base = Mistake(name, rule, path, request(header=header).encode())
        return replace(base, **more)  # type: ignore[arg-type]

    def credentials(inside: str, attributes: str = "") -> str:
        return f"<n:Credentials{attributes}>{inside}</n:Credentials>"

    ticket = f"<n:Ticket>{TICKET}</n:Ticket>"
    block = f"{HEADER}/ns:Credentials"
    addressing = "http://www.w3.org/2005/08/addressing"
    return [
        mistake("addressing", "header.ws-addressing", f"{HEADER}/wsa:Action",
                f'{CREDENTIALS}<a:Action xmlns:a="{addressing}">x</a:Action>'),
        mistake("tickets duplicate", "header.child-duplicate", f"{TICKET_PATH}[2]",
                credentials(ticket * 2)),
        mistake("an unknown child of the credentials", "header.child-unknown", f"{block}/ns:User",
                credentials(f"{ticket}<n:User>ada</n:User>")),
        mistake("ticket without a namespace", "header.child-unqualified", f"{block}/Ticket",
                credentials(f"<Ticket>{TICKET}</Ticket>"), also=LOST),
        mistake("ticket of Services85", "header.child-other-version",
                f"{block}/{{{NS85}}}Ticket",
                credentials(f'<Ticket xmlns="{NS85}">{TICKET}</Ticket>'), also=LOST),
        mistake("ticket in a foreign namespace", "header.child-other-namespace",
                f"{block}/{{urn:x}}Ticket",
                credentials(f'<Ticket xmlns="urn:x">{TICKET}</Ticket>'), also=LOST),
        mistake("text in the credentials", "header.text-between-children", block,
                credentials(f"Bearer {ticket}")),
        mistake("markup in the ticket", "header.element-in-value", TICKET_PATH,
                credentials(f"<n:Ticket>{TICKET}<b/></n:Ticket>")),
        mistake("an attribute on the ticket", "header.attribute-unknown", TICKET_PATH,
                credentials(f'<n:Ticket type="7T">{TICKET}</n:Ticket>')),
        mistake("credentials nil, with a ticket", "header.nil-with-content", block,
                credentials(ticket, ' xsi:nil="true"'),
                also=frozenset({"header.credentials-missing"})),
        mistake("nil is yes in the header", "header.nil-value", TICKET_PATH,
                credentials(f'<n:Ticket xsi:nil="yes">{TICKET}</n:Ticket>')),
        mistake("xsi:type of a type that is not", "header.xsi-type-unknown", block,
                credentials(ticket, ' xsi:type="n:Credentials"')),
        mistake("xsi:type unbound in the header", "header.xsi-type-unbound", TICKET_PATH,
                credentials(f'<n:Ticket xsi:type="xs:string">{TICKET}</n:Ticket>')),
        mistake("xsi:type int on the ticket", "header.xsi-type-wrong", TICKET_PATH,
                credentials(f'<n:Ticket xsi:type="xsd:int">{TICKET}</n:Ticket>')),
        mistake("relay is x", "header.must-understand-value",
                "s12:Envelope/s12:Header/ns:Credentials", "", profile="soap12",
                message=request(header=credentials(ticket, ' e:relay="x"'), soap=SOAP12).encode()),
        mistake("a time zone that is no number", "header.not-an-integer",
                f"{HEADER}/ns:TimeZone/ns:SoTimeZoneId",
                f"{CREDENTIALS}<n:TimeZone><n:SoTimeZoneId>UTC</n:SoTimeZoneId></n:TimeZone>"),
    ]  # fmt: skip


def _soap12_faults() -> Iterator[tuple[str, str, str, str]]:
    """Yield what is wrong inside Code and Reason: name, rule, path in Fault, text."""
    text = '<e:Text xml:lang="en">no</e:Text>'
    code, reason = "<e:Code><e:Value>e:Sender</e:Value>{}</e:Code>", "<e:Reason>{}</e:Reason>"
    plain = code.format("")
    yield (
        "a code without a prefix",
        "fault.code-unknown",
        "s12:Code/s12:Value",
        plain.replace("e:Sender", "Sender") + reason.format(text),
    )
    yield (
        "an empty subcode",
        "fault.child-missing",
        "s12:Code/s12:Subcode",
        code.format("<e:Subcode/>") + reason.format(text),
    )
    yield (
        "a subcode of no namespace",
        "fault.code-not-a-qname",
        "s12:Code/s12:Subcode/s12:Value",
        code.format("<e:Subcode><e:Value>zz:q</e:Value></e:Subcode>") + reason.format(text),
    )
    yield (
        "something beside Text",
        "fault.child-unknown",
        "s12:Reason/foo",
        plain + reason.format(text + "<foo/>"),
    )
    yield (
        "an encodingStyle",
        "envelope.encoding-style",
        "s12:Reason/s12:Text",
        plain + reason.format(text.replace("<e:Text", "<e:Text e:encodingStyle='urn:x'")),
    )


def _faults() -> list[Mistake]:
    """Types, nil, languages and text where the SOAP schemas want none; statuses."""
    code, reason = "<faultcode>e:Server</faultcode>", "<faultstring>no</faultstring>"
    code12 = "<e:Code><e:Value>e:Sender</e:Value></e:Code>"
    reason12 = '<e:Reason><e:Text xml:lang="en">no</e:Text></e:Reason>'
    fault12 = "s12:Envelope/s12:Body/s12:Fault"

    def answer(name: str, rule: str, path: str, text: str) -> Mistake:
        path = f"{FAULT}/{path}" if path else FAULT
        return Mistake(name, rule, path, fault(text).encode(), kind="response")

    def answer12(name: str, rule: str, path: str, text: str) -> Mistake:
        data = fault(text, SOAP12).encode()
        return Mistake(name, rule, f"{fault12}/{path}", data, kind="response", profile="soap12")

    def travels(name: str, rule: str, text: str, status: int, profile: str) -> Mistake:
        media = "text/xml" if profile == "wsdl" else "application/soap+xml"
        message = HttpResponse(
            status=status, headers=(("Content-Type", media),), body=text.encode()
        )
        return Mistake(name, rule, "HTTP status line", message, kind="response", profile=profile)

    return [
        answer("text in the detail", "fault.text-between-children", "detail",
               f"{code}{reason}<detail>no</detail>"),
        answer12("text in the Detail", "fault.text-between-children", "s12:Detail",
                 f"{code12}{reason12}<e:Detail>no<x/></e:Detail>"),
        answer("fault code as a string", "fault.xsi-type-wrong", "faultcode",
               code.replace("code>", "code xsi:type='xsd:string'>", 1) + reason),
        answer("detail as a string", "fault.xsi-type-wrong", "detail",
               f'{code}{reason}<detail xsi:type="xsd:string"/>'),
        answer("fault string of no type", "fault.xsi-type-unknown", "faultstring",
               f'{code}<faultstring xsi:type="xsd:text">no</faultstring>'),
        answer("fault string of an unbound type", "fault.xsi-type-unbound", "faultstring",
               f'{code}<faultstring xsi:type="q:string">no</faultstring>'),
        answer("fault string nil", "fault.nil-not-allowed", "faultstring",
               f'{code}<faultstring xsi:nil="true"/>'),
        answer("fault actor nil in a word", "fault.nil-value", "faultactor",
               f'{code}{reason}<faultactor xsi:nil="yes"/>'),
        answer("fault string in a language with an underscore", "xml.language", "faultstring",
               f'{code}<faultstring xml:lang="en_US">no</faultstring>'),
        answer12("a Code that is a string", "fault.xsi-type-wrong", "s12:Code",
                 code12.replace("Code>", "Code xsi:type='xsd:string'>", 1) + reason12),
        answer12("a subcode of SOAP's own that it does not have", "fault.xsi-type-wrong",
                 "s12:Code/s12:Subcode/s12:Value",
                 code12.replace("</e:Code>", '<e:Subcode><e:Value xsi:type="e:faultcodeEnum">'
                                "e:Nobody</e:Value></e:Subcode></e:Code>") + reason12),
        answer12("a Detail that is encoded", "envelope.encoding-style", "s12:Detail",
                 f"{code12}{reason12}<e:Detail e:encodingStyle='urn:x'/>"),
        travels("fault with 400", "http.fault-status", fault(code + reason), 400, "wsdl"),
        travels("SOAP 1.2 fault with 503", "http.fault-status", fault(code12 + reason12, SOAP12),
                503, "soap12"),
        travels("a receiver's fault with 400", "http.fault-status",
                fault(code12.replace("Sender", "Receiver") + reason12, SOAP12), 400, "soap12"),
        Mistake("Envelope in a language with an underscore", "xml.language", "s:Envelope",
                request(attributes=' xml:lang="nb_NO"').encode()),
        Mistake("a charset without its hyphen", "http.charset-unusual", "HTTP header Content-Type",
                http_request(content_type="text/xml; charset=utf8")),
        Mistake("an empty charset", "http.charset-unusual", "HTTP header Content-Type",
                http_request(content_type='text/xml; charset=""')),
        Mistake("plus signs that became blanks", "payload.base64-plus-lost", f"{OP}/ns:Image",
                request(TYPE, f"<n:Image>{PNG.replace('+', ' ')}</n:Image>", DESCRIPTION).encode()),
        Mistake("a plus sign in the ticket that became a blank", "header.ticket-white-space",
                f"{HEADER}/ns:Credentials/ns:Ticket",
                request(header=CREDENTIALS.replace("Leaked", "Lea ked")).encode()),
        Mistake("150 emoji", "payload.description-too-long", f"{OP}/ns:Description",
                request(TYPE, IMAGE, f"<n:Description>{chr(0x1F600) * 150}</n:Description>")
                .encode()),
    ]  # fmt: skip


def _others() -> list[Mistake]:
    code, reason = "<faultcode>e:Server</faultcode>", "<faultstring>no</faultstring>"
    code12 = "<e:Code><e:Value>e:Sender</e:Value></e:Code>"

    def answer(name: str, rule: str, path: str, text: str, profile: str = "wsdl") -> Mistake:
        return Mistake(name, rule, path, text.encode(), kind="response", profile=profile)

    authenticated = envelope(
        f"<e:Header>{SUCCEEDED}</e:Header>",
        "<e:Body><n:AuthenticateResponse><n:AuthenticationSucceeded>yes"
        "</n:AuthenticationSucceeded></n:AuthenticateResponse></e:Body>",
        SOAP11,
    )
    framed = http_request()
    many = " ".join(f"xsi:a{index}='1'" for index in range(20))
    return [
        answer("text in a fault", "fault.text-between-children", FAULT,
               fault(f"{code}{reason} sorry")),
        answer("markup in the reason", "fault.element-in-value", f"{FAULT}/faultstring",
               fault(f"{code}<faultstring><b>no</b></faultstring>")),
        answer("an attribute on a fault code", "fault.attribute-unqualified", f"{FAULT}/faultcode",
               fault(f'<faultcode id="1">e:Server</faultcode>{reason}')),
        answer("SOAP 1.2 reason as text", "fault.text-between-children",
               "s12:Envelope/s12:Body/s12:Fault/s12:Reason",
               fault(f'{code12}<e:Reason>no<e:Text xml:lang="en">no</e:Text></e:Reason>', SOAP12),
               "soap12"),
        answer("fault of the other SOAP version", "envelope.soap-version-mixed",
               "s:Envelope/s:Body/s12:Fault",
               envelope("", f'<e:Body><o:Fault xmlns:o="{SOAP12}"/></e:Body>', SOAP11)),
        answer("fault code with an empty prefix", "fault.code-not-a-qname", f"{FAULT}/faultcode",
               fault(f"<faultcode>:Server</faultcode>{reason}")),
        answer("a byte that is too large for one", "body.xsi-type-wrong",
               "s:Envelope/s:Body/ns:SaveImageStreamResponse/ns:Response",
               response("<n:Response xsi:type='xsd:byte'>4711</n:Response>")),
        *(
            answer(f"SOAP 1.2 fault with {name}", rule,
                   f"s12:Envelope/s12:Body/s12:Fault/{path}", fault(text, SOAP12), "soap12")
            for name, rule, path, text in _soap12_faults()
        ),
        Mistake("an operation with a type", "body.xsi-type-wrong", OP,
                request(wrapper="n:SaveImageStream xsi:type='xsd:int'").encode()),
        Mistake("xsi:type with an empty prefix", "body.xsi-type-unknown", f"{OP}/ns:Type",
                request(TYPE.replace("<n:Type", "<n:Type xsi:type=':BlobLinkType'"), IMAGE,
                        DESCRIPTION).encode()),
        Mistake("the attribute after the twentieth", "body.attribute-unknown", f"{OP}/ns:Type",
                request(TYPE.replace("<n:Type", "<n:Type " + many + " foo='1'"), IMAGE,
                        DESCRIPTION).encode()),
        Mistake("a charset of long ago", "http.charset-unusual", "HTTP header Content-Type",
                http_request(content_type="text/xml; charset=iso-8859-1")),
        Mistake("two SOAPActions", "http.header-duplicate", "HTTP header SOAPAction",
                replace(framed, headers=(*framed.headers, ("SOAPAction", '"other"')))),
        Mistake("two Content-Types", "http.header-duplicate", "HTTP header Content-Type",
                replace(framed, headers=(*framed.headers, ("Content-Type", "text/xml")))),
        Mistake("a SOAPAction percent-encoded", "http.soap-action-other", "HTTP header SOAPAction",
                http_request(soap_action=f'"{ACTION.replace("/", "%2F")}"')),
        Mistake("PUT", "http.method", "HTTP request line", replace(framed, method="PUT")),
        replace(answer("authentication that succeeded yes", "body.not-a-boolean",
                       "s:Envelope/s:Body/ns:AuthenticateResponse/ns:AuthenticationSucceeded",
                       authenticated),
                operation="AuthenticateUsernamePassword"),
        Mistake("Content-Length too short", "http.content-length", "HTTP header Content-Length",
                replace(framed, headers=(*framed.headers, ("Content-Length", "12")))),
        Mistake("length and chunks", "http.conflicting-framing", "HTTP header Content-Length",
                replace(framed, headers=(*framed.headers, ("Content-Length", "12"),
                                         ("Transfer-Encoding", "chunked")))),
        Mistake("an operation that is known by name only", "body.operation-not-judged",
                "s:Envelope/s:Body/ns:GetBlobEntity",
                request("<n:BlobEntityId>1</n:BlobEntityId>", wrapper="n:GetBlobEntity").encode(),
                also=frozenset({"body.other-operation"})),
        answer("a success without a word", "header.succeeded-missing", HEADER,
               response(header="<!-- nothing -->")),
    ]  # fmt: skip


MORE_MISTAKES = [*_payload(), *_syntax(), *_header(), *_faults(), *_others()]
