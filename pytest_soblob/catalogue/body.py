"""Rules of family `body`: the operation and its children, request and response."""

from pytest_soblob.catalogue._content import content_rules
from pytest_soblob.violations import Rule, Severity

_WSDL = "Services86-BLOB.wsdl"
_WRAPPER = "answers 500 with an InternalServiceFault fault"

RULES = (
    Rule(
        id="body.empty",
        severity=Severity.ERROR,
        meaning="Body is empty",
        reference=f"{_WSDL}, message part 'parameters'",
        change="put the operation into Body",
        server="runs the operation with no type, no image and no description; text in its place "
        "is answered 500 with an InternalServiceFault fault",
    ),
    Rule(
        id="body.second-child",
        severity=Severity.ERROR,
        meaning="Body has more than one child",
        reference="WS-I Basic Profile 1.1 R9981; document/literal",
        change="send one operation per envelope",
        server="answers 500 with a DeserializationFailed fault",
    ),
    Rule(
        id="body.other-operation",
        severity=Severity.ERROR,
        meaning="The body holds another operation than the one that is judged",
        reference=f"{_WSDL}, wsdl:operation",
        change="send the operation that you mean to call",
        server="goes by the SOAPAction, then finds the wrong element: " + _WRAPPER,
    ),
    Rule(
        id="body.unknown-operation",
        severity=Severity.ERROR,
        meaning="The body holds no operation that is known",
        reference=f"{_WSDL}, wsdl:operation",
        change="correct the element's name",
        server=_WRAPPER,
    ),
    Rule(
        id="body.operation-not-judged",
        severity=Severity.NOTE,
        meaning="The body holds an operation of the service that is known by name only",
        reference=f"{_WSDL}, wsdl:portType",
        change="nothing, if you mean it; a stub of this kit does not answer it",
        server=None,
    ),
    Rule(
        id="body.operation-unqualified",
        severity=Severity.ERROR,
        meaning="The operation is in no namespace",
        reference=f"{_WSDL}, targetNamespace; WS-I Basic Profile 1.1 R1014",
        change="qualify it with the Services86 namespace",
        server=_WRAPPER,
    ),
    Rule(
        id="body.operation-other-version",
        severity=Severity.ERROR,
        meaning="The operation is in the namespace of another version of NetServer",
        reference=f"{_WSDL}, targetNamespace",
        change="use the Services86 namespace throughout",
        server=_WRAPPER,
    ),
    Rule(
        id="body.fault-in-request",
        severity=Severity.ERROR,
        meaning="A request holds a fault",
        reference="SOAP 1.1 section 4.4; SOAP 1.2 part 1, 5.4",
        change="send the operation",
        server=_WRAPPER,
    ),
    Rule(
        id="body.response-in-request",
        severity=Severity.ERROR,
        meaning="A request holds a response, or a response a request",
        reference=f"{_WSDL}, wsdl:input and wsdl:output",
        change="judge it as the other kind, or send the right element",
        server=_WRAPPER,
    ),
    Rule(
        id="body.type-missing",
        severity=Severity.WARNING,
        meaning="There is no Type",
        reference=f"{_WSDL}, element SaveImageStream: minOccurs 0",
        change="send a Type",
        server="stores the image with type 0, which no BlobLinkType names",
    ),
    Rule(
        id="body.image-missing",
        severity=Severity.WARNING,
        meaning="There is no Image, or a nil one",
        reference=f"{_WSDL}, element SaveImageStream: minOccurs 0, nillable",
        change="send the image",
        server="gets null for an image",
    ),
    Rule(
        id="body.description-missing",
        severity=Severity.WARNING,
        meaning="There is no Description, or a nil one",
        reference=f"{_WSDL}, element SaveImageStream: minOccurs 0, nillable",
        change="send a description, if only an empty one",
        server="gets null for a description",
    ),
    Rule(
        id="body.type-unknown",
        severity=Severity.ERROR,
        meaning="Type is none of the 16 names",
        reference=f"{_WSDL}, simpleType BlobLinkType",
        change="send the name as the WSDL spells it, never the number, without white space",
        server="answers 500: Invalid enum value cannot be deserialized",
    ),
    Rule(
        id="body.response-missing",
        severity=Severity.ERROR,
        meaning="The response has no Response, so no blob id",
        reference=f"{_WSDL}, element SaveImageStreamResponse; page, returns: the blob id",
        change="send the blob id; a client must not go on without one",
    ),
    Rule(
        id="body.response-not-positive",
        severity=Severity.WARNING,
        meaning="The blob id is 0 or negative, though the call did not fail",
        reference=f"{_WSDL}: xs:int (the page's example has 0)",
        change="send the id of the blob; 0 handed to ChangePersonImage removes the picture",
    ),
    Rule(
        id="body.response-positive-on-failure",
        severity=Severity.WARNING,
        meaning="There is a blob id, though the call failed",
        reference=f"{_WSDL}: Succeeded, Response",
        change="send 0, or no Response, with a failure",
    ),
    # Every child of every operation may be left out, so none can be missing by the schema.
    *content_rules("body", f"{_WSDL}, the operation's element", Severity.ERROR, ("child-missing",)),
)
