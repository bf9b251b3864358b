"""Probes that store nothing: the WSDL, the help page, log-in, calls that must be refused.

No call here names SaveImageStream or has an Image: each is a GetBlobStream, so that a provider that
accepts too much stores nothing either. The refusals are data.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pytest_soblob._text import DRAWN_MARK
from pytest_soblob.conformance.checking import is_bad, known_description
from pytest_soblob.conformance.comparing import compare
from pytest_soblob.conformance.providers.answers import Reading, find_in_answer, read_answer
from pytest_soblob.conformance.providers.pacing import GaveUpError
from pytest_soblob.conformance.providers.session import Session
from pytest_soblob.conformance.providers.values import Address, Sent
from pytest_soblob.conformance.reading import read_description
from pytest_soblob.conformance.sources import load_with
from pytest_soblob.errors import SoblobError
from pytest_soblob.names import NETSERVER, NETSERVER_FAMILY, SOAP11
from pytest_soblob.soap.binding import find_child, read
from pytest_soblob.soap.envelope import Element
from pytest_soblob.soap.messages import AuthenticateUsernamePasswordRequest, GetBlobStreamRequest
from pytest_soblob.wire import HttpRequest

# An id that no blob has; a ticket that no one was given.
UNKNOWN_ID: Final = 2_147_483_646
INVENTED_TICKET: Final = f"7T:{DRAWN_MARK}Verify=="
_ID: Final = f">{UNKNOWN_ID}<".encode()
_MOST_SHOWN: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A call that a right provider refuses.

    Attributes:
        id: What is wrong with the call.
        sends: What is sent, in a few words.
        change: Makes it of a right call.
        notices: What a consumer misses if the provider accepts it.
        needs_ticket: Whether only a caller with a ticket can tell that it was refused.
    """

    id: str
    sends: str
    change: Callable[[HttpRequest], HttpRequest]
    notices: str
    needs_ticket: bool = False


def base_request(session: Session, ticket: str | None = None) -> HttpRequest:
    """Return a right call that asks for a blob that does not exist."""
    credentials = session.credentials
    request = GetBlobStreamRequest(
        blob_id=UNKNOWN_ID,
        ticket=ticket or credentials.ticket or INVENTED_TICKET,
        application_token=credentials.application_token,
    )
    return request.to_http_request("wsdl")


def _body(change: Callable[[bytes], bytes]) -> Callable[[HttpRequest], HttpRequest]:
    return lambda request: replace(request, body=change(request.body))


def _replaced(old: bytes, new: bytes) -> Callable[[HttpRequest], HttpRequest]:
    return _body(lambda body: body.replace(old, new))


def _header(name: str, value: str | None) -> Callable[[HttpRequest], HttpRequest]:
    def change(request: HttpRequest) -> HttpRequest:
        others = tuple(pair for pair in request.headers if pair[0] != name)
        return replace(request, headers=others if value is None else (*others, (name, value)))

    return change


def _without_credentials(request: HttpRequest) -> HttpRequest:
    before, _, rest = request.body.partition(b"<ns:Credentials>")
    return replace(request, body=before + rest.partition(b"</ns:Credentials>")[2])


def _with_other_ticket(request: HttpRequest) -> HttpRequest:
    before, _, rest = request.body.partition(b"<ns:Ticket>")
    ticket = f"<ns:Ticket>{INVENTED_TICKET}</ns:Ticket>".encode()
    return replace(request, body=before + ticket + rest.partition(b"</ns:Ticket>")[2])


_NOT_UNDERSTOOD: Final = (
    b'<x:Unknown xmlns:x="urn:soblob-verify" s:mustUnderstand="1">1</x:Unknown></s:Header>'
)
_DTD: Final = b'<!DOCTYPE s:Envelope [<!ENTITY soblob "1">]>'
_LATE: Final = "a fault in a test of the client, which passes here and fails in production"

