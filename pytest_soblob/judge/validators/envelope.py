"""Family `envelope`: root, SOAP version, Header, Body and their siblings.

Sources: SOAP 1.1 section 4, SOAP 1.2 part 1 section 5, WS-I Basic Profile 1.1 (for `wsdl`), and
the documentation page for the form with header blocks beside Body.
"""

from collections.abc import Iterator

from pytest_soblob._text import plural, quote
from pytest_soblob.contract import OPERATIONS, OTHER_OPERATIONS, Profile
from pytest_soblob.judge.validators._content import iter_language
from pytest_soblob.judge.validators._context import Context, violation_at
from pytest_soblob.judge.validators._secrets import find_secrets
from pytest_soblob.judge.violations import Severity, Violation
from pytest_soblob.names import NETSERVER, SOAP11, SOAP12
from pytest_soblob.soap.envelope import (
    SOAP_NAMESPACES,
    Element,
    Envelope,
    display_name,
    is_blank,
    local_name,
    namespace,
    split_name,
)

_REFUSES = "answers 400 with an empty body"
_INTERNAL = "answers 500 with an InternalServiceFault fault"
_DESERIALIZATION = "answers 500 with a DeserializationFailed fault"
_NO_SOAP = "send a SOAP envelope; this is a different kind of document"
_INSIDE = (*OPERATIONS, *OTHER_OPERATIONS, "Authenticate", "Body", "Header", "Fault")
_VERSIONS = {SOAP11: "SOAP 1.1", SOAP12: "SOAP 1.2"}


def find_wrong_root(envelope: Envelope) -> Violation | None:
    """Return a violation if the root is not an envelope of either SOAP version, else None."""
    if envelope.soap_namespace is not None:
        return None
    root = envelope.root
    is_envelope = local_name(root) == "Envelope"
    return violation_at(
        root,
        envelope,
        "envelope.namespace-unknown" if is_envelope else "envelope.root-not-envelope",
        change=None if is_envelope or _is_of_service(root) else _NO_SOAP,
        secrets=lambda: find_secrets(envelope),
        expected=f"Envelope in {SOAP11}",
        got=f"{local_name(root)} in {namespace(root) or 'no namespace'}",
    )


def _is_of_service(root: Element) -> bool:
    """Whether an element belongs in an envelope of the service."""
    name = local_name(root).removesuffix("Response")
    return name in _INSIDE or namespace(root) in SOAP_NAMESPACES


def iter_violations(context: Context) -> Iterator[Violation]:
    """Judge the envelope itself."""
    yield from _iter_version(context)
    yield from _iter_parts(context)
    own = [context.envelope.root, *context.envelope.headers, *context.envelope.bodies]
    for element in own:
        yield from _iter_attributes(context, element)
        yield from _iter_text(context, element)


def iter_remarks(context: Context) -> Iterator[Violation]:
    """Judge a common envelope: only a note and warnings about its attributes are possible."""
    if context.profile is not Profile.WSDL:
        yield _not_what_wcf_speaks(context)
    if context.envelope.root.keys():
        yield from _iter_attributes(context, context.envelope.root)


def _iter_version(context: Context) -> Iterator[Violation]:
    envelope, profile = context.envelope, context.profile
    actual = str(envelope.soap_namespace)
    if actual != profile.soap_namespace:
        page_form = (
            " This form is the one on the documentation page." if _is_page_form(context) else ""
        )
        yield context.violation(
            "envelope.soap-version",
            envelope.root,
            f"the envelope is {_VERSIONS[actual]}, but the profile {profile} is "
            f"{_VERSIONS[profile.soap_namespace]}.{page_form}",
            expected=profile.soap_namespace,
            got=actual,
            server=None if envelope.is_soap12 else "accepts it, since it expects SOAP 1.1",
        )
    elif profile is not Profile.WSDL:
        yield _not_what_wcf_speaks(context)
    for role, element in envelope.parts:
        if role != "other" and namespace(element) != actual:
            yield context.violation(
                "envelope.soap-version-mixed",
                element,
                f"{local_name(element)} is {_VERSIONS[namespace(element)]}, "
                f"but Envelope is {_VERSIONS[actual]}",
                expected=actual,
                got=namespace(element),
            )


