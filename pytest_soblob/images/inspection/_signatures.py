"""File formats by their first bytes, or by their first words."""

import re
from struct import Struct
from typing import Final

_FORMATS: Final = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    # Recognised, but not inspected.
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"8BPS", "PSD"),
    (b"\xd7\xcd\xc6\x9a", "WMF"),
)
# Two letters do not distinguish a BMP from text: the length of its header must be one that OS/2 1,
# OS/2 2, Windows or Photoshop writes.
_BMP_HEADER: Final = Struct("<14xI")
_BMP_LENGTHS: Final = frozenset((12, 16, 40, 52, 56, 64, 108, 124))
_ICO_START: Final = b"\0\0\1\0"
_ICO_FIRST: Final = Struct("<4xH3xB4xII")
_ICO_HEADER_BYTES: Final = 6
_ICO_ENTRY_BYTES: Final = 16
_ICO_MOST_ENTRIES: Final = 1_024
_EMF_AT: Final = 40
_HEIC_BRANDS: Final = frozenset(
    (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
)
_AVIF_BRANDS: Final = frozenset((b"avif", b"avis"))

_ZIP: Final = "a ZIP archive (docx, xlsx, jar ...)"
_PNG_LINES: Final = "a PNG whose line ends were converted"
_AS_TEXT: Final = "whose bytes were decoded and encoded as text"
_DISGUISES: Final = (
    (b"PK\x03\x04", _ZIP),
    (b"PK\x05\x06", _ZIP),
    (b"\x1f\x8b", "gzip data"),
    (b"\xfd7zXZ\0", "xz data"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x7fELF", "an executable"),
    (b"\xcf\xfa\xed\xfe", "an executable"),
    (b"\xca\xfe\xba\xbe", "an executable"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Office document (doc, xls, msg ...)"),
    (b"{\\rtf", "an RTF document"),
    (b"%!PS", "a PostScript document"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"OggS", "an Ogg sound"),
    (b"fLaC", "a FLAC sound"),
    (b"\x1a\x45\xdf\xa3", "a video (webm, mkv)"),
    # Pictures processed as text by a client, with or without replacement of invalid UTF-8.
    (b"\x89PNG\n\x1a\n", _PNG_LINES),
    (b"\x89PNG\r\r\n", _PNG_LINES),
    (b"\x89PNG\r\n\x1a\r\n", _PNG_LINES),
    (b"\x89PNG\n\n\x1a\n", _PNG_LINES),
    (b"\xef\xbf\xbdPNG", f"a PNG {_AS_TEXT}"),
    (b"\xc2\x89PNG", f"a PNG {_AS_TEXT}"),
    (b"\xe2\x80\xb0PNG", f"a PNG {_AS_TEXT}"),
    (b"?PNG\r\n\x1a", f"a PNG {_AS_TEXT}"),
    (b"PNG\r\n\x1a\n", f"a PNG {_AS_TEXT}"),
    (b"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", f"a JPEG {_AS_TEXT}"),
    (b"\xc3\xbf\xc3\x98\xc3\xbf", f"a JPEG {_AS_TEXT}"),
    (b"????\0\x10JFIF", f"a JPEG {_AS_TEXT}"),
    (b"\0\x10JFIF\0", f"a JPEG {_AS_TEXT}"),
)
# So short that they are only used for bytes that are not text.
_SHORT: Final = ((b"MZ", "an executable"), (b"BZh", "bzip2 data"), (b"ID3", "an MP3 sound"))
_RIFF_FORMS: Final = {b"WAVE": "a WAV sound", b"AVI ": "an AVI video"}

_TEXT_LOOKED_AT: Final = 1_024
_CONTROL: Final = re.compile(r"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffe\uffff]")
_BYTE_ORDER_MARKS: Final = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
# In this order; matched at the start of the text after white space. Not compiled here: that takes
# longer than the rest of the import, and few files need it; `re` caches them.
_TEXTS: Final = (
    (r"<!doctype html|<html|<head\b|<body\b", "an HTML page"),
    (r"<svg\b|<(\?xml|!--|!doctype svg).*<svg\b", "an SVG drawing"),
    (r"<\?xml.*<html\b", "an HTML page"),
    (r"<[?!a-z_]", "XML"),
    (r"data:[\w/+.;-]*,", "a data: URI"),
    (r"b['\"]\\x|b['\"](GIF8|BM|RIFF|II|MM)", "the repr of Python bytes"),
    (r"System\.Byte\[\]", "the text 'System.Byte[]'"),
    (r"\[object \w+\]", "the text of a JavaScript object"),
    (r"\{\s*[\"}]|\[\s*([\[{\"\]\d-]|true|false|null)", "JSON"),
    (r"[^<>\"|\r\n]{0,300}\.(png|jpe?g|gif|bmp|tiff?|webp)\s*$", "the name of a file"),
    (r"HTTP/\d", "an HTTP response"),
    (r"--[^\s]+\s+Content-", "a multipart body"),
    (r"(0x)?(89504e47|ffd8ff|47494638|424d|52494646)[0-9a-f\s]*$", "hexadecimal text"),
    (r"(iVBORw0KGgo|/9j/|R0lGOD|UklGR)[\w+/=\s-]*$", "base64 text"),
)


def find_format(head: bytes) -> str | None:
    """Return the name of a picture format, or None if the bytes begin like none.

    Args:
        head: At least the first 64 bytes of the file, or all of a shorter one.
    """
    for start, name in _FORMATS:
        if head.startswith(start):
            return name
    if head[:2] == b"BM" and len(head) >= _BMP_HEADER.size:
        return "BMP" if _BMP_HEADER.unpack_from(head)[0] in _BMP_LENGTHS else None
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:4] == _ICO_START and len(head) >= _ICO_FIRST.size:
        count, reserved, length, offset = _ICO_FIRST.unpack_from(head)
        data_at = _ICO_HEADER_BYTES + count * _ICO_ENTRY_BYTES
        # The signature is short, so the entry is checked as well.
        is_icon = 1 <= count <= _ICO_MOST_ENTRIES and not reserved and offset >= data_at
        return "ICO" if is_icon and length else None
    if head[:4] == b"\1\0\0\0" and head[_EMF_AT : _EMF_AT + 4] == b" EMF":
        return "EMF"
    if head[4:8] == b"ftyp":
        brands = _brands(head)
        if brands & _AVIF_BRANDS:
            return "AVIF"
        if brands & _HEIC_BRANDS:
            return "HEIC"
    return None


def find_disguise(head: bytes) -> str | None:
    """Return what a file that is not a picture looks like, or None if that is not known."""
    for start, words in _DISGUISES:
        if head.startswith(start):
            return words
    if b"%PDF-" in head:  # Readers accept it anywhere in the first kilobyte.
        return "a PDF"
    if head[4:8] == b"ftyp":
        return "a video (mp4, mov)"
    if head[:4] == b"RIFF" and head[8:12] in _RIFF_FORMS:
        return _RIFF_FORMS[head[8:12]]
    if len(head) > 1 and not head.strip(b"\0"):
        return "zero bytes"
    text = _decode(head[:_TEXT_LOOKED_AT])
    return _find_binary(head) if text is None else _find_text(text)


def _brands(head: bytes) -> set[bytes]:
    """Return the brands of an ISO media file: the major one and the compatible ones.

    Between them is a version, which is not a brand.
    """
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return {head[8:12]} | {head[at : at + 4] for at in range(16, end, 4)}


def _find_binary(head: bytes) -> str | None:
    for start, words in _SHORT:
        if head.startswith(start):
            return words
    return None


def _find_text(text: str) -> str | None:
    text = text.lstrip()
    for pattern, words in _TEXTS:
        if re.match(pattern, text, re.IGNORECASE | re.DOTALL):
            return words
    return "plain text" if text else None


def _decode(head: bytes) -> str | None:
    """Return the head as text, its last character possibly cut; None if it is not text."""
    if not head:
        return None
    for mark, encoding in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            text = head[2:].decode(encoding, "ignore")
            break
    else:
        try:
            text = head.removeprefix(b"\xef\xbb\xbf").decode()
        except UnicodeDecodeError as error:
            if len(head) - error.start > 3 or error.reason != "unexpected end of data":
                return None
            text = head[: error.start].decode("utf-8", "ignore")
    return None if _CONTROL.search(text) else text
