"""Where an answer differs from that of the documented host: the behaviour `wcf` of the kit.

The kit is asked for its answer to the same request, and the two are compared row by row: status,
HTTP headers, header blocks, the fault, the result. Values that differ by nature (dates, ids,
tickets, images) are not compared. Neither is what depends on the data of a server: whether a blob
or a password exists.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from pytest_soblob._text import ascii_controls, clip
from pytest_soblob._xml import carving as _carving
from pytest_soblob.errors import SoblobError
from pytest_soblob.judge.validators.packing import unpack
from pytest_soblob.names import SOAP12, XML, XSI
from pytest_soblob.settings import SoblobSettings
from pytest_soblob.soap.binding import parse_boolean
from pytest_soblob.soap.envelope import (
    Element,
    Envelope,
    children,
    display_name,
    is_blank,
    local_name,
    parse_qname,
    text_of,
)
from pytest_soblob.stub.endpoint import StubEndpoint
from pytest_soblob.wire import HttpRequest, HttpResponse

# A larger request would be kept in a file by the endpoint, which has its secrets.
LARGEST_COMPARED: Final = 32 * 1024 * 1024
_LONGEST: Final = 300
_NONE: Final = "none"
_MOST_NODES: Final = 200
_DEEPEST: Final = 30
# Headers that belong to one connection or to one moment, or that follow from the body.
_BY_NATURE: Final = frozenset(
    (
        *("connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "date"),
        *("proxy-connection", "proxy-authenticate", "content-length", "age", "expires"),
    )
)
# Operations whose outcome depends on what the server has stored.
_OF_DATA: Final = ("Get", "Change", "Authenticate")
_STACK_TRACE: Final = "StackTrace"
_ID: Final = re.compile(r"\s*\+?0*[1-9]\d*\s*")
_ID_IN_BYTES: Final = re.compile(rb"(?<=Response>)[1-9]\d*(?=</)")
_SHOWN_AROUND: Final = 40


class Difference(NamedTuple):
    """One difference between an answer and that of the documented host.

    Attributes:
        what: What differs, such as `status`, `HTTP header Server` or `fault text`.
        expected: What the kit would have answered.
        got: What the server answered.
    """

    what: str
    expected: str
    got: str

    def to_json(self) -> dict[str, str]:
        """Return the difference as the line of a recording has it."""
        return self._asdict()


def answer_of_host(request: HttpRequest, settings: SoblobSettings) -> HttpResponse | None:
    """Return what the kit would answer, without any data: no blob is stored, each ticket is valid.

    Args:
        request: The request as the server got it.
        settings: Settings with the behaviour `wcf`.

    Returns:
        The answer; None if the request is too large to be asked for, or if there is none.
    """
    if len(request.body) > LARGEST_COMPARED:
        return None
    # One endpoint per request: nothing is kept, and threads share nothing.
    response = StubEndpoint(settings=settings, keep=1).handle(request).response
    if isinstance(response, bytes):
        raise SoblobError("the documented host has answered with bytes")
    return response


def compare(request: HttpRequest, expected: HttpResponse, got: HttpResponse) -> list[Difference]:
    """Return where an answer differs from the expected one; the texts may have secrets."""
    found = [
        *_row("status", str(expected.status), str(got.status)),
        *_row("reason phrase", expected.reason_phrase, got.reason_phrase),
        *_headers(expected, got),
    ]
    if request.method != "HEAD":
        found += _bodies(expected, got)
    return found


def _row(what: str, expected: str, got: str) -> Iterator[Difference]:
    if expected != got:
        shown = (clip(ascii_controls(text), _LONGEST) for text in (what, expected, got))
        yield Difference(*shown)


def _headers(expected: HttpResponse, got: HttpResponse) -> Iterator[Difference]:
    names = {name.lower(): name for name, _ in (*got.headers, *expected.headers)}
    for lowered, name in names.items():
        if lowered not in _BY_NATURE:
            ours, theirs = (
                ", ".join(one.header_values(name)) if one.header_values(name) else _NONE
                for one in (expected, got)
            )
            yield from _row(f"HTTP header {name}", ours, theirs)


def _bodies(expected: HttpResponse, got: HttpResponse) -> Iterator[Difference]:
    ours, theirs = _envelope(expected), _envelope(got)
    if ours is None and (theirs is None or expected.body):
        # A page or a WSDL; `check-wsdl` compares WSDLs.
        yield from (
            _row("body", _size(expected), _size(got)) if not (expected.body and got.body) else ()
        )
    elif ours is None or theirs is None:
        yield from _row("body", _kind(expected, ours), _kind(got, theirs))
    else:
        yield from _envelopes(ours, theirs)


def _size(response: HttpResponse) -> str:
    return "a body" if response.body else "no body"


def _kind(response: HttpResponse, envelope: Envelope | None) -> str:
    if envelope is not None:
        return f"an envelope with {_payload(envelope)}"
    if not response.body:
        return "no body"
    return f"no envelope, Content-Type {response.header('Content-Type') or _NONE}"


def _envelope(response: HttpResponse) -> Envelope | None:
    if not response.body:
        return None
    envelope = Envelope.from_document(_carving.parse(unpack(response).data))
    return None if envelope is None or envelope.soap_namespace is None else envelope


def _envelopes(ours: Envelope, theirs: Envelope) -> Iterator[Difference]:
    expected, got = _rows(ours), _rows(theirs)
    if (ours.fault is None) is not (theirs.fault is None):
        names = ("SOAP version", "body element", "fault code", "fault text")
        yield from _compare_rows(expected, got, names)
        return
    outcomes = (_succeeded(ours), _succeeded(theirs))
    if outcomes[0] is not outcomes[1] and None not in outcomes:
        yield from _compare_rows(expected, got, ("SOAP version", "header blocks", "body element"))
        if not _is_of_data(theirs):
            yield from _row("outcome", *map(_outcome, (ours, theirs)))
        return
    found = list(_compare_rows(expected, got, (*expected, *got)))
    yield from found
    if not found:
        yield from _spelling(ours, theirs)


def _compare_rows(
    expected: Mapping[str, str], got: Mapping[str, str], names: tuple[str, ...]
) -> Iterator[Difference]:
    for name in dict.fromkeys(names):
        yield from _row(name, expected.get(name, _NONE), got.get(name, _NONE))


def _succeeded(envelope: Envelope) -> bool | None:
    block = envelope.find_block("Succeeded")
    return None if block is None else parse_boolean(text_of(block.element))


def _outcome(envelope: Envelope) -> str:
    if _succeeded(envelope):
        return "Succeeded true"
    block = envelope.find_block("ExceptionInfo")
    shown = "" if block is None else f": {_shown(block.element)}"
    return f"Succeeded false{shown}"


def _is_of_data(envelope: Envelope) -> bool:
    element = envelope.payload_element
    return element is not None and local_name(element).startswith(_OF_DATA)


def _payload(envelope: Envelope) -> str:
    element = envelope.payload_element
    return _NONE if element is None else display_name(str(element.tag))


def _rows(envelope: Envelope) -> dict[str, str]:
    """Return what is compared of an envelope, by name."""
    rows = {"SOAP version": "1.2" if envelope.soap_namespace == SOAP12 else "1.1"}
    names = ", ".join(display_name(str(one.element.tag)) for one in envelope.header_blocks)
    rows["header blocks"] = names or ("an empty Header" if envelope.headers else "no Header")
    rows["body element"] = _payload(envelope)
    fault = envelope.fault
    if fault is not None:
        rows |= _fault_rows(fault)
        return rows
    for block in envelope.header_blocks[:_MOST_NODES]:
        rows[f"header block {block.name}"] = _shown(block.element)
    payload = envelope.payload_element
    if payload is not None:
        rows["result"] = _result(payload)
    return rows


def _fault_rows(fault: Element) -> dict[str, str]:
    rows = {}
    for child in children(fault)[:_MOST_NODES]:
        name = local_name(child)
        if name == "faultcode":
            rows["fault code"] = _code(child)
        elif name == "faultstring":
            rows["fault text"] = text_of(child)
            rows["fault language"] = child.get(f"{{{XML}}}lang") or _NONE
        else:
            rows[f"fault {name}"] = _shown(child)
    return rows


def _code(element: Element) -> str:
    """Return a fault's code with its namespace, whatever its prefix is."""
    text = text_of(element)
    parsed = parse_qname(text)
    if parsed is None:
        return text
    prefix, local = parsed
    return display_name(f"{{{element.nsmap.get(prefix, '')}}}{local}")


