"""Rules of family `body`: the operation and its children, request and response."""

from pytest_soblob.judge.catalogue._content import content_rules
from pytest_soblob.judge.violations import Rule, Severity

_WSDL = "Services86-BLOB.wsdl"
_WRAPPER = "answers 500 with an InternalServiceFault fault"

RULES = (
    Rule(
        id="body.empty",
        severity=Severity.ERROR,
        meaning="Body is empty",
        reference=f"{_WSDL}, message part 'parameters'",
        change="put the operation into Body",
        server="runs the operation with no type, no image and no description; if there is text "
        "instead, answers 500 with an InternalServiceFault fault",
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
        meaning="The body holds an operation other than the expected one",
        reference=f"{_WSDL}, wsdl:operation",
        change="send the operation that you intend to call",
        server="chooses the operation by the SOAPAction, then finds the wrong element: " + _WRAPPER,
    ),
    Rule(
        id="body.unknown-operation",
        severity=Severity.ERROR,
        meaning="The body holds an unknown operation",
        reference=f"{_WSDL}, wsdl:operation",
        change="correct the element's name",
        server=_WRAPPER,
    ),
    Rule(
        id="body.operation-not-judged",
        severity=Severity.NOTE,
        meaning="The body holds an operation of the service that this kit knows by name only",
        reference=f"{_WSDL}, wsdl:portType",
        change="nothing, if it is intended; the stub of this kit does not answer it",
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
        meaning="The request holds a fault",
        reference="SOAP 1.1 section 4.4; SOAP 1.2 part 1, 5.4",
        change="send the operation",
        server=_WRAPPER,
    ),
    Rule(
        id="body.response-in-request",
        severity=Severity.ERROR,
        meaning="The request holds a response, or the response holds a request",
        reference=f"{_WSDL}, wsdl:input and wsdl:output",
        change="judge it as the other kind, or send the correct element",
        server=_WRAPPER,
    ),
    Rule(
        id="body.type-missing",
        severity=Severity.WARNING,
        meaning="Type is missing",
        reference=f"{_WSDL}, element SaveImageStream: minOccurs 0",
        change="send a Type",
        server="stores the image with type 0, which is not a BlobLinkType",
    ),
    Rule(
        id="body.image-missing",
        severity=Severity.WARNING,
        meaning="Image is missing or nil",
        reference=f"{_WSDL}, element SaveImageStream: minOccurs 0, nillable",
        change="send the image",
        server="gets null as the image",
    ),
    Rule(
        id="body.description-missing",
        severity=Severity.WARNING,
        meaning="Description is missing or nil",
        reference=f"{_WSDL}, element SaveImageStream: minOccurs 0, nillable",
        change="send a description, even if it is empty",
        server="gets null as the description",
    ),
    Rule(
        id="body.type-unknown",
        severity=Severity.ERROR,
        meaning="Type is not one of the 16 names of BlobLinkType",
        reference=f"{_WSDL}, simpleType BlobLinkType",
        change="send the name exactly as in the WSDL, without white space; do not send the number",
        server="answers 500: Invalid enum value cannot be deserialized",
    ),
    Rule(
        id="body.response-missing",
        severity=Severity.ERROR,
        meaning="The response has no Response element, and so no blob id",
        reference=f"{_WSDL}, element SaveImageStreamResponse; page, returns: the blob id",
        change="send the blob id; a client must not continue without one",
    ),
    Rule(
        id="body.response-not-positive",
        severity=Severity.WARNING,
        meaning="The blob id is 0 or negative, although the call did not fail",
        reference=f"{_WSDL}: xs:int (the page's example has 0)",
        change="send the id of the blob; ChangePersonImage with blob id 0 removes the picture",
    ),
    Rule(
        id="body.response-positive-on-failure",
        severity=Severity.WARNING,
        meaning="There is a blob id, although the call failed",
        reference=f"{_WSDL}: Succeeded, Response",
        change="with a failure, send 0 or no Response",
    ),
    # Every child of every operation is optional in the schema, so `child-missing` cannot occur.
    *content_rules("body", f"{_WSDL}, the operation's element", Severity.ERROR, ("child-missing",)),
)
