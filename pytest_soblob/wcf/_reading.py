"""How a WCF host reads a request: its checks in its order, and its one forward pass over the parts.

Each check returns a `Refusal`, or None to go on. What is dropped on the way is not lost here: it is
told by path, so that a test can see what a server would not have.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import unquote

from pytest_soblob import _xml
from pytest_soblob._media_type import parse_content_type
from pytest_soblob.binding import parse_boolean
from pytest_soblob.contract import COMPLEX_TYPES, OPERATIONS, Operation, Particle
from pytest_soblob.envelope import (
    Element,
    Envelope,
    children,
    is_blank,
    local_name,
    namespace,
    stray_texts,
)
from pytest_soblob.names import NETSERVER, SERVICE_PATHS, SOAP11
from pytest_soblob.wcf._progress import Progress, first_text_of, read_on
from pytest_soblob.wcf._values import UnreadableError, read_members, read_part
from pytest_soblob.wcf._writing import (
    Refusal,
    action_not_supported,
    deserialization_failed,
    destination_unreachable,
    internal_service_fault,
    must_understand,
)
from pytest_soblob.wire import HttpRequest

_MOST_TOLD: Final = 1_000
_CHARSETS: Final = {
    "utf-8": "utf-8",
    "utf-16": "utf-16",
    "utf-16le": "utf-16",
    "utf-16be": "utf-16",
}
_ADDRESSING_NONE: Final = "http://schemas.microsoft.com/ws/2005/05/addressing/none"
# What is wrong before an element was read: declaration, encoding, DTD.
_BEFORE_THE_ROOT: Final = frozenset(
    f"xml.{name}"
    for name in (
        *("empty", "not-xml", "html", "version", "doctype", "utf16-undeclared"),
        *("encoding-contradicts", "encoding-unsupported", "too-many-nodes"),
    )
)
_WITH_A_BODY: Final = ("POST", "PUT", "PATCH")
_NO_PATH: Final = "*"  # of OPTIONS alone (RFC 9112, 3.2.4); what it is answered is inferred
_EMPTY_400: Final = Refusal(status=400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What the host read of a call.

    Attributes:
        operation: That SOAPAction names.
        values: Of the parts by name; None for nil, missing or dropped ones.
        blocks: Of the header blocks by name, those that stand there.
        dropped: Paths of what the host passed over in silence: late and unknown children.
    """

    operation: Operation
    values: Mapping[str, Any]
    blocks: Mapping[str, Any] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()


def read_request(request: HttpRequest, largest: int) -> Received | Refusal:
    """Read a POST as a WCF host reads it.

    Args:
        request: To any path.
        largest: Bytes that a message may have.
    """
    refused = _check_http(request, len(request.body), largest)
    if refused is not None:
        return refused
    parsed = _read_xml(request)
    if isinstance(parsed, Refusal):
        return parsed
    operation = choose_operation(request)
    if isinstance(operation, Refusal):
        return operation
    return _read_message(*parsed, operation)


def find_service(path: str) -> tuple[str, str] | None:
    """Return the service that a path leads to, and what follows it; None where there is none.

    Whatever stands before it is a tenant's; case does not matter.
    """
    lowered = path.lower()
    for name, service_path in SERVICE_PATHS.items():
        before, found, rest = lowered.partition(service_path.lower())
        if found and (not rest or rest.startswith("/")):
            return name, path[len(before) + len(found) :]
    return None


def is_below(rest: str) -> bool:
    """Whether what follows a service leads below it: one slash at the end does not."""
    return rest not in ("", "/")


def check_head(head: HttpRequest, largest: int) -> Refusal | None:
    """Return why a request is refused before its body is read; None where it is not yet.

    Args:
        head: Of a request with a body.
        largest: Bytes that a message may have.
    """
    length = head.header("Content-Length") or ""
    return _check_http(head, int(length) if length.isdecimal() else 1, largest)


