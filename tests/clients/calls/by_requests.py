"""requests: it knows no SOAP, so the envelopes are what people paste into a script."""

import base64
import gzip
import re
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

import requests

from pytest_soblob.names import NETSERVER, SOAP11, SOAP12, XSD, XSI
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

ACTION = f"{NETSERVER}/BLOB/SaveImageStream"
NAMESPACES = {"1.1": SOAP11, "1.2": SOAP12}
HEADERS = {
    "1.1": {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{ACTION}"'},
    "1.2": {"Content-Type": f'application/soap+xml; charset=utf-8; action="{ACTION}"'},
}


def envelope(soap: str, image: bytes = PORTRAIT, description: str | None = DESCRIPTION) -> str:
    """As SoapUI writes it, with the base64 in lines as `base64.encodebytes` breaks them."""
    text = "" if description is None else f"<ser:Description>{escape(description)}"
    text += "</ser:Description>" if text else '<ser:Description xsi:nil="true"/>'
    return f"""\
<soapenv:Envelope xmlns:soapenv="{NAMESPACES[soap]}"
                  xmlns:xsi="{XSI}"
                  xmlns:ser="{NETSERVER}">
   <soapenv:Header>
      <!--Optional:-->
      <ser:ApplicationToken>{TOKEN}</ser:ApplicationToken>
      <ser:Credentials>
         <ser:Ticket>{TICKET}</ser:Ticket>
      </ser:Credentials>
   </soapenv:Header>
   <soapenv:Body>
      <ser:SaveImageStream>
         <ser:Type>PersonImage</ser:Type>
         <ser:Image>{base64.encodebytes(image).decode()}</ser:Image>
         {text}
      </ser:SaveImageStream>
   </soapenv:Body>
</soapenv:Envelope>
"""


def documented(image: bytes = PORTRAIT, description: str = DESCRIPTION) -> str:
    """As the documentation page shows it: SOAP 1.2, the blocks beside Body."""
    return f"""\
<?xml version="1.0" encoding="utf-8"?>
<SOAP-ENV:Envelope xmlns:SOAP-ENV="{SOAP12}" xmlns:xsd="{XSD}" xmlns:xsi="{XSI}"
    xmlns:n="{NETSERVER}">
  <n:ApplicationToken>{TOKEN}</n:ApplicationToken>
  <n:Credentials><n:Ticket>{TICKET}</n:Ticket></n:Credentials>
  <SOAP-ENV:Body>
    <n:SaveImageStream>
      <n:Type xsi:type="n:BlobLinkType">PersonImage</n:Type>
      <n:Image xsi:type="xsd:base64Binary">{base64.b64encode(image).decode()}</n:Image>
      <n:Description xsi:type="xsd:string">{escape(description)}</n:Description>
    </n:SaveImageStream>
  </SOAP-ENV:Body>
</SOAP-ENV:Envelope>
"""


def blob_id(reply: bytes) -> int:
    """As a script finds it: with a regular expression, whatever the prefix."""
    found = re.search(rb"<(?:\w+:)?Response(?: [^>]*)?>(\d+)</", reply)
    assert found is not None, reply
    return int(found[1])


def call(soap: str, body: str, *, charset: str = "utf-8", chunked: bool = False) -> Call:
    def upload(url: str, wsdl_url: str) -> object:
        data = body.encode(charset)
        headers = {name: v.replace("utf-8", charset) for name, v in HEADERS[soap].items()}
        with requests.Session() as session:
            session.trust_env = False  # no proxy of the environment
            sent: Any = pieces(data) if chunked else data
            reply = session.post(url, data=sent, headers=headers, timeout=30)
        reply.raise_for_status()
        return blob_id(reply.content)

    return upload


def gzipped(url: str, wsdl_url: str) -> object:
    """A WCF host takes no notice of Content-Encoding."""
    headers = HEADERS["1.1"] | {"Content-Encoding": "gzip"}
    with requests.Session() as session:
        session.trust_env = False
        data = gzip.compress(envelope("1.1").encode(), mtime=0)
        reply = session.post(url, data=data, headers=headers, timeout=30)
    reply.raise_for_status()
    return blob_id(reply.content)


def pieces(data: bytes) -> Iterator[bytes]:
    yield from (data[at : at + 500] for at in range(0, len(data), 500))


def case(soap: str, what: str, call: Call, **more: Any) -> Case:
    return Case(client="requests", soap=soap, what=what, call=call, **more)


CASES = [
    *(
        given
        for soap in ("1.1", "1.2")
        for given in (
            case(soap, "portrait", call(soap, envelope(soap))),
            case(
                soap,
                "description-nil",
                call(soap, envelope(soap, description=None)),
                description=None,
            ),
            case(
                soap,
                "non-ascii",
                call(soap, envelope(soap, description=NON_ASCII)),
                description=NON_ASCII,
            ),
            case(soap, "chunked", call(soap, envelope(soap), chunked=True)),
            case(soap, "large", call(soap, envelope(soap, LARGE)), image=LARGE, recorded=False),
        )
    ),
    case("1.1", "gzip", gzipped, breaks=("http.request-compressed",)),
    case("1.2", "documented", call("1.2", documented())),
    case(
        "1.1",
        "utf-16",
        call(
            "1.1",
            '<?xml version="1.0" encoding="utf-16"?>' + envelope("1.1", description=NON_ASCII),
            charset="utf-16",
        ),
        description=NON_ASCII,
    ),
]
