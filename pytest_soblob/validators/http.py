"""Family `http`: request line, headers and status, as each SOAP version binds them.

Sources: SOAP 1.1 section 6, SOAP 1.2 part 2 section 7, WS-I Basic Profile 1.1 section 3.4, the
soapAction of Services86-BLOB.wsdl; what WCF refuses is an error.
"""

import re
from collections.abc import Iterator
from email.message import Message
from urllib.parse import unquote

from pytest_soblob._media_type import parse_content_type
from pytest_soblob._text import quote
from pytest_soblob._xml import Document
from pytest_soblob.contract import OPERATIONS, OTHER_OPERATIONS, Operation
from pytest_soblob.names import SERVICE_PATHS, SOAP12
from pytest_soblob.validators._context import make_violation
from pytest_soblob.violations import Severity, Violation
from pytest_soblob.wire import HttpRequest, HttpResponse

_QUOTED_ACTION = re.compile(r';\s*action\s*=\s*"', re.IGNORECASE)
_ANSWER_TO_TWO = {
    "Content-Type": "reads them as one value with a comma in it: answers 415",
    "SOAPAction": "reads them as one value with a comma in it: answers 500 with an "
    "ActionNotSupported fault",
}
_ONCE = ("Content-Type", "SOAPAction", "Host")
_UTF8 = ("utf-8", "UTF-8")
_RIGHT_HEADS: set[tuple[object, ...]] = set()
_MOST_HEADS = 256
_MOST_REMEMBERED_HEADERS = 20
_LONGEST_REMEMBERED = 300
_UTF16 = ("utf-16", "utf-16le", "utf-16be")
OF_THE_ACTION = ("http.soap-action-other", "http.action-other")
_INTERNAL = "answers 500 with an InternalServiceFault fault"
_BY_ACTION = {one.soap_action: one for one in (*OPERATIONS.values(), *OTHER_OPERATIONS.values())}


def judge_request(
    request: HttpRequest, document: Document, soap_namespace: str, operation: Operation
) -> list[Violation]:
    """Judge the HTTP side of a request whose envelope is of that SOAP version.

    A client sends the same head with each call but for the length: one about which there was
    nothing to say is remembered, and the next time only the length is judged.
    """
    found = list(_iter_framing(request))
    head = None
    if document.encoding in _UTF8 and len(request.headers) <= _MOST_REMEMBERED_HEADERS:
        kept = [pair for pair in request.headers if pair[0].lower() != "content-length"]
        head = (request.method, request.target, soap_namespace, operation.name, *kept)
        if head in _RIGHT_HEADS:
            return found
    said = list(_iter_head(request, document, soap_namespace, operation))
    if head is not None and not said and _is_worth_remembering(request):
        _RIGHT_HEADS.add(head)
    return [*found, *said]


def _is_worth_remembering(request: HttpRequest) -> bool:
    """Whether the verdict on a head says the same of any other body, and takes little room."""
    value = (request.header("Content-Type") or "").lower()
    if "charset" in value and "utf-8" not in value:
        return False  # what it says of ASCII bytes is not what it says of others
    small = all(len(value) <= _LONGEST_REMEMBERED for _, value in request.headers)
    return small and len(request.target) < _LONGEST_REMEMBERED and len(_RIGHT_HEADS) < _MOST_HEADS


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
            server="takes it all the same" if request.method in ("PUT", "PATCH") else None,
        )
    yield from _iter_doubled(request)
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


def find_operation(request: HttpRequest, meant: Operation | None = None) -> Operation | None:
    """Return the operation that a head names, whatever its body holds; None where it names none.

    That is SOAPAction's, or the action parameter's; else the one that the body may have meant; else
    the only one that is judged of the service to which the path leads.
    """
    raw = unquote((request.header("SOAPAction") or _action_parameter(request) or "").strip())
    named = _BY_ACTION.get(raw.strip('"'))
    if named is not None or meant is not None:
        return named or meant
    of_path = [one for one in OPERATIONS.values() if is_path_of(one.service, request.path)]
    return of_path[0] if len(of_path) == 1 else None


def is_path_of(service: str, path: str) -> bool:
    """Whether a path is the service's: in any case, a slash at the end allowed, as WCF has it."""
    return path.lower().removesuffix("/").endswith(SERVICE_PATHS[service].lower())


def _answer_at(path: str, service: str) -> str:
    """What a server makes of a call at a path that is not its service's."""
    found = next(
        (s for s, own in SERVICE_PATHS.items() if f"{own}/".lower() in f"{path}/".lower()), None
    )
    if found is None:
        return "answers 404"
    fault = "a DestinationUnreachable" if found == service else "an ActionNotSupported"
    return f"answers 500 with {fault} fault"


