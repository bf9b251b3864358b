"""Parsing without the image: its text is cut out of the bytes before libxml2 sees them.

libxml2 copies a large text twice, and needs a second for 100 MB. So the text of the one `Image` is
looked at where it lies (`_base64`), and the bytes around it are parsed as if it were empty. Line
ends stay, so that every line keeps its number. At the first unusual thing - another encoding, a
comment, CDATA, a processing instruction, an entity inside the text, a second Image - nothing is
cut. What is cut holds no character that means anything to XML, so both ways see the same tree.
"""

import re
from typing import Final

from lxml import etree

from pytest_soblob import _xml
from pytest_soblob._base64 import Base64Text
from pytest_soblob._xml import Cut, Document

# Below this, parsing everything is as quick.
SHORTEST_CUT: Final = 4096
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


def parse(data: bytes) -> Document:
    """Parse bytes from anyone, the image left out where that is the same but quicker.

    Returns:
        What `_xml.parse` returns; its `cut` says what was left out.
    """
    text = _find_text(data) if len(data) > SHORTEST_CUT else None
    document = None if text is None else _parse_around(data, text)
    return _xml.parse(data) if document is None else document


def _find_text(data: bytes) -> tuple[int, int] | None:
    """Return where the text of the first Image begins and ends, if it is long enough."""
    opening = _OPENING.search(data, 0, _LONGEST_HEAD)
    if opening is None or data[opening.end() - 2] == ord("/"):
        return None
    start = opening.end()
    stop = data.find(b"<", start)
    if stop - start < SHORTEST_CUT or not data.startswith(b"</" + opening[1], stop):
        return None
    return start, stop


def _parse_around(data: bytes, place: tuple[int, int]) -> Document | None:
    """Return the document without that text, None where anything about it is unusual."""
    start, stop = place
    # A single character is found fastest; whoever has one elsewhere takes the plain way.
    if data.find(b"!", 0, start) >= 0 or data.find(b"!", stop) >= 0:
        return None
    declaration = _DECLARATION.match(data)
    declared = declaration.end() if declaration else 0
    if data.find(b"?", stop) >= 0 or data.find(b"?", declared, start) >= 0:
        return None
    text = Base64Text(data, start, stop)
    if text.decoded_size is None and not _is_plain(data, start, stop):
        return None
    ends = text.lines
    last = max(data.rfind(b"\n", start, stop), data.rfind(b"\r", start, stop)) if ends else -1
    document = _xml.parse(data[:start] + b"\n" * ends + data[stop:])
    if document.root is None or document.encoding.lower() not in _ENCODINGS:
        return None
    images = document.root.iter("{*}Image")
    image = next(images, None)
    if image is None or next(images, None) is not None or not _is_part(image, document.root):
        return None
    document.cut = Cut(text, image, start + ends, stop - max(last + 1, start))
    return document


def _is_part(image: etree._Element, root: etree._Element) -> bool:
    """Whether it is an operation's child: Envelope, Body, operation, Image."""
    wrapper = image.getparent()
    body = None if wrapper is None else wrapper.getparent()
    return body is not None and body.getparent() is root and etree.QName(body).localname == "Body"


def _is_plain(data: bytes, start: int, stop: int) -> bool:
    """Whether no character of the text means anything to an XML parser."""
    pieces = (data[at : min(at + _PIECE, stop)] for at in range(start, stop, _PIECE))
    return not any(piece.translate(None, _PLAIN) for piece in pieces)