def _check_http(request: HttpRequest, size: int, largest: int) -> Refusal | None:
    """Sections 1 to 4: its length, the address, whether there is a body, its type, its size."""
    has_body = request.method in _WITH_A_BODY
    chunked = request.header("Transfer-Encoding") is not None
    if has_body and request.header("Content-Length") is None and not chunked:
        return Refusal(status=411)
    if find_service(request.path) is None and (has_body or request.target != _NO_PATH):
        return Refusal(status=404)
    if not has_body or not size:
        return _EMPTY_400
    given = _value_of(request, "Content-Type") or "application/octet-stream"
    if _charset(given) is None:
        return Refusal(
            status=415,
            reason=f"Cannot process the message because the content type '{given}' was not the "
            "expected type 'text/xml; charset=utf-8'.",
        )
    if chunked and size >= largest:
        return _EMPTY_400
    return Refusal(status=413) if size > largest else None


def _value_of(request: HttpRequest, name: str) -> str:
    """Return a header's value, as the host has it: several are one, with commas."""
    return ", ".join(request.header_values(name))


def _charset(content_type: str) -> str | None:
    """Return the charset, empty where none is given; None where the type is not taken."""
    parsed = parse_content_type(content_type)
    if parsed.get_content_type() != "text/xml" or "/" not in content_type:
        return None
    charset = str(parsed.get_param("charset", "", unquote=True) or "").lower()
    return _CHARSETS.get(charset) if charset else ""


def _read_xml(request: HttpRequest) -> tuple[Envelope, Progress] | Refusal:
    """Section 5: everything up to the first node of Body is read before an operation is chosen."""
    document = _xml.parse(request.body)
    if document.problem is not None and document.problem.rule in _BEFORE_THE_ROOT:
        return _EMPTY_400
    progress = read_on(document)
    if progress.stopped is not None and not progress.has_reached_body:
        return _EMPTY_400
    if not _agrees(document, _charset(request.header("Content-Type") or "") or ""):
        return _EMPTY_400
    envelope = Envelope.from_document(replace(document, root=progress.root))
    if envelope is None or envelope.root.tag != f"{{{SOAP11}}}Envelope":
        return _EMPTY_400
    refused = _check_envelope(envelope)
    return (envelope, progress) if refused is None else refused


def _agrees(document: _xml.Document, charset: str) -> bool:
    """Whether bytes, declaration and charset say the same; UTF-16 must say so itself."""
    actual = "utf-16" if "16" in document.encoding else document.encoding.lower()
    if actual == "utf-16" and document.declared_encoding is None:
        return False
    if actual not in ("utf-8", "utf-16"):
        return False
    return not charset or charset == actual


def _check_envelope(envelope: Envelope) -> Refusal | None:
    """Look at Header and Body as far as they are read before the operation is chosen."""
    expected = [f"{{{SOAP11}}}Header", f"{{{SOAP11}}}Body"]
    tags = [str(child.tag) for child in children(envelope.root)]
    if tags[:1] != expected[1:] and tags[:2] != expected:
        return _EMPTY_400
    header = children(envelope.root)[0] if tags[0] == expected[0] else None
    if _has_text_before_body(envelope.root) or (header is not None and _has_text(header)):
        return _EMPTY_400  # the reader wants an element, or the end
    for block in [] if header is None else children(header):
        value = block.get(f"{{{SOAP11}}}mustUnderstand")
        if namespace(block) == _ADDRESSING_NONE:
            return _EMPTY_400
        if value is not None and parse_boolean(value) is None:
            return _EMPTY_400
    return None


def _has_text_before_body(root: Element) -> bool:
    nodes = list(root)
    body = next(at for at, node in enumerate(nodes) if node.tag == f"{{{SOAP11}}}Body")
    return not all(map(is_blank, [root.text, *(node.tail for node in nodes[:body])]))


def _has_text(element: Element) -> bool:
    return next(stray_texts(element), None) is not None


def choose_operation(request: HttpRequest) -> Operation | Refusal:
    """Section 6: SOAPAction alone, in its exact case; then the address."""
    raw = unquote(_value_of(request, "SOAPAction").strip())
    action = raw[1:-1] if len(raw) > 1 and raw[0] == raw[-1] == '"' else raw
    service, rest = find_service(request.path) or ("", "")
    known = (one for one in OPERATIONS.values() if one.service == service)
    operation = next((one for one in known if one.soap_action == action), None)
    if operation is None:
        return action_not_supported(action)
    return destination_unreachable(request.path) if is_below(rest) else operation


