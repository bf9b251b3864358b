"""What the first bytes say, before a parser sees any: encoding, declaration, DTD, what is no XML.

Also what would cost more than it is worth: a start tag with very many attributes, very many
elements.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Final

from pytest_soblob._positions import find_start_tags, is_readable, iter_tags
from pytest_soblob._text import clip, redact

# Multi-byte encodings whose second bytes can be `<` or that shift states (UTF-7, ISO-2022, EBCDIC)
# could hide a DTD from the look at the prolog below; nobody sends SOAP in them.
_VERSION = re.compile(r"""<\?xml\s+version\s*=\s*["']([^"'<>]*)""")
_SAFE_ENCODING = re.compile(
    r"utf-?8|utf-?16(le|be)?|us-ascii|ascii|iso-8859-\d{1,2}|iso_8859-\d{1,2}|latin-?1"
    r"|windows-125\d|cp125\d|koi8-[ru]|gbk|gb2312|gb18030|big5|shift_jis|euc-(jp|kr)",
    re.IGNORECASE,
)
_DECLARATION = re.compile(
    r"""<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["'][^>]*?\?>"""
)
_PROLOG = re.compile(r"(?:\s++|<!--.*?-->|<\?.*?\?>)*+", re.DOTALL)
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body)(?=[\s/>])", re.IGNORECASE)
_BLANK = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[ \t\r\n\0]*+")
# A start tag that is long enough for very many attributes; and one as it is written.
MOST_ATTRIBUTES = 1_000
# A right message has a few dozen; to judge so many wrong ones takes a third of a second.
MOST_ELEMENTS = 100_000
_MOST_SUSPECTS = 1_000
_LONG_PIECE = re.compile(rb"<[^<]{%d}" % (5 * MOST_ATTRIBUTES))
_ATTRIBUTE = rb"""\s++[^\s=<>]++\s*+=\s*+(?:"[^"<]*+"|'[^'<]*+')"""
_ATTRIBUTES = re.compile(rb"<[^\s<>]++((?:%b)*+)" % _ATTRIBUTE)
_ONE_ATTRIBUTE = re.compile(_ATTRIBUTE)
_UTF32 = (b"\xff\xfe\0\0", b"\0\0\xfe\xff")
BOMS: Final = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why bytes are not a document: which rule of family `xml` names it, where, and what is said.

    Attributes:
        rule: The rule's id.
        message: One sentence, without secrets of the message's own text.
        got: What stood there.
        line: Counted from 1; None where a place makes no sense.
        column: Counted from 1, in characters; None where a place makes no sense.
    """

    rule: str
    message: str
    got: str | None = None
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True)
class Start:
    """What bytes begin with.

    Attributes:
        data: All of them.
        declared_encoding: As in the XML declaration, None without one.
        byte_order_mark: The encoding that a BOM announces, None without one.
    """

    data: bytes
    declared_encoding: str | None = None
    byte_order_mark: str | None = None

    @classmethod
    def of(cls, data: bytes) -> tuple["Start", str]:
        """Return it, and the first characters without a BOM."""
        bom = next((name for mark, name in BOMS if data.startswith(mark)), None)
        head = decode(data[:1024], bom or sniff_utf16(data) or "latin-1").removeprefix("\ufeff")
        declaration = _DECLARATION.match(head)
        return cls(data, declaration[1] if declaration else None, bom), head

    @cached_property
    def encoding(self) -> str:
        """The encoding that the bytes are in."""
        return encoding_of(self.data, self.declared_encoding, self.byte_order_mark)

    @cached_property
    def text(self) -> str:
        """The bytes as text: never fails, bad bytes become U+FFFD."""
        return decode(self.data, self.encoding)


def encoding_of(data: bytes, declared: str | None, byte_order_mark: str | None) -> str:
    """Return the encoding that bytes are in: the BOM's, the declared one, else UTF-8."""
    declared = declared or "utf-8"
    # A declaration that can be read as ASCII is not in UTF-16, whatever it says.
    readable = "utf-8" if "16" in declared else declared
    return byte_order_mark or sniff_utf16(data) or readable


