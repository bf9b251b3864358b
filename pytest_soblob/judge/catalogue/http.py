"""Rules of family `http`: request line, headers and status, per SOAP version."""

from pytest_soblob.judge.violations import Rule, Severity

_BP = "WS-I Basic Profile 1.1"

RULES = (
    Rule(
        id="http.malformed",
        severity=Severity.ERROR,
        meaning="This is not a complete HTTP message",
        reference="RFC 9112",
        change="send, or capture, the complete message: request or status line, headers, blank "
        "line, body",
        server="answers 400",
    ),
    Rule(
        id="http.method",
        severity=Severity.ERROR,
        meaning="The request is not a POST",
        reference=f"SOAP 1.1 section 6; SOAP 1.2 part 2, 7.5.1; {_BP} R1132",
        change="send POST",
        server="answers 400 to HEAD, DELETE and OPTIONS, and the help page to GET",
    ),
    Rule(
        id="http.path",
        severity=Severity.ERROR,
        meaning="The path of the request is not that of the service",
        reference="Services86-BLOB.wsdl, soap:address; page: Remote/Services86/BLOB.svc",
        change="send it to .../Remote/Services86/BLOB.svc, or to SoPrincipal.svc for a ticket",
        server="answers 404; below the path of the service, 500 with a DestinationUnreachable "
        "fault; at another service, 500 with an ActionNotSupported fault",
    ),
    Rule(
        id="http.content-type-missing",
        severity=Severity.ERROR,
        meaning="There is no Content-Type header",
        reference="SOAP 1.1 section 6: text/xml; SOAP 1.2 part 2, 7.1.4: application/soap+xml",
        change="send Content-Type: text/xml; charset=utf-8",
        server="answers 415",
    ),
    Rule(
        id="http.content-type",
        severity=Severity.ERROR,
        meaning="The Content-Type is not that of the SOAP version",
        reference="SOAP 1.1 section 6: text/xml; SOAP 1.2 part 2, 7.1.4: application/soap+xml",
        change="send the media type of the envelope's SOAP version",
        server="answers 415",
    ),
    Rule(
        id="http.content-type-soap12-as-text",
        severity=Severity.WARNING,
        meaning="A SOAP 1.2 envelope is sent as text/xml",
        reference="SOAP 1.2 part 2, 7.1.4: application/soap+xml (the page does not mention it)",
        change="send Content-Type: application/soap+xml; charset=utf-8",
        server="answers 400 to a SOAP 1.2 envelope in text/xml",
    ),
    Rule(
        id="http.charset-contradicts",
        severity=Severity.ERROR,
        meaning="The charset of the Content-Type contradicts the bytes",
        reference=f"RFC 7303 section 3; {_BP} R1018",
        change="use the same encoding in charset, XML declaration and bytes",
        server="answers 400, or 415 to a charset other than UTF-8 and UTF-16",
    ),
    Rule(
        id="http.charset-unusual",
        severity=Severity.ERROR,
        meaning="The charset is not UTF-8 or UTF-16 in a spelling that .NET knows",
        reference="WS-I Basic Profile 1.1 R1012; .NET, TextEncoderDefaults: utf-8, utf-16, "
        "utf-16LE, utf-16BE, in any case",
        change="send UTF-8, and charset=utf-8",
        server="answers 415",
    ),
    Rule(
        id="http.header-duplicate",
        severity=Severity.ERROR,
        meaning="A header that is allowed only once occurs more than once",
        reference="RFC 9110 section 5.3",
        change="send it once: set it either in the defaults of the client or in the call",
        server="joins the values with a comma and does not know the result: answers 415, or 500 "
        "with an ActionNotSupported fault; answers 400 to two Host or Content-Length headers",
    ),
    Rule(
        id="http.content-length",
        severity=Severity.ERROR,
        meaning="The Content-Length is not the length of the body",
        reference="RFC 9112, 6.2 and 6.3",
        change="let the HTTP library set the header; it counts bytes, not characters",
        server="waits for the rest, or reads only a part of the message",
    ),
    Rule(
        id="http.conflicting-framing",
        severity=Severity.ERROR,
        meaning="The message has both a Content-Length and a Transfer-Encoding",
        reference="RFC 9112, 6.1: a possible sign of request smuggling",
        change="send only one of them",
        server="answers 400, or closes the connection",
    ),
    Rule(
        id="http.request-compressed",
        severity=Severity.ERROR,
        meaning="The body of the request is compressed",
        reference="RFC 9110, 8.4; WCF decompresses responses in its clients, but no requests",
        change="send it uncompressed: turn off compression of requests",
        server="answers 400 with an empty body: it does not read Content-Encoding",
    ),
    Rule(
        id="http.content-encoding",
        severity=Severity.ERROR,
        meaning="The body cannot be decoded by the coding that Content-Encoding names",
        reference="RFC 9110, 8.4",
        change="name the coding of the body in Content-Encoding, and send the complete body",
    ),
    Rule(
        id="http.multipart",
        severity=Severity.ERROR,
        meaning="The message consists of MIME parts: MTOM, or SOAP with attachments",
        reference="Services86-BLOB.wsdl, which has no MTOM policy; SOAP 1.1 section 6: text/xml; "
        "SOAP 1.2 part 2, 7.1.4: application/soap+xml",
        change="turn off MTOM and attachments: the image is sent as base64 in the envelope",
        server="answers 415",
    ),
    Rule(
        id="http.soap-action-missing",
        severity=Severity.ERROR,
        meaning="There is no SOAPAction header",
        reference="SOAP 1.1 section 6.1.1: a client must send it",
        change="send the soapAction of the WSDL, in double quotes",
        server="answers 500 with an ActionNotSupported fault",
    ),
    Rule(
        id="http.soap-action-empty",
        severity=Severity.ERROR,
        meaning="The SOAPAction header is empty",
        reference=f"Services86-BLOB.wsdl, soap:operation/@soapAction; {_BP} R2744",
        change="send the soapAction of the WSDL, in double quotes",
        server="answers 500 with an ActionNotSupported fault",
    ),
    Rule(
        id="http.soap-action-other",
        severity=Severity.ERROR,
        meaning="The SOAPAction is not that of the operation in the body",
        reference=f"Services86-BLOB.wsdl, soap:operation/@soapAction; {_BP} R2744",
        change="send the soapAction of the WSDL, in double quotes",
        server="answers 500 with an ActionNotSupported fault, or with an InternalServiceFault "
        "fault if the service has an operation with that SOAPAction",
    ),
    Rule(
        id="http.soap-action-unquoted",
        severity=Severity.WARNING,
        meaning="The SOAPAction is not in double quotes",
        reference=f"{_BP} R1109: a quoted string",
        change="put the value in double quotes",
        server="accepts it",
    ),
    Rule(
        id="http.action-other",
        severity=Severity.ERROR,
        meaning="The action parameter of the Content-Type names another operation",
        reference="SOAP 1.2 part 2, 6.5.3 and 7.1.4",
        change="send the soapAction of the WSDL, or omit the parameter",
        server="answers 415 to application/soap+xml in any case",
    ),
    Rule(
        id="http.action-unquoted",
        severity=Severity.WARNING,
        meaning="The action parameter of the Content-Type is not in double quotes",
        reference="RFC 9110 section 5.6.6: a value with ':' or '/' must be a quoted string",
        change='write action="..."',
    ),
    Rule(
        id="http.fault-with-success-status",
        severity=Severity.ERROR,
        meaning="A SOAP fault is sent with a 2xx status",
        reference=f"SOAP 1.1 section 6.2; SOAP 1.2 part 2, 7.5.2; {_BP} R1126",
        change="answer 500 (SOAP 1.2: 400 for a Sender fault)",
    ),
    Rule(
        id="http.fault-status",
        severity=Severity.WARNING,
        meaning="A SOAP fault is sent with a status other than the one that SOAP binds it to",
        reference=f"SOAP 1.1 section 6.2 and {_BP} R1126: 500; SOAP 1.2 part 2, table 17: 400 for "
        "Sender, 500 for the others",
        change="answer 500 (SOAP 1.2: 400 for a Sender fault): some clients discard the body of "
        "other statuses, and the reason with it",
    ),
    Rule(
        id="http.response-with-error-status",
        severity=Severity.ERROR,
        meaning="A normal response is sent with an error status",
        reference=f"SOAP 1.1 section 6.2; SOAP 1.2 part 2, 7.5.2; {_BP} R1111",
        change="answer 200; Succeeded reports a failed save, not the status",
    ),
)
