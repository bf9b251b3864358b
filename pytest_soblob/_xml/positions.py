"""Position of each start tag: line and column, of which libxml2 knows only a part.

libxml2 records the line on which a start tag ends, up to 65,535, and no column. expat knows both,
so the bytes are parsed once more with expat if the position of an element is needed.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple
from xml.parsers import expat

# The encodings that expat reads by itself; in others there are no positions.
_ENCODINGS: Final = {
    "utf-8": "UTF-8",
    "utf8": "UTF-8",
    "us-ascii": "US-ASCII",
    "ascii": "US-ASCII",
    "iso-8859-1": "ISO-8859-1",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16LE",
    "utf-16-be": "UTF-16BE",
    "utf-16le": "UTF-16LE",
    "utf-16be": "UTF-16BE",
}
_FED_AT_ONCE: Final = 1 << 20
_STRAY: Final = tuple(
    expat.errors.codes[text]
    for text in (
        expat.errors.XML_ERROR_MISPLACED_XML_PI,
        expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT,
    )
)


class Position(NamedTuple):
    """A position in a document.

    Attributes:
        line: Line, counted from 1.
        column: Column in characters, counted from 1.
        offset: Number of bytes before it.
    """

    line: int
    column: int
    offset: int


def iter_tags(data: bytes, encoding: str, offsets: Iterable[int]) -> Iterator[int]:
    """Yield those of the offsets at which a tag begins, not a comment, CDATA or text.

    Args:
        data: Any bytes.
        encoding: Encoding of the data; if expat does not read it, each offset is yielded.
        offsets: Offsets of `<` characters, in ascending order.
    """
    name = _ENCODINGS.get(encoding.lower())
    if name is None:
        yield from offsets
        return
    parser = expat.ParserCreate(name)
    inside_cdata = [False]
    parser.StartCdataSectionHandler = lambda: inside_cdata.__setitem__(0, True)
    parser.EndCdataSectionHandler = lambda: inside_cdata.__setitem__(0, False)
    fed = 0
    for offset in offsets:
        try:
            for start in range(fed, offset, _FED_AT_ONCE):
                parser.Parse(memoryview(data)[start : min(start + _FED_AT_ONCE, offset)])
        except expat.ExpatError:
            return  # libxml2 stops there as well
        fed = offset
        # Inside a comment, expat's index is still that of the comment's start.
        if not inside_cdata[0] and max(parser.CurrentByteIndex, 0) == offset:
            yield offset


def find_stray(data: bytes) -> int | None:
    """Return the offset of misplaced content: after the root, or a late XML declaration.

    None if there is neither, if another error precedes it, or if expat does not read the encoding.
    """
    parser = expat.ParserCreate()
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        return parser.ErrorByteIndex if error.code in _STRAY else None
    return None


class _EnoughError(Exception):
    """As many start tags as requested have been found."""


def is_readable(encoding: str) -> bool:
    """Whether positions are available in that encoding."""
    return encoding.lower() in _ENCODINGS


def find_start_tags(data: bytes, encoding: str, most: int | None = None) -> list[Position]:
    """Return the position of every start tag, in document order.

    Args:
        data: A document without a DTD; if it is not well-formed, the list ends at the error.
        encoding: Encoding of the document; the list is empty if expat does not read it.
        most: Largest number of positions; None for all.
    """
    name = _ENCODINGS.get(encoding.lower())
    if name is None:
        return []
    parser = expat.ParserCreate(name)
    found: list[Position] = []

    def start(tag: str, attributes: Iterable[str]) -> None:
        found.append(
            Position(
                parser.CurrentLineNumber, parser.CurrentColumnNumber + 1, parser.CurrentByteIndex
            )
        )
        if len(found) == most:
            raise _EnoughError

    parser.StartElementHandler = start
    parser.ordered_attributes = True
    try:
        for offset in range(0, len(data), _FED_AT_ONCE):
            parser.Parse(memoryview(data)[offset : offset + _FED_AT_ONCE])
        parser.Parse(b"", True)
    except (expat.ExpatError, _EnoughError):
        pass  # what has been found is right, and is all there is or all that was requested
    return found
