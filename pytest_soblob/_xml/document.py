"""Bytes to a tree: the only parser of the project, hardened. It parses and never judges.

libxml2 is never given a DTD, no entity is expanded, no file or socket is opened, and the encodings
are those in which markup is plain ASCII, and UTF-16. The judge decides how deep elements may nest.
Bytes that cannot be parsed become a `Problem` with its position, never an exception.
"""

import re
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from lxml import etree

from pytest_soblob._basics.once import once
from pytest_soblob._text import clip
from pytest_soblob._xml.base64_text import Base64Text
from pytest_soblob._xml.encodings import common_name, is_utf16
from pytest_soblob._xml.positions import Position, find_start_tags, find_stray
from pytest_soblob._xml.prolog import (
    MOST_ATTRIBUTES,
    Problem,
    Start,
    decode,
    encoding_of,
    find_problem,
    find_too_many,
)
from pytest_soblob._xml.syntax_errors import AFTER_ROOT, RESERVED_NAME, sort_error, sort_stray

T = TypeVar("T")

# The prolog of nearly every envelope: none, or a declaration of UTF-8.
_USUAL = re.compile(
    rb"""(<\?xml\s+version=["']1\.0["'](?:\s+encoding=["']([Uu][Tt][Ff]-8)["'])?\s*\?>)?"""
    rb"""\s*<(?:[A-Za-z_][\w.-]*:)?Envelope[\s>]"""
)
HARDENED: Final[Mapping[str, Any]] = {
    "resolve_entities": False,
    "load_dtd": False,
    "dtd_validation": False,
    "attribute_defaults": False,
    "no_network": True,
    "huge_tree": True,  # without it libxml2 refuses a text node over 10,000,000 characters
    "recover": False,
    "strip_cdata": True,
}
_PIECE_BYTES: Final = 64 * 1024
_LOOKED_AT: Final = 100
_START_TAG = re.compile(r"""<([^\s/>]++)(?:[^>"']|"[^"]*+"|'[^']*+')*+>""")


@dataclass(frozen=True, slots=True)
class Cut:
    """The text of an image, cut out before the bytes were parsed since it may be large.

    Attributes:
        text: The text.
        element: The element that held it, which is empty in the tree.
        stop: The offset, in the parsed bytes, at which they continue after it.
        width: Length of its last line in characters, by which columns to the right of it shift.
    """

    text: Base64Text
    element: etree._Element
    stop: int
    width: int


