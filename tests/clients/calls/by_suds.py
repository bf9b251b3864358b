"""suds-community: SOAP 1.1 only; header blocks by name or by place, with prefixes and without."""

import base64
import urllib.request
from typing import Any

import suds  # type: ignore[import-untyped]
from suds.client import Client  # type: ignore[import-untyped]
from suds.wsse import Security, UsernameToken  # type: ignore[import-untyped]

from tests.clients.calls.case import (
    DESCRIPTION,
    LARGE,
    NON_ASCII,
    PORTRAIT,
    TICKET,
    TOKEN,
    Call,
    Case,
)

SECURITY = Security()
SECURITY.tokens.append(UsernameToken("ada", "no secret"))
BY_NAME = {"ApplicationToken": TOKEN, "Credentials": {"Ticket": TICKET}}


def call(
    image: bytes = PORTRAIT, description: Any = DESCRIPTION, headers: Any = BY_NAME, **options: Any
) -> Call:
    def upload(url: str, wsdl_url: str) -> object:
        client: Any = Client(wsdl_url, location=url, cache=None, **options)
        client.set_options(soapheaders=headers(client) if callable(headers) else headers)
        text = base64.b64encode(image).decode()  # suds leaves that to its caller
        answer = client.service.SaveImageStream("PersonImage", text, description)
        if not options.get("nosend"):
            return answer
        return post(url, client.service.SaveImageStream.method.soap.action, answer)

    return upload


def by_place(client: Any) -> tuple[str, Any]:
    credentials = client.factory.create("Credentials")
    credentials.Ticket = TICKET
    return (TOKEN, credentials)


def credentials_first(client: Any) -> tuple[Any]:
    """The first block is ApplicationToken, whatever is put there."""
    return (by_place(client)[1],)


def post(url: str, action: str, built: Any) -> object:
    """Send what suds has only built; it reads the reply that it is handed."""
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": action}
    request = urllib.request.Request(url, data=built.envelope, headers=headers)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as reply:
        return built.process_reply(reply.read())


def case(what: str, call: Call, **more: Any) -> Case:
    return Case(client="suds", soap="1.1", what=what, call=call, **more)


CASES = [
    case("portrait", call()),
    case("headers-by-place", call(headers=by_place)),
    case("no-prefixes", call(prefixes=False)),
    case("nosend", call(nosend=True)),
    case("description-none", call(description=None), description=None),
    case("description-null", call(description=suds.null()), description=None),
    case("non-ascii", call(description=NON_ASCII), description=NON_ASCII),
    case("large", call(LARGE), image=LARGE, recorded=False),
    # mustUnderstand="true" stands on its block in no namespace, and so means nothing.
    case("wsse", call(wsse=SECURITY)),
    case(
        "credentials-first",
        call(headers=credentials_first),
        breaks=("header.element-in-value", "header.credentials-missing"),
    ),
]
