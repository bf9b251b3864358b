"""zeep: SOAP 1.1 by the WSDL as it is, 1.2 by the WSDL with its binding turned into one of 1.2."""

from io import BytesIO
from typing import Any

import requests
import zeep
from zeep.transports import Transport
from zeep.wsse.username import UsernameToken

from pytest_soblob.names import NETSERVER, WSDL_SOAP
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

NIL: Any = zeep.xsd.Nil
SKIP: Any = zeep.xsd.SkipValue
new_security: Any = UsernameToken
HEADERS = {"ApplicationToken": TOKEN, "Credentials": {"Ticket": TICKET}}


def call(
    soap: str = "1.1",
    image: Any = PORTRAIT,
    description: Any = DESCRIPTION,
    headers: Any = HEADERS,
    wsse: Any = None,
) -> Call:
    def upload(url: str, wsdl_url: str) -> object:
        with requests.Session() as session:
            session.trust_env = False  # no proxy of the environment
            wsdl: Any = wsdl_url
            if soap == "1.2":
                text = session.get(wsdl_url, timeout=30).text
                wsdl = BytesIO(text.replace(WSDL_SOAP, WSDL_SOAP[:-1] + "12/").encode())
            factory: Any = zeep.Client  # zeep ships no annotations
            transport: Any = Transport
            client = factory(wsdl, transport=transport(session=session), wsse=wsse)
            service = client.create_service(f"{{{NETSERVER}}}BasicHttpBinding_BLOB", url)
            answer = service.SaveImageStream(
                Type="PersonImage", Image=image, Description=description, _soapheaders=headers
            )
            assert answer.header.Succeeded is True
            return answer.body.Response

    return upload


def case(soap: str, what: str, call: Call, **more: Any) -> Case:
    return Case(client="zeep", soap=soap, what=what, call=call, **more)


CASES = [
    *(
        given
        for soap in ("1.1", "1.2")
        for given in (
            case(soap, "portrait", call(soap)),
            case(soap, "description-none", call(soap, description=None), description=None),
            case(soap, "description-nil", call(soap, description=NIL), description=None),
            case(soap, "non-ascii", call(soap, description=NON_ASCII), description=NON_ASCII),
            case(soap, "large", call(soap, LARGE), image=LARGE, recorded=soap == "1.1"),
        )
    ),
    case("1.1", "description-skipped", call(description=SKIP), description=None),
    case("1.1", "image-empty", call(image=b""), image=b""),
    case(
        "1.1",
        "time-zone",
        call(headers=HEADERS | {"TimeZone": {"SoTimeZoneId": 1, "SoTimeZoneLocationCode": "NO"}}),
    ),
    # A block that nobody asked for, and that need not be understood.
    case("1.1", "wsse", call(wsse=new_security("ada", "no secret"))),
    # Nil stands for a value in the body; given as a header block it becomes the word "Nil" in one.
    case(
        "1.1",
        "time-zone-nil",
        call(headers=HEADERS | {"TimeZone": NIL}),
        breaks=("header.not-an-integer",),
    ),
]
