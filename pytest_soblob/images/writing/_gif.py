"""GIF: header, palette, extensions and frames (GIF89a specification). Pillow encodes the LZW."""

import struct
from typing import Final

from pytest_soblob.images.spec import ImageSpec
from pytest_soblob.images.writing._metadata import TEXT
from pytest_soblob.images.writing._padding import Assemble, blanks, require
from pytest_soblob.images.writing._pillow import picture
from pytest_soblob.images.writing._pixels import FRAMES, PALETTE, frame_pixels

_PALETTE_PRESENT: Final = 0x80
_TRANSPARENT_ENTRY: Final = 1
_TO_FOUR: Final = bytes(value % 4 for value in range(256))
_INTERLACED: Final = 0x40
_LONGEST_BLOCK: Final = 255
_LOOP: Final = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
_TRAILER: Final = b"\x3b"


def write_gif(spec: ImageSpec) -> Assemble:
    """Encode a GIF."""
    has = spec.features
    version = b"GIF87a" if "gif87a" in has else b"GIF89a"
    flags, palette = (0, b"") if "local-palette" in has else _palette(spec)
    head = version + struct.pack("<HHBBB", spec.width, spec.height, 0x70 | flags, 0, 0) + palette
    if "animated" in has:
        head += _LOOP
    if "comment" in has:
        head += b"\x21\xfe%c%b\0" % (len(TEXT), TEXT)
    frames = range(FRAMES if "animated" in has else 1)
    tail = b"".join(_frame(spec, number) for number in frames) + _TRAILER
    return lambda padding: b"".join((head, _comment(padding), tail))


def _bits(spec: ImageSpec) -> int:
    return 2 if "few-colours" in spec.features else 8


def _palette(spec: ImageSpec) -> tuple[int, bytes]:
    """Return the flags of a palette, and the palette."""
    bits = _bits(spec)
    return _PALETTE_PRESENT | (bits - 1), PALETTE[: 3 << bits]


def _frame(spec: ImageSpec, number: int) -> bytes:
    has = spec.features
    control = b""
    if "transparent" in has or "animated" in has:
        transparent = "transparent" in has
        entry = _TRANSPARENT_ENTRY if transparent else 0
        control = struct.pack("<BBBBHBB", 0x21, 0xF9, 4, transparent, 10, entry, 0)
    interlaced = "interlaced" in has
    flags, palette = _palette(spec) if "local-palette" in has else (0, b"")
    if interlaced:
        flags |= _INTERLACED
    descriptor = struct.pack("<BHHHHB", 0x2C, 0, 0, spec.width, spec.height, flags)
    pixels, bits = frame_pixels(spec, number), _bits(spec)
    if bits == 2:
        pixels = pixels.translate(_TO_FOUR)
    data = picture("P", spec.width, spec.height, pixels).tobytes("gif", "P", bits, interlaced)
    return b"".join((control, descriptor, palette, b"%c" % bits, data, b"\0"))


def _comment(count: int) -> bytes:
    """Return a comment extension of so many bytes, none of 0: 21 FE, blocks, 00.

    A block is its length and up to 255 bytes of text, so that 1, 2 and 4 bytes cannot be had.
    """
    if not count:
        return b""
    require(count, 3 if count != 4 else 5)
    full, left = divmod(count - 3, _LONGEST_BLOCK + 1)
    if left == 1:  # a block of one byte would have no text
        full, left = full - 1, left + _LONGEST_BLOCK + 1
    blocks = [_block(_LONGEST_BLOCK) * full]
    if left > _LONGEST_BLOCK + 1:
        blocks.append(_block(left - 3 - 1) + _block(2))
    elif left:
        blocks.append(_block(left - 1))
    return b"\x21\xfe%b\0" % b"".join(blocks)


def _block(length: int) -> bytes:
    return b"%c%b" % (length, blanks(length))
