"""Parsing without the image: its text is cut out of the bytes before libxml2 sees them.

libxml2 copies a large text twice, and needs a second for 100 MB. So the text of the one `Image` is
looked at where it lies (`_base64`), and the bytes around it are parsed as if it were empty. Line
ends stay, so that every line keeps its number. At the first unusual thing - another encoding, a
comment, CDATA, a processing instruction, an entity inside the text, a second Image - nothing is
cut. What is cut holds no character that means anything to XML, so both ways see the same tree.

A client's next upload is mostly the same around another image. Whoever judges many passes
`Surroundings`, which remember what was parsed around those before.
"""

import re
from typing import Final, NamedTuple

from lxml import etree

from pytest_soblob import _xml
from pytest_soblob._base64 import Base64Text
from pytest_soblob._xml import Cut, Document

# Below this, parsing everything is as quick, unless what is around may be known.
SHORTEST_CUT: Final = 4096
_SHORTEST_CUT_OF_KNOWN: Final = 64
_LONGEST_KNOWN: Final = 4096
_MOST_KNOWN: Final = 64
_LONGEST_HEAD: Final = 64 * 1024
_OPENING: Final = re.compile(
    rb"<((?:[A-Za-z_][A-Za-z0-9_.-]{0,60}:)?Image)(?:[ \t\r\n][^<>]{0,500})?>"
)
_DECLARATION: Final = re.compile(rb"(?:\xef\xbb\xbf)?(?:<\?xml[ \t\r\n][^?<>]*\?>)?")
_ENCODINGS: Final = ("utf-8", "utf8", "us-ascii")
# ASCII that is neither markup nor a control character; `>` would matter in `]]>`.
# A CR is none either: a parser reads CR LF as one character, so offsets would not be the same.
_PLAIN: Final = bytes(c for c in range(32, 127) if c not in b"&<>") + b"\t\n"
_PIECE: Final = 1 << 20


class Surroundings:
    """What stood around images, parsed; the newest of it, without the images."""

    def __init__(self) -> None:
        self._known: dict[bytes, _Around] = {}

    def find(self, data: bytes) -> "_Around | None":
        """Return what those bytes are, None where they are not known."""
        return self._known.get(data)

    def keep(self, around: "_Around") -> None:
        """Remember it, and forget the oldest where that is one too many."""
        if len(around.document.data) > _LONGEST_KNOWN:
            return
        while len(self._known) >= _MOST_KNOWN:
            oldest, *_ = tuple(self._known)
            self._known.pop(oldest, None)  # another thread may have been quicker
        self._known[around.document.data] = around


class _Around(NamedTuple):
    """A document, and its Image, which is empty."""

    document: Document
    image: etree._Element


def parse(data: bytes, known: Surroundings | None = None) -> Document:
    """Parse bytes from anyone, the image left out where that is the same but quicker.

    Args:
        data: Any bytes at all.
        known: What was parsed before; None remembers nothing.

    Returns:
        What `_xml.parse` returns; its `cut` says what was left out.
    """
    shortest = SHORTEST_CUT if known is None else _SHORTEST_CUT_OF_KNOWN
    place = _find_text(data, shortest) if len(data) > shortest else None
    document = None if place is None else _parse_around(data, place, known)
    return _xml.parse(data) if document is None else document


def _find_text(data: bytes, shortest: int) -> tuple[int, int] | None:
    """Return where the text of the first Image begins and ends, if it is long enough."""
    opening = _OPENING.search(data, 0, _LONGEST_HEAD)
    if opening is None or data[opening.end() - 2] == ord("/"):
        return None
    start = opening.end()
    stop = data.find(b"<", start)
    if stop - start < shortest or not data.startswith(b"</" + opening[1], stop):
        return None
    return start, stop


def _parse_around(
    data: bytes, place: tuple[int, int], known: Surroundings | None
) -> Document | None:
    """Return the document without that text, None where anything about it is unusual."""
    start, stop = place
    text = Base64Text(data, start, stop)
    if text.decoded_size is None and not _is_plain(data, start, stop):
        return None
    ends = text.lines
    last = max(data.rfind(b"\n", start, stop), data.rfind(b"\r", start, stop)) if ends else -1
    rest = data[:start] + b"\n" * ends + data[stop:]
    around = None if known is None else known.find(rest)
    if around is None:
        around = _look_around(rest, start, start + ends)
        if around is None:
            return None
        if known is not None:
            known.keep(around)
    return around.document.around(
        Cut(text, around.image, start + ends, stop - max(last + 1, start))
    )


def _look_around(data: bytes, start: int, stop: int) -> _Around | None:
    """Return what stands around an image, None where anything about it is unusual.

    Args:
        data: Without the image.
        start: Where its text began.
        stop: Behind the line ends that are left of it.
    """
    # A single character is found fastest; whoever has one elsewhere takes the plain way.
    if data.find(b"!") >= 0 or data.find(b"?", stop) >= 0:
        return None
    declaration = _DECLARATION.match(data)
    declared = declaration.end() if declaration else 0
    if data.find(b"?", declared, start) >= 0:
        return None
    document = _xml.parse(data)
    if document.root is None or document.encoding.lower() not in _ENCODINGS:
        return None
    images = document.root.iter("{*}Image")
    image = next(images, None)
    if image is None or next(images, None) is not None or not is_part(image, document.root):
        return None
    return _Around(document, image)


def is_part(element: etree._Element, root: etree._Element) -> bool:
    """Whether it is an operation's child: Envelope, Body, operation, Image."""
    wrapper = element.getparent()
    body = None if wrapper is None else wrapper.getparent()
    return body is not None and body.getparent() is root and etree.QName(body).localname == "Body"


def _is_plain(data: bytes, start: int, stop: int) -> bool:
    """Whether no character of the text means anything to an XML parser."""
    pieces = (data[at : min(at + _PIECE, stop)] for at in range(start, stop, _PIECE))
    return not any(piece.translate(None, _PLAIN) for piece in pieces)
