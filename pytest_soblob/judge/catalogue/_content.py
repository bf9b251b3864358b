"""Rules that apply to every typed element: in a header block, in the body and in a fault.

They follow from XML Schema part 1 (sequences, xsi:type, xsi:nil) and part 2 (lexical forms). The
behaviour of a WCF host follows from the DataContractSerializer, which makes a single forward pass
over the names it knows.
"""

from pytest_soblob.judge.violations import Rule, Severity

_DROPS = "ignores it silently: the value is lost and the call appears to succeed"
_FAULTS = "answers 500 with {fault} fault"
_FAULT = {"header": "an InternalServiceFault", "body": "a DeserializationFailed"}


# Id without family, severity (None: set by the family), meaning, reference, change, server.
_ROWS = (
    ("child-out-of-order", Severity.ERROR, "A child comes after one that must follow it",
     "{reference}, xs:sequence; XML Schema part 1, 3.8.4",
     "put the children into the schema's order", _DROPS),
    ("child-duplicate", Severity.ERROR, "A child occurs more often than the schema allows",
     "{reference}, maxOccurs 1", "send it once", "reads the first and ignores the others"),
    ("child-missing", Severity.ERROR, "A required child is missing",
     "{reference}, minOccurs 1", "send it; if there is no value, send it as nil", None),
    ("child-unknown", Severity.ERROR, "The schema declares no child with this name",
     "{reference}", "remove it, or correct its name", _DROPS),
    ("child-unqualified", Severity.ERROR, "A child is in no namespace",
     "{reference}, elementFormDefault qualified",
     "qualify it with the Services86 namespace", _DROPS),
    ("child-other-version", Severity.ERROR, "A child is in the namespace of another version",
     "{reference}, targetNamespace", "use the Services86 namespace throughout", _DROPS),
    ("child-other-namespace", Severity.ERROR, "A child is in a foreign namespace",
     "{reference}, targetNamespace", "use the Services86 namespace throughout", _DROPS),
    ("text-between-children", Severity.ERROR, "There is text between elements",
     "XML Schema part 1, 3.4.4: element-only content",
     "remove the text, or move it into the element it belongs to", _FAULTS),
    ("element-in-value", Severity.ERROR, "There is an element where only text is allowed",
     "XML Schema part 1, 3.4.4: simple content", "escape < as &lt;, or remove the element",
     _FAULTS),
    ("attribute-unknown", None, "The schema does not declare this attribute",
     "{reference}: no attributes declared", "remove the attribute", None),
    ("nil-not-allowed", Severity.ERROR, "xsi:nil on an element that is not nillable",
     "{reference}, nillable", "send a value, or leave the element out",
     "reads it as the type's default value (0, false)"),
    ("nil-with-content", Severity.ERROR, "xsi:nil is true, but the element has content",
     "XML Schema part 1, 3.3.4", "send the value without xsi:nil, or nil without the value",
     None),
    ("nil-value", Severity.ERROR, "xsi:nil is neither true nor false",
     "XML Schema part 1, 2.6.2; part 2, 3.2.2",
     "remove it where there is a value, write true where there is none", _FAULTS),
    ("xsi-type-unknown", Severity.ERROR, "xsi:type names a type that the schemas do not have",
     "XML Schema part 1, 3.3.4", "name the declared type, or omit xsi:type", _FAULTS),
    ("xsi-type-unbound", Severity.ERROR, "The prefix in xsi:type is not declared",
     "XML Schema part 1, 2.6.1; part 2, 3.2.18", "declare the prefix, or omit xsi:type",
     _FAULTS),
    ("xsi-type-wrong", Severity.ERROR, "xsi:type names a type other than the declared one",
     "XML Schema part 1, 3.3.4: the same type or one derived from it",
     "name the declared type, or omit xsi:type", _FAULTS),
    ("not-an-integer", Severity.ERROR, "The value is not an xs:int",
     "XML Schema part 2, 3.3.17: -2147483648 to 2147483647, ASCII digits",
     "send a decimal number in the range of 32 bits", _FAULTS),
    ("not-a-boolean", Severity.ERROR, "The value is not an xs:boolean",
     "XML Schema part 2, 3.2.2: true, false, 1, 0", "send true or false", None),
)  # fmt: skip


def content_rules(
    family: str,
    reference: str,
    attribute_severity: Severity = Severity.ERROR,
    without: tuple[str, ...] = (),
    only: tuple[str, ...] = (),
) -> tuple[Rule, ...]:
    """Return the rules of typed content with the ids of one family.

    Args:
        family: `header`, `body` or `fault`.
        reference: The source that declares the content.
        attribute_severity: Severity of an attribute that the schema does not declare.
        without: Names of rules that no message can break in this family.
        only: Names of the rules that apply to this family; empty for all.
    """
    return tuple(
        Rule(
            id=f"{family}.{name}",
            severity=severity or attribute_severity,
            meaning=meaning,
            reference=where.format(reference=reference),
            change=change,
            server=server.format(fault=_FAULT[family]) if server and family in _FAULT else None,
        )
        for name, severity, meaning, where, change, server in _ROWS
        if name not in without and (not only or name in only)
    )
