"""A right provider of our own, in the standard library and lxml, and ways to make it a bad one.

It shares nothing with the stub but the WSDL that it serves. Each method decides one thing, so that
a bad provider is a right one with one of them replaced.
"""

import base64
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from lxml import etree

from pytest_soblob.stub.wsdl import served_wsdl

NS = "http://www.superoffice.net/ws/crm/NetServer/Services86"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
PATH = "/Remote/Services86/BLOB.svc"
TICKET = "7T:rightfulTicket=="
TYPES = {"PersonImage", "ProjectImage", "ProductImage", "QuoteLineImage"}
XML = "text/xml; charset=utf-8"


class Reply(NamedTuple):
    status: int
    body: bytes = b""
    media_type: str = XML
    headers: tuple[tuple[str, str], ...] = ()


class RefusedError(Exception):
    """The call is refused with this status, or with a fault."""

    def __init__(self, reason: str, status: int = 500) -> None:
        super().__init__(reason)
        self.status = status


@dataclass
class Right:
    """Answers calls as the contract says."""

    saves: int = 0
    calls: int = 0
    images: dict[int, bytes] = field(default_factory=dict)
    descriptions: dict[int, str] = field(default_factory=dict)
    url: str = ""
    lock: Any = field(default_factory=threading.Lock)

    def get(self, query: str) -> Reply:
        if query.lower() in ("wsdl", "singlewsdl"):
            return Reply(200, self.wsdl())
        return Reply(200, b"<html>BLOB</html>", "text/html")

    def wsdl(self) -> bytes:
        return served_wsdl("BLOB", self.url)

    def post(self, headers: Mapping[str, str], body: bytes) -> Reply:
        self.calls += 1
        try:
            return self.call(headers, body)
        except RefusedError as error:
            return self.refusal(error)

    def refusal(self, error: RefusedError) -> Reply:
        if error.status != 500:
            return Reply(error.status)
        return Reply(
            self.fault_status(),
            f'<s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault><faultcode>s:Client</faultcode>'
            f"<faultstring>{escape(str(error))}</faultstring></s:Fault></s:Body>"
            "</s:Envelope>".encode(),
            self.media_type(),
        )

    def fault_status(self) -> int:
        return 500

    def media_type(self) -> str:
        return XML

    def call(self, headers: Mapping[str, str], body: bytes) -> Reply:
        self.check_type(headers.get("content-type", ""))
        root = self.parse(body)
        block, operation = self.open(root)
        name = etree.QName(operation).localname
        self.check_action(headers.get("soapaction"), name)
        self.check_headers(block)
        if not self.may(self.ticket(block)):
            return self.failed(f"{name}Response", "SoSessionException", "log in")
        if name == "SaveImageStream":
            return self.save(operation)
        number = self.number(operation)
        if name == "GetBlobEntity":
            return self.entity(number)
        return self.read(number)

    def check_type(self, value: str) -> None:
        if not re.fullmatch(r'text/xml(;\s*charset="?utf-(8|16)"?)?', value, re.I):
            raise RefusedError("type", 415)

    def parse(self, body: bytes) -> Any:
        if b"<!DOCTYPE" in body.replace(b"\0", b""):
            raise RefusedError("a DTD", 400)
        return self.tree(body, etree.XMLParser(resolve_entities=False, huge_tree=True))

    def tree(self, body: bytes, parser: Any) -> Any:
        try:
            return etree.fromstring(body, parser)
        except etree.XMLSyntaxError:
            raise RefusedError("no XML", 400) from None

    def open(self, root: Any) -> tuple[Any, Any]:
        if root.tag != f"{{{SOAP}}}Envelope":
            raise RefusedError("no envelope", 400)
        inside = root.findall(f"{{{SOAP}}}Body/*")
        self.check_count(inside)
        self.check_operation(inside[0])
        return root.find(f"{{{SOAP}}}Header"), inside[0]

    def check_count(self, inside: list[Any]) -> None:
        if len(inside) != 1:
            raise RefusedError("one operation")

    def check_operation(self, element: Any) -> None:
        known = ("SaveImageStream", "GetBlobStream", "GetBlobEntity")
        if element.tag not in {f"{{{NS}}}{name}" for name in known}:
            raise RefusedError("unknown operation")

    def check_action(self, action: str | None, name: str) -> None:
        if (action or "").strip('"') != f"{NS}/BLOB/{name}":
            raise RefusedError("unknown action")

    def check_headers(self, header: Any) -> None:
        for block in () if header is None else header.iterchildren("*"):
            if block.get(f"{{{SOAP}}}mustUnderstand") == "1" and not block.tag.startswith(
                f"{{{NS}"
            ):
                raise RefusedError("not understood")

    def ticket(self, header: Any) -> str | None:
        path = f"{{{NS}}}Credentials/{{{NS}}}Ticket"
        return None if header is None else header.findtext(path)

    def may(self, ticket: str | None) -> bool:
        return ticket == TICKET

    def number(self, operation: Any) -> int:
        try:
            return int(operation.findtext(f"{{{NS}}}BlobEntityId") or "")
        except ValueError:
            raise RefusedError("no number") from None

    def save(self, operation: Any) -> Reply:
        parts = list(operation.iterchildren("*"))
        self.check_parts(parts)
        texts = [self.text(part) for part in parts]
        self.check_link_type(texts[0])
        return self.keep(self.decode(texts[1]), texts[2])

    def keep(self, image: bytes, description: str) -> Reply:
        with self.lock:
            number = self.next_id()
            self.saves += 1
            self.images[number] = self.stored(image)
            self.descriptions[number] = self.described(description)
        return self.saved(number)

    def check_parts(self, parts: list[Any]) -> None:
        if [part.tag for part in parts] != [
            f"{{{NS}}}{n}" for n in ("Type", "Image", "Description")
        ]:
            raise RefusedError("parts")

    def text(self, part: Any) -> str:
        if len(part) and any(isinstance(child.tag, str) for child in part):
            raise RefusedError("an element in a value")
        return "".join(part.itertext(with_tail=True)) if not len(part) else self.whole(part)

    def whole(self, part: Any) -> str:
        return (part.text or "") + "".join(child.tail or "" for child in part)

    def check_link_type(self, text: str) -> None:
        if text not in TYPES:
            raise RefusedError("type")

    def decode(self, text: str) -> bytes:
        try:
            return base64.b64decode(re.sub(r"\s", "", text).encode(), validate=True)
        except ValueError:
            raise RefusedError("base64") from None

    def next_id(self) -> int:
        return 1000 + 7 * len(self.images)

    def stored(self, image: bytes) -> bytes:
        return image

    def described(self, description: str) -> str:
        return description

    def saved(self, number: int) -> Reply:
        return self.normal("SaveImageStreamResponse", f"<Response>{number}</Response>")

    def read(self, number: int) -> Reply:
        if number not in self.images:
            return self.failed("GetBlobStreamResponse", "SoInvalidArgumentException", "no blob")
        encoded = base64.b64encode(self.images[number]).decode()
        return self.normal("GetBlobStreamResponse", f"<Response>{encoded}</Response>")

    def entity(self, number: int) -> Reply:
        text = escape(self.descriptions[number]).replace("\r", "&#13;")
        inside = f"<Response><Description>{text}</Description></Response>"
        return self.normal("GetBlobEntityResponse", inside)

    def failed(self, element: str, kind: str, message: str) -> Reply:
        info = (
            f'<h:ExceptionInfo xmlns:h="{NS}"><h:Message>{message}</h:Message>'
            f"<h:ExceptionType>{kind}</h:ExceptionType></h:ExceptionInfo>"
        )
        return self.normal(element, "", "false", info)

    def normal(self, element: str, inside: str, succeeded: str = "true", info: str = "") -> Reply:
        body = (
            f'<s:Envelope xmlns:s="{SOAP}"><s:Header>{info}<h:Succeeded xmlns:h="{NS}">{succeeded}'
            f'</h:Succeeded></s:Header><s:Body><{element} xmlns="{NS}">{inside}</{element}>'
            "</s:Body></s:Envelope>"
        )
        return Reply(200, body.encode(), self.media_type())


class Handler(BaseHTTPRequestHandler):
    """The right provider behind http.server."""

    protocol_version = "HTTP/1.1"
    right: Right

    def do_GET(self) -> None:
        self.reply(self.right.get(self.path.partition("?")[2]))

    def do_POST(self) -> None:
        body = self.body()
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.reply(self.right.post(headers, body))

    def body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            return b"".join(self.chunks())
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def reply(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        self.frame(reply)
        self.end_headers()
        self.wfile.write(reply.body)

    def frame(self, reply: Reply) -> None:
        if reply.body:
            self.send_header("Content-Type", reply.media_type)
        self.send_header("Content-Length", str(len(reply.body)))

    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Say nothing of a client that has left."""


@contextmanager
def served(right: Right, handler: type[Handler] = Handler) -> Iterator[str]:
    """Serve a provider, and yield its URL."""
    server = _Server(("127.0.0.1", 0), type("Serving", (handler,), {"right": right}))
    right.url = f"http://127.0.0.1:{server.server_port}{PATH}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield right.url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
