"""Messages that the libraries reject and we accept. The first row that matches an error counts."""

from typing import Final

from pytest_soblob.judge.disagreements._row import DECODERS, LIBXML2, XMLSCHEMA, Row

_SOAP: Final = (
    r"\{http://(?:schemas\.xmlsoap\.org/soap/envelope/|www\.w3\.org/2003/05/soap-envelope)\}"
)
_XSI: Final = r"\{http://www\.w3\.org/2001/XMLSchema-instance\}"
# Paths of elements, with indices.
_N: Final = r"(?:\[\d+\])?"
_S: Final = r"s(?:12)?:"
_FAULT: Final = rf"{_S}Envelope/{_S}Body/{_S}Fault"
_FRAME: Final = rf"{_S}Envelope(?:/{_S}Header|/{_S}Body(?:/{_S}Fault)?)?"
_FAULT_PARTS: Final = (
    rf"{_FAULT}/(?:faultcode|faultstring|faultactor"
    rf"|s12:(?:Code|Reason|Node|Role)(?:/s12:(?:Value|Subcode|Text){_N})*)"
)
_DETAIL: Final = rf"{_FAULT}/(?:detail|s12:Detail)"
_DECLARED: Final = (
    r"ns:(?:ApplicationToken|Credentials|TimeZone|ExceptionInfo|ExtraInfo|Succeeded)\b"
)
_BLOCKS: Final = rf"{_S}Envelope/(?:{_S}Header/)?ns:[^/]+(?:/.*)?"

