"""Parsing without the image: its text is cut out of the bytes before libxml2 parses them.

libxml2 copies a large text twice, and takes a second for 100 MB. So the text of the one `Image` is
checked in place (`base64_text`), and the bytes around it are parsed as if it were empty. Line ends
are kept, so that line numbers stay the same. If anything is unusual (another encoding, a comment,
CDATA, a processing instruction, an entity inside the text, a second Image), nothing is cut. The
text that is cut has no character with a meaning in XML, so both paths produce the same tree.

Successive uploads of a client mostly differ in the image alone. A caller that judges many messages
passes a `SkeletonCache`, which keeps what was parsed around earlier images.
"""

import re
from typing import Final, NamedTuple

from lxml import etree

from pytest_soblob._xml import document as _xml
from pytest_soblob._xml.base64_text import Base64Text
from pytest_soblob._xml.document import Cut, Document

# Below this, parsing the whole message is as fast, unless its skeleton may be cached.
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
# ASCII except markup and control characters; `>` would matter in `]]>`. CR is excluded, too: a
# parser reads CR LF as one character, which would shift offsets.
_PLAIN: Final = bytes(c for c in range(32, 127) if c not in b"&<>") + b"\t\n"
_PIECE: Final = 1 << 20


class SkeletonCache:
    """The newest parsed skeletons: documents without the text of their image."""

    def __init__(self) -> None:
        self._known: dict[bytes, _Skeleton] = {}

    def find(self, data: bytes) -> "_Skeleton | None":
        """Return the skeleton that has these bytes, or None if it is not cached."""
        return self._known.get(data)

    def keep(self, skeleton: "_Skeleton") -> None:
        """Add a skeleton, and remove the oldest ones if the cache is full."""
        if len(skeleton.document.data) > _LONGEST_KNOWN:
            return
        while len(self._known) >= _MOST_KNOWN:
            oldest, *_ = tuple(self._known)
            self._known.pop(oldest, None)  # another thread may have removed it
        self._known[skeleton.document.data] = skeleton


class _Skeleton(NamedTuple):
    """A document and its Image element, which is empty."""

    document: Document
    image: etree._Element


def parse(data: bytes, known: SkeletonCache | None = None) -> Document:
    """Parse bytes of any origin; leave the image out if that gives the same tree faster.

    Args:
        data: Any bytes.
        known: Cache of parsed skeletons; None for no cache.

    Returns:
        The document, as `_xml.parse` returns it; its `cut` is what was left out.
    """
    shortest = SHORTEST_CUT if known is None else _SHORTEST_CUT_OF_KNOWN
    span = _find_text(data, shortest) if len(data) > shortest else None
    document = None if span is None else _parse_without_image(data, span, known)
    return _xml.parse(data) if document is None else document


def _find_text(data: bytes, shortest: int) -> tuple[int, int] | None:
    """Return start and end of the first Image's text, or None if that is too short to cut."""
    opening = _OPENING.search(data, 0, _LONGEST_HEAD)
    if opening is None or data[opening.end() - 2] == ord("/"):
        return None
    start = opening.end()
    stop = data.find(b"<", start)
    if stop - start < shortest or not data.startswith(b"</" + opening[1], stop):
        return None
    return start, stop


def _parse_without_image(
    data: bytes, span: tuple[int, int], known: SkeletonCache | None
) -> Document | None:
    """Return the document without that text, or None if anything about it is unusual."""
    start, stop = span
    text = Base64Text(data, start, stop)
    if text.decoded_size is None and not _is_plain(data, start, stop):
        return None
    ends = text.lines
    last = max(data.rfind(b"\n", start, stop), data.rfind(b"\r", start, stop)) if ends else -1
    rest = data[:start] + b"\n" * ends + data[stop:]
    skeleton = None if known is None else known.find(rest)
    if skeleton is None:
        skeleton = _parse_skeleton(rest, start, start + ends)
        if skeleton is None:
            return None
        if known is not None:
            known.keep(skeleton)
    return skeleton.document.with_image(
        Cut(text, skeleton.image, start + ends, stop - max(last + 1, start))
    )


def _parse_skeleton(data: bytes, start: int, stop: int) -> _Skeleton | None:
    """Return the skeleton of a message, or None if anything about it is unusual.

    Args:
        data: The message without the image's text.
        start: Offset at which that text began.
        stop: Offset after the line ends that are left of it.
    """
    # One character is the fastest to search for; a message that has it takes the reference path.
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
    return _Skeleton(document, image)


def is_part(element: etree._Element, root: etree._Element) -> bool:
    """Whether the element is an operation's child: Envelope, Body, operation, Image."""
    wrapper = element.getparent()
    body = None if wrapper is None else wrapper.getparent()
    return body is not None and body.getparent() is root and etree.QName(body).localname == "Body"


def _is_plain(data: bytes, start: int, stop: int) -> bool:
    """Whether no character of the text has a meaning to an XML parser."""
    pieces = (data[at : min(at + _PIECE, stop)] for at in range(start, stop, _PIECE))
    return not any(piece.translate(None, _PLAIN) for piece in pieces)
