"""Family `fault`: the structure of SOAP faults.

Sources: SOAP 1.1 section 4.4 and its schema (unqualified children, in order), SOAP 1.2 part 1
section 5.4, WS-I Basic Profile 1.1 R1000 to R1004. WCF's shapes (a code in a namespace of
Microsoft's, xml:lang on faultstring) are right.
"""

from collections.abc import Generator, Iterator

from pytest_soblob._text import quote
from pytest_soblob.contract import Profile
from pytest_soblob.envelope import (
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
from pytest_soblob.names import SOAP11, SOAP12, XML
from pytest_soblob.validators._context import Context
from pytest_soblob.violations import Violation

_SOAP11_CHILDREN = ("faultcode", "faultstring", "faultactor", "detail")
_SOAP12_CHILDREN = ("Code", "Reason", "Node", "Role", "Detail")
_VALUES = ("faultcode", "faultstring", "faultactor", "Value", "Text", "Node", "Role")
_SOAP12_CODES = ("VersionMismatch", "MustUnderstand", "DataEncodingUnknown", "Sender", "Receiver")


def iter_violations(context: Context, element: Element) -> Iterator[Violation]:
    """Judge a Fault element, which must be of the envelope's SOAP version."""
    if namespace(element) != context.envelope.soap_namespace:
        yield context.violation(
            "envelope.soap-version-mixed",
            element,
            "Fault is of the other SOAP version than Envelope: no client sees a fault in it",
            expected=context.envelope.soap_namespace,
            got=namespace(element),
        )
    elif namespace(element) == SOAP12:
        yield from _iter_soap12(context, element)
    else:
        yield from _iter_soap11(context, element)


def _iter_soap11(context: Context, element: Element) -> Iterator[Violation]:
    yield from _iter_children(context, element, _SOAP11_CHILDREN, required=2, uri="")
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
    yield from _iter_children(context, element, _SOAP12_CHILDREN, required=2, uri=SOAP12)
    for child in children(element):
        if child.tag == f"{{{SOAP12}}}Code":
            yield from _iter_soap12_code(context, child)
        elif child.tag == f"{{{SOAP12}}}Reason":
            yield from _iter_reason(context, child)


def _iter_soap12_code(context: Context, code: Element) -> Iterator[Violation]:
    yield from _iter_children(context, code, ("Value", "Subcode"), required=1, uri=SOAP12)
    value = code.find(f"{{{SOAP12}}}Value")
    if value is None:
        return
    local = yield from _iter_code(context, value)
    uri = _resolve(value)[0]
    if local is not None and (uri != SOAP12 or local not in _SOAP12_CODES):
        yield context.violation(
            "fault.code-unknown",
            value,
            expected=", ".join(_SOAP12_CODES),
            got=quote(text_of(value), 60),
        )
    yield from _iter_subcode(context, code)


def _iter_subcode(context: Context, code: Element) -> Iterator[Violation]:
    """Judge Subcode, which has a Value of anybody's namespace, and may have a Subcode itself."""
    subcode = code.find(f"{{{SOAP12}}}Subcode")
    if subcode is None:
        return
    yield from _iter_children(context, subcode, ("Value", "Subcode"), required=1, uri=SOAP12)
    value = subcode.find(f"{{{SOAP12}}}Value")
    if value is not None:
        yield from _iter_code(context, value)
    yield from _iter_subcode(context, subcode)


def _iter_reason(context: Context, reason: Element) -> Iterator[Violation]:
    yield from _iter_stray_text(context, reason)
    yield from _iter_attributes(context, reason)
    for child in children(reason):
        if child.tag != f"{{{SOAP12}}}Text":
            yield context.violation(
                "fault.child-unknown",
                child,
                f"{display_name(str(child.tag))} is no child of Reason",
                expected="Text",
            )
    texts = reason.findall(f"{{{SOAP12}}}Text")
    if not texts:
        yield context.violation("fault.child-missing", reason, "Reason has no Text")
    for text in texts:
        yield from _iter_value(context, text)
        if not text.get(f"{{{XML}}}lang"):
            yield context.violation("fault.language-missing", text)


def _iter_children(
    context: Context, element: Element, names: tuple[str, ...], *, required: int, uri: str
) -> Iterator[Violation]:
    """Judge names, order and number of children; the first `required` names must be there."""
    yield from _iter_attributes(context, element)
    yield from _iter_stray_text(context, element)
    furthest = -1
    seen: set[str] = set()
    for child in children(element):
        name = local_name(child)
        if name not in names:
            yield context.violation(
                "fault.child-unknown",
                child,
                f"{display_name(str(child.tag))} is no child of {local_name(element)}",
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
            yield context.violation("fault.child-doubled", child, f"{name} stands more than once")
        elif names.index(name) < furthest:
            yield context.violation(
                "fault.child-out-of-order",
                child,
                f"{name} stands after {names[furthest]}",
                expected=f"{', '.join(names)}, in this order",
            )
        furthest = max(furthest, names.index(name))
        seen.add(name)
        if name in _VALUES:
            yield from _iter_value(context, child)
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
            f"text stands between the children of {local_name(element)}",
            expected="white space only",
            got=quote(text.strip(), 40),
        )


def _iter_value(context: Context, element: Element) -> Iterator[Violation]:
    """Judge a child that holds text only."""
    yield from _iter_attributes(context, element)
    inside = children(element)
    if inside:
        yield context.violation(
            "fault.element-in-value",
            element,
            f"{local_name(element)} holds an element {display_name(str(inside[0].tag))}",
            expected="text only",
        )


def _iter_attributes(context: Context, element: Element) -> Iterator[Violation]:
    for name in element.attrib:
        if str(name) == f"{{{SOAP12}}}encodingStyle" and context.envelope.is_soap12:
            yield context.violation(
                "envelope.encoding-style",
                element,
                f"encodingStyle stands on {local_name(element)}",
                got=quote(str(element.get(name))),
            )
        elif not split_name(str(name))[0]:
            yield context.violation(
                "fault.attribute-unqualified",
                element,
                f"{local_name(element)} has an attribute {quote(str(name), 40)}",
                got=f"{quote(str(name), 40)}={quote(str(element.get(name)), 40)}",
            )


def _iter_code(context: Context, element: Element) -> Generator[Violation, None, str | None]:
    """Judge that the text is a QName whose prefix is declared; return its local name, or None."""
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
    """Return namespace (None for none) and local name of a QName; empty where it is none."""
    prefix, local = parse_qname(text_of(element)) or (None, "")
    return element.nsmap.get(prefix), local
