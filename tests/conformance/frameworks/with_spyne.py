"""The service in spyne, behind wsgiref: a right one, or with the change that standard input names.

It runs in a process of its own, prints its port, answers each name of a change with a line, and
ends with its standard input.
"""

import io
import re
import sys
import threading
from types import SimpleNamespace
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from lxml import etree
from spyne import (
    Application,
    ByteArray,
    ComplexModel,
    Enum,
    Fault,
    Integer,
    ServiceBase,
    Unicode,
    rpc,
)
from spyne.protocol.soap import Soap11
from spyne.server.wsgi import WsgiApplication

from pytest_soblob import BlobLinkType
from pytest_soblob.stub.wsdl import served_wsdl

NS = "http://www.superoffice.net/ws/crm/NetServer/Services86"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
TICKET = "7T:rightfulTicket=="
LinkType = Enum(*BlobLinkType.__members__, type_name="BlobLinkType")
LinkType.__namespace__ = NS
change = SimpleNamespace(name="none")
images: dict[int, bytes] = {}


class Credentials(ComplexModel):
    __namespace__ = NS
    Ticket = Unicode


def allowed(ctx: Any) -> bool:
    ticket = getattr(ctx.in_header, "Ticket", None)
    return change.name == "any ticket" or ticket == TICKET


def fail(kind: str) -> None:
    raise Fault(f"Client.{kind}", kind)


class Blobs(ServiceBase):
    __in_header__ = Credentials

    @rpc(
        LinkType,
        ByteArray(encoding="base64"),
        Unicode,
        _returns=Integer,
        _in_variable_names={"link_type": "Type", "image": "Image", "description": "Description"},
        _out_variable_name="Response",
        _in_message_name="SaveImageStream",
        _out_message_name="SaveImageStreamResponse",
    )
    def save(ctx, link_type, image, description):  # noqa: N805 -- spyne's convention
        if not allowed(ctx):
            fail("SoSessionException")
        number = 1 + len(images)
        images[number] = b"".join(image)[: -1 if change.name == "cut" else None]
        return 0 if change.name == "no id" else number

    @rpc(
        Integer,
        _returns=ByteArray(encoding="base64"),
        _in_variable_names={"number": "BlobEntityId"},
        _out_variable_name="Response",
        _in_message_name="GetBlobStream",
        _out_message_name="GetBlobStreamResponse",
    )
    def read(ctx, number):  # noqa: N805
        if not allowed(ctx):
            fail("SoSessionException")
        if number not in images:
            fail("SoInvalidArgumentException")
        return [images[number]]


class Checked:
    """What spyne does not check: the headers of HTTP, and blocks that must be understood."""

    def __init__(self, application: Any) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        if environ["REQUEST_METHOD"] == "GET":
            start("200 OK", [("Content-Type", "text/xml; charset=utf-8")])
            host = environ["HTTP_HOST"]
            return [served_wsdl("BLOB", f"http://{host}/Remote/Services86/BLOB.svc")]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        status = find_problem(environ, body)
        if status is None:
            return self.application(environ, start)
        start(status, [("Content-Length", "0")])
        return [b""]


def find_problem(environ: dict[str, Any], body: bytes) -> str | None:
    kind = environ.get("CONTENT_TYPE", "")
    right = re.fullmatch(r'text/xml(; ?charset="?utf-(8|16)"?)?', kind, re.IGNORECASE)
    if not right and change.name != "any type":
        return "415 Unsupported Media Type"
    try:
        root = etree.fromstring(body, etree.XMLParser(resolve_entities=False))
    except etree.XMLSyntaxError:
        return "400 Bad Request"
    inside = root.findall(f"{{{SOAP}}}Body/*")
    if len(inside) != 1 and change.name != "two operations":
        return "400 Bad Request"
    action = f'"{NS}/BLOB/{etree.QName(inside[0]).localname}"'
    if environ.get("HTTP_SOAPACTION", "") != action and change.name != "any action":
        return "500 Unknown action"
    known = root.findall(f"{{{SOAP}}}Header/*")
    mandatory = [
        e for e in known if e.get(f"{{{SOAP}}}mustUnderstand") == "1" and NS not in str(e.tag)
    ]
    return "500 Not understood" if mandatory and change.name != "any block" else None


class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


application = Application(
    [Blobs], NS, name="BLOB", in_protocol=Soap11(validator="lxml"), out_protocol=Soap11()
)
served = Checked(WsgiApplication(application))
server = make_server("127.0.0.1", 0, served, handler_class=Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)  # noqa: T201 -- the test reads it
for line in sys.stdin:
    change.name = line.strip()
    images.clear()
    print("changed", flush=True)  # noqa: T201
