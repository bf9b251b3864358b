"""Family `body`: the operation, its children, and whether a response is consistent.

Sources: the operations' elements in Services86-BLOB.wsdl; the page; WS-I Basic Profile 1.1 R9981.
Elements that WCF drops silently are errors here.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

from pytest_soblob._text import nearest, plural
from pytest_soblob.contract import OPERATIONS, OTHER_OPERATIONS, SAVE_IMAGE_STREAM, Operation
from pytest_soblob.judge.validators import fault, payload
from pytest_soblob.judge.validators._content import (
    NAMELESS,
    iter_attributes,
    iter_nil,
    iter_sequence,
    iter_type_attribute,
)
from pytest_soblob.judge.validators._context import Context
from pytest_soblob.judge.violations import Severity, Violation, with_server
from pytest_soblob.names import NETSERVER
from pytest_soblob.soap.binding import find_child, is_nil, parse_boolean, parse_int
from pytest_soblob.soap.envelope import (
    Element,
    Envelope,
    children,
    display_name,
    is_other_version,
    local_name,
    namespace,
    stray_texts,
    text_of,
)

_RUNS = "runs the operation with no type, no image and no description"
_NOT_READ = "ignores it"


def operation_in_body(envelope: Envelope, kind: str) -> Operation | None:
    """Return the operation that the body names, in any namespace; None if it names no known one."""
    element = envelope.payload_element
    if element is None:
        return None
    name = local_name(element)
    if kind == "request":
        return OPERATIONS.get(name) or OTHER_OPERATIONS.get(name)
    known = chain(OPERATIONS.values(), OTHER_OPERATIONS.values())
    return next((o for o in known if o.response_element == name), None)


def guess_operation(envelope: Envelope, kind: str) -> Operation | None:
    """Return the operation with the name most similar to that in the body; None if none is."""
    element = envelope.payload_element
    if element is None:
        return None
    known = {_element_of(operation, kind): operation for operation in OPERATIONS.values()}
    near = nearest(local_name(element), known)
    return None if near is None else known[near]


def iter_violations(context: Context) -> Iterator[Violation]:
    """Judge the Body's child: the operation, its response, or a fault."""
    envelope = context.envelope
    element = envelope.payload_element
    if envelope.body is None:
        return
    if element is None:
        holds_text = next(stray_texts(envelope.body), None) is not None
        yield context.violation(
            "body.empty",
            envelope.body,
            expected=f"{_expected_name(context)} inside Body",
            server="answers 500 with an InternalServiceFault fault" if holds_text else _RUNS,
        )
        return
    for extra in envelope.body_children[1:]:
        yield context.violation(
            "body.second-child",
            extra,
            f"Body has {plural(len(envelope.body_children), 'element')} instead of one",
            got=display_name(str(extra.tag)),
        )
    if envelope.fault is not None:
        if context.kind == "request":
            yield context.violation("body.fault-in-request", envelope.fault)
        else:
            yield from fault.iter_violations(context, envelope.fault)
        return
    if context.actual is None:
        yield _unknown_operation(context, element)
        return
    yield from _iter_wrapper(context, element, context.actual)


def iter_remarks(context: Context, parts: Sequence[Element]) -> Iterator[Violation]:
    """Judge image and description of a common request; everything else in it is valid.

    Args:
        context: The message.
        parts: Type, Image and, if present, Description.
    """
    _, image, *rest = parts
    yield from payload.iter_base64(context, image, context.envelope.base64_of(image))
    if rest and not is_nil(rest[0]):
        yield from payload.iter_description(context, rest[0])
    elif context.envelope.payload_element is not None:
        yield from _iter_request(context, context.envelope.payload_element)