REFUSALS: Final = (
    Refusal(
        id="no-credentials", sends="a call without Credentials", change=_without_credentials,
        notices="a client that forgets its ticket passes here", needs_ticket=True,
    ),
    Refusal(
        id="invented-ticket", sends="a ticket that no one was given", change=_with_other_ticket,
        notices="anyone can read images; a client with an expired ticket passes",
        needs_ticket=True,
    ),
    Refusal(
        id="empty-body", sends="a POST without a body", change=_body(lambda _: b""),
        notices="a client that sends nothing passes",
    ),
    Refusal(
        id="not-xml", sends="text that is not XML", change=_body(lambda _: b"soblob verify"),
        notices=_LATE,
    ),
    Refusal(
        id="truncated", sends="an envelope that is cut off", change=_body(lambda b: b[:-30]),
        notices="a client that sends half a message passes",
    ),
    Refusal(
        id="mismatched-tags", sends="an end tag of another element",
        change=_replaced(b"</ns:BlobEntityId>", b"</ns:BlobId>"), notices=_LATE,
    ),
    Refusal(
        id="undeclared-entity", sends="an entity that is not declared",
        change=_replaced(_ID, b">1&nbsp;<"), notices=_LATE,
    ),
    Refusal(
        id="dtd", sends="a DTD with an internal entity",
        change=_body(lambda b: _DTD + b.replace(_ID, b">&soblob;<")),
        notices="SOAP forbids a DTD; entities can read files and exhaust memory",
    ),
    Refusal(
        id="other-version", sends="the operation in the namespace of Services85",
        change=_replaced(
            b'xmlns:ns="' + NETSERVER.encode(),
            b'xmlns:ns="' + NETSERVER_FAMILY.encode() + b"Services85",
        ),
        notices="a client of another version passes; a NetServer reads none of its values",
    ),
    Refusal(
        id="no-namespace", sends="the operation in no namespace",
        change=_body(
            lambda b: b.replace(b"ns:GetBlobStream", b"GetBlobStream")
        ),
        notices=_LATE,
    ),
    Refusal(
        id="not-an-envelope", sends="the operation without an envelope",
        change=_body(
            lambda b: b.replace(b"s:Envelope", b"s:Message")
        ),
        notices=_LATE,
    ),
    Refusal(
        id="unknown-envelope", sends="an envelope in an unknown namespace",
        change=_replaced(SOAP11.encode(), b"urn:soblob-verify"), notices=_LATE,
    ),
    Refusal(
        id="no-action", sends="no SOAPAction", change=_header("SOAPAction", None),
        notices="a client without SOAPAction passes; a NetServer refuses it",
    ),
    Refusal(
        id="empty-action", sends="an empty SOAPAction", change=_header("SOAPAction", '""'),
        notices="a client without SOAPAction passes; a NetServer refuses it",
    ),
    Refusal(
        id="unknown-action", sends="the SOAPAction of an operation that does not exist",
        change=_header("SOAPAction", f'"{NETSERVER}/BLOB/NoSuchOperation"'),
        notices="a client with a wrong SOAPAction passes; a NetServer refuses it",
    ),
    Refusal(
        id="text-plain", sends="Content-Type text/plain",
        change=_header("Content-Type", "text/plain; charset=utf-8"),
        notices="a client with a wrong Content-Type passes; a NetServer answers 415",
    ),
    Refusal(
        id="json-type", sends="Content-Type application/json",
        change=_header("Content-Type", "application/json"),
        notices="a client with a wrong Content-Type passes; a NetServer answers 415",
    ),
    Refusal(
        id="charset", sends="charset iso-8859-1",
        change=_header("Content-Type", "text/xml; charset=iso-8859-1"),
        notices="a client with another charset passes; a NetServer answers 415",
    ),
    Refusal(
        id="second-body-child", sends="a second element in Body",
        change=_replaced(b"</s:Body>", b'<x:Other xmlns:x="urn:soblob-verify"/></s:Body>'),
        notices=_LATE,
    ),
    Refusal(
        id="must-understand", sends="an unknown header block that must be understood",
        change=_replaced(b"</s:Header>", _NOT_UNDERSTOOD),
        notices="a client that relies on an extension gets a plain answer without it",
        needs_ticket=True,
    ),
    Refusal(
        id="not-a-number", sends="a BlobEntityId that is no number",
        change=_replaced(_ID, b">soblob<"), notices=_LATE,
        needs_ticket=True,
    ),
)  # fmt: skip


def probe_help(session: Session) -> None:
    """GET the URL itself: any answer is a fact; with none there is no provider.

    Raises:
        SoblobError: The provider cannot be reached, or does not answer with HTTP.
    """
    try:
        sent = session.call(HttpRequest(method="GET"))
    except GaveUpError as error:
        raise SoblobError(f"{session.address.url} does not answer: {error}") from None
    answer = sent.answer
    if answer.response is None:
        raise SoblobError(f"{session.address.url} does not answer: {answer.problem}")
    server = answer.response.header("Server")
    media = answer.response.header("Content-Type") or "no Content-Type"
    session.fact("help page", f"status {answer.status}, {media}")
    session.fact("server", server or "not named")
    if answer.surplus:
        find_in_answer(session, sent)
    session.row("fact", f"GET: status {answer.status}, {media}")


def probe_wsdl(session: Session) -> None:
    """Compare the WSDL with the contract."""
    last: list[Sent] = []

    def get(url: str) -> bytes:
        parts = Address.parse(url)
        query = url.partition("?")[2]
        target = f"/?{query}" if query else "/"
        sent = session.call(HttpRequest(method="GET", target=target), address=parts)
        last.append(sent)
        response = sent.answer.response
        if response is None or response.status != 200:
            raise SoblobError(
                f"GET ?{query}: {sent.answer.problem or f'status {sent.answer.status}'}"
            )
        return response.body

    try:
        description = _description(session, get)
    except SoblobError as error:
        session.find(
            "wsdl.unreadable",
            f"the WSDL cannot be read: {error}",
            expected="the WSDL of Services86 at ?singleWsdl or ?wsdl",
            got=str(error),
            notices="clients that read the WSDL at run time, as zeep, do not start",
            sent=last[-1] if last else None,
        )
        session.row("finding", str(error))
        return
    bad = [one for one in compare(known_description(), description) if is_bad(one)]
    for one in bad[:_MOST_SHOWN]:
        session.find(
            f"wsdl.{one.weight}: {one.where}, {one.what}",
            f"{one.where}: {one.what}",
            expected=one.expected,
            got=one.found,
            notices=one.notices,
            sent=last[-1],
        )
    text = f"{len(bad)} differences that are not harmless" if bad else "as the contract"
    session.row("finding" if bad else "ok", text)


