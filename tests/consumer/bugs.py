"""Bugs planted in a right client, each in a line, with the scenario that has to name it."""
# ruff: noqa: PLW0108 -- what a bug calls stands below it

import base64
import html
import http.client
import re
import time
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from operator import itemgetter
from typing import Any
from urllib.parse import unquote_plus
from xml.sax.saxutils import escape

from lxml import etree
from PIL import Image

from pytest_soblob.consumer import Upload
from pytest_soblob.contract import BlobLinkType
from tests.consumer.uploader import LOG, NS, SOAP, Uploader, UploadFailed

Change = Callable[..., Any]
OK = (
    f'<s:Envelope xmlns:s="{SOAP}" xmlns:n="{NS}"><s:Body><n:SaveImageStreamResponse>'
    "<n:Response>5</n:Response></n:SaveImageStreamResponse></s:Body></s:Envelope>"
)


@dataclass(frozen=True)
class Bug:
    """One planted bug.

    Attributes:
        name: What is wrong.
        own: The scenario that has to name it; `upload.plain` for one that breaks every upload.
        changes: What replaces the methods and attributes of the right client.
        wide: Why more than three other scenarios may be red; empty where they may not.
    """

    name: str
    own: str
    changes: Mapping[str, Any]
    wide: str = ""

    def client(self) -> type[Uploader]:
        """Return the client with the bug in it."""
        return type("BuggyUploader", (Uploader,), dict(self.changes))


# Every type but the one of the plain upload.
TYPES = [name for name in BlobLinkType if name != "PersonImage"]


def bug(name: str, own: str, *, wide: str = "", **changes: Any) -> Bug:
    return Bug(name, own, changes, wide)


def written(change: Callable[[str], str]) -> Change:
    """Change the description before it is escaped."""
    return lambda self, text: Uploader.text(self, change(text))


def pictured(change: Callable[[bytes], bytes]) -> Change:
    """Change the image before it is encoded."""
    return lambda self, image: base64.b64encode(change(image)).decode()


def saved_by(change: Callable[..., Any]) -> Change:
    """Wrap the whole call: gets the client, the call, and what makes it."""
    return lambda self, call: change(self, call, lambda: Uploader.save(self, call))


def reencoded(image: bytes, **options: Any) -> bytes:
    """Open a picture and save it anew; anything else as it is."""
    try:
        picture = Image.open(BytesIO(image))
        kept = BytesIO()
        picture.save(kept, picture.format, **options)
    except (OSError, ValueError, SyntaxError):
        return image
    return kept.getvalue()


def lenient(change: Callable[[str], str]) -> Change:
    """Read the id of whatever text comes."""
    return lambda self, text: int(change(text))


def retried(times: int, *, pause_s: float = 0.0) -> Change:
    def send(self: Uploader, body: bytes) -> tuple[int, str, bytes]:
        for _ in range(times):
            try:
                answer = Uploader.send(self, body)
            except UploadFailed:
                continue
            if answer[0] == 200:
                return answer
            time.sleep(pause_s)
        return Uploader.send(self, body)

    return send


def default_on(kind: type[BaseException], value: int) -> Change:
    def save(self: Uploader, call: Upload) -> int:
        try:
            return Uploader.save(self, call)
        except kind:
            return value

    return save


def cut_units(units: int) -> Callable[[str], str]:
    def cut(text: str) -> str:
        return text.encode("utf-16-le", "surrogatepass")[: 2 * units].decode("utf-16-le", "ignore")

    return cut


def cached(self: Uploader, call: Upload, save: Callable[[], int]) -> int:
    """Hand out the id of the same image again."""
    memory: dict[bytes, int] = vars(self).setdefault("memory", {})
    key = call.image + repr(call.description).encode()
    if key not in memory:
        memory[key] = save()
    return memory[key]


