"""How a WCF host reads a request: its checks in their order, and one forward pass over the parts.

Each check returns a `Rejection`, or None to go on. The paths of dropped elements are recorded, so
that a test can see what a server would lose.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import unquote

from pytest_soblob._basics.numbers import parse_length
from pytest_soblob._http.media_type import parse_content_type
from pytest_soblob._xml import carving as _carving
from pytest_soblob._xml import document as _xml
from pytest_soblob._xml.encodings import common_name, is_of_dotnet, is_utf16
from pytest_soblob.contract import COMPLEX_TYPES, OPERATIONS, Operation, Particle
from pytest_soblob.names import NETSERVER, SERVICE_PATHS, SOAP11
from pytest_soblob.soap.binding import parse_boolean
from pytest_soblob.soap.envelope import (
    Element,
    Envelope,
    children,
    is_blank,
    local_name,
    namespace,
    stray_texts,
)
from pytest_soblob.stub.wcf._progress import Progress, first_text_of, read_on
from pytest_soblob.stub.wcf._values import UnreadableError, read_members, read_part
from pytest_soblob.stub.wcf._writing import (
    Rejection,
    action_not_supported,
    deserialization_failed,
    destination_unreachable,
    internal_service_fault,
    must_understand,
)
from pytest_soblob.wire import HttpRequest

_MOST_DROPPED: Final = 1_000
_ADDRESSING_NONE: Final = "http://schemas.microsoft.com/ws/2005/05/addressing/none"
# Problems found before any element is read: declaration, encoding, DTD.
_BEFORE_THE_ROOT: Final = frozenset(
    f"xml.{name}"
    for name in (
        *("empty", "not-xml", "html", "version", "doctype", "utf16-undeclared"),
        *("encoding-contradicts", "encoding-unsupported", "too-many-nodes"),
    )
)
_WITH_A_BODY: Final = ("POST", "PUT", "PATCH")
_NO_PATH: Final = "*"  # for OPTIONS only (RFC 9112, 3.2.4); the answer is inferred
_EMPTY_400: Final = Rejection(status=400)


@dataclass(frozen=True, slots=True, kw_only=True)
class WcfRequest:
    """A request as the host read it.

    Attributes:
        operation: Operation that SOAPAction names.
        values: Values of the parts by name; None for nil, missing or dropped ones. A large image is
            its text, which can be decoded.
        blocks: Values of the header blocks that are present, by name.
        dropped: Paths of late and unknown children, which the host ignores without an error.
    """

    operation: Operation
    values: Mapping[str, Any]
    blocks: Mapping[str, Any] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()


def read_request(
    request: HttpRequest, largest: int, document: _xml.Document | None = None
) -> WcfRequest | Rejection:
    """Read a POST as a WCF host reads it.

    Args:
        request: Request to any path.
        largest: Largest message in bytes.
        document: Parsed body, or None to parse it here.
    """
    rejection = _check_http(request, len(request.body), largest)
    if rejection is not None:
        return rejection
    parsed = _read_xml(request, document or _carving.parse(request.body))
    if isinstance(parsed, Rejection):
        return parsed
    operation = choose_operation(request)
    if isinstance(operation, Rejection):
        return operation
    return _read_message(*parsed, operation)


def find_service(path: str) -> tuple[str, str] | None:
    """Return the service of a path and the rest of the path, or None.

    Anything may precede the service, such as the name of a tenant; case does not matter.
    """
    lowered = path.lower()
    for name, service_path in SERVICE_PATHS.items():
        before, found, rest = lowered.partition(service_path.lower())
        if found and (not rest or rest.startswith("/")):
            return name, path[len(before) + len(found) :]
    return None


def is_below(rest: str) -> bool:
    """Return True if the rest of a path leads below the service; a single slash does not."""
    return rest not in ("", "/")


def check_head(head: HttpRequest, largest: int) -> Rejection | None:
    """Return the rejection of a request before its body is read, or None.

    Args:
        head: Head of a request that has a body.
        largest: Largest message in bytes.
    """
    length = parse_length(head.header("Content-Length") or "")
    return _check_http(head, 1 if length is None else length, largest)


def _check_http(request: HttpRequest, size: int, largest: int) -> Rejection | None:
    """Check length, address, presence of a body, its type and its size, in this order."""
    has_body = request.method in _WITH_A_BODY
    chunked = request.header("Transfer-Encoding") is not None
    if has_body and request.header("Content-Length") is None and not chunked:
        return Rejection(status=411)
    if find_service(request.path) is None and (has_body or request.target != _NO_PATH):
        return Rejection(status=404)
    if not has_body or not size:
        return _EMPTY_400
    given = _value_of(request, "Content-Type") or "application/octet-stream"
    if _charset(given) is None:
        return Rejection(
            status=415,
            reason=f"Cannot process the message because the content type '{given}' was not the "
            "expected type 'text/xml; charset=utf-8'.",
        )
    if chunked and size >= largest:
        return _EMPTY_400
    return Rejection(status=413) if size > largest else None


def _value_of(request: HttpRequest, name: str) -> str:
    """Return a header's value as the host has it: several joined with commas."""
    return ", ".join(request.header_values(name))


