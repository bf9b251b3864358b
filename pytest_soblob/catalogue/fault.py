"""Rules of family `fault`: the structure of a SOAP fault, 1.1 and 1.2."""

from pytest_soblob.violations import Rule, Severity

_SOAP11 = "SOAP 1.1 section 4.4"
_SOAP12 = "SOAP 1.2 part 1, 5.4"

RULES = (
    Rule(
        id="fault.child-missing",
        severity=Severity.ERROR,
        meaning="The fault lacks a child that it must have",
        reference=f"{_SOAP11}: faultcode, faultstring; {_SOAP12}: Code, Reason",
        change="send it",
    ),
    Rule(
        id="fault.child-unknown",
        severity=Severity.ERROR,
        meaning="The fault has a child that the SOAP version does not have",
        reference=f"{_SOAP11}; {_SOAP12}; WS-I Basic Profile 1.1 R1000",
        change="put it into detail, or take it out",
    ),
    Rule(
        id="fault.text-between-children",
        severity=Severity.ERROR,
        meaning="Text stands between the elements of the fault",
        reference=f"{_SOAP11}; {_SOAP12}; XML Schema part 1, 3.4.4: element-only content",
        change="put the text into faultstring, or into Text of Reason",
    ),
    Rule(
        id="fault.element-in-value",
        severity=Severity.ERROR,
        meaning="An element stands where the fault has only text",
        reference=f"{_SOAP11}; {_SOAP12}; XML Schema part 1, 3.4.4: simple content",
        change="move the element into detail (SOAP 1.2: Detail)",
    ),
    Rule(
        id="fault.attribute-unqualified",
        severity=Severity.ERROR,
        meaning="An attribute in no namespace stands on the fault or one of its children",
        reference="SOAP 1.1 section 4.4 and schema; SOAP 1.2 part 1, 5.4",
        change="take the attribute out",
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
        meaning="A child of the fault stands in the wrong place",
        reference=f"{_SOAP11} and its schema; {_SOAP12}",
        change="put the children into the schema's order",
    ),
    Rule(
        id="fault.child-doubled",
        severity=Severity.ERROR,
        meaning="A child of the fault stands more than once",
        reference=f"{_SOAP11} and its schema; {_SOAP12}",
        change="send it once",
    ),
    Rule(
        id="fault.code-not-a-qname",
        severity=Severity.ERROR,
        meaning="The fault code is not a qualified name with a declared prefix",
        reference=f"{_SOAP11}.1: a qualified name; {_SOAP12}.6",
        change="declare the prefix, and send prefix:name",
    ),
    Rule(
        id="fault.code-unknown",
        severity=Severity.ERROR,
        meaning="The code is none of those that the SOAP version has",
        reference=f"{_SOAP12}.6: VersionMismatch, MustUnderstand, DataEncodingUnknown, Sender, "
        "Receiver",
        change="send Sender or Receiver, and your own code as Subcode",
    ),
    Rule(
        id="fault.code-dotted",
        severity=Severity.WARNING,
        meaning="The fault code is refined with a dot",
        reference="WS-I Basic Profile 1.1 R1004",
        change="send the code without the dot, and details in detail",
    ),
    Rule(
        id="fault.language-missing",
        severity=Severity.ERROR,
        meaning="A Text of the reason does not say its language",
        reference=f"{_SOAP12}.2: xml:lang is mandatory",
        change='write xml:lang="en"',
    ),
)
