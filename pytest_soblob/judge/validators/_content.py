"""Typed content: a sequence of children, xsi:type, xsi:nil, values. Used for header and body.

The rules are the same in both families, with the family in their id: `body.child-unknown`,
`header.child-unknown`. Sources: XML Schema parts 1 and 2; the declared types in `contract`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from pytest_soblob._text import nearest, quote
from pytest_soblob.contract import COMPLEX_TYPES, OPEN_TYPES, BlobLinkType, Particle
from pytest_soblob.judge.validators._context import Context
from pytest_soblob.judge.validators.payload import iter_base64, iter_link_type
from pytest_soblob.judge.violations import Violation
from pytest_soblob.names import NETSERVER, PREFIXES, SOAP11, SOAP12, XML, XSD, XSI
from pytest_soblob.soap.binding import NIL, XSI_TYPE, is_nil, parse_boolean, parse_int
from pytest_soblob.soap.envelope import (
    SOAP_NAMESPACES,
    WHITE_SPACE,
    Element,
    children,
    display_name,
    is_other_version,
    local_name,
    namespace,
    parse_qname,
    split_name,
    stray_texts,
    text_of,
)

_BUILT_IN = frozenset(
    """anyType anySimpleType string normalizedString token language Name NCName NMTOKEN NMTOKENS
    ID IDREF IDREFS ENTITY ENTITIES boolean decimal integer long int short byte nonNegativeInteger
    positiveInteger nonPositiveInteger negativeInteger unsignedLong unsignedInt unsignedShort
    unsignedByte float double duration dateTime time date gYearMonth gYear gMonthDay gDay gMonth
    hexBinary base64Binary anyURI QName NOTATION""".split()  # noqa: SIM905 -- read as a list
)
_NO_MTOM = "send the image as base64 text: the service supports neither MTOM nor attachments"
# Built-in types derived from the declared one, which xsi:type may name, too (part 2, 3).
_DERIVED = {
    "string": frozenset(
        {"string", "normalizedString", "token", "language", "Name", "NCName", "NMTOKEN"}
        | {"ID"}  # IDREF and ENTITY would need a target
    ),
    "int": frozenset({"int", "short", "byte"}),
}
LANGUAGE = f"{{{XML}}}lang"
# The operation's type has no name; KeyValuePair is declared inside another type.
NAMELESS = ""
_NAMELESS = (NAMELESS, "KeyValuePair")
_NAME = re.compile(r"[^\W\d][\w.\-\u00b7]*")
_TAG = re.compile("[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*")  # XML Schema part 2, 3.3.3
# SOAP 1.2 part 1, 5.4.6.
SOAP12_CODES = ("VersionMismatch", "MustUnderstand", "DataEncodingUnknown", "Sender", "Receiver")
# Types of the SOAP schemas that xsi:type may name, by namespace.
_SOAP_TYPES = {
    SOAP11: ("detail",),
    SOAP12: ("faultcode", "faultcodeEnum", "subcode", "faultreason", "reasontext", "detail"),
}


def _is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def _is_language(text: str) -> bool:
    return _TAG.fullmatch(text) is not None


def _is_soap12_code(text: str, element: Element) -> bool:
    prefix, local = parse_qname(text) or (None, "")
    return element.nsmap.get(prefix) == SOAP12 and local in SOAP12_CODES


def _is_below(limit: int) -> Callable[[str, Element], bool]:
    def check(text: str, _: Element) -> bool:
        value = parse_int(text)
        return value is not None and -limit <= value < limit

    return check


# Facets that derived types add to the declared one (part 2, 3.3); types that differ only in their
# treatment of white space add none.
_FACETS: Mapping[str, Callable[[str, Element], bool]] = {
    "short": _is_below(2**15),
    "byte": _is_below(2**7),
    "language": lambda text, _: _is_language(text),
    "Name": lambda text, _: _is_name(text.replace(":", "_")),
    "NCName": lambda text, _: _is_name(text),
    "ID": lambda text, _: _is_name(text),
    "NMTOKEN": lambda text, _: _is_name("_" + text.replace(":", "_")) and bool(text),
    "BlobLinkType": lambda text, _: text in BlobLinkType.__members__,
    "faultcodeEnum": _is_soap12_code,
}


def iter_sequence(
    context: Context, family: str, element: Element, particles: Sequence[Particle]
) -> Iterator[Violation]:
    """Judge an element's children against a sequence, and the text between them."""
    by_name = {particle.name: (index, particle) for index, particle in enumerate(particles)}
    furthest, furthest_name = -1, ""
    seen: set[str] = set()
    for child in children(element):
        name = local_name(child)
        if namespace(child) != NETSERVER or name not in by_name:
            yield _misnamed(context, family, child, tuple(by_name))
            continue
        index, particle = by_name[name]
        if name in seen and particle.max_occurs == 1:
            yield context.violation(
                f"{family}.child-duplicate", child, f"{name} occurs more than once"
            )
            continue
        if index < furthest:
            yield _out_of_order(context, family, child, furthest_name, particles)
        else:
            furthest, furthest_name = index, name
        seen.add(name)
        yield from iter_typed(context, family, child, particle)
    for particle in particles:
        if particle.min_occurs and particle.name not in seen:
            yield context.violation(
                f"{family}.child-missing", element, f"{particle.name} is missing"
            )
    yield from _stray_text(context, family, element)


