"""Probes that store nothing: the WSDL, the help page, log-in, calls that must be refused.

No call names SaveImageStream or has an Image: each is a GetBlobStream, so that a provider that
accepts too much stores nothing either.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from pytest_soblob._text import quote
from pytest_soblob.conformance.checking import is_bad, known_description
from pytest_soblob.conformance.comparing import compare
from pytest_soblob.conformance.fetching import LARGEST_BYTES
from pytest_soblob.conformance.providers.answers import Reading, find_in_answer, read_answer
from pytest_soblob.conformance.providers.pacing import GaveUpError
from pytest_soblob.conformance.providers.refusals import (
    Refusal,
    base_request,
    replaced,
    with_body,
)
from pytest_soblob.conformance.providers.session import Session
from pytest_soblob.conformance.providers.values import Address, Sent
from pytest_soblob.conformance.reading import read_description
from pytest_soblob.conformance.sources import load_with
from pytest_soblob.errors import SoblobError
from pytest_soblob.soap.binding import find_child, read
from pytest_soblob.soap.envelope import Element
from pytest_soblob.soap.messages import AuthenticateUsernamePasswordRequest
from pytest_soblob.wire import HttpRequest

_MOST_SHOWN: Final = 20
_LOCKED: Final = (401, 403)
_NOTHING_THERE: Final = (404, 405, 410, 501)
_NOT_NAMED: Final = "not named"
# A failure for lack of a ticket: the name of the exception [vendor documentation], or usual words.
_ABOUT_TICKET: Final = re.compile(
    r"SoSession|ticket|credential|log(?:ged)? ?in|authenti|authori[sz]", re.IGNORECASE
)


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
    session.help_status = answer.status
    session.fact("help page", f"status {answer.status}, {media}")
    session.fact("server", server or _NOT_NAMED)
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
        request = HttpRequest(method="GET", target=target)
        sent = session.call(request, address=parts, most=LARGEST_BYTES)
        last.append(sent)
        response = sent.answer.response
        if response is None or response.status != 200:
            raise SoblobError(f"GET ?{query}: {_why_not(sent)}")
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


def _why_not(sent: Sent) -> str:
    """Return why an answer to a GET is of no use."""
    response = sent.answer.response
    if response is None:
        return str(sent.answer.problem)
    where = (response.header("Location") or "").partition("?")[0]
    if not where:
        return f"status {response.status}"
    return f"status {response.status}, it redirects to {quote(where, 200)}: use that URL"


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
    credentials, principal = session.credentials, session.principal
    if credentials.user is None or credentials.ticket is not None:
        return
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
        GaveUpError: The answer is that of a save, and uploads are not allowed; or neither GET nor
            the call is answered by a service.
    """
    sent = session.call(base_request(session))
    reading = find_in_answer(session, sent)
    server = None if sent.answer.response is None else sent.answer.response.header("Server")
    if server and session.facts.get("server") == _NOT_NAMED:
        session.fact("server", server)
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
    if reading.kind == "status" and not (_is_anonymous(session) and sent.answer.status in _LOCKED):
        session.find(
            "read.no-envelope",
            f"a right call is answered without an envelope{_hint(sent)}",
            expected="a normal answer, Succeeded false, or a fault",
            got=reading.text,
            notices="an HTTP error, which does not say what is wrong",
            sent=sent,
        )
    _stop_if_saved(session, reading)
    if reading.kind == "status" and (session.help_status or 200) >= 300:
        found = "read.no-envelope" in session.findings
        session.row("finding" if found else "fact", reading.text)
        raise GaveUpError(f"no service answers, neither to GET nor to POST{_hint(sent)}")
    reading = replace(reading, is_telling=_is_telling(session, reading))
    session.fact("a blob that does not exist", reading.text)
    if not _is_anonymous(session) and _ABOUT_TICKET.search(reading.reason):
        session.is_ticket_refused = True
        session.fact("ticket", f"it is not accepted: {reading.text}")
    if not reading.is_telling:
        session.fact(
            "calls that must be refused",
            "the right call is answered as wrong ones are, so that only a normal answer shows "
            "that one was accepted",
        )
    session.row("fact", f"GetBlobStream of a blob that does not exist: {reading.text}")
    return reading


def _hint(sent: Sent) -> str:
    """Return what a bare status for a right call means, after a colon; empty if unknown."""
    status = sent.answer.status or 0
    if status in _LOCKED:
        return f": status {status}, it wants a log-in by HTTP, which is not sent"
    if 300 <= status < 400:
        return f": {_why_not(sent)}"
    if status in _NOTHING_THERE:
        return f": status {status}, nothing is at this path; is it the URL of BLOB.svc?"
    return ""


def _is_telling(session: Session, right: Reading) -> bool:
    """Return whether the answer to the right call shows that the call was read.

    A business failure does. A fault may be that of any error, and so does only if two calls that
    cannot have been read are answered otherwise. A bare status never does.
    """
    if right.kind != "fault":
        return right.kind in ("failure", "normal")
    controls = (replaced(b"ns:GetBlobStream", b"ns:NoSuchOperation"), with_body(lambda b: b[:-30]))
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
    if right.kind == "status":
        session.row("not tried", f"{refusal.sends}: the right call gets no envelope either")
        return
    if refusal.needs_ticket and _is_anonymous(session):
        session.row("not tried", f"{refusal.sends}: it needs a ticket to compare with")
        return
    if refusal.needs_ticket and _ABOUT_TICKET.search(right.reason):
        session.row("not tried", f"{refusal.sends}: the ticket is not accepted")
        return
    sent = session.call(refusal.change(base_request(session)))
    reading = find_in_answer(session, sent)
    taken = reading.kind == "normal" or (right.is_telling and _is_alike(reading, right))
    if taken:
        session.find(
            f"refusal.{refusal.id}",
            f"{refusal.sends} is accepted",
            expected="a fault, a status of 400 or more, or Succeeded false, with another reason",
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


def _is_anonymous(session: Session) -> bool:
    return session.credentials.ticket is None


def _is_alike(reading: Reading, right: Reading) -> bool:
    """Return whether two answers that refuse say the same."""
    return (reading.kind, reading.reason) == (right.kind, right.reason)
