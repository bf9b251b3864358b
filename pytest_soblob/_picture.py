"""What an image is, told from the structure of its file; no pixel is decoded.

A library that opens images (Pillow) decodes them to find that they are cut off, takes longer to
import than a verdict takes, and wants a file; here the bytes lie as base64 in somebody's message
and are read through a `Reader`, a few at a time. Any bytes give a `Picture`: hostile ones make no
more than `MOST_BLOCKS` steps, and what is not seen to be wrong by then is not called wrong.

Sources: PNG (ISO 15948, 5), GIF89a, JPEG (ITU-T T.81, annex B), TIFF 6.0, BMP (BITMAPINFOHEADER),
WebP container specification (RIFF), Exif 2.3 (4.6), ISO 14496-12 (the `ftyp` of HEIC and AVIF).
"""

import re
from dataclasses import dataclass
from struct import Struct
from typing import Final, Protocol

MOST_BLOCKS: Final = 10_000

_PNG_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_CHUNK = Struct(">I4s")
_PNG_SIZE = Struct(">II")
_BIG16, _LITTLE16, _LITTLE32 = Struct(">H"), Struct("<H"), Struct("<I")
_WINDOW = 64 * 1024
_LOOKED_AT = 1024
_EXIF = b"Exif\x00\x00"
_ORIENTATION = 274
_MOST_OFFSETS = 4096
# Markers that stand alone: TEM, RST0 to RST7, SOI.
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_FTYP = {b"heic": "HEIC", b"heix": "HEIC", b"mif1": "HEIC", b"avif": "AVIF", b"avis": "AVIF"}
_DISGUISES: Final = (
    (re.compile(rb"\s*%PDF-"), "a PDF file"),
    (re.compile(rb"PK(?:\x03\x04|\x05\x06)"), "a ZIP archive (docx, xlsx and jar are such)"),
    (re.compile(rb"\x1f\x8b"), "a gzip archive"),
    (re.compile(rb"MZ|\x7fELF"), "a program"),
    (re.compile(rb"\s*(?:<\?xml[^>]*>|<!--.*?-->|<!DOCTYPE svg[^>]*>|\s+)*<svg\b", re.S | re.I),
     "an SVG drawing"),
    (re.compile(rb"\s*<(?:!doctype\s+html|html|head|body)\b", re.I), "an HTML page"),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*<\?xml\b|\s*<[A-Za-z][\w:.-]*[\s>/]"), "an XML document"),
    (re.compile(rb"\s*[\[{]\s*[\"\[{\]}\d]"), "JSON"),
    (re.compile(rb"data:image/"), "a data: URI"),
    (re.compile(rb"[A-Za-z]:[\\/]|/(?:home|tmp|var|usr|Users)/|file:"), "the name of a file"),
)  # fmt: skip


class Reader(Protocol):
    """Bytes that are read in parts."""

    @property
    def size(self) -> int | None:
        """How many there are."""

    def read(self, offset: int, count: int) -> bytes:
        """Return some of them, fewer than `count` only at the end."""


@dataclass(slots=True)
class Picture:
    """What is known about bytes that should be an image.

    Attributes:
        format: PNG, JPEG, GIF, BMP, WEBP, TIFF, ICO, HEIC or AVIF; None for no image.
        disguise: What the bytes look like instead; None for an image, or where nobody knows.
        width: Pixels, as declared; None where nothing says it.
        height: Pixels, as declared.
        truncated: How it is known that the end is missing; None where it is not.
        frames: 2 where there is more than one, 1 otherwise.
        cmyk: Whether the pixels are CMYK.
        orientation: As EXIF has it, 1 to 8; None where it does not.
    """

    format: str | None = None
    disguise: str | None = None
    width: int | None = None
    height: int | None = None
    truncated: str | None = None
    frames: int = 1
    cmyk: bool = False
    orientation: int | None = None