def iter_typed(
    context: Context, family: str, element: Element, particle: Particle
) -> Iterator[Violation]:
    """Judge an element against its declaration: attributes, xsi:type, xsi:nil and content."""
    yield from iter_attributes(context, family, element)
    yield from iter_type_attribute(context, family, element, particle.type)
    yield from iter_nil(context, family, element, nillable=particle.nillable)
    if is_nil(element) or particle.type in OPEN_TYPES:
        return
    if particle.type in COMPLEX_TYPES:
        yield from iter_sequence(context, family, element, COMPLEX_TYPES[particle.type])
    else:
        yield from _iter_simple(context, family, element, particle.type)


def iter_attributes(context: Context, family: str, element: Element) -> Iterator[Violation]:
    """Judge attributes: those of xsi are allowed, on header blocks those of SOAP, too."""
    for name in element.attrib:
        uri, _ = split_name(str(name))
        if uri != XSI and not (family == "header" and uri in SOAP_NAMESPACES):
            yield context.violation(
                f"{family}.attribute-unknown",
                element,
                f"{local_name(element)} has an attribute {display_name(str(name))}",
                got=f"{display_name(str(name))}={quote(str(element.get(name)), 40)}",
            )


def iter_language(context: Context, element: Element) -> Iterator[Violation]:
    """Judge xml:lang: a language tag, or empty (XML 1.0, 2.12)."""
    value = element.get(LANGUAGE)
    if value and not _is_language(value.strip(WHITE_SPACE)):
        yield context.violation(
            "xml.language",
            element,
            f"xml:lang of {local_name(element)} is {quote(value, 40)}",
            expected='a language tag such as "en" or "nb-NO", or an empty value',
            got=quote(value, 60),
        )


def iter_nil(
    context: Context, family: str, element: Element, *, nillable: bool
) -> Iterator[Violation]:
    """Judge xsi:nil: its value, whether it is allowed, and that a nil element is empty."""
    value = element.get(NIL)
    if value is None:
        return
    name = local_name(element)
    if parse_boolean(value) is None:
        yield context.violation(
            f"{family}.nil-value", element, expected="true, false, 1 or 0", got=quote(value)
        )
    elif not nillable:
        # XML Schema part 1, 3.3.4: the attribute itself is forbidden, whatever its value.
        yield context.violation(
            f"{family}.nil-not-allowed", element, f"{name} has xsi:nil, but is not nillable"
        )
    elif is_nil(element) and (len(context.envelope.base64_of(element)) or children(element)):
        yield context.violation(
            f"{family}.nil-with-content",
            element,
            f"{name} is nil, but has content",
            expected="no content, not even white space",
        )


def _misnamed(context: Context, family: str, child: Element, names: tuple[str, ...]) -> Violation:
    name, uri = local_name(child), namespace(child)
    by_case = next((known for known in names if known.lower() == name.lower()), None)
    near = nearest(name, names) or by_case
    hint = f"; did you mean {near}?" if near and near != name else ""
    expected = ", ".join(names) or "no child at all"
    if not uri:
        kind, said = "child-unqualified", f"{name} is in no namespace{hint}"
        expected = f"{name if name in names else expected} in {NETSERVER}"
    elif is_other_version(uri):
        kind, said = "child-other-version", f"{name} is in the namespace of another version{hint}"
        expected = NETSERVER
    elif uri != NETSERVER:
        kind, said = "child-other-namespace", f"{name} is in a foreign namespace{hint}"
        expected = NETSERVER
    else:
        kind, said = "child-unknown", f"{name} is not one of the children in the schema{hint}"
    return context.violation(
        f"{family}.{kind}", child, said, expected=expected, got=f"{{{uri}}}{name}" if uri else name
    )


def _out_of_order(
    context: Context, family: str, child: Element, after: str, particles: Sequence[Particle]
) -> Violation:
    name = local_name(child)
    order = ", ".join(particle.name for particle in particles)
    return context.violation(
        f"{family}.child-out-of-order",
        child,
        f"{name} comes after {after}, but must come before it",
        expected=f"{order}, in this order",
        got=f"{name} after {after}",
        change=f"put <{name}> before <{after}>",
    )


def _stray_text(context: Context, family: str, element: Element) -> Iterator[Violation]:
    for text in stray_texts(element):
        yield context.violation(
            f"{family}.text-between-children",
            element,
            f"there is text between the children of {local_name(element)}",
            expected="white space only",
            got=quote(text.strip(), 40),
        )


