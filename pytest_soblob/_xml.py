"""Bytes to tree: THE one hardened parser. It reads, it never judges.

No DTD is ever handed to libxml2, no entity is expanded, no file or socket is opened, and encodings
are those in which markup is plain ASCII or UTF-16. How deep elements nest is for the judge to say.
What cannot be parsed becomes a `Problem` with its place, never an exception.
"""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from lxml import etree

from pytest_soblob._base64 import Base64Text
from pytest_soblob._positions import Position, find_start_tags
from pytest_soblob._prolog import (
    MOST_ATTRIBUTES,
    Problem,
    Start,
    decode,
    encoding_of,
    find_problem,
    find_too_many,
)
from pytest_soblob._syntax import sort_error
from pytest_soblob._text import clip

T = TypeVar("T")

# The prolog of nearly every message: nothing, or a declaration of UTF-8, before the envelope.
_USUAL = re.compile(
    rb"""(<\?xml\s+version=["']1\.0["'](?:\s+encoding=["']([Uu][Tt][Ff]-8)["'])?\s*\?>)?"""
    rb"""\s*<(?:[A-Za-z_][\w.-]*:)?Envelope[\s>]"""
)
_HARDENED: Final[Mapping[str, Any]] = {
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
_START_TAG = re.compile(r"""<([^\s/>]+)(?:[^>"']|"[^"]*"|'[^']*')*>""")


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
    _recalled: dict[str, object] = field(default_factory=dict, init=False, repr=False)

    def around(self, cut: Cut) -> "Document":
        """Return the same document around another text."""
        document = Document.__new__(Document)
        document.__dict__.update(self.__dict__, cut=cut)
        return document

    def recall(self, what: str, find: Callable[[], T]) -> T:
        """Return what is found out about the tree alone, and find it out but once.

        Documents that are the same around another text know it of each other.

        Args:
            what: Its name.
            find: Finds it; must not look at `cut`.
        """
        if what not in self._recalled:
            self._recalled[what] = find()
        return cast("T", self._recalled[what])

    @cached_property
    def encoding(self) -> str:
        """The encoding that the bytes are in."""
        return encoding_of(self.data, self.declared_encoding, self.byte_order_mark)

    @cached_property
    def text(self) -> str:
        """The bytes as text, for excerpts: never fails, bad bytes become U+FFFD."""
        return decode(self.data, self.encoding)

    @cached_property
    def _start_tags(self) -> dict[etree._Element, Position]:
        if self.root is None:
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
        source = decode(self.data[position.offset :], self.encoding)
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
        root, problem = _parse_tree(data, "utf-8", may_have_dtd=False)
        declared = None if usual[2] is None else usual[2].decode()
        document = Document(data, root, problem, declared)
        document.__dict__["encoding"] = declared or "utf-8"  # known, and asked for at once
        return document
    start, head = Start.of(data)
    problem = find_problem(start, head)
    root = None
    if problem is None:
        root, problem = _parse_tree(data, start.encoding)
    return Document(data, root, problem, start.declared_encoding, start.byte_order_mark)


def iter_events(data: bytes) -> Iterator[tuple[str, etree._Element]]:
    """Yield each `start` and `end` of an element for as long as the bytes are XML.

    Args:
        data: Of which `parse` says that they are not, or not to the end.
    """
    parser: etree.XMLPullParser[etree._Element] = etree.XMLPullParser(("start", "end"), **_HARDENED)
    with suppress(etree.XMLSyntaxError, OSError, ValueError, LookupError):
        for at in range(0, len(data), _PIECE_BYTES):
            parser.feed(data[at : at + _PIECE_BYTES])
            yield from parser.read_events()
        parser.close()
    yield from parser.read_events()


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
    parser: etree.XMLParser[etree._Element] = etree.XMLParser(**_HARDENED)
    return parser


_parsers = _Parsers()


def _parse_tree(
    data: bytes, encoding: str, *, may_have_dtd: bool = True
) -> tuple[etree._Element | None, Problem | None]:
    problem = find_too_many(data, encoding) if len(data) > 5 * MOST_ATTRIBUTES else None
    if problem is not None:
        return None, problem
    parser = _parsers.parser
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
    is_cut = not data.rstrip(b" \t\r\n\x00").endswith(b">")
    sorted_ = sort_error(0 if entry is None else entry.type, said, is_cut=is_cut)
    return Problem(
        rule=sorted_.rule,
        message=sorted_.message,
        got=sorted_.got,
        line=entry.line if entry is not None and entry.line > 0 else None,
        column=entry.column if entry is not None and entry.column > 0 else None,
    )
