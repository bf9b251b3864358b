"""JPEG: segments with a length up to the first scan, then data in which only markers have FF."""

from struct import Struct
from typing import Final

from pytest_soblob._picture._reading import (
    HEAD_BYTES,
    MOST_BLOCKS,
    MOST_READ_BYTES,
    Picture,
    Reader,
    Window,
)
from pytest_soblob._picture._tiff import find_exif_orientation

_SIGNATURE: Final = b"\xff\xd8\xff"
_END_OF_IMAGE: Final = b"\xff\xd9"
_FRAME: Final = Struct(">HHB")
_CMYK_COMPONENTS: Final = 4
_EXIF_NAME: Final = b"Exif\0\0"

_FIRST, _FILL, _EOI, _SOS, _APP1 = 0xC0, 0xFF, 0xD9, 0xDA, 0xE1
# C4, C8 and CC stand among them, but are tables and a reserve.
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Markers that are two bytes and no more: TEM, RST0 to RST7, a second SOI.
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})


def inspect_jpeg(reader: Reader, head: bytes) -> Picture | None:
    """Walk the segments to the first scan, then look for the end from the end."""
    if not head.startswith(_SIGNATURE):
        return None
    size = reader.size
    width = height = truncated = orientation = None
    cmyk, at = False, 2
    window = Window(reader, head, HEAD_BYTES)
    for _ in range(MOST_BLOCKS):
        start = window.take(at, 10)
        if len(start) < 4:
            if _END_OF_IMAGE not in start:
                truncated = "no end-of-image marker (FF D9)"
            break
        marker = start[1]
        length = start[2] << 8 | start[3]
        if start[0] != _FILL or marker == _EOI or (marker < _FIRST and marker not in _ALONE):
            # Damage: decoders skip to some marker, so that only the end can be missed.
            truncated = _find_missing_end(reader, at)
            break
        if marker == _FILL or marker in _ALONE:
            at += 1 if marker == _FILL else 2
            continue
        end = at + 2 + length
        if end > size:
            truncated = (
                f"the JPEG segment FF {marker:02X} at byte {at:,} needs {length + 2:,} bytes, "
                f"{size - at:,} are left"
            )
            break
        if marker == _SOS:
            truncated = _find_missing_end(reader, end)
            break
        if marker in _FRAMES and length >= 8:
            height, width, components = _FRAME.unpack(start[5:10])
            cmyk = components == _CMYK_COMPONENTS
            # Zero: a later segment says it, which hardly any decoder takes.
            height = height or None
        elif marker == _APP1 and orientation is None and start[4:10] == _EXIF_NAME:
            orientation = find_exif_orientation(reader, at + 10, length - 8)
        at = end
    return Picture("JPEG", None, width, height, truncated, 1, cmyk, orientation)


def _find_missing_end(reader: Reader, start: int) -> str | None:
    """Say that there is no end-of-image marker from there on.

    Not before: a thumbnail has an end of its own. Junk may follow the end, and where it is long,
    the file is searched from the scan.
    """
    size = reader.size
    for count in (HEAD_BYTES, MOST_READ_BYTES):
        tail = max(start, size - count)
        if _END_OF_IMAGE in reader.read(tail, count):
            return None
    # One byte twice, since the marker may lie across two windows.
    for at in range(start, tail, MOST_READ_BYTES - 1):
        if _END_OF_IMAGE in reader.read(at, MOST_READ_BYTES):
            return None
    return "no end-of-image marker (FF D9)"