def _description(session: Session, get: Callable[[str], bytes]) -> Any:
    try:
        return read_description(load_with(f"{session.address.url}?singleWsdl", get))
    except SoblobError:
        return read_description(load_with(f"{session.address.url}?wsdl", get))


def probe_login(session: Session) -> None:
    """Log in with user name and password, and keep the ticket.

    Raises:
        SoblobError: The log-in fails, so that nothing else can be probed with a ticket.
    """
    credentials, options = session.credentials, session.options
    if credentials.user is None or credentials.ticket is not None:
        return
    principal = (
        Address.parse(options.principal_url) if options.principal_url else session.address.principal
    )
    request = AuthenticateUsernamePasswordRequest(
        user=credentials.user,
        password=credentials.password,
        application_token=credentials.application_token,
    )
    sent = session.call(request.to_http_request("wsdl"), address=principal)
    reading = read_answer(sent)
    ticket = _ticket_in(reading.element)
    if ticket is None:
        raise SoblobError(
            f"the log-in at {principal.url} fails: {session.hidden(reading.text)}: check user name "
            "and password"
        )
    session.credentials = replace(credentials, ticket=ticket)
    session.row("ok", "logged in with user name and password")


def _ticket_in(element: Element | None) -> str | None:
    block = None if element is None else find_child(element, "Credentials")
    found: Mapping[str, Any] | None = read(block, "SoCredentials")
    return None if found is None else found["Ticket"] or None


def probe_right_read(session: Session) -> Reading:
    """Send a right call; return its answer, with which those to wrong ones are compared.

    Raises:
        GaveUpError: The answer is that of a save, and uploads are not allowed.
    """
    sent = session.call(base_request(session))
    reading = find_in_answer(session, sent)
    session.control = None if sent.answer.kind else base_request(session)
    if reading.is_saved or reading.image:
        session.find(
            "read.answers-anything",
            "a call for a blob that does not exist is answered as if it did",
            expected="Succeeded false, or no image",
            got=reading.text,
            notices="a client that passes a wrong blob id does not notice",
            sent=sent,
        )
    _stop_if_saved(session, reading)
    reading = replace(reading, is_telling=_is_telling(session, reading))
    session.fact("a blob that does not exist", reading.text)
    if not reading.is_telling:
        session.fact(
            "calls that must be refused",
            "the right call is answered as wrong ones are, so that only a normal answer shows "
            "that one was accepted",
        )
    session.row("fact", f"GetBlobStream of a blob that does not exist: {reading.text}")
    return reading


def _is_telling(session: Session, right: Reading) -> bool:
    """Return whether the answer to the right call shows that the call was read.

    A business failure does. A fault may be that of any error, and so does only if two calls that
    cannot have been read are answered otherwise. A bare status never does.
    """
    if right.kind != "fault":
        return right.kind in ("failure", "normal")
    controls = (_replaced(b"ns:GetBlobStream", b"ns:NoSuchOperation"), _body(lambda b: b[:-30]))
    return not any(
        _is_alike(read_answer(session.call(change(base_request(session)))), right)
        for change in controls
    )


def probe_refusal(session: Session, refusal: Refusal, right: Reading) -> None:
    """Send one call that must be refused.

    Args:
        session: The session.
        refusal: What to send.
        right: The answer to the right call.

    Raises:
        GaveUpError: The answer is that of a save: no more calls are sent.
    """
    if refusal.needs_ticket and session.credentials.ticket is None:
        session.row("not tried", f"{refusal.sends}: it needs a ticket to compare with")
        return
    sent = session.call(refusal.change(base_request(session)))
    reading = find_in_answer(session, sent)
    taken = reading.kind == "normal" or (right.is_telling and _is_alike(reading, right))
    if taken:
        session.find(
            f"refusal.{refusal.id}",
            f"{refusal.sends} is accepted",
            expected="a fault, a status of 400 or more, or Succeeded false",
            got=reading.text
            if reading.kind == "normal"
            else f"the answer to the right call: {reading.text}",
            notices=refusal.notices,
            sent=sent,
        )
    outcome = "finding" if taken or reading.kind == "none" else "refused"
    session.row(outcome, f"{refusal.sends}: {reading.text}")
    _stop_if_saved(session, reading)


def _stop_if_saved(session: Session, reading: Reading) -> None:
    if reading.is_saved and not session.options.allow_writes:
        raise GaveUpError("the provider answers a read as a save; no more calls are sent")


def _is_alike(reading: Reading, right: Reading) -> bool:
    """Return whether two answers that refuse say the same."""
    return (reading.kind, reading.reason) == (right.kind, right.reason)
