"""Bad providers: each is the right one with one thing replaced, and the finding that names it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from tests.conformance.providers import TICKET, Handler, RefusedError, Reply, Right


@dataclass(frozen=True, kw_only=True)
class Bad:
    """A bad provider.

    Attributes:
        finding: Id of the finding that names it, or the beginning of it.
        probe: Pattern of the probes that find it.
        writes: Whether it shows in uploads only.
        right: What replaces methods of `Right`.
        handler: What replaces methods of `Handler`.
    """

    finding: str
    probe: str
    writes: bool = False
    right: dict[str, Callable[..., Any]] = field(default_factory=dict)
    handler: dict[str, Callable[..., Any]] = field(default_factory=dict)

    def provider(self) -> tuple[Right, type[Handler]]:
        return type("Bad", (Right,), self.right)(), type("BadHandler", (Handler,), self.handler)


def reads(finding: str, probe: str, **right: Callable[..., Any]) -> Bad:
    return Bad(finding=finding, probe=probe, right=right)


def writes(finding: str, probe: str, **right: Callable[..., Any]) -> Bad:
    return Bad(finding=finding, probe=probe, right=right, writes=True)


def wire(finding: str, probe: str, **handler: Callable[..., Any]) -> Bad:
    return Bad(finding=finding, probe=probe, handler=handler)


def nothing(self: Any, *_: Any) -> None:
    """Check nothing."""


def entities(self: Right, body: bytes) -> Any:
    return self.tree(body, etree.XMLParser(resolve_entities=True))


def recovering(self: Right, body: bytes, _: Any) -> Any:
    root = etree.fromstring(body, etree.XMLParser(recover=True))
    if root is None:
        raise RefusedError("no XML", 400)
    return root


def any_version(self: Right, root: Any) -> Any:
    for element in root.iter("*"):
        element.tag = str(element.tag).replace("Services85", "Services86")
    return Right.open(self, root)


def page(self: Right, error: RefusedError) -> Reply:
    return Reply(200, b"<html>Sorry</html>", "text/html")


def echo(self: Right, element: str, kind: str, message: str) -> Reply:
    return Right.failed(self, element, kind, f"{message} with {TICKET}")


def closing(self: Handler, reply: Reply) -> None:
    Handler.reply(self, reply)
    self.close_connection = True


def too_long(self: Handler, reply: Reply) -> None:
    Handler.reply(self, Reply(*reply[:1], reply.body + b"surplus"))


def short_length(self: Handler, reply: Reply) -> None:
    self.send_header("Content-Type", reply.media_type)
    self.send_header("Content-Length", str(max(len(reply.body) - 10, 0)))


def long_length(self: Handler, reply: Reply) -> None:
    surplus = 10 if self.command == "POST" else 0
    self.send_header("Content-Type", reply.media_type)
    self.send_header("Content-Length", str(len(reply.body) + surplus))
    self.close_connection = True


def slow_post(self: Handler) -> None:
    self.connection.close()


def elsewhere(self: Handler) -> None:
    self.body()
    self.reply(Reply(307, headers=(("Location", "http://other.invalid/BLOB.svc"),)))


def last_of_all(self: Right, image: bytes, description: str) -> Reply:
    reply = Right.keep(self, image, description)
    self.images = dict.fromkeys(self.images, image)
    return reply


def in_order_of_names(self: Right, parts: list[Any]) -> None:
    parts.sort(key=lambda p: ("Type", "Image", "Description").index(etree.QName(p).localname))


def url_safe(self: Right, text: str) -> bytes:
    return Right.decode(self, text.replace("-", "+").replace("_", "/"))


def dropping(self: Right, text: str) -> bytes:
    try:
        return Right.decode(self, text)
    except RefusedError:
        return b""


def without_image_in_chunks(self: Handler) -> bytes:
    body = Handler.body(self)
    is_chunked = "Transfer-Encoding" in self.headers
    return re.sub(rb"(<ns:Image>)[^<]*", rb"\1", body) if is_chunked else body


BAD = [
    reads("wsdl.unreadable", "wsdl", wsdl=lambda self: b"<html/>"),
    reads("wsdl.breaking", "wsdl", wsdl=lambda self: Right.wsdl(self).replace(
        b"BLOB/SaveImageStream", b"BLOB/SaveImage")),
    reads("wsdl.breaking", "wsdl", wsdl=lambda self: Right.wsdl(self).replace(
        b'style="document"', b'style="rpc"')),
    reads("refusal.no-credentials", "refusal.no-cred*", may=lambda self, t: t in (None, TICKET)),
    reads("refusal.invented-ticket", "refusal.inv*", may=lambda self, t: bool(t)),
    reads("refusal.no-action", "refusal.no-action", check_action=lambda self, a, n: (
        None if a is None else Right.check_action(self, a, n))),
    reads("refusal.unknown-action", "refusal.unk*-action", check_action=nothing),
    reads("refusal.text-plain", "refusal.text*", check_type=nothing),
    reads("refusal.dtd", "refusal.dtd", parse=entities),
    reads("refusal.mismatched-tags", "refusal.mis*", tree=recovering),
    reads("refusal.other-version", "refusal.other*", open=any_version),
    reads("refusal.second-body-child", "refusal.second*", check_count=nothing),
    reads("refusal.must-understand", "refusal.must*", check_headers=nothing),
    reads("refusal.not-a-number", "refusal.not-a-n*", number=lambda self, o: 0),
    reads("read.answers-anything", "read", read=lambda self, n: Right.normal(
        self, "GetBlobStreamResponse", "<Response>AAAA</Response>")),
    reads("answer.http.fault-with-success-status", "refusal.not-a*", fault_status=lambda self: 200),
    reads("answer.http.", "read", media_type=lambda self: "text/plain"),
    reads("answer.not-soap", "refusal.dtd", refusal=page),
    reads("answer.echoes-secret", "read", failed=echo),
    reads("answer.header.", "read", normal=lambda self, e, i, s="x", n="": Right.normal(
        self, e, i, "no", n)),
    wire("answer.surplus", "read", frame=short_length),
    wire("answer.cut-off", "read", frame=long_length),
    wire("answer.closed", "read", do_POST=slow_post),
    wire("answer.redirect", "read", do_POST=elsewhere),
    wire("connection.keep-alive", "connection.keep*", reply=closing),
    wire("connection.quoted-charset", "connection.quot*", do_POST=lambda self: (
        Handler.do_POST(self) if '"' not in self.headers["Content-Type"]
        else (self.body(), self.reply(Reply(415))))),
    writes("upload.no-blob-id", "upload.wsdl", next_id=lambda self: 0),
    writes("upload.blob-id-repeated", "upload.*g", next_id=lambda self: 7),
    writes("upload.refused", "upload.wsdl", save=lambda self, o: Right.failed(
        self, "SaveImageStreamResponse", "SoSentryException", "no")),
    writes("readback.refused", "upload.wsdl", stored=lambda self, i: None, read=lambda self, n: (
        Right.failed(self, "GetBlobStreamResponse", "SoSentryException", "no"))),
    writes("image.altered", "upload.png", stored=lambda self, image: image[:-1]),
    writes("image.refused", "upload.gif", decode=lambda self, t: Right.decode(
        self, "!" if t.startswith("R0lG") else t)),
    writes("description.description-altered", "upload.desc*", described=lambda self, text: (
        text.replace("\r\n", "\n"))),
    writes("spelling.refused", "upload.spell*", whole=lambda self, part: part.text or "!",
           decode=lambda self, text: Right.decode(self, text if "\n" not in text else "!")),
    writes("upload.together-lost", "upload.together", keep=last_of_all),
    Bad(finding="upload.chunks-lost", probe="upload.chunked", writes=True,
        handler={"body": without_image_in_chunks}),
    writes("size.altered", "upload.sizes", stored=lambda self, image: image[:65_536]),
    writes("malformed.body.child-out-of-order", "malformed.body.child-out*",
           check_parts=in_order_of_names),
    writes("malformed.payload.base64-url-safe", "malformed.payload.*safe", decode=url_safe),
    writes("malformed.payload.base64-length", "malformed.payload.*length", decode=dropping),
    writes("malformed.body.type-unknown", "malformed.body.type*", check_link_type=nothing),
    writes("malformed.body.element-in-value", "malformed.body.elem*", text=Right.whole),
    writes("malformed.header.credentials-missing", "malformed.header.cred*",
           may=lambda self, ticket: ticket in (None, TICKET)),
    writes("malformed.invented-ticket", "malformed.inv*", may=lambda self, ticket: bool(ticket)),
]  # fmt: skip