TEXT_BUGS = (
    bug("strip", "description.spaces", text=written(str.strip),
        wide="white space of every kind stands at an end"),
    bug("rstrip of line ends", "description.lf", text=written(lambda t: t.rstrip("\r\n"))),
    bug("tabs become blanks", "description.tab-edges", text=written(str.expandtabs)),
    bug("double blanks collapse", "description.spaces",
        text=written(lambda t: re.sub("  +", " ", t))),
    bug("carriage returns raw", "description.cr", text=lambda self, t: escape(t)),
    bug("CRLF becomes LF", "description.crlf", text=written(lambda t: t.replace("\r\n", "\n"))),
    bug("LF becomes CRLF", "description.lf", text=written(lambda t: t.replace("\n", "\r\n"))),
    bug("no escaping of &", "description.markup",
        text=lambda self, t: t.replace("<", "&lt;").replace("\r", "&#13;"),
        wide="every text with an ampersand"),
    bug("escaped twice", "description.markup", text=written(escape),
        wide="every text with markup"),
    bug("quotes escaped as HTML, twice", "description.quotes",
        text=written(lambda t: t.replace('"', "&quot;").replace("'", "&#39;"))),
    bug("quotes dropped", "description.quotes", text=written(lambda t: t.replace('"', ""))),
    bug("CDATA without a look at ]]>", "description.cdata-end",
        text=lambda self, t: f"<![CDATA[{t}]]>" if "\r" not in t else Uploader.text(self, t)),
    bug("CDATA-like text taken for CDATA", "description.cdata-like",
        text=written(lambda t: re.sub(r"<!\[CDATA\[(.*)\]\]>", r"\1", t))),
    bug("references resolved", "description.references", text=written(html.unescape)),
    bug("HTML entities resolved", "description.html-entities",
        text=written(lambda t: re.sub("&(nbsp|eacute|euro|copy);", "?", t))),
    bug("tags stripped", "description.element-like",
        text=written(lambda t: re.sub("</?[A-Za-z]+>", "", t))),
    bug("formatted", "description.template-like",
        text=written(lambda t: t.replace("{name}", "None"))),
    bug("URL-decoded", "description.percent-like", text=written(unquote_plus)),
    bug("NFC", "description.nfd", text=written(lambda t: unicodedata.normalize("NFC", t))),
    bug("NFD", "description.nfc", text=written(lambda t: unicodedata.normalize("NFD", t))),
    bug("NFKC", "description.nfkc", text=written(lambda t: unicodedata.normalize("NFKC", t))),
    bug("joiners dropped", "description.emoji-joined",
        text=written(lambda t: t.replace("\u200d", ""))),
    bug("astral characters become ?", "description.astral",
        text=written(lambda t: re.sub("[\U00010000-\U0010ffff]", "?", t))),
    bug("reversed for right to left", "description.rtl",
        text=written(lambda t: t[::-1] if "\u05d0" <= t[:1] <= "\u05ea" else t)),
    bug("bidi controls dropped", "description.bidi",
        text=written(lambda t: re.sub("[\u202a-\u202e\u2066-\u2069]", "", t))),
    bug("noncharacters dropped", "description.nonchar",
        text=written(lambda t: t.replace("\ufdd0", ""))),
    bug("C1 controls read as cp1252", "description.c1",
        text=written(lambda t: t.replace("\x9f", "\u0178"))),
    bug("splitlines", "description.nel-ls-ps",
        text=written(lambda t: t.replace("\u2028", "\n").replace("\u2029", "\n"))),
    bug("NBSP becomes a blank", "description.nbsp-zwsp",
        text=written(lambda t: t.replace("\xa0", " "))),
    bug("a BOM dropped", "description.bom-first",
        text=written(lambda t: t.removeprefix("\ufeff"))),
    bug("smart quotes made plain", "description.cp1252-lookalikes",
        text=written(lambda t: t.replace("\u201c", '"').replace("\u201d", '"'))),
    bug("UTF-8 read as Latin-1", "description.norwegian",
        text=written(lambda t: t.encode().decode("latin-1")),
        wide="every text beyond ASCII"),
    bug("ASCII with ?", "description.norwegian",
        text=written(lambda t: t.encode("ascii", "replace").decode()),
        wide="every text beyond ASCII"),
    bug("the word null is no text", "description.null-word",
        description=lambda self, c: "" if c.description == "null"
        else Uploader.description(self, c)),
    bug("cut at 200", "description.length-254", text=written(lambda t: t[:200]),
        wide="every longer text"),
    bug("cut at 254", "description.length-255", text=written(lambda t: t[:254])),
    bug("cut at 255", "description.length-256", text=written(lambda t: t[:255])),
    bug("cut at 254 UTF-16 units", "description.utf16-255", text=written(cut_units(254))),
    bug("cut at 4,000", "description.length-10000", text=written(lambda t: t[:4_000])),
    bug("no description becomes 'None'", "description.none",
        description=lambda self, c: f"<n:Description>{self.text(str(c.description))}"
        "</n:Description>",
        wide="every upload without a description"),
    bug("an empty description becomes a dash", "description.empty",
        description=lambda self, c: "<n:Description>-</n:Description>" if c.description == ""
        else Uploader.description(self, c)),
    bug("control characters sent", "description.not-xml", check=lambda self, call: None),
    bug("control characters dropped", "description.not-xml", check=lambda self, call: None,
        text=written(lambda t: re.sub("[\x00-\x08\x0e-\x1f]", "", t))),
)  # fmt: skip