def find_problem(start: Start, head: str) -> Problem | None:
    """Return why the bytes are not even handed to the parser.

    Args:
        start: What the bytes begin with.
        head: Their first characters.
    """
    data, declared = start.data, start.declared_encoding
    if data.startswith(_UTF32):
        return _not_xml(data)
    if b"\x00" in data[:4] and start.encoding.lower().replace("-", "")[:5] != "utf16":
        return _not_xml(data)
    first = _BLANK.match(data).end()  # type: ignore[union-attr]  # it matches anything
    if first == len(data):
        what = "no bytes at all" if not data else f"{len(data):,} bytes of white space"
        return Problem(rule="xml.empty", message=f"the message has {what}", got=what)
    if declared is not None and not _SAFE_ENCODING.fullmatch(declared):
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
    said_16, is_16 = "16" in declared, shown is not None and "16" in shown
    is_8 = start.byte_order_mark == "utf-8" and declared.lower() not in ("utf-8", "utf8")
    order = declared.lower().replace("-", "").removeprefix("utf16")
    other_order = said_16 and is_16 and not str(shown).endswith(order)
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
    """Look for a DTD in the prolog, before libxml2 sees (and expands) anything of it."""
    if start.byte_order_mark is None and sniff_utf16(start.data) is None:
        text = start.data.decode("latin-1") if b"<!" in start.data else ""
    else:
        text = start.text.removeprefix("\ufeff")
    prolog = _PROLOG.match(text)
    end = prolog.end() if prolog else 0
    line = text.count("\n", 0, end) + 1
    column = end - text.rfind("\n", 0, end)
    if _HTML.match(text, end) or _HTML.match(start.text[:64].lstrip()):
        message = "this is an HTML page, as a proxy, a login form or an error page sends it"
        got = clip(" ".join(start.text[end : end + 120].split()), 80)
        return Problem(rule="xml.html", message=message, got=got, line=line, column=column)
    if text.startswith("<!DOCTYPE", end):
        message = "a document type declaration (DTD) stands before the root"
        return Problem(
            rule="xml.doctype", message=message, got="<!DOCTYPE", line=line, column=column
        )
    return None


def _not_xml(data: bytes) -> Problem:
    kinds = {b"{": "JSON", b"[": "JSON", b"%": "a PDF or PostScript file", b"\x1f": "gzip"}
    printable = all(32 <= byte < 127 or byte in b"\t\r\n" for byte in data[:64])
    what = kinds.get(data.lstrip()[:1], "text" if printable else "binary data")
    shown = redact(data[:2000].decode("latin-1"))[:24] if printable else data[:16].hex(" ")
    return Problem(
        rule="xml.not-xml",
        message=f"the message does not begin with '<': it looks like {what}",
        got=f"{shown!r}" if printable else f"bytes {shown}",
        line=1,
        column=1,
    )


def find_too_many(data: bytes, encoding: str) -> Problem | None:
    """Return why a message has more in it than anybody sends; None where it has not."""
    return _find_too_many_attributes(data, encoding) or _find_too_many_elements(data, encoding)


def _find_too_many_elements(data: bytes, encoding: str) -> Problem | None:
    """Look for more elements than can be judged in no time, and kept in little memory."""
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
    """Look for a start tag that would take libxml2 a kilobyte of memory for each few bytes."""
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


def _iter_suspects(data: bytes) -> Iterator[int]:
    """Yield where it looks as if a tag with too many attributes began."""
    piece = _LONG_PIECE.search(data)
    while piece is not None:
        end = data.find(b"<", piece.end())
        stop = len(data) if end < 0 else end
        # Without the zeros the markup of UTF-16 is ASCII, too.
        tag = _ATTRIBUTES.match(data[piece.start() : stop].replace(b"\0", b""))
        attributes = _ONE_ATTRIBUTE.finditer(tag[1]) if tag else iter(())
        if next(islice(attributes, MOST_ATTRIBUTES, None), None) is not None:
            yield piece.start()
        piece = _LONG_PIECE.search(data, stop)


def sniff_utf16(data: bytes) -> str | None:
    """Tell UTF-16 without a BOM by its first character (XML 1.0, appendix F)."""
    return {b"<\x00": "utf-16-le", b"\x00<": "utf-16-be"}.get(data[:2])


def decode(data: bytes, encoding: str) -> str:
    """Return bytes as text, whatever they are; in Latin-1 where nobody knows the encoding."""
    try:
        return data.decode(encoding, "replace")
    except LookupError:
        return data.decode("latin-1")
