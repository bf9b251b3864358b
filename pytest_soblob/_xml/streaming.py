"""Elements of a document of any size and origin, one after another, in bounded memory."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from lxml import etree

from pytest_soblob._xml.document import HARDENED
from pytest_soblob._xml.prolog import MOST_ATTRIBUTES, has_too_many_attributes

DEEPEST: Final = 200
# Names are kept until the end, in ten times the memory that they take in the file.
MOST_ELEMENTS: Final = 500_000
# Elements inside one that is wanted, which are all kept until it ends.
_MOST_INSIDE: Final = 10_000
_LARGEST_BYTES: Final = 100_000_000
_LONGEST_NAME: Final = 200
_LONGEST_TAG: Final = 256 * 1024
_UNFINISHED: Final = re.compile(rb"""<[^\s<>!?/](?:[^"'>]++|"[^"]*+"|'[^']*+')*+["']?[^>]*+\Z""")


class TooLargeError(Exception):
    """A document, or a part of it, is larger than it may be."""


def iter_elements(
    pieces: Iterable[bytes], *names: str
) -> Iterator[tuple[etree._Element, list[str]]]:
    """Yield each element with one of these local names when it ends; it is emptied afterwards.

    With it come the values of the attribute `name` of what it stands in, from the outside: an empty
    text for none, and of a long one the beginning.

    Args:
        pieces: A document without a DTD, in pieces.
        names: Local names, in any namespace.

    Raises:
        TooLargeError: The document nests too deep, or a tag, an element or the number of elements
            is too large.
        lxml.etree.XMLSyntaxError: The pieces are not XML to their end.
    """
    options: Any = {**HARDENED, "remove_comments": True, "remove_pis": True}
    parser: etree.XMLPullParser[etree._Element] = etree.XMLPullParser(("start", "end"), **options)
    tags = _Tags()
    path: list[str] = []
    kept = inside = count = fed = 0
    for piece in pieces:
        tags.check(piece)
        parser.feed(piece)
        fed += len(piece)
        for event, element in parser.read_events():
            fed = 0
            is_wanted = str(element.tag).rpartition("}")[2] in names
            if event == "start":
                kept += is_wanted
                count += 1 + len(element.attrib)
                inside += kept > 0
                path.append((element.get("name") or "")[:_LONGEST_NAME])
                if len(path) > DEEPEST:
                    raise TooLargeError(f"nested more than {DEEPEST} deep")
                if inside > _MOST_INSIDE:
                    raise TooLargeError(f"more than {_MOST_INSIDE:,} elements in one")
                if count > MOST_ELEMENTS:
                    raise TooLargeError(f"more than {MOST_ELEMENTS:,} elements and attributes")
                continue
            path.pop()
            kept -= is_wanted
            if is_wanted:
                yield element, path
            if not kept:
                inside = 0
                _drop(element)
        if fed > _LARGEST_BYTES:
            raise TooLargeError(f"a text of more than {_LARGEST_BYTES:,} bytes")
    parser.close()


def _drop(element: etree._Element) -> None:
    """Empty an element, and remove what comes before it."""
    element.clear(keep_tail=False)
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


class _Tags:
    """Finds a start tag for which libxml2 needs a kilobyte of memory per few bytes."""

    def __init__(self) -> None:
        self._left = b""

    def check(self, piece: bytes) -> None:
        """Look at the next piece.

        Raises:
            TooLargeError: A tag is too long, or has too many attributes.
        """
        data = self._left + piece
        if has_too_many_attributes(data):
            raise TooLargeError(f"an element has more than {MOST_ATTRIBUTES:,} attributes")
        at = data.rfind(b"<")
        # After a tag or text that is long, and ends later, only the next tag is of interest.
        self._left = data[at:] if at >= 0 else data if self._left else b""
        if len(self._left) > _LONGEST_TAG:
            if _UNFINISHED.match(self._left):
                raise TooLargeError(f"a tag has more than {_LONGEST_TAG:,} bytes")
            self._left = b""