LAXER: Final = (
    Row(
        id="xsi-type-white-space",
        judges=LIBXML2,
        they="reject white space around the name in xsi:type",
        we="strip it first",
        why="XML Schema part 2, 4.3.6: the white space of a QName is collapsed before its value is "
        "checked; part 1, 2.6.1, makes xsi:type a QName",
        pattern=r"The QName value '\s+\S.*|The QName value '.*\s+' has no corresponding",
    ),
    Row(
        id="comment-in-value",
        judges=XMLSCHEMA,
        they="treat a comment inside a simple value as a child element if lxml parsed the message",
        we="read the value without the comment",
        why="XML 1.0, 2.5: comments are not part of the character data; XML Schema part 1, 3.4.4, "
        "considers element and character children only",
        pattern=r"simple content element can't have child elements"
        r"|xsi:nil='.*' but the element is not empty",
    ),
    Row(
        id="soap-attributes-on-blocks",
        they="reject mustUnderstand, actor, role and relay on a NetServer header block",
        we="allow them on every block",
        why="SOAP 1.1, 4.2.2 and 4.2.3, and SOAP 1.2 part 1, 5.2.2 to 5.2.4, allow them on any "
        "header block; the vendor's types do not declare them, and Axis, gSOAP and soap4r send "
        "them",
        pattern=rf"attribute '{_SOAP}\w+' is not allowed|^'{_SOAP}\w+' attribute not allowed",
        path=_BLOCKS,
    ),
    Row(
        id="attribute-on-block",
        they="reject any other attribute on a header block or inside it",
        we="report a warning",
        why="XML Schema part 1, 3.4.4, supports the libraries; WCF's reader ignores unknown "
        "attributes, and nothing is lost (WCF: XmlSerializer and DataContractSerializer)",
        right="both",
        pattern=r"The attribute '[^']+' is not allowed|^'[^']+' attribute not allowed for element"
        r"|^'[^']+' is not an attribute of the XSI namespace",
        path=_BLOCKS,
    ),
    Row(
        id="attribute-on-fault",
        they="reject a qualified attribute on a child of a fault",
        we="allow it",
        why="the SOAP schemas declare none there, but the text of SOAP requires only that "
        "attributes are qualified (SOAP 1.1, 4.1.1; WS-I Basic Profile 1.1 R1003 for detail), and "
        "clients ignore them",
        right="both",
        pattern=r"The attribute '[^']+' is not allowed|^'[^']+' attribute not allowed for element"
        r"|^'[^']+' is not an attribute of the XSI namespace",
        path=_FAULT_PARTS,
    ),
    Row(
        id="xsi-attributes-of-no-meaning",
        they="reject an attribute in the namespace of xsi that XML Schema does not define",
        we="allow it",
        why="XML Schema part 1, 2.6, defines four; no reader uses a fifth, and nothing is lost",
        right="both",
        pattern=rf"attribute '{_XSI}\w+' is not allowed|is not an attribute of the XSI namespace",
        path=rf"{_S}Envelope/{_S}Body/ns:.*",
    ),
    Row(
        id="type-of-faultstring",
        they="reject xsi:type on faultstring, whichever string type it names",
        we="allow xsd:string and the types derived from it",
        why="the SOAP 1.1 schema declares it as xs:string; our schema declares a type of its own, "
        "to allow xml:lang, which WS-I Basic Profile 1.1 R1016 allows and WCF sends",
        pattern=r"^Element 'faultstring', attribute '\{[^}]+\}type'"
        r"|cannot substitute XsdComplexType\(content='simple', attributes=\['xml:lang'\]\)",
        path=rf"{_FAULT}(?:/faultstring)?",
    ),
    Row(
        id="xsi-on-the-frame",
        they="check xsi:type and xsi:nil on Envelope, Header, Body and Fault",
        we="ignore them",
        why="XML Schema part 1, 2.6, supports the libraries; SOAP 1.1 section 4.1.1 and SOAP 1.2 "
        "part 1, 5, allow any qualified attribute there, and a SOAP reader identifies these "
        "elements by their names",
        right="both",
        pattern=rf"attribute '{_XSI}(?:type|nil)'|is not 'nillable'|is not nillable"
        r"|cannot substitute|global component|but the element is not empty",
        path=_FRAME,
    ),
    Row(
        id="values-of-soap-attributes",
        they="check the values of mustUnderstand, actor, role, relay and encodingStyle on SOAP's "
        "own elements and on detail, and reject other attributes in the namespace of SOAP",
        we="check mustUnderstand and relay on header blocks",
        why="SOAP 1.1, 4.2.2 and 4.2.3, and SOAP 1.2 part 1, 5.2.2 to 5.2.4: elsewhere they have "
        "no meaning and are ignored; URIs are only compared, not resolved",
        right="both",
        pattern=rf"attribute '?(?:{_SOAP}|e:|[\w.-]+:)?(?:mustUnderstand|actor|role|relay"
        rf"|encodingStyle)\b|attribute '{_SOAP}\w+' is not allowed"
        r"|attribute '[^']+' not allowed",
        path=rf"{_FRAME}|{_DETAIL}",
    ),
    Row(
        id="xml-space-and-id",
        judges=XMLSCHEMA,
        they="check xml:space, xml:id and xml:base, whose declarations are built in",
        we="check xml:lang, the only one that SOAP uses",
        why="the SOAP schemas are lax there (xs:anyAttribute) and import no declarations of them",
        right="both",
        pattern=r"attribute \{http://www\.w3\.org/XML/1998/namespace\}(?:space|id|base)=",
        path=rf"{_FRAME}|{_DETAIL}",
    ),
    Row(
        id="detail-is-open",
        they="check the content of the elements in detail if its name or type is declared",
        we="do not check it",
        why="SOAP 1.1, 4.4, and SOAP 1.2 part 1, 5.4.5: application specific; the schemas have "
        "xs:any with lax processing, which validates content with a declaration or an xsi:type",
        right="both",
        pattern=r".",
        path=rf"{_DETAIL}/.*",
    ),
    Row(
        id="block-of-soap-itself",
        they="reject a header block in the namespace of SOAP 1.1",
        we="treat it as an unknown block",
        why="SOAP 1.1, 4.2, requires a namespace and defines no block of its own; a server ignores "
        "it",
        right="both",
        pattern=r"Unexpected child|This element is not expected",
        path=r"s:Envelope/s:Header(?:/s:.*)?",
    ),
    Row(
        id="response-block-in-a-request",
        they="check the value of a response's header block in a request",
        we="treat it as an unknown block",
        why="the WSDL's header messages define the blocks of a request; a server ignores others",
        pattern=r".",
        path=rf"{_S}Envelope/{_S}Header/ns:(?:ExceptionInfo|ExtraInfo|Succeeded)\b.*",
        kind="request",
    ),
    Row(
        id="request-block-in-a-response",
        they="check the value of a request's header block in a response",
        we="treat it as an unknown block",
        why="the WSDL's header messages define the blocks of a response; a client ignores others",
        pattern=r".",
        path=rf"{_S}Envelope/{_S}Header/ns:(?:ApplicationToken|Credentials)\b.*",
        kind="response",
    ),
    Row(
        id="header-is-lax",
        they="check attributes, xsi:type and xsi:nil of header blocks that no schema declares",
        we="do not check them",
        why="SOAP 1.1, 4.2, and SOAP 1.2 part 1, 5.2: a block belongs to its namespace; the "
        "schemas have xs:any with lax processing",
        right="both",
        pattern=r".",
        path=rf"{_S}Envelope/{_S}Header/(?!{_DECLARED}).*",
    ),
    Row(
        id="uris",
        they="reject some texts as URIs, each library different ones",
        we="accept any text in faultactor, Node and Role",
        why="XML Schema part 2 (1.0), 3.2.17, allows nearly any text as an anyURI and does not "
        "require a processor to check it",
        pattern=r"not a valid value of the atomic type 'xs:anyURI'|anyURI|not a valid URI"
        r"|invalid URI|Invalid IPv6 URL",
        path=rf"{_FAULT}/(?:faultactor|s12:Node|s12:Role)",
    ),
    Row(
        id="time-zone-beside-body",
        they="reject a TimeZone as a child of Envelope in the page's form",
        we="report a warning",
        why="the documentation page shows ApplicationToken and Credentials there and does not "
        "mention TimeZone, which the WSDL puts into Header; our XSD follows the page exactly",
        right="both",
        pattern=r"TimeZone",
        path=rf"{_S}Envelope(?:/ns:TimeZone)?",
    ),
    Row(
        id="white-space",
        judges=DECODERS,
        they="reject white space between the characters",
        we="allow it, as libxml2 and xmlschema do",
        why="XML Schema part 2 (1.0), 3.2.16: white space is allowed anywhere; clients wrap at 60 "
        "or 76 columns",
        pattern="non-base64",
    ),
)