def _read_message(
    envelope: Envelope, progress: Progress, operation: Operation
) -> Received | Refusal:
    """Sections 7 to 11: header blocks, wrapper, parts, what follows, mustUnderstand."""
    try:
        blocks, unknown = _read_blocks(envelope, operation)
    except UnreadableError:
        return internal_service_fault("a header block has a value that cannot be read")
    body = next(child for child in children(envelope.root) if local_name(child) == "Body")
    if not is_blank(first_text_of(body)):
        return internal_service_fault("Body holds text")
    inside = children(body)
    if inside and inside[0].tag != f"{{{NETSERVER}}}{operation.name}":
        return internal_service_fault(
            f"OperationFormatter encountered an invalid Message body. Expected to find node type "
            f"'Element' with name '{operation.name}' and namespace '{NETSERVER}'. Found node type "
            f"'Element' with name '{local_name(inside[0])}' and namespace '{namespace(inside[0])}'"
        )
    values: dict[str, Any] = {part.name: None for part in operation.parts}
    dropped: list[str] = []
    if inside:
        refused = _read_parts(envelope, progress, inside[0], operation, values, dropped)
        if refused is not None:
            return refused
    if _goes_on(envelope.root, body, inside):
        return deserialization_failed(
            operation.name, f"End element 'Body' from namespace '{SOAP11}' expected."
        )
    if progress.stopped is not None:
        return deserialization_failed(operation.name, progress.stopped)
    if unknown is not None:
        return must_understand(local_name(unknown), namespace(unknown))
    return Received(operation=operation, values=values, blocks=blocks, dropped=tuple(dropped))


def _read_parts(
    envelope: Envelope,
    progress: Progress,
    wrapper: Element,
    operation: Operation,
    values: dict[str, Any],
    dropped: list[str],
) -> Refusal | None:
    """Section 3: one forward pass; whatever does not come in its turn is passed over."""
    names = [part.name for part in operation.parts]
    parts = {part.name: part for part in operation.parts}
    position = 0
    if not is_blank(wrapper.text):
        return deserialization_failed(operation.name, _text_error(wrapper))
    for child in wrapper:
        wanted = names[position:]
        is_element = isinstance(child.tag, str)  # or a comment
        name = local_name(child) if is_element and namespace(child) == NETSERVER else ""
        if child in progress.inside:
            said, part = progress.stopped or "", name if name in wanted else None
            return deserialization_failed(operation.name, said, part)
        if name in wanted:
            try:
                values[name] = read_part(child, parts[name])
            except UnreadableError as error:
                return deserialization_failed(operation.name, str(error), name)
            position = names.index(name) + 1
        elif is_element and len(dropped) < _MOST_TOLD:
            dropped.append(envelope.paths.path_of(child))
        if not is_blank(child.tail):  # the pass ends here
            return deserialization_failed(operation.name, _text_error(wrapper))
    if wrapper in progress.inside:
        return deserialization_failed(operation.name, progress.stopped or "")
    return None


def _text_error(wrapper: Element) -> str:
    return f"End element '{local_name(wrapper)}' from namespace '{NETSERVER}' expected. Found text."


def _read_blocks(envelope: Envelope, operation: Operation) -> tuple[dict[str, Any], Element | None]:
    """Return the known blocks' values, the last of each, and one that must be understood.

    Raises:
        UnreadableError: A value cannot be read.
    """
    known = {block.name: block for block in operation.request_blocks}
    values: dict[str, Any] = {}
    unknown: Element | None = None
    header = children(envelope.root)[0]
    for block in children(header) if local_name(header) == "Header" else []:
        name = local_name(block)
        if namespace(block) == NETSERVER and name in known:
            values[name] = _read_block(block, known[name])
        elif unknown is None and parse_boolean(block.get(f"{{{SOAP11}}}mustUnderstand", "")):
            unknown = block
    return values, unknown


def _read_block(block: Element, declared: Particle) -> Any:
    if declared.type not in COMPLEX_TYPES:
        return read_part(block, declared)
    members = read_members(block, declared.type)
    return (members or {}).get("Ticket") if declared.name == "Credentials" else members


def _goes_on(root: Element, body: Element, inside: Sequence[Element]) -> bool:
    """Whether anything but white space and comments stands behind the wrapper."""
    return len(inside) > 1 or _has_text(body) or children(root)[-1] is not body or _has_text(root)
