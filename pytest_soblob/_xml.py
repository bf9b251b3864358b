"""Bytes to tree: THE one hardened parser. It reads, it never judges.

No DTD is ever handed to libxml2, no entity is expanded, no file or socket is opened, and encodings
are those in which markup is plain ASCII or UTF-16. How deep elements nest is for the judge to say.
What cannot be parsed becomes a `Problem` with its place, never an exception.
"""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path

from lxml import etree

from pytest_soblob._base64 import Base64Text
from pytest_soblob._positions import Position, find_start_tags
from pytest_soblob._syntax import sort_error
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
# The prolog of nearly every message: nothing, or a declaration of UTF-8, before the envelope.
_USUAL = re.compile(
    rb"""(<\?xml\s+version=["']1\.0["'](?:\s+encoding=["']([Uu][Tt][Ff]-8)["'])?\s*\?>)?"""
    rb"""\s*<(?:[A-Za-z_][\w.-]*:)?Envelope[\s>]"""
)
_PROLOG = re.compile(r"(?:\s++|<!--.*?-->|<\?.*?\?>)*+", re.DOTALL)
_START_TAG = re.compile(r"""<([^\s/>]+)(?:[^>"']|"[^"]*"|'[^']*')*>""")
# Listing attributes takes expat a microsecond each; where there are so many, lines must do.
_MOST_EQUALS_SIGNS = 100_000
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
# A start tag that is long enough for very many attributes; and one as it is written.
MOST_ATTRIBUTES = 1_000
_LONG_PIECE = re.compile(rb"<[^<]{%d}" % (5 * MOST_ATTRIBUTES))
_ATTRIBUTE = rb"""\s++[^\s=<>]++\s*+=\s*+(?:"[^"<]*+"|'[^'<]*+')"""
_ATTRIBUTES = re.compile(rb"<[^\s<>]++((?:%b)*+)" % _ATTRIBUTE)
_ONE_ATTRIBUTE = re.compile(_ATTRIBUTE)
_BOMS = (
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


@dataclass(frozen=True, slots=True)
class Cut:
    """An image's text that was left out before the bytes were parsed, since it may be large.

    Attributes:
        text: What stood there.
        element: Where it stood: an element that is empty in the tree.
        stop: The offset, in the bytes that were parsed, at which they go on after it.
        width: Characters of its last line, which columns to the right of it must be moved by.
    """

    text: Base64Text
    element: etree._Element
    stop: int
    width: int


@dataclass(eq=False)  # not frozen, nor are Envelope and Context: that costs a microsecond each
class Document:
    """Parsed bytes, and all that a tree forgets; not to be changed.

    Attributes:
        data: The bytes that were parsed: as they came, or without the text of `cut`.
        root: The root element, None where `problem` says why there is none.
        problem: None where the bytes were parsed.
        declared_encoding: As in the XML declaration, None without one.
        byte_order_mark: The encoding that a BOM announces, None without one.
        cut: What was left out of `data`; None where nothing was.
    """

    data: bytes = field(repr=False)
    root: etree._Element | None = None
    problem: Problem | None = None
    declared_encoding: str | None = None
    byte_order_mark: str | None = None
    cut: Cut | None = None

    @cached_property
    def encoding(self) -> str:
        """The encoding that the bytes are in: the BOM's, the declared one, else UTF-8."""
        shown = self.byte_order_mark or _sniff_utf16(self.data)
        declared = self.declared_encoding or "utf-8"
        # A declaration that can be read as ASCII is not in UTF-16, whatever it says.
        return shown or ("utf-8" if "16" in declared else declared)

    @cached_property
    def text(self) -> str:
        """The bytes as text, for excerpts: never fails, bad bytes become U+FFFD."""
        return _decode(self.data, self.encoding)

    @cached_property
    def _start_tags(self) -> dict[etree._Element, Position]:
        if self.root is None or self.data.count(b"=") > _MOST_EQUALS_SIGNS:
            return {}
        tags = find_start_tags(self.data, self.encoding)
        return dict(zip(self.root.iter("*"), tags, strict=False))

    def position_of(self, element: etree._Element) -> tuple[int | None, int | None]:
        """Return line and column of an element's start tag, each counted from 1.

        The column is None in an encoding that only libxml2 reads; then the line is that on which
        the tag ends.
        """
        position = self._start_tags.get(element)
        if position is None:
            line = element.sourceline
            return (line, None) if isinstance(line, int) and line > 0 else (None, None)
        line, column, offset = position
        if line == 1 and self.byte_order_mark is not None:
            column -= 1
        cut = self.cut
        if cut is not None and offset >= cut.stop:
            between = self.data[cut.stop : offset]
            if b"\n" not in between and b"\r" not in between:
                column += cut.width
        return line, column

    def source_of(self, element: etree._Element) -> str | None:
        """Return what stands between an element's tags as it is written, before any parsing.

        None where the place of the element is not known.
        """
        position = self._start_tags.get(element)
        if position is None:
            return None
        source = _decode(self.data[position.offset :], self.encoding)
        tag = _START_TAG.match(source)
        if tag is None:
            return None
        end = source.find(f"</{tag[1]}", tag.end())
        return source[tag.end() : end] if end >= 0 else None

    def iter_outside_root(self) -> Iterator[tuple[etree._Element, bool]]:
        """Yield comments and processing instructions beside the root; True where before it."""
        if self.root is not None:
            before = list(self.root.itersiblings(preceding=True))
            yield from ((node, True) for node in reversed(before))
            yield from ((node, False) for node in self.root.itersiblings())


def parse(data: bytes) -> Document:
    """Parse bytes from anyone.

    Args:
        data: A whole XML document, any bytes at all.

    Returns:
        A document whose `root` is None and whose `problem` says why, where it is not XML, has a
        DTD, or is in an encoding that is not taken.
    """
    usual = _USUAL.match(data)
    if usual is not None:  # nothing stands before the root that would have to be looked at
        root, problem = _parse_tree(data)
        return Document(data, root, problem, None if usual[2] is None else usual[2].decode())
    bom = next((name for mark, name in _BOMS if data.startswith(mark)), None)
    head = _decode(data[:1024], bom or _sniff_utf16(data) or "latin-1").removeprefix("\ufeff")
    declaration = _DECLARATION.match(head)
    declared = declaration[1] if declaration else None
    document = Document(data, declared_encoding=declared, byte_order_mark=bom)
    problem = _find_problem_before_parsing(document, head)
    if problem is not None:
        return Document(data, None, problem, declared, bom)
    root, problem = _parse_tree(data)
    return Document(data, root, problem, declared, bom)


def parse_trusted(file: Path) -> etree._Element:
    """Parse one of the package's own files.

    Raises:
        lxml.etree.XMLSyntaxError: The installation is damaged.
        OSError: The file cannot be read.
    """
    return etree.fromstring(file.read_bytes(), _new_parser(), base_url=str(file))


class _Parsers(threading.local):
    """A parser for each thread: making one takes longer than a small message does."""

    def __init__(self) -> None:
        self.parser = _new_parser()


def _new_parser() -> "etree.XMLParser[etree._Element]":
    return etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        huge_tree=True,  # without it libxml2 refuses a text node over 10,000,000 characters
        recover=False,
        strip_cdata=True,
    )


