"""Rules of family `fault`: the structure of a SOAP fault, 1.1 and 1.2."""

from pytest_soblob.judge.catalogue._content import content_rules
from pytest_soblob.judge.violations import Rule, Severity

_SOAP11 = "SOAP 1.1 section 4.4"
_SOAP12 = "SOAP 1.2 part 1, 5.4"

RULES = (
    Rule(
        id="fault.child-missing",
        severity=Severity.ERROR,
        meaning="The fault lacks a required child",
        reference=f"{_SOAP11}: faultcode, faultstring; {_SOAP12}: Code, Reason",
        change="send it",
    ),
    Rule(
        id="fault.child-unknown",
        severity=Severity.ERROR,
        meaning="The fault has a child that its SOAP version does not define",
        reference=f"{_SOAP11}; {_SOAP12}; WS-I Basic Profile 1.1 R1000",
        change="move it into detail, or remove it",
    ),
    Rule(
        id="fault.text-between-children",
        severity=Severity.ERROR,
        meaning="There is text between the elements of the fault",
        reference=f"{_SOAP11}; {_SOAP12}; XML Schema part 1, 3.4.4: element-only content",
        change="move the text into faultstring or Text of Reason; in detail, into an element",
    ),
    Rule(
        id="fault.element-in-value",
        severity=Severity.ERROR,
        meaning="There is an element where the fault allows only text",
        reference=f"{_SOAP11}; {_SOAP12}; XML Schema part 1, 3.4.4: simple content",
        change="move the element into detail (SOAP 1.2: Detail)",
    ),
    Rule(
        id="fault.attribute-unqualified",
        severity=Severity.ERROR,
        meaning="The fault or one of its children has an attribute in no namespace",
        reference="SOAP 1.1 section 4.4 and schema; SOAP 1.2 part 1, 5.4",
        change="remove the attribute",
    ),
    Rule(
        id="fault.child-qualified",
        severity=Severity.ERROR,
        meaning="A child of a SOAP 1.1 fault is in a namespace",
        reference="SOAP 1.1 schema: unqualified; WS-I Basic Profile 1.1 R1001",
        change="write faultcode, faultstring, faultactor and detail without a namespace",
    ),
    Rule(
        id="fault.child-out-of-order",
        severity=Severity.ERROR,
        meaning="A child of the fault is in the wrong place",
        reference=f"{_SOAP11} and its schema; {_SOAP12}",
        change="put the children into the schema's order",
    ),
    Rule(
        id="fault.child-duplicate",
        severity=Severity.ERROR,
        meaning="A child of the fault occurs more than once",
        reference=f"{_SOAP11} and its schema; {_SOAP12}",
        change="send it once",
    ),
    Rule(
        id="fault.code-not-a-qname",
        severity=Severity.ERROR,
        meaning="The fault code is not a qualified name with a declared prefix",
        reference=f"{_SOAP11}.1: a qualified name; {_SOAP12}.6",
        change="send prefix:name, and declare the prefix",
    ),
    Rule(
        id="fault.code-unknown",
        severity=Severity.ERROR,
        meaning="The fault code is not one of those of SOAP 1.2",
        reference=f"{_SOAP12}.6: VersionMismatch, MustUnderstand, DataEncodingUnknown, Sender, "
        "Receiver",
        change="send Sender or Receiver, and your own code in Subcode",
    ),
    Rule(
        id="fault.code-dotted",
        severity=Severity.WARNING,
        meaning="The fault code is refined with a dot",
        reference="WS-I Basic Profile 1.1 R1004",
        change="send the code without the dot, and the specifics in detail",
    ),
    Rule(
        id="fault.language-missing",
        severity=Severity.ERROR,
        meaning="A Text of the reason has no language",
        reference=f"{_SOAP12}.2: xml:lang is mandatory",
        change='write xml:lang="en"',
    ),
    *content_rules(
        "fault",
        f"{_SOAP11} and its schema; {_SOAP12} and its schema",
        only=(
            "nil-not-allowed",
            "nil-value",
            "xsi-type-unknown",
            "xsi-type-unbound",
            "xsi-type-wrong",
        ),
    ),
)