def inspect(reader: Reader) -> Picture:
    """Return what can be told of any bytes; never raises, never reads without end."""
    head = reader.read(0, 64)
    size = reader.size or 0
    if head.startswith(_PNG):
        return _png(reader, size)
    if head.startswith(b"\xff\xd8\xff"):
        return _jpeg(reader, size)
    if head.startswith((b"GIF87a", b"GIF89a")):
        return _gif(reader, head, size)
    if head.startswith((b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")):
        return _tiff(reader, head, size)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _webp(reader, head, size)
    if head.startswith(b"BM") and len(head) >= 14 and not any(head[6:10]):
        return _bmp(head, size)
    if head.startswith(b"\x00\x00\x01\x00") and size > 22:
        return Picture("ICO", width=head[6] or 256, height=head[7] or 256)
    if head[4:8] == b"ftyp" and head[8:12] in _FTYP:
        return Picture(_FTYP[head[8:12]])
    return Picture(disguise=_find_disguise(reader.read(0, _LOOKED_AT)))


def _find_disguise(head: bytes) -> str | None:
    for pattern, name in _DISGUISES:
        if pattern.match(head):
            return name
    if not head or any(byte < 32 and byte not in b"\t\r\n" for byte in head):
        return None
    try:
        head.decode()
    except UnicodeDecodeError as error:
        if len(head) < _LOOKED_AT or error.start < len(head) - 3:  # not a character cut in two
            return None
    return "plain text"


def _png(reader: Reader, size: int) -> Picture:
    picture = Picture("PNG")
    offset = len(_PNG)
    for number in range(MOST_BLOCKS):
        header = reader.read(offset, 16 if number == 0 else 8)
        if len(header) < 8:
            picture.truncated = "it ends without an IEND chunk"
            return picture
        length, kind = _PNG_CHUNK.unpack_from(header)
        if kind == b"IHDR" and len(header) == 16:
            picture.width, picture.height = _PNG_SIZE.unpack_from(header, 8)
        elif kind == b"acTL" and _number(reader.read(offset + 8, 4)) > 1:
            picture.frames = 2
        elif kind == b"eXIf":
            picture.orientation = _orientation(reader.read(offset + 8, min(length, _WINDOW)))
        elif kind == b"IDAT" and reader.read(size - 12, 12) == _PNG_END:
            return picture
        following = offset + 12 + length
        if following > size:
            name = kind.decode("latin-1") if kind.isalpha() else kind.hex(" ")
            left = max(size - offset - 8, 0)
            picture.truncated = (
                f"the chunk {name} at byte {offset:,} needs {length + 4:,} bytes, {left:,} are left"
            )
            return picture
        if kind == b"IEND":
            return picture
        offset = following
    return picture


def _gif(reader: Reader, head: bytes, size: int) -> Picture:
    if len(head) < 13:
        return Picture("GIF", truncated="it ends inside its header")
    picture = Picture("GIF", width=_LITTLE16.unpack_from(head, 6)[0])
    picture.height = _LITTLE16.unpack_from(head, 8)[0]
    offset = 13 + _colour_table(head[10])
    images = 0
    for _ in range(MOST_BLOCKS):
        block = reader.read(offset, 10)
        kind = block[:1]
        if kind == b";" or (images > 1 and reader.read(size - 1, 1) == b";"):
            return picture
        if kind == b"," and len(block) == 10:
            images += 1
            picture.frames = min(images, 2)
            offset += 11 + _colour_table(block[9])  # the code size follows the colour table
        elif kind == b"!":
            offset += 2
        elif kind not in (b"", b","):
            if not images:
                picture.truncated = f"there is no frame: byte {offset:,} begins no block"
            return picture
        following = _skip_sub_blocks(reader, offset) if len(block) == 10 or kind == b"!" else None
        if following is None:
            where = f"inside frame {images}" if images else "before its first frame"
            picture.truncated = f"it ends {where}, without the trailer 3B"
            return picture
        offset = following
    return picture


def _skip_sub_blocks(reader: Reader, offset: int) -> int | None:
    """Return where the sub-blocks that begin there end; None where the file ends before."""
    while True:
        window = reader.read(offset, _WINDOW)
        if not window:
            return None
        place = 0
        while place < len(window):
            length = window[place]
            place += 1 + length
            if not length:
                return offset + place
        offset += place


def _colour_table(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _jpeg(reader: Reader, size: int) -> Picture:
    picture = Picture("JPEG")
    offset = 2
    for _ in range(MOST_BLOCKS):
        header = reader.read(offset, 10)
        if len(header) < 4:
            picture.truncated = "it ends before its image data"
            return picture
        marker = header[1]
        if header[0] != 0xFF:
            return picture  # not a marker: too odd to say anything
        if marker == 0xFF:
            offset += 1  # a fill byte
            continue
        if marker in _ALONE:
            offset += 2
            continue
        if marker == 0xD9:
            return picture
        length = _BIG16.unpack_from(header, 2)[0]
        if marker in _FRAMES and len(header) == 10:
            picture.height, picture.width = (
                _BIG16.unpack_from(header, 5)[0],
                _BIG16.unpack_from(header, 7)[0],
            )
            picture.cmyk = header[9] == 4
        elif marker == 0xE1 and picture.orientation is None:
            segment = reader.read(offset + 4, min(length, _WINDOW))
            if segment.startswith(_EXIF):
                picture.orientation = _orientation(segment[len(_EXIF) :])
        offset += 2 + length
        if offset > size:
            picture.truncated = f"its segment FF {marker:02X} needs {offset - size:,} bytes more"
            return picture
        if marker == 0xDA:
            if not _has_end(reader, offset, size):
                picture.truncated = "the end-of-image marker FF D9 is missing"
            return picture
    return picture


def _has_end(reader: Reader, start: int, size: int) -> bool:
    """Whether an end-of-image marker follows; looked for from the end, where it belongs."""
    if reader.read(size - 2, 2) == b"\xff\xd9":
        return True
    stop = size
    while stop > start:
        first = max(stop - _WINDOW, start)
        if b"\xff\xd9" in reader.read(first, stop - first + 1):
            return True
        stop = first
    return False


def _webp(reader: Reader, head: bytes, size: int) -> Picture:
    picture = Picture("WEBP")
    declared = _LITTLE32.unpack_from(head, 4)[0] + 8
    if declared > size:
        picture.truncated = f"its RIFF header says {declared:,} bytes, there are {size:,}"
    kind = head[12:16]
    if kind == b"VP8X" and len(head) >= 30:
        picture.frames = 2 if head[20] & 2 else 1
        picture.width = int.from_bytes(head[24:27], "little") + 1
        picture.height = int.from_bytes(head[27:30], "little") + 1
        if head[20] & 8:
            picture.orientation = _webp_orientation(reader, size)
    elif kind == b"VP8 " and len(head) >= 30:
        picture.width = _LITTLE16.unpack_from(head, 26)[0] & 0x3FFF
        picture.height = _LITTLE16.unpack_from(head, 28)[0] & 0x3FFF
    elif kind == b"VP8L" and len(head) >= 25:
        bits = _LITTLE32.unpack_from(head, 21)[0]
        picture.width, picture.height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return picture


def _webp_orientation(reader: Reader, size: int) -> int | None:
    offset = 12
    for _ in range(MOST_BLOCKS):
        header = reader.read(offset, 8)
        if len(header) < 8:
            return None
        length = _LITTLE32.unpack_from(header, 4)[0]
        if header[:4] == b"EXIF":
            data = reader.read(offset + 8, min(length, _WINDOW))
            return _orientation(data.removeprefix(_EXIF))
        offset += 8 + length + (length & 1)
        if offset >= size:
            return None
    return None


def _bmp(head: bytes, size: int) -> Picture:
    picture = Picture("BMP")
    if len(head) < 26:
        picture.truncated = "it ends inside its header"
        return picture
    _, declared, pixels, header = Struct("<2sI4xII").unpack_from(head)
    if header >= 40:
        picture.width, picture.height = map(abs, Struct("<ii").unpack_from(head, 18))
    else:
        picture.width, picture.height = Struct("<HH").unpack_from(head, 18)
    if max(declared, pixels) > size:
        picture.truncated = f"its header says {max(declared, pixels):,} bytes, there are {size:,}"
    return picture


def _tiff(reader: Reader, head: bytes, size: int) -> Picture:
    picture = Picture("TIFF")
    if head[2:4] in (b"+\x00", b"\x00+") or len(head) < 8:
        return picture  # BigTIFF: recognised, not read
    order = "<" if head[:2] == b"II" else ">"
    directory = Struct(order + "I").unpack_from(head, 4)[0]
    entries = _tiff_entries(reader, order, directory)
    if entries is None:
        picture.truncated = f"its directory should stand at byte {directory:,} of {size:,}"
        return picture
    picture.width = _first(entries.get(256))
    picture.height = _first(entries.get(257))
    picture.cmyk = _first(entries.get(262)) == 5
    orientation = _first(entries.get(_ORIENTATION))
    picture.orientation = orientation if orientation in range(1, 9) else None
    for offsets, counts in ((273, 279), (324, 325)):
        places = zip(entries.get(offsets, ()), entries.get(counts, ()), strict=False)
        furthest = max((place + count for place, count in places), default=0)
        if furthest > size:
            picture.truncated = f"its pixels reach to byte {furthest:,}, there are {size:,}"
    return picture


def _tiff_entries(reader: Reader, order: str, directory: int) -> dict[int, tuple[int, ...]] | None:
    """Return the numbers of the first directory by tag; None where it is not there."""
    counted = reader.read(directory, 2)
    if directory < 8 or len(counted) < 2:
        return None
    count = Struct(order + "H").unpack(counted)[0]
    raw = reader.read(directory + 2, min(count * 12, _WINDOW))
    entries: dict[int, tuple[int, ...]] = {}
    entry = Struct(order + "HHI4s")
    for place in range(0, len(raw) - 11, 12):
        tag, kind, number, value = entry.unpack_from(raw, place)
        width = {3: 2, 4: 4}.get(kind)
        if tag not in (256, 257, 262, 273, 274, 279, 324, 325) or width is None:
            continue
        number = min(number, _MOST_OFFSETS)
        data = value
        if number * width > 4:
            data = reader.read(Struct(order + "I").unpack(value)[0], number * width)
        number = min(number, len(data) // width)
        entries[tag] = Struct(f"{order}{number}{'H' if width == 2 else 'I'}").unpack_from(data)
    return entries if len(raw) == count * 12 else None


def _orientation(exif: bytes) -> int | None:
    """Return the orientation that an EXIF block says, None for none."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None or len(exif) < 8:
        return None
    entries = _tiff_entries(_Block(exif), order, Struct(order + "I").unpack_from(exif, 4)[0])
    found = None if entries is None else _first(entries.get(_ORIENTATION))
    return found if found in range(1, 9) else None


class _Block:
    """Bytes at hand, as a `Reader`."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)

    def read(self, offset: int, count: int) -> bytes:
        return self.data[offset : offset + count]


def _first(values: tuple[int, ...] | None) -> int | None:
    return values[0] if values else None


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")