_parsers = _Parsers()


def _find_problem_before_parsing(document: Document, head: str) -> Problem | None:
    data, declared = document.data, document.declared_encoding
    if not data or not head.strip():
        what = "no bytes at all" if not data else f"{len(data):,} bytes of white space"
        return Problem(rule="xml.empty", message=f"the message has {what}", got=what)
    if b"\x00" in data[:4] and document.encoding.lower().replace("-", "")[:5] != "utf16":
        return _not_xml(data)
    if declared is not None and not _SAFE_ENCODING.fullmatch(declared):
        return Problem(
            rule="xml.encoding-unsupported",
            message=f"the XML declaration names the encoding {clip(declared, 40)}",
            got=clip(declared, 40),
            line=1,
            column=1,
        )
    if not head.lstrip().startswith("<"):
        return _not_xml(data)
    return _find_contradiction(document) or _find_version(head) or _find_doctype(document)


def _find_contradiction(document: Document) -> Problem | None:
    """Compare the declared encoding with what the first bytes show."""
    declared = document.declared_encoding
    if declared is None:
        return None
    shown = document.byte_order_mark or _sniff_utf16(document.data)
    said_16, is_16 = "16" in declared, shown is not None and "16" in shown
    is_8 = document.byte_order_mark == "utf-8" and declared.lower() not in ("utf-8", "utf8")
    if said_16 == is_16 and not is_8:
        return None
    is_said_by = "the byte order mark says" if document.byte_order_mark else "the bytes are"
    return Problem(
        rule="xml.encoding-contradicts",
        message=f"the XML declaration says {declared}, but {is_said_by} {document.encoding}",
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


def _find_doctype(document: Document) -> Problem | None:
    """Look for a DTD in the prolog, before libxml2 sees (and expands) anything of it."""
    if document.byte_order_mark is None and _sniff_utf16(document.data) is None:
        text = document.data.decode("latin-1") if b"<!" in document.data else ""
    else:
        text = document.text.removeprefix("\ufeff")
    prolog = _PROLOG.match(text)
    start = prolog.end() if prolog else 0
    line = text.count("\n", 0, start) + 1
    column = start - text.rfind("\n", 0, start)
    if _HTML.match(text, start) or _HTML.match(document.text[:64].lstrip()):
        message = "this is an HTML page, as a proxy, a login form or an error page sends it"
        got = clip(" ".join(document.text[start : start + 120].split()), 80)
        return Problem(rule="xml.html", message=message, got=got, line=line, column=column)
    if text.startswith("<!DOCTYPE", start):
        message = "a document type declaration (DTD) stands before the root"
        return Problem(
            rule="xml.doctype", message=message, got="<!DOCTYPE", line=line, column=column
        )
    return None


def _not_xml(data: bytes) -> Problem:
    start = data.lstrip()[:1]
    kinds = {
        b"{": "JSON",
        b"[": "JSON",
        b"%": "a PDF or PostScript file",
        b"\x1f": "gzip",
    }
    printable = all(32 <= byte < 127 or byte in b"\t\r\n" for byte in data[:64])
    what = kinds.get(start, "text" if printable else "binary data")
    shown = redact(data[:2000].decode("latin-1"))[:24] if printable else data[:16].hex(" ")
    return Problem(
        rule="xml.not-xml",
        message=f"the message does not begin with '<': it looks like {what}",
        got=f"{shown!r}" if printable else f"bytes {shown}",
        line=1,
        column=1,
    )


def _find_too_many_attributes(data: bytes) -> Problem | None:
    """Look for a start tag that would take libxml2 a kilobyte of memory for each few bytes."""
    piece = _LONG_PIECE.search(data)
    while piece is not None:
        end = data.find(b"<", piece.end())
        stop = len(data) if end < 0 else end
        # Without the zeros the markup of UTF-16 is ASCII, too.
        tag = _ATTRIBUTES.match(data[piece.start() : stop].replace(b"\0", b""))
        attributes = _ONE_ATTRIBUTE.finditer(tag[1]) if tag else iter(())
        if next(islice(attributes, MOST_ATTRIBUTES, None), None) is not None:
            return Problem(
                rule="xml.too-many-attributes",
                message=f"an element has more than {MOST_ATTRIBUTES:,} attributes",
                line=data.count(b"\n", 0, piece.start()) + 1,
            )
        piece = _LONG_PIECE.search(data, stop)
    return None


def _parse_tree(data: bytes) -> tuple[etree._Element | None, Problem | None]:
    problem = _find_too_many_attributes(data) if len(data) > 5 * MOST_ATTRIBUTES else None
    if problem is not None:
        return None, problem
    parser = _parsers.parser
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, OSError, ValueError, LookupError) as error:
        return None, _syntax_problem(data, parser, error)
    if root.getroottree().docinfo.doctype:
        return None, Problem(rule="xml.doctype", message="the document has a DTD", got="<!DOCTYPE")
    return root, None


def _syntax_problem(
    data: bytes, parser: "etree.XMLParser[etree._Element]", error: Exception
) -> Problem:
    entry = next(iter(parser.error_log), None)
    said = entry.message if entry is not None else str(error)
    said = clip(" ".join(said.split()) or type(error).__name__, 200)
    is_cut = not data.rstrip(b" \t\r\n\x00").endswith(b">")
    sorted_ = sort_error(0 if entry is None else entry.type, said, is_cut=is_cut)
    return Problem(
        rule=sorted_.rule,
        message=sorted_.message,
        got=sorted_.got,
        line=entry.line if entry is not None and entry.line > 0 else None,
        column=entry.column if entry is not None and entry.column > 0 else None,
    )


def _sniff_utf16(data: bytes) -> str | None:
    """Tell UTF-16 without a BOM by its first character (XML 1.0, appendix F)."""
    return {b"<\x00": "utf-16-le", b"\x00<": "utf-16-be"}.get(data[:2])


def _decode(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding, "replace")
    except LookupError:
        return data.decode("latin-1")
