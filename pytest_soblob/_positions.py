"""Where each start tag stands: line and column, which libxml2 knows only by half.

libxml2 remembers the line on which a start tag ends, up to 65,535, and no column. expat knows
both, so whoever has to point at an element asks it to go through the bytes once more.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple
from xml.parsers import expat

# What expat reads by itself; anything else has no positions.
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


class Position(NamedTuple):
    """A place in a document.

    Attributes:
        line: Counted from 1.
        column: Counted from 1, in characters.
        offset: Bytes before it.
    """

    line: int
    column: int
    offset: int


def iter_tags(data: bytes, encoding: str, offsets: Iterable[int]) -> Iterator[int]:
    """Yield those of the offsets at which a tag begins, and no comment, CDATA or text is.

    Args:
        data: Any bytes.
        encoding: That they are in; where expat does not read it, each is taken for a tag's.
        offsets: Of `<` characters, in order.
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
            return  # libxml2 will stop there as well
        fed = offset
        # Inside a comment expat still stands where it began.
        if not inside_cdata[0] and max(parser.CurrentByteIndex, 0) == offset:
            yield offset


class _EnoughError(Exception):
    """As many start tags as are wanted have been found."""


def is_readable(encoding: str) -> bool:
    """Whether places are known in that encoding."""
    return encoding.lower() in _ENCODINGS


def find_start_tags(data: bytes, encoding: str, most: int | None = None) -> list[Position]:
    """Return the position of every start tag, in document order.

    Args:
        data: A document without a DTD; where it is not well-formed, the list ends.
        encoding: That it is in; for one that expat does not read the list is empty.
        most: How many are looked for; None for all.
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
        pass  # what was found until then is right, and all that there is or that is wanted
    return found
