"""Checks of the first bytes before parsing: encoding, XML declaration, DTD, data other than XML.

Also the limits on parsing cost: the attributes of one start tag, and the elements of a document.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from pytest_soblob._basics.once import once
from pytest_soblob._text import clip, redact
from pytest_soblob._xml.encodings import common_name, is_read, is_utf16
from pytest_soblob._xml.positions import find_start_tags, is_readable, iter_tags

_VERSION = re.compile(r"""<\?xml\s+version\s*=\s*["']([^"'<>]*)""")
_DECLARATION = re.compile(
    r"""<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["'][^>]*?\?>"""
)
_PROLOG = re.compile(r"(?:\s++|<!--.*?-->|<\?.*?\?>)*+", re.DOTALL)
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body)(?=[\s/>])", re.IGNORECASE)
_BLANK = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[ \t\r\n\0]*+")
# The most attributes of a start tag; `_LONG_PIECE` finds the tags long enough to have more.
MOST_ATTRIBUTES = 1_000
# A valid message has a few dozen; judging so many invalid ones takes a third of a second.
MOST_ELEMENTS = 100_000
_MOST_SUSPECTS = 1_000
_LONG_PIECE = re.compile(rb"<[^<]{%d}" % (5 * MOST_ATTRIBUTES))
_ATTRIBUTE = rb"""\s++[^\s=<>]++\s*+=\s*+(?:"[^"<]*+"|'[^'<]*+')"""
_ATTRIBUTES = re.compile(rb"<[^\s<>]++((?:%b)*+)" % _ATTRIBUTE)
_ONE_ATTRIBUTE = re.compile(rb"(?<!\s)" + _ATTRIBUTE)
_LOOKED_AT: Final = 1 << 16
# Kinds of data that are not XML: how they begin, what they are, and the suggested fix.
_KINDS: Final = tuple(
    (re.compile(pattern, re.DOTALL), what, change)
    for pattern, what, change in (
        (rb"[{\[]", "JSON", "send an envelope as text/xml, not JSON"),
        (rb"\x1f\x8b", "gzip", "send it uncompressed; to judge a capture, decompress it first"),
        (
            rb"(?i:--[^\r\n]{1,200}\r?\n[^<]{0,2000}?content-disposition:\s*form-data)",
            "a form with files (multipart/form-data)",
            "send an envelope as text/xml, not a form",
        ),
        (
            rb"(?i:--[^\r\n]{1,200}\r?\n[^<]{0,2000}?content-type:|(?:mime-version|content-type):)",
            "MIME parts, as used by MTOM and SOAP with Attachments",
            "disable MTOM and attachments, and send the envelope alone",
        ),
        (rb"%PDF|%!PS", "a PDF or PostScript file", "send it as base64 inside an envelope"),
        (
            rb"\x89PNG|\xff\xd8\xff|GIF8[79]a|BM|RIFF....WEBP|II\*\0|MM\0\*",
            "the image itself",
            "send it as base64 in the Image of an envelope",
        ),
        (
            rb"[\w.%+\[\]-]{1,100}=[^\s<>]*+(?:&[\w.%+\[\]-]{1,100}=[^\s<>]*+)*+\s*\Z",
            "form data",
            "send an envelope as text/xml, not a form",
        ),
        (rb"(?:PK\x03\x04)", "a ZIP archive", "unpack it first"),
        (rb"&lt;|%3[Cc]", "escaped XML", "send the markup itself: it was escaped once too often"),
    )
)
_INSIDE: Final = re.compile(
    rb"(<\?xml\s|<(?:[\w.-]{1,99}:)?Envelope[\s>]"
    rb"|(?:(?<![A-Z])[A-Z]{3,20} [^\s]{1,2000}+ HTTP/\d|HTTP/\d(?:\.\d)? \d{3})[^\n]*\n)"
)
# With a byte order mark, and by their first character (XML 1.0, appendix F).
_UTF32 = (b"\xff\xfe\0\0", b"\0\0\xfe\xff", b"<\0\0\0", b"\0\0\0<")
BOMS: Final = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why bytes are not a document: the broken rule of family `xml`, its position and its texts.

    Attributes:
        rule: Id of the rule.
        message: One sentence, without secrets from the text of the message.
        got: The text found, or None.
        line: Line, counted from 1; None if no position applies.
        column: Column in characters, counted from 1; None if no position applies.
        change: What to do about it; None if the rule's own advice applies.
    """

    rule: str
    message: str
    got: str | None = None
    line: int | None = None
    column: int | None = None
    change: str | None = None


@dataclass(frozen=True)
class Start:
    """The beginning of a document.

    Attributes:
        data: All bytes of the document.
        declared_encoding: The encoding in the XML declaration, or None without one.
        byte_order_mark: The encoding that a BOM announces, or None without one.
    """

    data: bytes
    declared_encoding: str | None = None
    byte_order_mark: str | None = None

    @classmethod
    def of(cls, data: bytes) -> tuple["Start", str]:
        """Return the beginning of these bytes, and their first characters without a BOM."""
        bom = next((name for mark, name in BOMS if data.startswith(mark)), None)
        head = decode(data[:1024], bom or sniff_utf16(data) or "latin-1").removeprefix("\ufeff")
        declaration = _DECLARATION.match(head)
        return cls(data, declaration[1] if declaration else None, bom), head

    @once
    def encoding(self) -> str:
        """The encoding of the bytes."""
        return encoding_of(self.data, self.declared_encoding, self.byte_order_mark)

    @once
    def text(self) -> str:
        """The bytes as text: never fails, invalid bytes become U+FFFD."""
        return decode(self.data, self.encoding)


def encoding_of(data: bytes, declared: str | None, byte_order_mark: str | None) -> str:
    """Return the encoding of bytes: that of the BOM, else the declared one, else UTF-8."""
    # A declaration that can be read as ASCII is not in UTF-16, whatever it says.
    readable = "utf-8" if declared is None or is_utf16(declared) else common_name(declared)
    return byte_order_mark or sniff_utf16(data) or readable


def find_problem(start: Start, head: str) -> Problem | None:
    """Return why the bytes are not passed to the parser, or None if they are.

    Args:
        start: Beginning of the document.
        head: Its first characters.
    """
    data, declared = start.data, start.declared_encoding
    if data.startswith(_UTF32):
        said = "the message is in UTF-32"
        return Problem(rule="xml.encoding-unsupported", message=said, got=data[:4].hex(" "))
    if b"\x00" in data[:4] and not is_utf16(start.encoding):
        return _not_xml(data)
    first = _BLANK.match(data).end()  # type: ignore[union-attr]  # it matches anything
    if first == len(data):
        what = "no bytes at all" if not data else f"{len(data):,} bytes of white space"
        return Problem(rule="xml.empty", message=f"the message has {what}", got=what)
    if declared is not None and not is_read(declared):
        return Problem(
            rule="xml.encoding-unsupported",
            message=f"the XML declaration names the encoding {clip(declared, 40)}",
            got=clip(declared, 40),
            line=1,
            column=1,
        )
    if sniff_utf16(data) and declared is None:
        # XML 1.0, 4.3.3: UTF-16 must begin with a byte order mark, so a parser takes it for UTF-8.
        return Problem(
            rule="xml.utf16-undeclared",
            message="the message is in UTF-16 with neither a byte order mark nor a declaration",
            line=1,
            column=1,
        )
    if data[first : first + 1] != b"<":
        return _not_xml(data)
    return _find_contradiction(start) or _find_version(head) or _find_doctype(start)


def _find_contradiction(start: Start) -> Problem | None:
    """Compare the declared encoding with what the first bytes show."""
    declared = start.declared_encoding
    if declared is None:
        return None
    shown = start.byte_order_mark or sniff_utf16(start.data)
    said = common_name(declared)
    said_16, is_16 = is_utf16(said), shown is not None and is_utf16(shown)
    is_8 = start.byte_order_mark == "utf-8" and said != "utf-8"
    other_order = said_16 and is_16 and not str(shown).endswith(said.removeprefix("utf-16"))
    if said_16 == is_16 and not is_8 and not other_order:
        return None
    is_said_by = "the byte order mark says" if start.byte_order_mark else "the bytes are"
    return Problem(
        rule="xml.encoding-contradicts",
        message=f"the XML declaration says {declared}, but {is_said_by} {start.encoding}",
        got=f"encoding='{declared}'",
        line=1,
        column=1,
    )


def _find_version(head: str) -> Problem | None:
    version = _VERSION.match(head)
    if version is None or version[1] == "1.0":
        return None
    said = clip(version[1], 20)
    return Problem(
        rule="xml.version", message=f"the XML version is {said}", got=said, line=1, column=1
    )


def _find_doctype(start: Start) -> Problem | None:
    """Look for a DTD in the prolog, before libxml2 can expand anything of it."""
    if start.byte_order_mark is None and sniff_utf16(start.data) is None:
        text = start.data.decode("latin-1") if b"<!" in start.data else ""
    else:
        text = start.text.removeprefix("\ufeff")
    prolog = _PROLOG.match(text)
    end = prolog.end() if prolog else 0
    line = text.count("\n", 0, end) + 1
    column = end - text.rfind("\n", 0, end)
    if _HTML.match(text, end) or _HTML.match(start.text[:64].lstrip()):
        message = "this is an HTML page, such as a login form or the error page of a proxy"
        got = clip(" ".join(start.text[end : end + 120].split()), 80)
        return Problem(rule="xml.html", message=message, got=got, line=line, column=column)
    if text.startswith("<!DOCTYPE", end):
        message = "a document type declaration (DTD) precedes the root element"
        return Problem(
            rule="xml.doctype", message=message, got="<!DOCTYPE", line=line, column=column
        )
    return None


def _not_xml(data: bytes) -> Problem:
    printable = all(32 <= byte < 127 or byte in b"\t\r\n" for byte in data[:64])
    what, change = _looks_like(data, is_text=printable)
    shown = redact(data[:2000].decode("latin-1"))[:24] if printable else data[:16].hex(" ")
    return Problem(
        rule="xml.not-xml",
        message=f"the message does not begin with '<': {what}",
        got=f"{shown!r}" if printable else f"bytes {shown}",
        line=1,
        column=1,
        change=change,
    )


def _looks_like(data: bytes, *, is_text: bool) -> tuple[str, str | None]:
    """Return what bytes are that are not XML, and what to do about it."""
    begins = data[:_LOOKED_AT].removeprefix(BOMS[0][0]).lstrip()
    for pattern, what, change in _KINDS:
        if pattern.match(begins):
            return f"it looks like {what}", change
    inside = _INSIDE.search(data[:_LOOKED_AT])
    if inside is not None and is_text:
        line = data.count(b"\n", 0, inside.start(1)) + 1
        column = inside.start(1) - data.rfind(b"\n", 0, inside.start(1))
        is_http = inside[1][:1] != b"<"
        if is_http and not inside.start(1):
            return "an HTTP message, head and all", (
                "pass its body alone, or an HttpRequest or HttpResponse; `soblob validate` reads "
                "such a file directly"
            )
        what = "an HTTP message" if is_http else "an envelope"
        return (
            f"{what} begins at line {line:,}, column {column:,}, after other text",
            "remove what a tool or a log has added before it and at the start of each line",
        )
    return ("it looks like text" if is_text else "it looks like binary data"), None


def find_too_many(data: bytes, encoding: str) -> Problem | None:
    """Return which limit on the size of a document is exceeded, or None if none is."""
    return _find_too_many_attributes(data, encoding) or _find_too_many_elements(data, encoding)


def _find_too_many_elements(data: bytes, encoding: str) -> Problem | None:
    """Check for more elements than can be judged in a short time and kept in little memory."""
    if data.count(b"<") <= MOST_ELEMENTS:
        return None
    line = None
    if is_readable(encoding):
        tags = find_start_tags(data, encoding, MOST_ELEMENTS + 1)
        if len(tags) <= MOST_ELEMENTS:
            return None
        line = tags[-1].line
    elif data.count(b"<") - data.count(b"</") <= MOST_ELEMENTS:
        return None
    text = f"the message has more than {MOST_ELEMENTS:,} elements"
    return Problem(rule="xml.too-many-nodes", message=text, line=line)


def _find_too_many_attributes(data: bytes, encoding: str) -> Problem | None:
    """Check for a start tag for which libxml2 needs a kilobyte of memory per few bytes."""
    suspects = list(_iter_suspects(data))
    if not suspects:
        return None
    for offset in (
        suspects if len(suspects) > _MOST_SUSPECTS else iter_tags(data, encoding, suspects)
    ):
        return Problem(
            rule="xml.too-many-nodes",
            message=f"an element has more than {MOST_ATTRIBUTES:,} attributes",
            line=data.count(b"\n", 0, offset) + 1,
        )
    return None


def has_too_many_attributes(data: bytes) -> bool:
    """Return whether a part of a document seems to have such a tag, wherever the part begins."""
    return next(_iter_suspects(data), None) is not None


def _iter_suspects(data: bytes) -> Iterator[int]:
    """Yield the offsets at which a tag with too many attributes seems to begin."""
    piece = _LONG_PIECE.search(data)
    while piece is not None:
        end = data.find(b"<", piece.end())
        stop = len(data) if end < 0 else end
        # Without its zero bytes, the markup of UTF-16 is ASCII, too.
        tag = _ATTRIBUTES.match(data[piece.start() : stop].replace(b"\0", b""))
        attributes = _ONE_ATTRIBUTE.finditer(tag[1]) if tag else iter(())
        if next(islice(attributes, MOST_ATTRIBUTES, None), None) is not None:
            yield piece.start()
        piece = _LONG_PIECE.search(data, stop)


def sniff_utf16(data: bytes) -> str | None:
    """Detect UTF-16 without a BOM by its first character (XML 1.0, appendix F)."""
    return {b"<\x00": "utf-16-le", b"\x00<": "utf-16-be"}.get(data[:2])


def decode(data: bytes, encoding: str) -> str:
    """Return bytes as text, in Latin-1 if the encoding is none that is known; never fails.

    Python's punycode is quadratic, and its idna has no error handlers; no XML is in either.
    """
    try:
        if codecs.lookup(encoding).name not in ("punycode", "idna"):
            return data.decode(encoding, "replace")
    except (LookupError, ValueError):
        pass
    return data.decode("latin-1")
