"""Messages that the libraries accept and we reject or warn about."""

from typing import Final

from pytest_soblob.judge.disagreements._row import DECODERS, LIBXML2, XMLSCHEMA, Row


def _rules(text: str) -> frozenset[str]:
    return frozenset(text.split())


STRICTER: Final = (
    Row(
        id="base64-alphabet",
        judges=LIBXML2,
        they="accept some values with characters outside the alphabet: `!!!`, `_-_-`, `QUJD.`",
        we="reject every character outside it",
        why="XML Schema part 2 (1.0), 3.2.16, allows A-Z, a-z, 0-9, +, /, = and white space in a "
        "base64Binary, in groups of four; libxml2 skips unknown characters",
        rules=_rules("payload.base64-alphabet payload.base64-url-safe"),
    ),
    Row(
        id="int-digits",
        judges=XMLSCHEMA,
        they="accept `1_000`, Arabic and full-width digits as an xs:int, as Python's `int` does",
        we="reject them",
        why="XML Schema part 2, 3.3.13 and 3.3.17: an optional sign and decimal digits, #x30 to "
        "#x39",
        rules=_rules("body.not-an-integer header.not-an-integer"),
    ),
    Row(
        id="text-in-body",
        judges=XMLSCHEMA,
        they="accept some text between the elements of Header, Body or a fault, and a no-break "
        "space there",
        we="reject it",
        why="XML Schema part 1, 3.4.4: a complex type that is not mixed has no character children "
        "other than white space; SOAP 1.1 section 4 and SOAP 1.2 part 1, 5 allow elements only; "
        "XML 1.0, 2.3, defines four white space characters",
        rules=_rules("envelope.text fault.text-between-children"),
    ),
    Row(
        id="no-break-space",
        judges=XMLSCHEMA,
        they="treat a no-break space as white space, as Python does: around a qualified name, in "
        "base64, around true and false, between elements",
        we="reject it",
        why="XML 1.0, 2.3, and XML Schema part 2, 4.3.6: only #x9, #xA, #xD and #x20",
        rules=_rules(
            "fault.code-not-a-qname payload.base64-alphabet body.text-between-children "
            "header.text-between-children header.not-a-boolean body.not-a-boolean"
        ),
    ),
    Row(
        id="encoding-style-on-detail",
        they="accept encodingStyle on the Detail of SOAP 1.2",
        we="reject it",
        why="SOAP 1.2 part 1, 5.1.1, allows it on the children of Detail, not on Detail itself; a "
        "wildcard of XML Schema 1.0 cannot exclude a single attribute",
        rules=_rules("envelope.encoding-style"),
    ),
    Row(
        id="body-is-open",
        they="accept any element in Body, any number of elements or none, and a fault of the other "
        "SOAP version",
        we="reject everything except the one operation, its response, or a fault that a client can "
        "read",
        why="the XSDs of SOAP 1.1 and 1.2 leave Body open (xs:any, lax); the WSDL's messages "
        "define the element in it, and WS-I Basic Profile 1.1 R9981 allows one child",
        rules=_rules(
            "body.empty body.second-child body.other-operation body.fault-in-request "
            "body.response-in-request envelope.soap-version-mixed"
        ),
    ),
    Row(
        id="operation-of-no-schema",
        they="accept an operation whose name or namespace is not declared, with any content",
        we="reject it, and judge its parts by its name",
        why="XML Schema part 1, 3.10.1: an undeclared element that matches a lax wildcard is not "
        "validated; the WSDL's messages define the element in Body",
        rules=_rules(
            "body.unknown-operation body.operation-unqualified body.operation-other-version"
        ),
        below=("body", "payload"),
    ),
    Row(
        id="header-is-open",
        they="accept any header block, any number of them, or none",
        we="reject a request without credentials, duplicate and misnamed blocks, and unknown "
        "blocks that must be understood",
        why="the XSDs of SOAP leave Header open (xs:any, lax); the documentation page requires "
        "credentials, SOAP 1.1, 4.2.3, and SOAP 1.2 part 1, 2.4, define mustUnderstand",
        rules=_rules(
            "header.credentials-missing header.ticket-missing header.application-token-missing "
            "header.block-duplicate header.block-unqualified header.block-other-version "
            "header.not-understood"
        ),
    ),
    Row(
        id="response-missing",
        they="accept a response without a Response, even if Succeeded is true",
        we="reject it after a success",
        why="the WSDL has minOccurs 0, but the documentation page returns the blob id, and a "
        "client that continues without one removes a picture (ChangePersonImage)",
        rules=_rules("body.response-missing"),
    ),
    Row(
        id="encoded-twice",
        they="accept base64 of base64",
        we="reject it if the inner text is an image",
        why="XML Schema checks the outer encoding only (part 2, 3.2.16); the server would store "
        "text",
        rules=_rules("payload.base64-twice"),
    ),
    Row(
        id="not-in-the-tree",
        they="get the parsed tree, so they see no processing instruction, no comment outside the "
        "root and no encoding",
        we="reject processing instructions, comments outside the envelope in SOAP 1.2, undeclared "
        "UTF-16, and declarations of encodings that .NET does not know, as WCF does",
        why="XML 1.0, 4.3.3; SOAP 1.1, 3, SOAP 1.2 part 1, 5, and WS-I Basic Profile 1.1 R1009; "
        "XML Schema part 1 validates elements and attributes",
        rules=_rules(
            "xml.processing-instruction xml.comment-outside-envelope xml.utf16-undeclared "
            "xml.encoding-unusual"
        ),
    ),
    Row(
        id="limit-of-a-team",
        they="have no limit of size or number",
        we="reject a message larger than the configured limit, and one with more attributes, "
        "namespaces or elements than a real message has",
        why="schemas cannot express one; WCF's MaxReceivedMessageSize is 65,536 bytes unless "
        "configured, and its MaxNameTableCharCount 16,384 characters",
        rules=_rules("payload.message-too-large xml.too-many-nodes"),
    ),
    Row(
        id="nothing-to-store",
        they="accept an empty SaveImageStream, a missing, nil or empty Image, a missing Type or "
        "Description, and a Response that is 0 or negative",
        we="report a warning",
        why="the WSDL makes every part optional (minOccurs 0, nillable), and the page's example "
        "has an empty Image and a 0: legal, but hardly ever intended",
        rules=_rules(
            "body.type-missing body.image-missing body.description-missing payload.image-empty "
            "body.response-not-positive"
        ),
    ),
    Row(
        id="pad-bits",
        judges=DECODERS,
        they="accept `AB==`, whose four unused bits are not zero",
        we="reject it, as libxml2 and xmlschema do",
        why="XML Schema part 2 (1.0), 3.2.16: the last group must be one that an encoder can write "
        "(productions B16 and B04)",
        rules=_rules("payload.base64-pad-bits"),
    ),
)