def _iter_wrapper(context: Context, element: Element, operation: Operation) -> Iterator[Violation]:
    name, uri = local_name(element), namespace(element)
    if context.operation is not None and context.operation is not operation:
        yield context.violation(
            "body.other-operation",
            element,
            f"the operation is {name}, not {context.operation.name}",
            expected=_expected_name(context),
            got=name,
        )
    if uri != NETSERVER:
        kind = (
            "operation-unqualified"
            if not uri
            else "operation-other-version"
            if is_other_version(uri)
            else "unknown-operation"
        )
        yield context.violation(
            f"body.{kind}",
            element,
            f"{name} is in {uri or 'no namespace'}",
            expected=f"{name} in {NETSERVER}",
            got=uri or "no namespace",
        )
    yield from iter_attributes(context, "body", element)
    yield from _unread(iter_type_attribute(context, "body", element, NAMELESS))
    yield from _unread(iter_nil(context, "body", element, nillable=False))
    if not operation.is_judged:
        yield context.violation(
            "body.operation-not-judged",
            element,
            f"this kit knows {operation.name} of {operation.service}.svc by name only: its content "
            "is not judged",
            got=name,
        )
        return
    if uri not in ("", NETSERVER) and is_other_version(uri):
        return  # its children are in the same namespace: one violation is enough
    request = context.kind == "request"
    particles = operation.parts if request else operation.results
    yield from iter_sequence(context, "body", element, particles)
    if operation is SAVE_IMAGE_STREAM:
        yield from (_iter_request if request else _iter_response)(context, element)


def _unread(violations: Iterator[Violation]) -> Iterator[Violation]:
    """Set the server's behaviour for the wrapper, of which it reads only the name."""
    return (with_server(violation, _NOT_READ) for violation in violations)


def _iter_request(context: Context, element: Element) -> Iterator[Violation]:
    for name in ("Type", "Image", "Description"):
        child = find_child(element, name)
        if child is None and not _has_misnamed(element, name):
            yield context.violation(f"body.{name.lower()}-missing", element, f"{name} is missing")
        elif child is not None and is_nil(child) and name != "Type":
            yield context.violation(f"body.{name.lower()}-missing", child, f"{name} is nil")
    description = find_child(element, "Description")
    if description is not None and not children(description):
        yield from payload.iter_description(context, description)


def _has_misnamed(element: Element, name: str) -> bool:
    """Whether a child was probably meant as this part, and is already reported as misnamed."""
    others = [
        local_name(child)
        for child in children(element)
        if namespace(child) != NETSERVER
        or local_name(child) not in ("Type", "Image", "Description")
    ]
    same = any(other.lower() == name.lower() for other in others)
    return same or nearest(name, others) is not None


def _iter_response(context: Context, element: Element) -> Iterator[Violation]:
    block = context.envelope.find_block("Succeeded")
    succeeded = None if block is None else parse_boolean(text_of(block.element))
    response = find_child(element, "Response")
    if response is None:
        if not _has_misnamed(element, "Response"):
            yield context.violation(
                "body.response-missing",
                element,
                severity=Severity.ERROR if succeeded else Severity.WARNING,
            )
        return
    value = None if children(response) or is_nil(response) else parse_int(text_of(response))
    if value is None:
        return
    if value <= 0 and succeeded is not False:
        yield context.violation(
            "body.response-not-positive", response, f"the blob id is {value}", got=str(value)
        )
    elif value > 0 and succeeded is False:
        yield context.violation(
            "body.response-positive-on-failure",
            response,
            f"the blob id is {value}, although Succeeded is false",
            got=str(value),
        )


def _expected_name(context: Context) -> str:
    if context.operation is None:
        return "an operation of the service"
    return _element_of(context.operation, context.kind)


def _element_of(operation: Operation, kind: str) -> str:
    return operation.name if kind == "request" else operation.response_element


def _unknown_operation(context: Context, element: Element) -> Violation:
    name = local_name(element)
    if operation_in_body(context.envelope, _other(context.kind)) is not None:
        return context.violation(
            "body.response-in-request",
            element,
            f"{name} belongs in a {_other(context.kind)}, but this is judged as a {context.kind}",
            expected=_expected_name(context),
            got=name,
        )
    meant = guess_operation(context.envelope, context.kind)
    hint = f"; did you mean {_element_of(meant, context.kind)}?" if meant else ""
    return context.violation(
        "body.unknown-operation",
        element,
        f"{display_name(str(element.tag))} is not a known operation{hint}",
        expected=_expected_name(context),
        got=display_name(str(element.tag)),
    )


def _other(kind: str) -> str:
    return "response" if kind == "request" else "request"