def _result(payload: Element) -> str:
    """Return the children of the response's wrapper, without values that differ by nature."""
    if _is_of_results(payload):
        return ", ".join(local_name(child) for child in children(payload)[:_MOST_NODES]) or _NONE
    shown = []
    for child in children(payload)[:_MOST_NODES]:
        text = text_of(child)
        is_id = local_name(child) == "Response" and _ID.fullmatch(text) and not len(child)
        shown.append("Response (an id)" if is_id else _shown(child))
    return ", ".join(shown) or _NONE


def _is_of_results(payload: Element) -> bool:
    """Whether the result is an image or a person, which differ by nature."""
    return local_name(payload).startswith(("Get", "Authenticate"))


def _shown(element: Element, depth: int = 0) -> str:
    """Return the content of an element on one line: nil, text, or children with theirs."""
    name = local_name(element)
    if parse_boolean(element.get(f"{{{XSI}}}nil", "")):
        return f"{name} nil"
    inside = children(element)
    if not inside:
        text = text_of(element)
        if name == _STACK_TRACE and text:
            return f"{name} (a text)"
        return f"{name} {clip(text, _LONGEST)}" if not is_blank(text) or text else f"{name} empty"
    if depth > _DEEPEST:
        return f"{name} …"
    return f"{name} ({', '.join(_shown(child, depth + 1) for child in inside[:_MOST_NODES])})"


def _spelling(ours: Envelope, theirs: Envelope) -> Iterator[Difference]:
    """Yield where the bytes differ although the content does not, but for ids."""
    expected, got = ours.document.data, theirs.document.data
    payload = theirs.payload_element
    if payload is not None and _is_of_results(payload):
        expected, got = (data.partition(b"Body>")[0] for data in (expected, got))
    expected, got = (_ID_IN_BYTES.sub(b"(id)", data) for data in (expected, got))
    if expected == got or _STACK_TRACE.encode() in got:
        return
    pairs = zip(expected, got, strict=False)
    at = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(expected), len(got)))
    around = slice(max(at - _SHOWN_AROUND, 0), at + _SHOWN_AROUND)
    shown = (data[around].decode("utf-8", "replace") for data in (expected, got))
    yield from _row("spelling", *shown)