def iter_type_attribute(
    context: Context, family: str, element: Element, declared: str
) -> Iterator[Violation]:
    """Judge xsi:type against the declared type; none is allowed if that is `NAMELESS`."""
    raw = element.get(XSI_TYPE)
    if raw is None:
        return
    expected = _expected_type(element, declared)
    name = parse_qname(raw)
    if name is None:
        yield context.violation(
            f"{family}.xsi-type-unknown",
            element,
            "xsi:type is not a qualified name",
            expected=expected,
            got=quote(raw),
        )
        return
    prefix, local = name
    uri = element.nsmap.get(prefix)
    if prefix and uri is None:
        yield context.violation(
            f"{family}.xsi-type-unbound",
            element,
            f"the prefix {quote(prefix, 30)} in xsi:type is not declared",
            expected=expected,
            got=quote(raw),
        )
    elif not _is_known_type(uri or "", local):
        yield context.violation(
            f"{family}.xsi-type-unknown", element, expected=expected, got=quote(raw)
        )
    elif not _may_stand_for(uri or "", local, declared):
        yield context.violation(
            f"{family}.xsi-type-wrong",
            element,
            f"{local_name(element)} is declared "
            f"{f'as {expected}' if declared not in _NAMELESS else 'with a type of its own'}, "
            f"but xsi:type is {quote(raw, 40)}",
            expected=expected,
            got=quote(raw),
        )
    elif local in _FACETS and not (is_nil(element) or children(element)):
        text = text_of(element).strip(WHITE_SPACE)
        if not _FACETS[local](text, element):
            yield context.violation(
                f"{family}.xsi-type-wrong",
                element,
                f"xsi:type is {quote(raw, 40)}, but the value is not valid for that type",
                expected=expected,
                got=quote(text),
            )


def _expected_type(element: Element, declared: str) -> str:
    """Return the name of the declared type, with the prefix that the message declares for it."""
    if declared in _NAMELESS:
        return "no xsi:type: the type has no name"
    uri, local = _qualified(declared)
    bound = [prefix for prefix, name in element.nsmap.items() if name == uri]
    if None in bound:
        return local
    return f"{bound[0] if bound else PREFIXES[uri]}:{local}"


def _qualified(declared: str) -> tuple[str, str]:
    """Return namespace and local name of a declared type, given as a name or as {uri}local."""
    if declared.startswith("{"):
        return split_name(declared)
    return XSD if declared in _BUILT_IN else NETSERVER, declared


def _is_known_type(uri: str, local: str) -> bool:
    if uri == XSD:
        return local in _BUILT_IN
    if uri in _SOAP_TYPES:
        return local in _SOAP_TYPES[uri]
    named = (*COMPLEX_TYPES, *OPEN_TYPES, "BlobLinkType")
    return uri == NETSERVER and local in named and local != "KeyValuePair"


def _may_stand_for(uri: str, local: str, declared: str) -> bool:
    if uri == XSD:
        return local in _DERIVED.get(declared, {declared})
    if (uri, local) == (SOAP12, "faultcodeEnum") and declared == "QName":
        return True
    return (uri, local) == _qualified(declared) or (
        declared == "string" and (uri, local) == (NETSERVER, "BlobLinkType")
    )


def _iter_simple(
    context: Context, family: str, element: Element, type_name: str
) -> Iterator[Violation]:
    inside = children(element)
    if inside:
        yield context.violation(
            f"{family}.element-in-value",
            element,
            f"{local_name(element)} holds an element {display_name(str(inside[0].tag))}",
            expected="text only",
            change=_NO_MTOM if type_name == "base64Binary" else None,
        )
        return
    if type_name == "base64Binary":
        yield from iter_base64(context, element, context.envelope.base64_of(element))
        return
    text = text_of(element)
    match type_name:
        case "int" if parse_int(text) is None:
            yield context.violation(
                f"{family}.not-an-integer",
                element,
                f"{local_name(element)} is not an xs:int",
                expected="a decimal number from -2147483648 to 2147483647",
                got=quote(text),
            )
        case "boolean" if parse_boolean(text) is None:
            yield context.violation(
                f"{family}.not-a-boolean",
                element,
                f"{local_name(element)} is not an xs:boolean",
                expected="true, false, 1 or 0",
                got=quote(text),
            )
        case "BlobLinkType" if text not in BlobLinkType.__members__:
            yield _unknown_link_type(context, element, text)
        case "BlobLinkType":
            yield from iter_link_type(context, element, text)


def _unknown_link_type(context: Context, element: Element, text: str) -> Violation:
    names = list(BlobLinkType.__members__)
    stripped = text.strip()
    by_case = next((name for name in names if name.lower() == stripped.lower()), None)
    near = by_case or nearest(stripped, names)
    if stripped.isdecimal() and stripped.isascii() and 1 <= int(stripped[:3]) <= len(names):
        name = names[int(stripped[:3]) - 1]
        change = f"send the name, not the number: {name} is number {stripped}"
    elif near:
        change = f"did you mean {near}? Send it in this spelling, without white space"
    else:
        change = f"send one of {', '.join(names)}"
    return context.violation(
        "body.type-unknown",
        element,
        f"{quote(text, 40)} is not one of the 16 names of BlobLinkType",
        expected="a name such as PersonImage, ProjectImage, ProductImage",
        got=quote(text),
        change=change,
    )