@dataclass(eq=False)  # Envelope and Context are not frozen either: that costs a microsecond each
class Document:
    """Parsed bytes, and the facts that a tree does not keep; not to be modified.

    Attributes:
        data: The bytes that were parsed: as received, or without the text of `cut`.
        root: The root element, or None if `problem` says why there is none.
        problem: Why the bytes could not be parsed, or None if they were.
        declared_encoding: The encoding in the XML declaration, or None without one.
        byte_order_mark: The encoding that a BOM announces, or None without one.
        cut: The text left out of `data`, or None if it is complete.
    """

    data: bytes = field(repr=False)
    root: etree._Element | None = None
    problem: Problem | None = None
    declared_encoding: str | None = None
    byte_order_mark: str | None = None
    cut: Cut | None = None
    _memo: dict[Hashable, object] = field(default_factory=dict, init=False, repr=False)

    def with_image(self, cut: Cut) -> "Document":
        """Return the same document with another image text."""
        document = Document.__new__(Document)
        document.__dict__.update(self.__dict__, cut=cut)
        return document

    def memoize(self, what: Hashable, find: Callable[[], T]) -> T:
        """Return a fact about the tree alone, which is computed once.

        Documents that differ only in the image text share it.

        Args:
            what: Key of the fact.
            find: Computes it; must not read `cut`.
        """
        if what not in self._memo:
            self._memo[what] = find()
        return cast("T", self._memo[what])

    @once
    def encoding(self) -> str:
        """The encoding of the bytes."""
        return encoding_of(self.data, self.declared_encoding, self.byte_order_mark)

    @once
    def text(self) -> str:
        """The bytes as text, for excerpts: never fails, invalid bytes become U+FFFD."""
        return decode(self.data, self.encoding)

    @once
    def _start_tags(self) -> dict[etree._Element, Position]:
        if self.root is None:
            return {}
        tags = find_start_tags(self.data, self.encoding)
        return dict(zip(self.root.iter("*"), tags, strict=False))

    def position_of(self, element: etree._Element) -> tuple[int | None, int | None]:
        """Return line and column of an element's start tag, each counted from 1.

        The column is None in an encoding that only libxml2 reads; the line is then the one on which
        the tag ends, or None if libxml2 does not know it either.
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
        """Return the text between an element's tags as it is written, before any parsing.

        None if the position of the element is not known.
        """
        position = self._start_tags.get(element)
        if position is None:
            return None
        source = decode(self.data[position.offset :], self.encoding)
        tag = _START_TAG.match(source)
        if tag is None:
            return None
        end = source.find(f"</{tag[1]}", tag.end())
        return source[tag.end() : end] if end >= 0 else None

    def iter_outside_root(self) -> Iterator[tuple[etree._Element, bool]]:
        """Yield comments and processing instructions outside the root; True for those before it."""
        if self.root is not None:
            before = list(self.root.itersiblings(preceding=True))
            yield from ((node, True) for node in reversed(before))
            yield from ((node, False) for node in self.root.itersiblings())


def parse(data: bytes) -> Document:
    """Parse bytes of any origin.

    Args:
        data: A whole XML document, or any other bytes.

    Returns:
        The document. Its `root` is None, and its `problem` says why, if the bytes are not XML,
        have a DTD, or are in an encoding that is not supported.
    """
    usual = _USUAL.match(data)
    if usual is not None:  # nothing before the root has to be examined
        root, problem = _parse_tree(data, "utf-8", may_have_dtd=False)
        declared = None if usual[2] is None else usual[2].decode()
        document = Document(data, root, problem, declared)
        document.__dict__["encoding"] = declared or "utf-8"  # known, and read soon
        return document
    start, head = Start.of(data)
    problem = find_problem(start, head)
    root = None
    if problem is None:
        root, problem = _parse_tree(data, start.encoding, _parser_for(start))
    return Document(data, root, problem, start.declared_encoding, start.byte_order_mark)


def iter_events(data: bytes) -> Iterator[tuple[str, etree._Element]]:
    """Yield each `start` and `end` of an element until the bytes are no longer XML.

    Args:
        data: Bytes that `parse` does not accept, or not to the end.
    """
    parser: etree.XMLPullParser[etree._Element] = etree.XMLPullParser(("start", "end"), **HARDENED)
    with suppress(etree.XMLSyntaxError, OSError, ValueError, LookupError):
        for at in range(0, len(data), _PIECE_BYTES):
            parser.feed(data[at : at + _PIECE_BYTES])
            yield from parser.read_events()
        parser.close()
    yield from parser.read_events()


def parse_trusted(file: Path) -> etree._Element:
    """Parse one of the package's own files.

    Raises:
        lxml.etree.XMLSyntaxError: The file is not XML: the installation is damaged.
        OSError: The file cannot be read.
    """
    return etree.fromstring(file.read_bytes(), _new_parser(), base_url=str(file))


class _Parsers(threading.local):
    """One parser per thread: creating one takes longer than parsing a small message."""

    def __init__(self) -> None:
        self.parser = _new_parser()


def _new_parser(encoding: str | None = None) -> "etree.XMLParser[etree._Element]":
    parser: etree.XMLParser[etree._Element] = etree.XMLParser(encoding=encoding, **HARDENED)
    return parser


def _parser_for(start: Start) -> "etree.XMLParser[etree._Element]":
    """Return a parser that is given the encoding if libxml2 may not know its spelling."""
    declared = start.declared_encoding
    if declared is None or common_name(declared) == declared.lower():
        return _parsers.parser
    actual = common_name(start.encoding)
    has_order = start.byte_order_mark is not None and is_utf16(actual)
    return _new_parser("utf-16" if has_order else actual)


_parsers = _Parsers()


def _parse_tree(
    data: bytes,
    encoding: str,
    parser: "etree.XMLParser[etree._Element] | None" = None,
    *,
    may_have_dtd: bool = True,
) -> tuple[etree._Element | None, Problem | None]:
    problem = find_too_many(data, encoding) if len(data) > 5 * MOST_ATTRIBUTES else None
    if problem is not None:
        return None, problem
    parser = parser or _parsers.parser
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, OSError, ValueError, LookupError) as error:
        return None, _syntax_problem(data, parser, error)
    if may_have_dtd and root.getroottree().docinfo.doctype:
        return None, Problem(rule="xml.doctype", message="the document has a DTD", got="<!DOCTYPE")
    return root, None


def _syntax_problem(
    data: bytes, parser: "etree.XMLParser[etree._Element]", error: Exception
) -> Problem:
    entry = next((entry for entry in parser.error_log if entry.level_name != "WARNING"), None)
    said = entry.message if entry is not None else str(error)
    said = clip(" ".join(said.split()) or type(error).__name__, 200)
    code = 0 if entry is None else entry.type
    line = entry.line if entry is not None and entry.line > 0 else None
    column = entry.column if entry is not None and entry.column > 0 else None
    stray = find_stray(data) if code in (RESERVED_NAME, AFTER_ROOT) else None
    if stray is None:
        is_cut = not data.rstrip(b" \t\r\n\x00").endswith(b">")
        sorted_ = sort_error(code, said, is_cut=is_cut)
    else:
        before = data[:stray]
        after = data[stray : stray + _LOOKED_AT]
        sorted_ = sort_stray(before, after, said, is_document=_is_document(before))
        if not before.strip():
            line = column = 1  # the start of the misplaced white space
    return Problem(
        rule=sorted_.rule,
        message=sorted_.message,
        got=sorted_.got,
        line=line,
        column=column,
        change=sorted_.change,
    )


def _is_document(data: bytes) -> bool:
    try:
        etree.fromstring(data, _new_parser())
    except (etree.XMLSyntaxError, OSError, ValueError, LookupError):
        return False
    return True
