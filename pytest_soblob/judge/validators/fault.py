"""Family `fault`: the structure of SOAP faults.

Sources: SOAP 1.1 section 4.4 and its schema (unqualified children, in order), SOAP 1.2 part 1
section 5.4, WS-I Basic Profile 1.1 R1000 to R1004. What WCF sends (a code in a Microsoft namespace,
xml:lang on faultstring) is valid. The content of a detail is not judged.
"""

from collections.abc import Generator, Iterator, Mapping

from pytest_soblob._text import quote
from pytest_soblob.contract import Profile
from pytest_soblob.judge.validators._content import (
    LANGUAGE,
    SOAP12_CODES,
    iter_language,
    iter_nil,
    iter_type_attribute,
)
from pytest_soblob.judge.validators._context import Context
from pytest_soblob.judge.violations import Violation
from pytest_soblob.names import SOAP11, SOAP12
from pytest_soblob.soap.envelope import (
    WHITE_SPACE,
    Element,
    children,
    display_name,
    local_name,
    namespace,
    parse_qname,
    split_name,
    stray_texts,
    text_of,
)

# The declared type of each child: an XSD built-in type, or a type of the SOAP schema.
_SOAP11 = {
    "faultcode": "QName",
    "faultstring": "string",
    "faultactor": "anyURI",
    "detail": f"{{{SOAP11}}}detail",
}
_SOAP12 = {
    "Code": f"{{{SOAP12}}}faultcode",
    "Reason": f"{{{SOAP12}}}faultreason",
    "Node": "anyURI",
    "Role": "anyURI",
    "Detail": f"{{{SOAP12}}}detail",
}
_CODE = {"Value": f"{{{SOAP12}}}faultcodeEnum", "Subcode": f"{{{SOAP12}}}subcode"}
_SUBCODE = {"Value": "QName", "Subcode": f"{{{SOAP12}}}subcode"}
_REASON = {"Text": f"{{{SOAP12}}}reasontext"}
_VALUES = ("faultcode", "faultstring", "faultactor", "Value", "Text", "Node", "Role")
_DETAILS = ("detail", "Detail")


def iter_violations(context: Context, element: Element) -> Iterator[Violation]:
    """Judge a Fault element, which must be of the envelope's SOAP version."""
    if namespace(element) != context.envelope.soap_namespace:
        yield context.violation(
            "envelope.soap-version-mixed",
            element,
            "the SOAP version of Fault is not that of Envelope: clients do not recognise the fault",
            expected=context.envelope.soap_namespace,
            got=namespace(element),
        )
    elif namespace(element) == SOAP12:
        yield from _iter_soap12(context, element)
    else:
        yield from _iter_soap11(context, element)


def _iter_soap11(context: Context, element: Element) -> Iterator[Violation]:
    yield from _iter_attributes(context, element)
    yield from _iter_children(context, element, _SOAP11, required=2, uri="")
    code = next((c for c in children(element) if local_name(c) == "faultcode"), None)
    if code is None:
        return
    local = yield from _iter_code(context, code)
    uri = _resolve(code)[0]
    if (
        local is not None
        and "." in local
        and uri in (None, SOAP11)
        and context.profile is Profile.WSDL
    ):
        yield context.violation(
            "fault.code-dotted", code, expected=local.partition(".")[0], got=quote(local, 60)
        )


def _iter_soap12(context: Context, element: Element) -> Iterator[Violation]:
    yield from _iter_attributes(context, element)
    yield from _iter_children(context, element, _SOAP12, required=2, uri=SOAP12)
    for child in children(element):
        if child.tag == f"{{{SOAP12}}}Code":
            yield from _iter_soap12_code(context, child)
        elif child.tag == f"{{{SOAP12}}}Reason":
            yield from _iter_reason(context, child)


def _iter_soap12_code(context: Context, code: Element) -> Iterator[Violation]:
    yield from _iter_children(context, code, _CODE, required=1, uri=SOAP12)
    value = code.find(f"{{{SOAP12}}}Value")
    if value is None:
        return
    local = yield from _iter_code(context, value)
    uri = _resolve(value)[0]
    if local is not None and (uri != SOAP12 or local not in SOAP12_CODES):
        yield context.violation(
            "fault.code-unknown",
            value,
            expected=", ".join(SOAP12_CODES),
            got=quote(text_of(value), 60),
        )
    yield from _iter_subcode(context, code)


def _iter_subcode(context: Context, code: Element) -> Iterator[Violation]:
    """Judge Subcode: its Value is in any namespace, and it may have a Subcode itself."""
    subcode = code.find(f"{{{SOAP12}}}Subcode")
    if subcode is None:
        return
    yield from _iter_children(context, subcode, _SUBCODE, required=1, uri=SOAP12)
    value = subcode.find(f"{{{SOAP12}}}Value")
    if value is not None:
        yield from _iter_code(context, value)
    yield from _iter_subcode(context, subcode)


