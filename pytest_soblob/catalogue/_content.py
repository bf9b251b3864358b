"""Rules that hold alike for every typed element, whether it stands in a header block or the body.

They follow from XML Schema part 1 (sequences, xsi:type, xsi:nil) and part 2 (lexical forms); what
a WCF host does is the DataContractSerializer's single forward pass over the known names.
"""

from pytest_soblob.violations import Rule, Severity

_DROPS = "drops it in silence: the value is lost and the call seems to work"
_FAULTS = "answers 500 with {fault} fault"
_FAULT = {"header": "an InternalServiceFault", "body": "a DeserializationFailed"}


# Id without family, severity (None: the family says), meaning, reference, change, server.
_ROWS = (
    ("child-out-of-order", Severity.ERROR, "A child stands after one that must follow it",
     "{reference}, xs:sequence; XML Schema part 1, 3.8.4",
     "put the children into the schema's order", _DROPS),
    ("child-doubled", Severity.ERROR, "A child stands more often than the schema allows",
     "{reference}, maxOccurs 1", "send it once", "takes the first and drops the others"),
    ("child-missing", Severity.ERROR, "A required child is missing",
     "{reference}, minOccurs 1", "send it; a nil one says that there is no value", None),
    ("child-unknown", Severity.ERROR, "A child has a name that the schema does not have",
     "{reference}", "take it out, or correct its name", _DROPS),
    ("child-unqualified", Severity.ERROR, "A child is in no namespace",
     "{reference}, elementFormDefault qualified",
     "qualify it with the Services86 namespace", _DROPS),
    ("child-other-version", Severity.ERROR, "A child is in another version's namespace",
     "{reference}, targetNamespace", "use the Services86 namespace throughout", _DROPS),
    ("child-other-namespace", Severity.ERROR, "A child is in a foreign namespace",
     "{reference}, targetNamespace", "use the Services86 namespace throughout", _DROPS),
    ("text-between-children", Severity.ERROR, "Text stands between elements",
     "XML Schema part 1, 3.4.4: element-only content",
     "take the text out, or put it inside the element it belongs to", _FAULTS),
    ("element-in-value", Severity.ERROR, "An element stands where only text may",
     "XML Schema part 1, 3.4.4: simple content", "escape < as &lt;, or take the element out",
     _FAULTS),
    ("attribute-unknown", None, "An attribute that the schema does not have",
     "{reference}: no attributes declared", "take the attribute out", None),
    ("nil-not-allowed", Severity.ERROR, "xsi:nil on an element that is not nillable",
     "{reference}, nillable", "send a value, or leave the element out",
     "reads it as the type's default value (0, false)"),
    ("nil-with-content", Severity.ERROR, "xsi:nil is true, yet there is content",
     "XML Schema part 1, 3.3.4", "send the value without xsi:nil, or nil without the value",
     None),
    ("nil-value", Severity.ERROR, "xsi:nil is neither true nor false",
     "XML Schema part 1, 2.6.2; part 2, 3.2.2",
     "take it out where there is a value, write true where there is none", _FAULTS),
    ("xsi-type-unknown", Severity.ERROR, "xsi:type names a type that does not exist here",
     "XML Schema part 1, 3.3.4", "name the declared type, or leave xsi:type out", _FAULTS),
    ("xsi-type-unbound", Severity.ERROR, "The prefix in xsi:type is not declared",
     "XML Schema part 1, 2.6.1; part 2, 3.2.18", "declare the prefix, or leave xsi:type out",
     _FAULTS),
    ("xsi-type-wrong", Severity.ERROR, "xsi:type names another type than the declared one",
     "XML Schema part 1, 3.3.4: the same type or one derived from it",
     "name the declared type, or leave xsi:type out", _FAULTS),
    ("not-an-integer", Severity.ERROR, "The value is not an xs:int",
     "XML Schema part 2, 3.3.17: -2147483648 to 2147483647, ASCII digits",
     "send a decimal number of 32 bits", _FAULTS),
    ("not-a-boolean", Severity.ERROR, "The value is not an xs:boolean",
     "XML Schema part 2, 3.2.2: true, false, 1, 0", "send true or false", None),
)  # fmt: skip


def content_rules(
    family: str, reference: str, attribute_severity: Severity, without: tuple[str, ...] = ()
) -> tuple[Rule, ...]:
    """Return the rules of typed content under the ids of one family.

    Args:
        family: `header` or `body`.
        reference: Where the declared content stands.
        attribute_severity: How much an attribute that the schema does not have matters there.
        without: Rules that no message can break there.
    """
    return tuple(
        Rule(
            id=f"{family}.{name}",
            severity=severity or attribute_severity,
            meaning=meaning,
            reference=where.format(reference=reference),
            change=change,
            server=server and server.format(fault=_FAULT[family]),
        )
        for name, severity, meaning, where, change, server in _ROWS
        if name not in without
    )
