"""Family `http`: request line, headers and status, as each SOAP version binds them.

Sources: SOAP 1.1 section 6, SOAP 1.2 part 2 section 7, WS-I Basic Profile 1.1 section 3.4, the
soapAction of Services86-BLOB.wsdl. Whatever WCF rejects is an error.
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from pytest_soblob._basics.numbers import parse_length
from pytest_soblob._http.media_type import ContentType, parse_content_type
from pytest_soblob._text import quote
from pytest_soblob._xml.document import Document
from pytest_soblob._xml.encodings import common_name, is_of_dotnet, is_read, is_utf, is_utf16
from pytest_soblob.contract import OPERATIONS, OTHER_OPERATIONS, Operation
from pytest_soblob.judge.validators._content import SOAP12_CODES
from pytest_soblob.judge.validators._context import make_violation
from pytest_soblob.judge.validators.common import is_common_head
from pytest_soblob.judge.validators.packing import is_unpacked_by_tool
from pytest_soblob.judge.violations import Severity, Violation
from pytest_soblob.names import SERVICE_PATHS, SOAP12
from pytest_soblob.soap.envelope import WHITE_SPACE, Element
from pytest_soblob.wire import HttpRequest, HttpResponse

_QUOTED_ACTION = re.compile(r';\s*action\s*=\s*"', re.IGNORECASE)
_ANSWER_TO_TWO = {
    "Content-Type": "joins the values with a comma: answers 415",
    "SOAPAction": "joins the values with a comma: answers 500 with an ActionNotSupported fault",
}
_ONCE = ("Content-Type", "SOAPAction", "Host")
OF_THE_ACTION = ("http.soap-action-other", "http.action-other")
_INTERNAL = "answers 500 with an InternalServiceFault fault"
_BY_ACTION = {one.soap_action: one for one in (*OPERATIONS.values(), *OTHER_OPERATIONS.values())}


def is_call(request: HttpRequest) -> bool:
    """Whether a request is judged: True unless it is a plain GET or HEAD.

    A GET or HEAD is judged as a call with the wrong method if it has a body, or if it has a
    SOAPAction or an XML Content-Type and no query: some clients turn a redirected POST into a GET.
    """
    if request.method not in ("GET", "HEAD") or request.body:
        return True
    is_marked = (
        request.header("SOAPAction") is not None
        or "xml" in (request.header("Content-Type") or "").lower()
    )
    return is_marked and not request.query


def judge_request(
    request: HttpRequest,
    document: Document,
    soap_namespace: str,
    operation: Operation,
    *,
    fast: bool = True,
) -> list[Violation]:
    """Judge request line and headers of a request.

    Args:
        request: The request as received.
        document: The parsed body.
        soap_namespace: Namespace of the envelope.
        operation: The operation that is called.
        fast: Whether a common head may be recognised without applying each rule; the verdict is
            the same either way.
    """
    found = list(_iter_framing(request))
    if fast and is_common_head(request, document.encoding, soap_namespace, operation):
        return found
    return [*found, *_iter_head(request, document, soap_namespace, operation)]


def _iter_head(
    request: HttpRequest, document: Document, soap_namespace: str, operation: Operation
) -> Iterator[Violation]:
    if request.method != "POST":
        yield make_violation(
            "http.method",
            f"the method is {quote(request.method, 20)}",
            path="HTTP request line",
            expected="POST",
            got=quote(request.method, 20),
            server="accepts it nevertheless" if request.method in ("PUT", "PATCH") else None,
        )
    yield from _iter_duplicate(request)
    if not is_path_of(operation.service, request.path):
        expected = SERVICE_PATHS[operation.service]
        yield make_violation(
            "http.path",
            f"the path is {quote(request.path, 100)}",
            path="HTTP request line",
            expected=f"a path that ends in {expected}",
            got=quote(request.path, 100),
            change=f"send it to ...{expected}",
            server=_answer_at(request.path, operation.service),
        )
    yield from _iter_content_type(request, document, soap_namespace)
    if soap_namespace == SOAP12:
        yield from _iter_action_parameter(request, operation)
    else:
        yield from _iter_soap_action(request, operation)


def operation_in_head(request: HttpRequest, meant: Operation | None = None) -> Operation | None:
    """Return the operation that the head of a request names; None if it cannot be determined.

    It is the one of SOAPAction or the action parameter; else `meant`; else the only operation that
    is judged of the service at the request's path.

    Args:
        request: The request.
        meant: The operation that the body probably means; None if there is none.
    """
    raw = unquote((request.header("SOAPAction") or _action_parameter(request) or "").strip())
    named = _BY_ACTION.get(raw.strip('"'))
    if named is not None or meant is not None:
        return named or meant
    of_path = [one for one in OPERATIONS.values() if is_path_of(one.service, request.path)]
    return of_path[0] if len(of_path) == 1 else None


def is_path_of(service: str, path: str) -> bool:
    """Whether a path is that of a service; as in WCF, case and a final slash do not matter."""
    return path.lower().removesuffix("/").endswith(SERVICE_PATHS[service].lower())


def _answer_at(path: str, service: str) -> str:
    """Return how a server answers a call at a path that is not that of its service."""
    found = next(
        (s for s, own in SERVICE_PATHS.items() if f"{own}/".lower() in f"{path}/".lower()), None
    )
    if found is None:
        return "answers 404"
    fault = "a DestinationUnreachable" if found == service else "an ActionNotSupported"
    return f"answers 500 with {fault} fault"


def iter_response_violations(
    response: HttpResponse, document: Document, soap_namespace: str, *, fault: Element | None
) -> Iterator[Violation]:
    """Judge status and headers of a response.

    Args:
        response: The response as received.
        document: The parsed body.
        soap_namespace: Namespace of the envelope.
        fault: The fault in the body; None if there is none.
    """
    yield from _iter_duplicate(response)
    yield from _iter_framing(response)
    yield from _iter_content_type(response, document, soap_namespace)
    status = response.status
    if fault is not None:
        bound = _statuses_of(fault, soap_namespace)
        if status not in bound:
            success = 200 <= status < 300
            yield make_violation(
                "http.fault-with-success-status" if success else "http.fault-status",
                f"a fault is sent with status {status}",
                path="HTTP status line",
                expected=" or ".join(map(str, bound)),
                got=str(status),
            )
    elif status >= 400:
        yield make_violation(
            "http.response-with-error-status",
            f"a normal response is sent with status {status}",
            path="HTTP status line",
            expected="200",
            got=str(status),
        )


def _statuses_of(fault: Element, soap_namespace: str) -> tuple[int, ...]:
    """Return the statuses allowed for a fault: 500, and in SOAP 1.2 also 400 for Sender faults.

    SOAP 1.2 binds Sender to 400 (part 2, table 17), but many servers, such as WCF, send 500. A code
    that SOAP 1.2 does not define is treated like Sender.
    """
    if soap_namespace != SOAP12:
        return (500,)
    code = fault.findtext(f"{{{SOAP12}}}Code/{{{SOAP12}}}Value") or ""
    others = tuple(name for name in SOAP12_CODES if name != "Sender")
    return (500,) if code.strip(WHITE_SPACE).endswith(others) else (400, 500)


def _iter_duplicate(message: HttpRequest | HttpResponse) -> Iterator[Violation]:
    """Judge headers that are ambiguous if they occur more than once."""
    for name in _ONCE:
        values = message.header_values(name)
        if len(values) > 1:
            yield _duplicate(name, values)


def _duplicate(name: str, values: tuple[str, ...]) -> Violation:
    return make_violation(
        "http.header-duplicate",
        f"there are {len(values)} headers {name}",
        path=f"HTTP header {name}",
        expected="one",
        got=quote(", ".join(values), 160),
        server=_ANSWER_TO_TWO.get(name, "answers 400"),
    )


def _iter_framing(message: HttpRequest | HttpResponse) -> Iterator[Violation]:
    """Judge Content-Length and Transfer-Encoding; the body is already decoded from chunks."""
    lengths = message.header_values("Content-Length")
    if not lengths or is_unpacked_by_tool(message):
        return
    if len(lengths) > 1:
        yield _duplicate("Content-Length", lengths)
    length, where = lengths[0], "HTTP header Content-Length"
    if length == str(len(message.body)) and message.header("Transfer-Encoding") is None:
        return  # the common case
    if message.header("Transfer-Encoding") is not None:
        yield make_violation("http.conflicting-framing", path=where, got=quote(length, 20))
    elif parse_length(length) != len(message.body):
        yield make_violation(
            "http.content-length",
            f"the Content-Length is {quote(length, 20)}, the body has {len(message.body):,} bytes",
            path=where,
            expected=str(len(message.body)),
            got=quote(length, 20),
        )


def _iter_content_type(
    message: HttpRequest | HttpResponse, document: Document, soap_namespace: str
) -> Iterator[Violation]:
    value = message.header("Content-Type")
    expected = "application/soap+xml" if soap_namespace == SOAP12 else "text/xml"
    if value is None:
        yield make_violation(
            "http.content-type-missing", path="HTTP header Content-Type", expected=expected
        )
        return
    parsed = parse_content_type(value)
    media_type = parsed.media_type
    if media_type == "text/xml" and expected != "text/xml":
        yield make_violation(
            "http.content-type-soap12-as-text",
            path="HTTP header Content-Type",
            expected=expected,
            got=quote(value),
        )
    elif media_type != expected and media_type == "multipart/related":
        pass  # reported by `packing`
    elif media_type != expected or "/" not in value:
        yield make_violation(
            "http.content-type",
            f"the Content-Type is {quote(value)}",
            path="HTTP header Content-Type",
            expected=expected,
            got=quote(value),
        )
    yield from _iter_charset(document, parsed, value, soap_namespace)


def _iter_charset(
    document: Document, parsed: ContentType, value: str, soap_namespace: str
) -> Iterator[Violation]:
    charset, where = parsed.get("charset"), "HTTP header Content-Type"
    if charset is None:
        return
    agrees = document.root is None or _agrees(charset, document)
    is_unknown = agrees or not is_read(charset)  # otherwise only the contradiction is reported
    if soap_namespace != SOAP12 and not is_of_dotnet(charset) and is_unknown:
        meant = common_name(charset)
        hint = f", a spelling of {meant} that .NET does not know" if is_utf(meant) else ""
        yield make_violation(
            "http.charset-unusual",
            f"the charset is {quote(charset, 40) if charset else 'empty'}{hint}",
            path=where,
            expected=f"charset={meant}" if hint else "charset=utf-8",
            got=quote(value),
        )
    elif charset and not agrees:
        yield make_violation(
            "http.charset-contradicts",
            f"the charset is {quote(charset, 40)}, but the bytes are {document.encoding}",
            path=where,
            # The byte order mark gives the byte order.
            expected=f"charset={'utf-16' if is_utf16(document.encoding) else document.encoding}",
            got=quote(value),
        )


def _agrees(charset: str, document: Document) -> bool:
    """Whether charset and bytes agree; ASCII bytes agree with any superset of ASCII."""
    said, actual = common_name(charset), common_name(document.encoding)
    if is_utf16(said) and is_utf16(actual):
        return said in ("utf-16", actual)
    if said == actual:
        return True
    undeclared = document.declared_encoding is None and document.byte_order_mark is None
    both_ascii = {said, actual} == {"us-ascii", "utf-8"}
    if is_utf16(said) or is_utf16(actual) or not is_read(said):
        return False
    return (undeclared or both_ascii) and document.data.isascii()


def _iter_soap_action(request: HttpRequest, operation: Operation) -> Iterator[Violation]:
    where = "HTTP header SOAPAction"
    raw = request.header("SOAPAction")
    expected = f'"{operation.soap_action}"'
    if raw is None:
        yield make_violation("http.soap-action-missing", path=where, expected=expected)
        return
    value = raw.strip()
    quoted = len(value) >= 2 and value[0] == value[-1] == '"'
    action = value[1:-1] if quoted else value
    if not action:
        yield make_violation(
            "http.soap-action-empty", path=where, expected=expected, got=quote(value)
        )
    elif unquote(action) == operation.soap_action != action:
        yield make_violation(
            "http.soap-action-other",
            "the SOAPAction is percent-encoded",
            severity=Severity.WARNING,
            path=where,
            expected=expected,
            got=quote(value, 160),
            server="accepts it",
        )
    elif action != operation.soap_action:
        yield make_violation(
            "http.soap-action-other",
            f"the SOAPAction is not that of {operation.name}",
            path=where,
            expected=expected,
            got=quote(value, 160),
            server=_answer_to_action(unquote(action), request.path),
        )
    elif not quoted:
        yield make_violation(
            "http.soap-action-unquoted", path=where, expected=expected, got=quote(value, 160)
        )


def _answer_to_action(action: str, path: str) -> str:
    """Return how a server answers another SOAPAction, by which alone it chooses the operation."""
    other = _BY_ACTION.get(action)
    if other is not None and is_path_of(other.service, path):
        return f"chooses {other.name}, then finds the wrong element: {_INTERNAL}"
    return "answers 500 with an ActionNotSupported fault"


def _iter_action_parameter(request: HttpRequest, operation: Operation) -> Iterator[Violation]:
    where = "HTTP header Content-Type"
    value = request.header("Content-Type") or ""
    action = _action_parameter(request)
    if action is None:
        return
    if action != operation.soap_action:
        yield make_violation(
            "http.action-other",
            f"the action parameter is not that of {operation.name}",
            path=where,
            expected=f'action="{operation.soap_action}"',
            got=quote(action, 160),
        )
    elif not _QUOTED_ACTION.search(value):
        yield make_violation("http.action-unquoted", path=where, got=quote(action, 160))


def _action_parameter(request: HttpRequest) -> str | None:
    return parse_content_type(request.header("Content-Type") or "").get("action")