def _not_what_wcf_speaks(context: Context) -> Violation:
    return context.violation(
        "envelope.not-what-wcf-speaks",
        context.envelope.root,
        f"this is the {context.profile} form; "
        "a NetServer on WCF's basicHttpBinding accepts SOAP 1.1 only",
    )


def _is_page_form(context: Context) -> bool:
    """Whether a SOAP 1.2 message has no Header and, in a request, header blocks beside Body."""
    envelope = context.envelope
    if not envelope.is_soap12 or envelope.headers:
        return False
    return context.kind == "response" or any(not b.in_header for b in envelope.header_blocks)


def _iter_parts(context: Context) -> Iterator[Violation]:
    envelope = context.envelope
    body_seen = False
    for index, (role, element) in enumerate(envelope.parts):
        name = display_name(str(element.tag))
        if body_seen:
            yield context.violation(
                "envelope.after-body", element, f"{name} comes after Body", got=name
            )
        elif role == "header" and element is not envelope.headers[0]:
            yield context.violation("envelope.header-duplicate", element)
        elif role == "header" and index:
            yield context.violation(
                "envelope.header-not-first",
                element,
                f"Header comes after {display_name(str(envelope.parts[0][1].tag))}",
            )
        elif role == "other" and namespace(element) != NETSERVER:
            yield context.violation(
                "envelope.foreign-child",
                element,
                f"{name} is not allowed as a child of Envelope" + _wrong_case(element),
                got=name,
            )
        body_seen = body_seen or role == "body"
    if not envelope.bodies:
        yield context.violation(
            "envelope.body-missing",
            envelope.root,
            got=plural(len(envelope.parts), "other child") if envelope.parts else "no children",
        )


def _wrong_case(element: Element) -> str:
    """Return a hint if the element is Header or Body except for its case or namespace."""
    for name in ("Header", "Body"):
        if local_name(element).lower() == name.lower():
            return f"; did you mean {name} in the envelope's namespace?"
    return ""


def _iter_attributes(context: Context, element: Element) -> Iterator[Violation]:
    yield from iter_language(context, element)
    for name in element.attrib:
        uri, local = split_name(str(name))
        if not uri:
            yield context.violation(
                "envelope.attribute-unqualified",
                element,
                f"{local_name(element)} has an attribute {local} in no namespace",
                got=f"{local}={quote(str(element.get(name)), 40)}",
            )
        elif local == "encodingStyle" and uri == context.envelope.soap_namespace:
            soap12 = context.envelope.is_soap12
            yield context.violation(
                "envelope.encoding-style",
                element,
                f"{local_name(element)} has the attribute encodingStyle",
                severity=Severity.ERROR if soap12 else Severity.WARNING,
                got=quote(str(element.get(name))),
            )


def _iter_text(context: Context, element: Element) -> Iterator[Violation]:
    name = local_name(element)
    server = _INTERNAL if name == "Body" else _REFUSES
    for text, node in zip(
        (element.text, *(n.tail for n in element)), (None, *element), strict=True
    ):
        if node is not None and _is_read_late(name, node):
            server = _DESERIALIZATION
        if text is None or is_blank(text):
            continue
        yield context.violation(
            "envelope.text",
            element,
            f"there is text inside {name}",
            expected="elements and white space only",
            got=quote(text.strip(), 40),
            server=server,
        )


def _is_read_late(parent: str, node: Element) -> bool:
    """Whether a server reads the text after a node only after it has chosen the operation."""
    if not isinstance(node.tag, str):
        return False
    return parent == "Body" or (parent == "Envelope" and local_name(node) == "Body")
