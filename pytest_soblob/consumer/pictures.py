"""Pictures of the kinds that clients lose or alter, small, and the same each time."""

import struct
from collections.abc import Mapping
from typing import Any, Final
from zlib import crc32

from pytest_soblob.images.encoding import ImageBytes

_SIDE_PX: Final = 20
# One black pixel.
PNG: Final = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c636000000002000148afa4710000000049454e44ae426082"
)
# A chunk has four bytes each for its length, its type and its checksum. The letters of this type
# say that readers may skip it.
_CHUNK_BYTES: Final = 12
_SKIPPED: Final = b"soBl"

# The arguments of `ImageBytes`, by the name in the scenario's id.
_KINDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "png": {},
    "png-16bit": {"features": ("depth-16",)},
    "png-interlaced": {"features": ("interlaced",)},
    "apng": {"features": ("animated",)},
    "jpeg": {"format": "JPEG"},
    "jpeg-progressive": {"format": "JPEG", "features": ("progressive",)},
    "jpeg-cmyk": {"format": "JPEG", "mode": "CMYK"},
    "jpeg-exif-6": {"format": "JPEG", "features": ("orientation-6", "exif-big-endian")},
    "gif": {"format": "GIF"},
    "gif-animated": {"format": "GIF", "features": ("animated",)},
    "bmp": {"format": "BMP"},
    "tiff-multipage": {"format": "TIFF", "features": ("multi-page",)},
    "webp": {"format": "WEBP"},
}
PICTURES: Final = tuple(_KINDS)


def picture(name: str) -> ImageBytes:
    """Return the picture of one of the names in `PICTURES`."""
    return ImageBytes(**_KINDS[name], width=_SIDE_PX, height=_SIDE_PX)


def png_of_size(size: int) -> bytes:
    """Return a PNG of so many bytes, with bytes of every value in it.

    It is a whole picture from 67 bytes on; a smaller one is the beginning of one.
    """
    filler_bytes = size - len(PNG) - _CHUNK_BYTES
    if filler_bytes < 0:
        return (PNG + bytes(_CHUNK_BYTES))[:size]
    filler = (bytes(range(256)) * (filler_bytes // 256 + 1))[:filler_bytes]
    checksum = crc32(_SKIPPED + filler)
    chunk = struct.pack(">I", filler_bytes) + _SKIPPED + filler + struct.pack(">I", checksum)
    return PNG[:-_CHUNK_BYTES] + chunk + PNG[-_CHUNK_BYTES:]