def _iter_reason(context: Context, reason: Element) -> Iterator[Violation]:
    yield from _iter_stray_text(context, reason)
    for child in children(reason):
        if child.tag != f"{{{SOAP12}}}Text":
            yield context.violation(
                "fault.child-unknown",
                child,
                f"{display_name(str(child.tag))} is not a child of Reason",
                expected="Text",
            )
    texts = reason.findall(f"{{{SOAP12}}}Text")
    if not texts:
        yield context.violation("fault.child-missing", reason, "Reason has no Text")
    for text in texts:
        yield from _iter_declared(context, text, _REASON["Text"])
        if text.get(LANGUAGE) is None:
            yield context.violation("fault.language-missing", text)


def _iter_children(
    context: Context, element: Element, types: Mapping[str, str], *, required: int, uri: str
) -> Iterator[Violation]:
    """Judge names, order and number of children; the first `required` names are mandatory."""
    yield from _iter_stray_text(context, element)
    names = tuple(types)
    furthest = -1
    seen: set[str] = set()
    for child in children(element):
        name = local_name(child)
        if name not in names:
            yield context.violation(
                "fault.child-unknown",
                child,
                f"{display_name(str(child.tag))} is not a child of {local_name(element)}",
                expected=", ".join(names),
            )
            continue
        if namespace(child) != uri:
            rule = "fault.child-qualified" if not uri else "fault.child-unknown"
            yield context.violation(
                rule,
                child,
                f"{name} is in {namespace(child) or 'no namespace'}",
                expected=f"{name} in {uri or 'no namespace'}",
            )
        if name in seen:
            yield context.violation("fault.child-duplicate", child, f"{name} occurs more than once")
        elif names.index(name) < furthest:
            yield context.violation(
                "fault.child-out-of-order",
                child,
                f"{name} comes after {names[furthest]}",
                expected=f"{', '.join(names)}, in this order",
            )
        furthest = max(furthest, names.index(name))
        seen.add(name)
        yield from _iter_declared(context, child, types[name])
    for name in names[:required]:
        if name not in seen:
            yield context.violation(
                "fault.child-missing", element, f"{local_name(element)} has no {name}"
            )


def _iter_stray_text(context: Context, element: Element) -> Iterator[Violation]:
    for text in stray_texts(element):
        yield context.violation(
            "fault.text-between-children",
            element,
            f"there is text between the children of {local_name(element)}",
            expected="white space only",
            got=quote(text.strip(), 40),
        )


def _iter_declared(context: Context, element: Element, declared: str) -> Iterator[Violation]:
    """Judge a child against its declaration; its own children are judged elsewhere."""
    name = local_name(element)
    yield from _iter_attributes(context, element)
    yield from iter_type_attribute(context, "fault", element, declared)
    yield from iter_nil(context, "fault", element, nillable=False)
    inside = children(element)
    if name in _VALUES and inside:
        yield context.violation(
            "fault.element-in-value",
            element,
            f"{name} holds an element {display_name(str(inside[0].tag))}",
            expected="text only",
        )
    elif name in _DETAILS:
        yield from _iter_stray_text(context, element)


def _iter_attributes(context: Context, element: Element) -> Iterator[Violation]:
    """Judge attributes: qualified ones are allowed, on details any, but not encodingStyle."""
    yield from iter_language(context, element)
    for name in element.attrib:
        if str(name) == f"{{{SOAP12}}}encodingStyle" and context.envelope.is_soap12:
            yield context.violation(
                "envelope.encoding-style",
                element,
                f"{local_name(element)} has the attribute encodingStyle",
                got=quote(str(element.get(name))),
            )
        elif not split_name(str(name))[0] and local_name(element) not in _DETAILS:
            yield context.violation(
                "fault.attribute-unqualified",
                element,
                f"{local_name(element)} has an attribute {quote(str(name), 40)}",
                got=f"{quote(str(name), 40)}={quote(str(element.get(name)), 40)}",
            )


def _iter_code(context: Context, element: Element) -> Generator[Violation, None, str | None]:
    """Judge that the text is a QName with a declared prefix; return its local name, else None."""
    text = text_of(element)
    name = parse_qname(text)
    prefix, local = name or (None, None)
    if name is not None and (prefix is None or prefix in element.nsmap):
        return local
    yield context.violation(
        "fault.code-not-a-qname",
        element,
        f"the prefix {quote(prefix, 30)} is not declared" if prefix else None,
        got=quote(text.strip(WHITE_SPACE), 60),
    )
    return None


def _resolve(element: Element) -> tuple[str | None, str]:
    """Return namespace (None for none) and local name of a QName; `(None, "")` if it is not one."""
    prefix, local = parse_qname(text_of(element)) or (None, "")
    return element.nsmap.get(prefix), local
