"""Orientation from EXIF, a TIFF without a picture: as a block, or as text inside a PNG."""

import re
import zlib
from typing import Final

from pytest_soblob.images.inspection._reading import BytesReader, Part, Reader
from pytest_soblob.images.inspection._tags import ORIENTATION, read_directory

_EXIF_NAME: Final = b"Exif\0\0"
_EXIF_HEAD_BYTES: Final = 512
# The names of the chunk in ImageMagick and ExifTool.
_PROFILES: Final = frozenset((b"raw profile type exif", b"raw profile type app1"))
# The tag is near the start of a block; a thumbnail may follow.
_MOST_TEXT_BYTES: Final = 8_192
# A line end, the profile's name, its length, then hexadecimal lines.
_PROFILE: Final = re.compile(rb"\s*\w+\s+\d+\s+([0-9a-fA-F\s]*)")


def find_exif_orientation(reader: Reader, start: int, size: int) -> int | None:
    """Return the orientation, 2 to 8, of an EXIF block, or None if it is upright or not given."""
    if size <= 0:  # A length that leaves no space for the name before the block.
        return None
    head = reader.read(start, min(size, _EXIF_HEAD_BYTES))
    if head.startswith(_EXIF_NAME):  # Specified for JPEG only, but written in others as well.
        start, size, head = start + len(_EXIF_NAME), size - len(_EXIF_NAME), head[6:]
    directory = read_directory(Part(reader, start, size), head)
    number = None if directory is None else directory.first(ORIENTATION)
    return number if number is not None and 2 <= number <= 8 else None


def find_text_orientation(name: bytes, chunk: bytes) -> int | None:
    """Return the orientation from a PNG text chunk that holds EXIF in hexadecimal, or None.

    Args:
        name: Name of the chunk: tEXt, zTXt or iTXt.
        chunk: Data of the chunk.
    """
    keyword, _, rest = chunk.partition(b"\0")
    if keyword.lower() not in _PROFILES:
        return None
    is_deflated = name == b"zTXt"
    if name == b"iTXt":
        is_deflated = rest[:1] == b"\1"
        # Two bytes about compression, then a language and a translation.
        rest = rest[2:].split(b"\0", 2)[-1]
    elif is_deflated:
        rest = rest[1:]
    if is_deflated:
        try:
            rest = zlib.decompressobj().decompress(rest, _MOST_TEXT_BYTES)
        except zlib.error:
            return None
    found = _PROFILE.match(rest[:_MOST_TEXT_BYTES])
    if found is None:
        return None
    digits = b"".join(found[1].split())
    block = bytes.fromhex(digits[: len(digits) // 2 * 2].decode("ascii"))
    return find_exif_orientation(BytesReader(block), 0, len(block))