def iter_response_violations(
    response: HttpResponse, document: Document, soap_namespace: str, *, is_fault: bool
) -> Iterator[Violation]:
    """Judge the HTTP side of a response whose envelope is of that SOAP version."""
    yield from _iter_doubled(response)
    yield from _iter_framing(response)
    yield from _iter_content_type(response, document, soap_namespace)
    status = response.status
    if is_fault and 200 <= status < 300:
        yield make_violation(
            "http.fault-with-success-status",
            f"a fault travels with status {status}",
            path="HTTP status line",
            expected="500" if soap_namespace != SOAP12 else "400 or 500",
            got=str(status),
        )
    elif not is_fault and status >= 400:
        yield make_violation(
            "http.response-with-error-status",
            f"a normal response travels with status {status}",
            path="HTTP status line",
            expected="200",
            got=str(status),
        )


def _iter_doubled(message: HttpRequest | HttpResponse) -> Iterator[Violation]:
    """Judge headers of which nobody could say which one counts."""
    for name in _ONCE:
        values = message.header_values(name)
        if len(values) > 1:
            yield _doubled(name, values)


def _doubled(name: str, values: tuple[str, ...]) -> Violation:
    return make_violation(
        "http.header-doubled",
        f"there are {len(values)} headers {name}",
        path=f"HTTP header {name}",
        expected="one",
        got=quote(", ".join(values), 160),
        server=_ANSWER_TO_TWO.get(name, "answers 400"),
    )


def _iter_framing(message: HttpRequest | HttpResponse) -> Iterator[Violation]:
    """Judge what says how long the body is; whoever received it has undone any chunks."""
    lengths = message.header_values("Content-Length")
    if not lengths:
        return
    if len(lengths) > 1:
        yield _doubled("Content-Length", lengths)
    length, where = lengths[0], "HTTP header Content-Length"
    if length == str(len(message.body)) and message.header("Transfer-Encoding") is None:
        return  # nearly always
    if message.header("Transfer-Encoding") is not None:
        yield make_violation("http.framed-twice", path=where, got=quote(length, 20))
    elif not length.strip().isdecimal() or int(length.strip()[-20:]) != len(message.body):
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
    media_type = parsed.get_content_type()
    if media_type == "text/xml" and expected != "text/xml":
        yield make_violation(
            "http.content-type-soap12-as-text",
            path="HTTP header Content-Type",
            expected=expected,
            got=quote(value),
        )
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
    document: Document, parsed: Message, value: str, soap_namespace: str
) -> Iterator[Violation]:
    charset = str(parsed.get_param("charset", "", unquote=True) or "")
    if charset and document.root is not None and not _agrees(charset, document):
        yield make_violation(
            "http.charset-contradicts",
            f"charset is {quote(charset, 40)}, but the bytes are {document.encoding}",
            path="HTTP header Content-Type",
            # utf-16-le and utf-16-be are told by the byte order mark, not by the charset's name.
            expected=f"charset={re.sub('-[lb]e$', '', document.encoding)}",
            got=quote(value),
        )
    elif charset and soap_namespace != SOAP12 and _family(charset) not in ("utf-8", "utf-16"):
        yield make_violation(
            "http.charset-unusual",
            f"the charset is {quote(charset, 40)}",
            path="HTTP header Content-Type",
            expected="charset=utf-8",
            got=quote(value),
        )


def _agrees(charset: str, document: Document) -> bool:
    """Whether charset and bytes say the same; ASCII bytes agree with any superset of ASCII."""
    charset, actual = _family(charset), _family(document.encoding)
    if charset == actual:
        return True
    undeclared = document.declared_encoding is None and document.byte_order_mark is None
    return undeclared and "utf-16" not in (charset, actual) and document.data.isascii()


def _family(encoding: str) -> str:
    name = encoding.strip().lower().replace("_", "-")
    name = {"utf8": "utf-8", "us-ascii": "utf-8", "ascii": "utf-8"}.get(name, name)
    return "utf-16" if name.replace("utf-16-", "utf-16") in _UTF16 else name


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
            server="takes it",
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
    """What a server makes of another SOAPAction, by which alone it chooses the operation."""
    other = _BY_ACTION.get(action)
    if other is not None and is_path_of(other.service, path):
        return f"chooses {other.name}, then finds another element: {_INTERNAL}"
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
    action = parse_content_type(request.header("Content-Type") or "").get_param("action")
    return action if isinstance(action, str) else None
