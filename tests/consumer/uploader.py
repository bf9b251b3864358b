"""A right client as people write it by hand, in pieces that a planted bug can replace."""

import base64
import http.client
import logging
import socket
import threading
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from lxml import etree

from pytest_soblob.consumer import NotUploaded, Target, Upload

NS = "http://www.superoffice.net/ws/crm/NetServer/Services86"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
LOG = logging.getLogger("uploader")


class UploadFailed(Exception):  # noqa: N818 -- as a team names it
    """The upload failed, and the caller is to know."""


def hang_up(connected: list[socket.socket]) -> None:
    """End a call that takes too long, wherever it is."""
    for one in connected:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


class Uploader:
    """Uploads with http.client and a template; reads answers with lxml.

    Args:
        target: Where it connects to, and its credentials.
        timeout_s: Seconds for the whole call.
    """

    timeout_s = 1.0
    most_bytes = 2_000_000
    limits_whole_call = True
    errors: tuple[type[Exception], ...] = (OSError, http.client.HTTPException)

    def __init__(self, target: Target) -> None:
        self.target = target
        self.ticket = target.ticket
        self.last_id = 0
        self.account: tuple[str, str] | None = None

    # -- the call --------------------------------------------------------------------------------

    def save(self, call: Upload) -> int:
        self.check(call)
        blob_id = self.read(*self.send(self.build(call)))
        self.last_id = blob_id
        return blob_id

    def check(self, call: Upload) -> None:
        if any(one < " " and one not in "\t\r\n" for one in call.description or ""):
            raise NotUploaded("the description has control characters")
        if len(call.image) > self.most_bytes:
            raise NotUploaded("the image is too large")

    # -- what comes before and after it ----------------------------------------------------------

    def authenticate(self, user: str, password: str) -> None:
        body = (
            f"<n:AuthenticateUsernamePassword><n:UserName>{escape(user)}</n:UserName>"
            f"<n:Password>{escape(password)}</n:Password></n:AuthenticateUsernamePassword>"
        )
        root = self.call("SoPrincipal", "AuthenticateUsernamePassword", body, self.token())
        self.check_log_in(root)
        self.keep_ticket(root.findtext(f".//{{{NS}}}Ticket") or "")
        self.account = (user, password)

    def check_log_in(self, root: etree._Element) -> None:
        if root.findtext(f".//{{{NS}}}AuthenticationSucceeded") != "true":
            raise UploadFailed("the log-in failed")

    def keep_ticket(self, ticket: str) -> None:
        self.ticket = ticket

    def attach(self, call: Upload, person_id: int) -> None:
        self.change_image(person_id, self.save(call))

    def change_image(self, person_id: int, blob_id: int) -> None:
        body = (
            f"<n:ChangePersonImage><n:PersonId>{person_id}</n:PersonId>"
            f"<n:BlobId>{blob_id}</n:BlobId></n:ChangePersonImage>"
        )
        self.call("BLOB", "ChangePersonImage", body, self.header())

    def call(self, service: str, operation: str, body: str, header: str) -> etree._Element:
        url = self.target.principal_url if service == "SoPrincipal" else self.target.url
        message = self.enveloped(header, body).encode()
        status, _, answer = self.post(
            url, message, {**self.headers(), "SOAPAction": f'"{NS}/{service}/{operation}"'}
        )
        if status != 200:
            raise UploadFailed(f"HTTP {status}")
        root = self.parse(answer)
        self.check_header(root)
        return root

    # -- the request -----------------------------------------------------------------------------

    def build(self, call: Upload) -> bytes:
        return self.envelope(
            self.header(), self.children(self.type(call), self.image(call), self.description(call))
        ).encode()

    def envelope(self, header: str, body: str) -> str:
        return self.enveloped(header, f"<n:SaveImageStream>{body}</n:SaveImageStream>")

    def enveloped(self, header: str, body: str) -> str:
        return (
            f'<s:Envelope xmlns:s="{SOAP}" xmlns:n="{NS}"><s:Header>{header}</s:Header>'
            f"<s:Body>{body}</s:Body></s:Envelope>"
        )

    def token(self) -> str:
        token = self.target.application_token
        return f"<n:ApplicationToken>{escape(token)}</n:ApplicationToken>" if token else ""

    def header(self) -> str:
        ticket = escape(self.ticket or "")
        return f"{self.token()}<n:Credentials><n:Ticket>{ticket}</n:Ticket></n:Credentials>"

    def children(self, type_: str, image: str, description: str) -> str:
        return type_ + image + description

    def type(self, call: Upload) -> str:
        return f"<n:Type>{call.type}</n:Type>"

    def image(self, call: Upload) -> str:
        return f"<n:Image>{self.encoded(call.image)}</n:Image>"

    def encoded(self, image: bytes) -> str:
        return base64.b64encode(image).decode()

    def description(self, call: Upload) -> str:
        if call.description is None:
            return ""
        return f"<n:Description>{self.text(call.description)}</n:Description>"

    def text(self, description: str) -> str:
        return escape(description, {"\r": "&#13;"})

    # -- on the wire -----------------------------------------------------------------------------

    def headers(self) -> Mapping[str, str]:
        return {
            "Content-Type": "text/xml; charset=utf-8",
            "SOAPAction": f'"{NS}/BLOB/SaveImageStream"',
        }

    def path(self) -> str:
        return urlsplit(self.target.url).path

    def send(self, body: bytes) -> tuple[int, str, bytes]:
        """Return status, Content-Type and body of the answer."""
        return self.post(
            f"{self.target.url.partition('/Remote')[0]}{self.path()}", body, self.headers()
        )

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str, bytes]:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(
            parts.hostname or "", parts.port, timeout=self.timeout_s
        )
        stack = ExitStack()
        stack.callback(connection.close)
        # http.client forgets the socket once an answer says that it ends the connection.
        connected: list[socket.socket] = []
        late = threading.Timer(self.timeout_s, hang_up, (connected,))
        try:
            connection.connect()
            connected.append(connection.sock)
            if self.limits_whole_call:
                late.start()  # beside the limit of each read
            path = f"{parts.path}?{parts.query}" if parts.query else parts.path
            self.request(connection, path, body, headers)
            answer = connection.getresponse()
            stack.callback(answer.close)
            return answer.status, answer.getheader("Content-Type") or "", self.taken(answer)
        except self.errors as error:
            raise UploadFailed(f"no answer: {type(error).__name__}") from None
        finally:
            late.cancel()
            stack.close()

    def request(
        self,
        connection: http.client.HTTPConnection,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
    ) -> None:
        connection.request("POST", path, body, dict(headers))

    def taken(self, answer: http.client.HTTPResponse) -> bytes:
        return answer.read()

    # -- the answer ------------------------------------------------------------------------------

    def read(self, status: int, kind: str, body: bytes) -> int:
        if status != 200 or "xml" not in kind:
            raise UploadFailed(f"HTTP {status}")
        return self.read_id(self.parse(body))

    def parse(self, body: bytes) -> etree._Element:
        try:
            parser = etree.XMLParser(resolve_entities=False, remove_comments=True)
            root = etree.fromstring(body, parser)
        except etree.XMLSyntaxError:
            raise UploadFailed("the answer is no XML") from None
        if root.getroottree().docinfo.doctype:
            raise UploadFailed("the answer has a document type")
        return root

    def read_id(self, root: etree._Element) -> int:
        self.check_header(root)
        return self.check_id(self.response(root))

    def check_header(self, root: etree._Element) -> None:
        succeeded = root.findtext(f"{{*}}Header/{{{NS}}}Succeeded")
        if succeeded is not None and succeeded.strip() not in ("true", "1"):
            raise UploadFailed("Succeeded is false")
        if root.find(f"{{*}}Header/{{{NS}}}ExceptionInfo/{{{NS}}}Message") is not None:
            raise UploadFailed("there is an exception")

    def response(self, root: etree._Element) -> str:
        children = root.findall("{*}Body/*")
        if len(children) != 1 or children[0].tag != f"{{{NS}}}SaveImageStreamResponse":
            raise UploadFailed("another answer")
        return children[0].findtext(f"{{{NS}}}Response") or ""

    def check_id(self, text: str) -> int:
        try:
            blob_id = int(text)
        except ValueError:
            raise UploadFailed("no blob id") from None
        if not 0 < blob_id < 2**31:
            raise UploadFailed(f"blob id {blob_id}")
        return blob_id
