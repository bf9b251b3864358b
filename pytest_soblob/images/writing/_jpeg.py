"""JPEG: Pillow encodes the scan; the segments before it are put together here."""

import struct
from collections.abc import Iterator
from typing import Any, Final

from pytest_soblob.images.spec import ImageSpec
from pytest_soblob.images.writing._metadata import ICC_PROFILE, TEXT, XMP, exif_of
from pytest_soblob.images.writing._padding import Assemble, blanks
from pytest_soblob.images.writing._pillow import picture, save
from pytest_soblob.images.writing._pixels import frame_pixels

_SOI: Final = b"\xff\xd8"
_APP0: Final = 0xE0
_APP1: Final = 0xE1
_APP2: Final = 0xE2
_COM: Final = 0xFE
# Version 100, no flags, transform 1 (YCbCr) or 0 (grey).
_ADOBE_COLOUR: Final = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\1"
_ADOBE_GREY: Final = _ADOBE_COLOUR[:-1] + b"\0"
_LONGEST_SEGMENT: Final = 65_537  # marker, length and 65,533 bytes
_THUMBNAIL_SIDE_PX: Final = 8


def write_jpeg(spec: ImageSpec) -> Assemble:
    """Encode a JPEG."""
    has = spec.features
    options: dict[str, Any] = {}
    if "progressive" in has:
        options["progressive"] = True
    if "restart-markers" in has:
        options["restart_marker_blocks"] = 1
    if "full-chroma" in has:
        options["subsampling"] = "4:4:4"
    pixels = frame_pixels(spec)
    encoded = save(picture(spec.mode, spec.width, spec.height, pixels), "JPEG", **options)
    jfif, rest = _split(encoded)
    if "no-jfif" in has:
        jfif = b""
    elif "adobe" in has:
        jfif = _ADOBE_GREY if spec.mode == "L" else _ADOBE_COLOUR
    head = b"".join((_SOI, jfif, *_segments(spec)))
    return lambda padding: b"".join((head, *_padding(padding), rest))


def _split(encoded: bytes) -> tuple[bytes, bytes]:
    """Return the JFIF segment, empty where there is none, and what follows it."""
    if encoded[3] != _APP0:
        return b"", encoded[2:]
    end = 4 + int.from_bytes(encoded[4:6], "big")
    return encoded[2:end], encoded[end:]


def _segments(spec: ImageSpec) -> Iterator[bytes]:
    has = spec.features
    thumbnail = _thumbnail(spec) if "thumbnail" in has else b""
    exif = exif_of(spec, thumbnail)
    if exif is not None:
        yield _segment(_APP1, b"Exif\0\0" + exif)
    if "xmp" in has:
        yield _segment(_APP1, b"http://ns.adobe.com/xap/1.0/\0" + XMP)
    if "icc-profile" in has:
        yield _segment(_APP2, b"ICC_PROFILE\0\1\1" + ICC_PROFILE)
    if "comment" in has:
        yield _segment(_COM, TEXT)


def _segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def _thumbnail(spec: ImageSpec) -> bytes:
    side = _THUMBNAIL_SIDE_PX
    return save(picture("L", side, side, bytes((spec.seed % 256,)) * side**2), "JPEG")


def _padding(count: int) -> Iterator[bytes]:
    """Yield comments of so many bytes; fewer than 4 are fill bytes before the next marker."""
    full, left = divmod(count, _LONGEST_SEGMENT)
    if full:
        yield _segment(_COM, blanks(_LONGEST_SEGMENT - 4)) * full
    yield _segment(_COM, blanks(left - 4)) if left > 3 else b"\xff" * left
