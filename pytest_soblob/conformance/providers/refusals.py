"""Calls that a right provider refuses, as data: each a change of a right GetBlobStream."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from pytest_soblob._text import DRAWN_MARK
from pytest_soblob.conformance.providers.session import Session
from pytest_soblob.names import NETSERVER, NETSERVER_FAMILY, SOAP11
from pytest_soblob.soap.messages import GetBlobStreamRequest
from pytest_soblob.wire import HttpRequest

# An id that no blob has; a ticket that no one was given.
UNKNOWN_ID: Final = 2_147_483_646
INVENTED_TICKET: Final = f"7T:{DRAWN_MARK}Verify=="
_ID: Final = f">{UNKNOWN_ID}<".encode()


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


def with_body(change: Callable[[bytes], bytes]) -> Callable[[HttpRequest], HttpRequest]:
    """Return a change of the body of a request."""
    return lambda request: replace(request, body=change(request.body))


def replaced(old: bytes, new: bytes) -> Callable[[HttpRequest], HttpRequest]:
    """Return a change that replaces some bytes of the body."""
    return with_body(lambda body: body.replace(old, new))


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
        id="empty-body", sends="a POST without a body", change=with_body(lambda _: b""),
        notices="a client that sends nothing passes",
    ),
    Refusal(
        id="not-xml", sends="text that is not XML", change=with_body(lambda _: b"soblob verify"),
        notices=_LATE,
    ),
    Refusal(
        id="truncated", sends="an envelope that is cut off", change=with_body(lambda b: b[:-30]),
        notices="a client that sends half a message passes",
    ),
    Refusal(
        id="mismatched-tags", sends="an end tag of another element",
        change=replaced(b"</ns:BlobEntityId>", b"</ns:BlobId>"), notices=_LATE,
    ),
    Refusal(
        id="undeclared-entity", sends="an entity that is not declared",
        change=replaced(_ID, b">1&nbsp;<"), notices=_LATE,
    ),
    Refusal(
        id="dtd", sends="a DTD with an internal entity",
        change=with_body(lambda b: _DTD + b.replace(_ID, b">&soblob;<")),
        notices="SOAP forbids a DTD; entities can read files and exhaust memory",
    ),
    Refusal(
        id="other-version", sends="the operation in the namespace of Services85",
        change=replaced(
            b'xmlns:ns="' + NETSERVER.encode(),
            b'xmlns:ns="' + NETSERVER_FAMILY.encode() + b"Services85",
        ),
        notices="a client of another version passes; a NetServer reads none of its values",
    ),
    Refusal(
        id="no-namespace", sends="the operation in no namespace",
        change=with_body(
            lambda b: b.replace(b"ns:GetBlobStream", b"GetBlobStream")
        ),
        notices=_LATE,
    ),
    Refusal(
        id="not-an-envelope", sends="the operation without an envelope",
        change=with_body(
            lambda b: b.replace(b"s:Envelope", b"s:Message")
        ),
        notices=_LATE,
    ),
    Refusal(
        id="unknown-envelope", sends="an envelope in an unknown namespace",
        change=replaced(SOAP11.encode(), b"urn:soblob-verify"), notices=_LATE,
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
        change=replaced(b"</s:Body>", b'<x:Other xmlns:x="urn:soblob-verify"/></s:Body>'),
        notices=_LATE,
    ),
    Refusal(
        id="must-understand", sends="an unknown header block that must be understood",
        change=replaced(b"</s:Header>", _NOT_UNDERSTOOD),
        notices="a client that relies on an extension gets a plain answer without it",
        needs_ticket=True,
    ),
    Refusal(
        id="not-a-number", sends="a BlobEntityId that is no number",
        change=replaced(_ID, b">soblob<"), notices=_LATE,
        needs_ticket=True,
    ),
)  # fmt: skip