def _charset(content_type: str) -> str | None:
    """Return the charset, "" if none is given, or None if the type is not accepted."""
    parsed = parse_content_type(content_type)
    if parsed.media_type != "text/xml" or "/" not in content_type:
        return None
    charset = (parsed.get("charset") or "").lower()
    return charset if parsed.get("charset") is None or is_of_dotnet(charset) else None


def _read_xml(
    request: HttpRequest, document: _xml.Document
) -> tuple[Envelope, Progress] | Rejection:
    """Read up to the first node of Body, which the host does before it chooses an operation."""
    if document.problem is not None and document.problem.rule in _BEFORE_THE_ROOT:
        return _EMPTY_400
    progress = read_on(document, lambda: _xml.parse(request.body))
    if progress.stopped is not None and not progress.has_reached_body:
        return _EMPTY_400
    if not _agrees(document, _charset(request.header("Content-Type") or "") or ""):
        return _EMPTY_400
    envelope = Envelope.from_document(replace(document, root=progress.root))
    if envelope is None or envelope.root.tag != f"{{{SOAP11}}}Envelope":
        return _EMPTY_400
    rejection = _check_envelope(envelope)
    return (envelope, progress) if rejection is None else rejection


def _agrees(document: _xml.Document, charset: str) -> bool:
    """Return True if bytes, declaration and charset agree; UTF-16 must be declared."""
    declared, actual = document.declared_encoding, common_name(document.encoding)
    if declared is None and is_utf16(actual):
        return False
    if declared is not None and not is_of_dotnet(declared):
        return False
    if charset == "utf-16":  # in the byte order of the byte order mark
        return is_utf16(actual)
    return not charset or charset == actual


def _check_envelope(envelope: Envelope) -> Rejection | None:
    """Check what is read of Header and Body before the operation is chosen."""
    expected = [f"{{{SOAP11}}}Header", f"{{{SOAP11}}}Body"]
    tags = [str(child.tag) for child in children(envelope.root)]
    if tags[:1] != expected[1:] and tags[:2] != expected:
        return _EMPTY_400
    header = children(envelope.root)[0] if tags[0] == expected[0] else None
    if _has_text_before_body(envelope.root) or (header is not None and _has_text(header)):
        return _EMPTY_400  # the reader expects an element or an end tag
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


def choose_operation(request: HttpRequest) -> Operation | Rejection:
    """Choose the operation by SOAPAction alone, with exact case, then check the address."""
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
) -> WcfRequest | Rejection:
    """Read header blocks, wrapper, parts and what follows, then check mustUnderstand."""
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
        rejection = _read_parts(envelope, progress, inside[0], operation, values, dropped)
        if rejection is not None:
            return rejection
    if _goes_on(envelope.root, body, inside):
        return deserialization_failed(
            operation.name, f"End element 'Body' from namespace '{SOAP11}' expected."
        )
    if progress.stopped is not None:
        return deserialization_failed(operation.name, progress.stopped)
    if unknown is not None:
        return must_understand(local_name(unknown), namespace(unknown))
    return WcfRequest(operation=operation, values=values, blocks=blocks, dropped=tuple(dropped))


def _read_parts(
    envelope: Envelope,
    progress: Progress,
    wrapper: Element,
    operation: Operation,
    values: dict[str, Any],
    dropped: list[str],
) -> Rejection | None:
    """Read the parts in one forward pass; elements out of order are dropped."""
    cut = envelope.document.cut
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
                text = cut.text if cut is not None and cut.element is child else None
                values[name] = read_part(child, parts[name], text)
            except UnreadableError as error:
                return deserialization_failed(operation.name, str(error), name)
            position = names.index(name) + 1
        elif is_element and len(dropped) < _MOST_DROPPED:
            dropped.append(envelope.paths.path_of(child))
        if not is_blank(child.tail):  # text ends the pass
            return deserialization_failed(operation.name, _text_error(wrapper))
    if wrapper in progress.inside:
        return deserialization_failed(operation.name, progress.stopped or "")
    return None


def _text_error(wrapper: Element) -> str:
    return f"End element '{local_name(wrapper)}' from namespace '{NETSERVER}' expected. Found text."


def _read_blocks(envelope: Envelope, operation: Operation) -> tuple[dict[str, Any], Element | None]:
    """Return the values of known blocks, the last of each, and an unknown mandatory block or None.

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
    """Return True if anything but white space and comments follows the wrapper."""
    return len(inside) > 1 or _has_text(body) or children(root)[-1] is not body or _has_text(root)
