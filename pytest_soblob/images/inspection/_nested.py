"""Base64 of base64: a picture encoded by a client, and again by its SOAP library."""

import re
from typing import Final
from urllib.parse import unquote_to_bytes

import pybase64

from pytest_soblob.images.inspection._signatures import find_disguise, find_format

_UTF8_MARK: Final = b"\xef\xbb\xbf"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
# Before the text: a data: URI, quotes of JSON or of a Python repr. In it: line ends and other
# characters as escaped in JSON, XML or a URL; the last one may be cut off.
_BEFORE: Final = re.compile(rb"\s*b?[\"']?\s*(?:data:[^,]{0,200},)?\s*", re.IGNORECASE)
_ESCAPES: Final = re.compile(
    rb"\\[nrt]|\\(?=/)|&#x?[0-9a-f]{1,4};|\s+|[\\%&][^\\%&]{0,5}\Z", re.IGNORECASE
)
# Most binary data fails this at once.
_PRINTABLE: Final = re.compile(rb"[\t\r\n -~]{16}")
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")
_FEWEST_CHARACTERS: Final = 16
_DRAWING: Final = "an SVG drawing"


def find_nested(head: bytes) -> tuple[int, str] | None:
    """Return how often a picture is encoded in base64 again, and its format, or None if it is not.

    All spellings are recognised: URL-safe, wrapped, without padding, in quotes, with a byte order
    mark, in UTF-16, percent-encoded, a data: URI.

    Args:
        head: The first bytes, some thousands, since each decoding leaves three quarters of them.
    """
    times = 0
    while (text := _text_of(head)) is not None:
        head = pybase64.b64decode(text[: len(text) // 4 * 4])
        times += 1
        name = find_format(head)
        if name is None and find_disguise(head) == _DRAWING:
            name = "SVG"
        if name is not None:
            return times, name
    return None


def _before_end(text: bytes) -> bytes:
    """Return the text without a final quote, semicolon, comma or white space."""
    text = text.rstrip()
    if text.endswith((b";", b",")):
        text = text[:-1].rstrip()
    return text[:-1] if text.endswith((b'"', b"'")) else text


def _text_of(head: bytes) -> bytes | None:
    """Return base64 in its standard spelling without padding, or None if it is not base64."""
    if head.startswith(_UTF8_MARK):
        head = head[len(_UTF8_MARK) :]
    elif head[:2] in _UTF16_MARKS or (head[1:16:2] and not any(head[1:16:2])):
        encoding = "utf-16-be" if head[:2] == _UTF16_MARKS[1] else "utf-16-le"
        head = head.decode(encoding, "replace").removeprefix("\ufeff").encode("ascii", "replace")
    if not _PRINTABLE.match(head):
        return None
    before = _BEFORE.match(head)
    text = head if before is None else head[before.end() :]
    text = _ESCAPES.sub(b"", _before_end(unquote_to_bytes(text) if b"%" in text else text))
    text = text.translate(_URL_SAFE)
    if len(text) < _FEWEST_CHARACTERS or not _BASE64.fullmatch(text):
        return None
    return text.rstrip(b"=")