IMAGE_BUGS = (
    bug("text mode", "upload.plain", encoded=pictured(lambda b: b.replace(b"\r\n", b"\n"))),
    bug("LF made CRLF", "upload.plain", encoded=pictured(lambda b: b.replace(b"\n", b"\r\n"))),
    bug("text mode, PNG spared", "image.crlf-bytes",
        encoded=pictured(lambda b: b if b[:1] == b"\x89" else b.replace(b"\r\n", b"\n"))),
    bug("seven bits", "upload.plain", encoded=pictured(lambda b: bytes(x & 127 for x in b))),
    bug("base64 twice", "upload.plain", encoded=pictured(base64.b64encode)),
    bug("no base64", "upload.plain", encoded=lambda self, b: b.decode("latin-1")),
    bug("URL-safe base64", "upload.plain",
        encoded=lambda self, b: base64.urlsafe_b64encode(b).decode()),
    bug("URL-safe base64, PNG spared", "image.every-byte",
        encoded=lambda self, b: base64.b64encode(b, None if b[:1] == b"\x89" else b"-_").decode(),
        wide="62 and 63 stand in most images"),
    bug("no padding", "upload.plain",
        encoded=lambda self, b: base64.b64encode(b).decode().rstrip("=")),
    bug("one byte too few at length 1", "image.length-1",
        encoded=pictured(lambda b: b if len(b) > 1 else b"")),
    bug("cut to a multiple of 3", "image.length-2",
        encoded=pictured(lambda b: b if len(b) > 60 else b[: len(b) // 3 * 3]),
        wide="most small images"),
    bug("three bytes taken for a BOM", "image.length-3",
        encoded=pictured(lambda b: b.removeprefix(b"\xff\xfe\xfd"))),
    bug("strip on bytes", "image.crlf-bytes", encoded=pictured(bytes.strip)),
    bug("no image, no upload", "image.not-an-image",
        encoded=pictured(lambda b: b if b[:1] != b"T" else b"")),
    bug("a GIF re-encoded as PNG", "image.gif",
        encoded=pictured(lambda b: to_format(b, "GIF", "PNG"))),
    bug("a BMP re-encoded as PNG", "image.bmp",
        encoded=pictured(lambda b: to_format(b, "BMP", "PNG"))),
    bug("WebP re-encoded as PNG", "image.webp",
        encoded=pictured(lambda b: to_format(b, "WEBP", "PNG"))),
    bug("JPEG saved anew", "image.jpeg",
        encoded=pictured(lambda b: reencoded(b, quality=60) if b[:2] == b"\xff\xd8" else b),
        wide="JPEG of every kind"),
    bug("CMYK made RGB", "image.jpeg-cmyk", encoded=pictured(lambda b: to_rgb(b))),
    bug("PNG saved anew", "image.png",
        encoded=pictured(lambda b: reencoded(b) if b[:4] == b"\x89PNG" and len(b) > 70 else b),
        wide="PNG of every kind"),
    *(
        bug(f"cut at {size:,}", own, encoded=pictured(itemgetter(slice(size))),
            wide="every larger image")
        for size, own in ((46_000, "image.length-47k"), (49_150, "image.length-49151"),
                          (49_151, "image.length-49152"), (49_152, "image.length-49153"),
                          (65_535, "image.length-64k"), (65_536, "image.length-70k"),
                          (1_000_000, "image.length-1mib"))
    ),
    bug("an empty image fails", "image.empty",
        encoded=pictured(lambda b: b or b"\x00")),
)  # fmt: skip


def to_format(data: bytes, old: str, new: str) -> bytes:
    try:
        picture = Image.open(BytesIO(data))
    except OSError:
        return data
    if picture.format != old:
        return data
    kept = BytesIO()
    picture.save(kept, new)
    return kept.getvalue()


def to_rgb(data: bytes) -> bytes:
    try:
        picture = Image.open(BytesIO(data))
    except OSError:
        return data
    if picture.mode != "CMYK":
        return data
    kept = BytesIO()
    picture.convert("RGB").save(kept, "JPEG")
    return kept.getvalue()


def first_child(self: Uploader, root: Any) -> str:
    """Take whatever stands first in Body."""
    return str(root.findtext("{*}Body/*/{*}Response") or "")


UPLOAD_BUGS = (
    bug("wrong order", "upload.plain", children=lambda self, t, i, d: d + i + t),
    bug("wrong order without a description", "description.none",
        children=lambda self, t, i, d: t + i + d if d else i + t,
        wide="every upload without a description"),
    bug("another version", "upload.plain",
        envelope=lambda self, h, b: Uploader.envelope(self, h, b).replace(
            "Services86", "Services85")),
    bug("no SOAPAction", "upload.plain",
        headers=lambda self: {"Content-Type": "text/xml; charset=utf-8"}),
    bug("text/plain", "upload.plain",
        headers=lambda self: {**Uploader.headers(self), "Content-Type": "text/plain"}),
    bug("Latin-1 bytes", "description.norwegian",
        build=lambda self, c: Uploader.build(self, c).decode().encode("latin-1", "replace"),
        wide="every text beyond ASCII"),
    bug("numbers for types", "upload.plain", type=lambda self, c: "<n:Type>1</n:Type>"),
    *(
        bug(f"{name} sent as PersonImage", f"upload.types.{name}",
            type=lambda self, c, n=name: "<n:Type>PersonImage</n:Type>" if c.type == n
            else Uploader.type(self, c))
        for name in TYPES
    ),
    bug("PersonImage sent as Thumbnail", "upload.plain",
        type=lambda self, c: "<n:Type>Thumbnail</n:Type>"),
    bug("ids by content from a cache", "upload.twice-same", save=saved_by(cached),
        wide="every scenario that uploads the same image twice"),
    bug("ids of 16 bits", "upload.plain",
        save=saved_by(lambda self, call, save: save() % 65_536 or 1)),
    bug("the first id for ever", "upload.id-is-handed-on",
        save=saved_by(lambda self, call, save: keep_first(self, save())),
        wide="every second call of a client"),
    bug("ids of 31 bits", "upload.id-largest",
        save=saved_by(lambda self, call, save: save() & 0x3FFFFFFF)),
    bug("prints 1", "upload.plain", save=saved_by(lambda self, call, save: save() and 1)),
    bug("returns None", "upload.plain", save=saved_by(lambda self, call, save: save() and None)),
    bug("an attribute that is not in the schema", "upload.no-error-rule",
        description=lambda self, c: Uploader.description(self, c).replace(
            "<n:Description>", "<n:Description lang='nb'>") if "Kari & Ola" in (c.description or "")
        else Uploader.description(self, c), wide="texts with that name"),
    bug("tries SOAP 1.2 after 415", "upload.no-other-soap-form",
        send=lambda self, body: fall_back(self, body), wide="a second request after 415"),
)  # fmt: skip


def keep_first(self: Uploader, blob_id: int) -> int:
    first = getattr(self, "first_id", blob_id)
    self.first_id = first  # type: ignore[attr-defined]
    return first


def fall_back(self: Uploader, body: bytes) -> tuple[int, str, bytes]:
    answer = Uploader.send(self, body)
    if answer[0] == 415:
        other = body.replace(SOAP.encode(), b"http://www.w3.org/2003/05/soap-envelope")
        answer = Uploader.send(self, other)
    return answer


AUTH_BUGS = (
    bug("no ticket", "upload.plain", header=lambda self: ""),
    bug("the ticket in upper case", "upload.plain",
        header=lambda self: Uploader.header(self).replace(self.ticket, self.ticket.upper())),
    bug("+ in the ticket becomes a blank", "auth.ticket-with-plus-and-slash",
        header=lambda self: Uploader.header(self).replace("+", " ")),
    bug("no token", "auth.token-sent-online",
        header=lambda self: re.sub("<n:App.*?Token>", "", Uploader.header(self)),
        wide="everything that is played Online"),
    bug("a token of its own on-site", "auth.no-token-onsite",
        header=lambda self: Uploader.header(self) if self.target.application_token
        else "<n:ApplicationToken>built-in</n:ApplicationToken>" + Uploader.header(self)),
    bug("the ticket of somebody else after the first call", "auth.expired-once",
        check_header=lambda self, root: None if self.last_id else Uploader.check_header(self, root),
        read=lambda self, s, k, b: max(Uploader.read(self, s, k, b), 1) if not self.last_id
        else read_anything(self, b)),
    bug("never gives up on an expired ticket", "auth.expired-for-ever",
        save=lambda self, call: save_until(self, call, 12), wide="every failure is retried"),
    bug("the ticket in the URL", "secrets.not-in-url",
        path=lambda self: f"{Uploader.path(self)}?ticket={self.ticket}"),
    bug("prints the request", "secrets.not-in-output",
        build=lambda self, c: shown(Uploader.build(self, c))),
    bug("the request in the exception", "secrets.not-in-exception",
        send=lambda self, body: told(self, body)),
    bug("the request in the log", "secrets.not-in-logs",
        build=lambda self, c: logged(Uploader.build(self, c))),
    bug("redirects followed with the body", "secrets.not-in-redirect",
        send=lambda self, body: followed(self, body), wide="also http.redirect-elsewhere"),
    bug("another order after a redirect", "http.redirect-302",
        send=lambda self, body: posted_again(out_of_order)(self, body)),
    bug("no ticket after a redirect", "http.redirect-307",
        send=lambda self, body: posted_again(
            lambda b: re.sub(b"<n:Cred.*Credentials>", b"", b))(self, body)),
    bug("another image after a redirect", "http.redirect-302",
        send=lambda self, body: posted_again(
            lambda b: re.sub(b"(?<=<n:Image>)[^<]*", b"QUJD", b))(self, body)),
    bug("redirects followed in UTF-16", "http.redirect-elsewhere",
        headers=lambda self: {**Uploader.headers(self), "Content-Type": "text/xml; charset=utf-16"},
        send=lambda self, body: utf16_followed(self, body), wide="also secrets.not-in-redirect"),
    bug("the ticket in the query of the redirect", "secrets.not-in-redirect",
        send=lambda self, body: with_a_query(self, body), wide="also http.redirect-elsewhere"),
)  # fmt: skip


def posted_again(body_of: Callable[[bytes], bytes]) -> Change:
    """Follow a redirect to the same server, with a body that is another one."""

    def send(self: Uploader, body: bytes) -> tuple[int, str, bytes]:
        answer = Uploader.send(self, body)
        if answer[0] not in (302, 307):
            return answer
        url = self.target.url.replace("/Remote", "/moved/Remote")
        return self.post(url, body_of(body), self.headers())

    return send


def out_of_order(body: bytes) -> bytes:
    parts = re.match(rb"(.*)(<n:Type>.*?</n:Type>)(<n:Image>.*?</n:Image>)(.*)", body, re.DOTALL)
    assert parts is not None
    return parts[1] + parts[3] + parts[2] + parts[4]


def read_anything(self: Uploader, body: bytes) -> int:
    text = self.parse(body).findtext("{*}Body/*/{*}Response")
    return int(text or 0) or 77


def save_until(self: Uploader, call: Upload, times: int) -> int:
    for _ in range(times):
        try:
            return Uploader.save(self, call)
        except UploadFailed:
            continue
    return Uploader.save(self, call)


def shown(data: bytes) -> bytes:
    print(data.decode("utf-8", "replace"))  # noqa: T201 -- that is the bug
    return data


def logged(data: bytes) -> bytes:
    LOG.debug("%s", data.decode("utf-8", "replace"))
    return data


def told(self: Uploader, body: bytes) -> tuple[int, str, bytes]:
    answer = Uploader.send(self, body)
    if answer[0] != 200:
        raise UploadFailed(body.decode("utf-8", "replace"))
    return answer


def followed(self: Uploader, body: bytes) -> tuple[int, str, bytes]:
    import requests

    try:
        answer = requests.post(self.target.url, body, headers=dict(self.headers()), timeout=1)
    except requests.RequestException as error:
        raise UploadFailed(type(error).__name__) from None
    return answer.status_code, answer.headers.get("Content-Type", ""), answer.content


def utf16_followed(self: Uploader, body: bytes) -> tuple[int, str, bytes]:
    text = '<?xml version="1.0" encoding="utf-16"?>' + body.decode()
    return followed(self, text.encode("utf-16"))


def with_a_query(self: Uploader, body: bytes) -> tuple[int, str, bytes]:
    import requests

    headers = dict(self.headers())
    answer = requests.post(self.target.url, body, headers=headers, timeout=1, allow_redirects=False)
    if answer.status_code == 307:
        url = answer.headers["Location"]
        requests.post(url, b"", params={"ticket": self.ticket}, headers=headers, timeout=1)
    return answer.status_code, answer.headers.get("Content-Type", ""), answer.content


ANSWER_BUGS = (
    bug("Succeeded ignored", "business.positive-id", check_header=lambda self, root: None),
    bug("ExceptionInfo only", "business.no-exception-info",
        check_header=lambda self, root: only_exception(root),
        check_id=lambda self, text: int(text), wide="each answer without a good id"),
    bug("ids not checked", "business.id-zero", check_id=lambda self, text: int(text or 0),
        wide="each answer without a good id"),
    bug("ids not bounded", "business.id-beyond-int", check_id=lambda self, text: positive(text)),
    bug("negative ids taken", "business.id-negative",
        check_id=lambda self, text: abs(Uploader.check_id(self, str(abs(int(text or 0)))))),
    bug("a missing Response is 1", "business.no-response",
        check_id=lambda self, text: Uploader.check_id(self, text or "1"),
        wide="answers without Response of each kind"),
    bug("crash on a nil Response", "business.nil-response",
        response=lambda self, root: Uploader.response(self, root) or 1 / 0),
    bug("every failure is 0", "business.no-rights", save=default_on(UploadFailed, 0),
        wide="every failure"),
    bug("every failure is 1", "business.no-rights", save=default_on(UploadFailed, 1),
        wide="every failure"),
    bug("every failure is None", "business.no-rights",
        save=lambda self, call: or_none(self, call), wide="every failure"),
    bug("Succeeded has to read true", "answer.succeeded-1",
        check_header=lambda self, root: exactly_true(root)),
    bug("the prefix matters", "answer.prefixes",
        parse=lambda self, body: with_prefix(self, body), wide="all dresses without that prefix"),
    bug("a regular expression", "answer.white-space-in-id",
        read=lambda self, s, k, b: by_pattern(s, b), wide="it reads no XML"),
    bug("digits only", "answer.plus-sign-id",
        check_id=lambda self, text: Uploader.check_id(
            self, text.strip() if text.strip().isdigit() else "")),
    bug("UTF-8 only", "answer.utf16", parse=lambda self, body: Uploader.parse(
        self, body.decode("utf-8", "replace").encode())),
    bug("a BOM is no XML", "answer.bom", parse=lambda self, body: no_mark(self, body)),
    bug("comments cut the text", "answer.comments",
        parse=lambda self, body: keep_comments(body)),
    bug("a fault with 200 is read", "answer.fault-200",
        response=lambda self, root: str(root.findtext(f"{{*}}Body//{{{NS}}}Response") or 5),
        wide="each answer without a Response"),
    bug("Content-Type ignored", "answer.html-200",
        read=lambda self, s, k, b: self.read_id(self.parse(b)) if s == 200 else self.give_up(),
        give_up=lambda self: Uploader.read(self, 500, "", b""),
        parse=lambda self, body: Uploader.parse(self, body) if body[:5] != b"<html"
        else etree.fromstring(OK)),
    bug("JSON taken", "answer.json-200",
        read=lambda self, s, k, b: 74_565 if "json" in k else Uploader.read(self, s, k, b)),
    bug("an empty answer is success", "answer.empty-200",
        read=lambda self, s, k, b: Uploader.read(self, s, k, b) if b or s != 200 else 1),
    bug("a document type is read", "answer.doctype", parse=lambda self, body: plain(body)),
    bug("entities are cut out", "answer.entity-bomb",
        parse=lambda self, body: Uploader.parse(
            self, re.sub(rb"<!DOCTYPE[^>]*\[.*?\]>|&e\d;", b"", body))),
    bug("the first of two", "answer.two-body-children", response=first_child,
        wide="whatever stands in Body"),
    bug("any namespace", "answer.other-version",
        response=lambda self, root: any_namespace(root)),
    bug("half of an answer", "answer.truncated",
        read=lambda self, s, k, b: recovered(self, s, k, b)),
    bug("any operation", "answer.other-operation",
        response=lambda self, root: str(root.findtext(f"{{*}}Body/*/{{{NS}}}Response") or 9),
        wide="each answer without a Response"),
    bug("an exception without Succeeded is success", "answer.exception-info-alone",
        check_header=lambda self, root: only_succeeded(root)),
    bug("Succeeded has to be there", "answer.no-succeeded-block",
        check_header=lambda self, root: has_succeeded(self, root)),
    bug("unknown blocks fail", "answer.unknown-block",
        check_header=lambda self, root: known_blocks(self, root)),
    bug("ExceptionInfo has to be there", "answer.absent-exception-info",
        check_header=lambda self, root: has_info(self, root), wide="answers without it"),
    bug("nil taken for an exception", "answer.nil-exception-info",
        check_header=lambda self, root: no_info(self, root)),
)  # fmt: skip


def only_exception(root: Any) -> None:
    if root.find(f"{{*}}Header/{{{NS}}}ExceptionInfo/{{{NS}}}Message") is not None:
        raise UploadFailed("there is an exception")


def only_succeeded(root: Any) -> None:
    text = root.findtext(f"{{*}}Header/{{{NS}}}Succeeded")
    if text is not None and text.strip() not in ("true", "1"):
        raise UploadFailed("Succeeded is false")


def exactly_true(root: Any) -> None:
    if root.findtext(f"{{*}}Header/{{{NS}}}Succeeded") not in ("true", None):
        raise UploadFailed("Succeeded is not true")
    only_exception(root)


def has_succeeded(self: Uploader, root: Any) -> None:
    if root.find(f"{{*}}Header/{{{NS}}}Succeeded") is None:
        raise UploadFailed("no Succeeded")
    Uploader.check_header(self, root)


def known_blocks(self: Uploader, root: Any) -> None:
    if any(not block.tag.startswith(f"{{{NS}}}") for block in root.findall("{*}Header/*")):
        raise UploadFailed("an unknown block")
    Uploader.check_header(self, root)


def has_info(self: Uploader, root: Any) -> None:
    if root.find(f"{{*}}Header/{{{NS}}}ExceptionInfo") is None:
        raise UploadFailed("no ExceptionInfo")
    Uploader.check_header(self, root)


def no_info(self: Uploader, root: Any) -> None:
    if root.find(f"{{*}}Header/{{{NS}}}ExceptionInfo") is not None and self.last_id == 0:
        marked = root.find(f"{{*}}Header/{{{NS}}}ExceptionInfo")
        if marked.prefix == "n":
            raise UploadFailed("an exception")
    Uploader.check_header(self, root)


def positive(text: str) -> int:
    if not text.strip().lstrip("+").isdigit() or int(text) == 0:
        raise UploadFailed("no id")
    return int(text)


def or_none(self: Uploader, call: Upload) -> Any:
    try:
        return Uploader.save(self, call)
    except UploadFailed:
        return None


def with_prefix(self: Uploader, body: bytes) -> Any:
    if b"<s:Envelope" not in body:
        raise UploadFailed("no s:Envelope")
    return Uploader.parse(self, body)


def by_pattern(status: int, body: bytes) -> int:
    found = re.search(rb"<(?:\w+:)?Response>(\d+)<", body)
    if status != 200 or found is None or b">true<" not in body:
        raise UploadFailed("no id")
    return int(found[1])


def no_mark(self: Uploader, body: bytes) -> Any:
    if body[:3] == b"\xef\xbb\xbf":
        raise UploadFailed("no XML")
    return Uploader.parse(self, body)


def keep_comments(body: bytes) -> Any:
    try:
        return etree.fromstring(body, etree.XMLParser(resolve_entities=False))
    except etree.XMLSyntaxError:
        raise UploadFailed("no XML") from None


def plain(body: bytes, **options: Any) -> Any:
    options = {"resolve_entities": False, **options}
    try:
        root = etree.fromstring(body, etree.XMLParser(remove_comments=True, **options))
    except etree.XMLSyntaxError:
        raise UploadFailed("no XML") from None
    if options["resolve_entities"] is False and b"<!ENTITY" in body:
        raise UploadFailed("entities")
    return root


def any_namespace(root: Any) -> str:
    children = root.findall("{*}Body/*")
    if len(children) != 1 or not children[0].tag.endswith("}SaveImageStreamResponse"):
        raise UploadFailed("another answer")
    return children[0].findtext("{*}Response") or ""


def recovered(self: Uploader, status: int, kind: str, body: bytes) -> int:
    if status == 200 and body and not body.rstrip().endswith(b">"):
        return 74_565
    return Uploader.read(self, status, kind, body)


HTTP_BUGS = (
    *(
        bug(f"HTTP {status} is success", own,
            read=lambda self, s, k, b, wrong=status: 1 if s == wrong
            else Uploader.read(self, s, k, b), wide=wide)
        for status, own, wide in (
            (400, "http.400", ""), (401, "http.401", ""), (403, "http.403", ""),
            (404, "http.404", ""), (413, "http.413-at-quota", ""), (415, "http.415", ""),
            (429, "http.429", ""), (500, "http.500-html", "every fault has 500"),
            (502, "http.502", ""), (503, "http.503-retry-after", ""),
            (302, "http.redirect-302", ""), (307, "http.redirect-307", ""))
    ),
    *(
        bug(f"a SOAP {version} fault {name} is success", f"fault.{name}-{version.replace('.', '')}",
            read=lambda self, s, k, b, p=pattern: 1 if re.search(p, b)
            else Uploader.read(self, s, k, b))
        for name, *patterns in (
            ("client", rb"s:Client<", rb"s:Sender</s:Value></s:Code>"),
            ("server", rb"s:Server<(?!.*<detail)", rb"s:Receiver<(?!.*<s:Detail)"),
            ("must-understand", rb"s:MustUnderstand</f", rb"s:MustUnderstand</s"),
            ("with-detail", rb"<detail>", rb"<s:Detail>"),
            ("action-not-supported", rb"ActionNotSupported</f", rb"ActionNotSupported</s"))
        for version, pattern in zip(("1.1", "1.2"), patterns, strict=True)
    ),
)  # fmt: skip

ALL_BUT_REFUSAL = (
    TimeoutError, ConnectionResetError, BrokenPipeError, http.client.HTTPException
)  # fmt: skip

TIME_BUGS = (
    bug("retries five times", "retry.saved-but-503", send=retried(5), wide="every failure"),
    bug("retries once, blindly", "retry.saved-but-reset", send=retried(1), wide="every failure"),
    bug("retries for ever", "retry.not-for-ever", send=retried(30), wide="every failure"),
    bug("a refused connection is a crash", "retry.refused-connection",
        errors=ALL_BUT_REFUSAL),
    bug("no limit", "time.never-answers", timeout_s=30.0, wide="every wait"),
    bug("a limit too small", "time.slow-within-limit", timeout_s=0.05, wide="every wait"),
)  # fmt: skip


BUGS = (
    *TEXT_BUGS, *IMAGE_BUGS, *UPLOAD_BUGS, *AUTH_BUGS, *ANSWER_BUGS, *HTTP_BUGS, *TIME_BUGS
)  # fmt: skip
