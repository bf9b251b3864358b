"""BMP: file header, one of four information headers, palette, rows (Windows GDI's description)."""

import struct
from typing import Final

from pytest_soblob.images.spec import ImageSpec
from pytest_soblob.images.writing._padding import Assemble
from pytest_soblob.images.writing._pixels import PALETTE, frame_pixels, raster, row_bytes

_FILE_HEADER_BYTES: Final = 14
_GREYS: Final = b"".join(b"%c%c%c\0" % (i, i, i) for i in range(256))
_COLOURS: Final = b"".join(PALETTE[at : at + 3][::-1] + b"\0" for at in range(0, len(PALETTE), 3))
_BLACK_AND_WHITE: Final = b"\0\0\0\0\xff\xff\xff\0"
_BITS: Final = {"1": 1, "L": 8, "P": 8, "RGB": 24, "RGBA": 32}
_BITS_BY_FEATURE: Final = {
    "bits-32": 32,
    "bits-16": 16,
    "bits-16-565": 16,
    "bits-4": 4,
    "rle4": 4,
    "rle8": 8,
}
_RGB, _RLE8, _RLE4, _BITFIELDS = range(4)
_MASKS_565: Final = (0xF800, 0x07E0, 0x001F, 0)
_MASKS_RGBA: Final = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
_MOST_LITERAL: Final = 254  # even, so that a row's literal runs need no filling but the last
_SRGB: Final = 0x73524742


def write_bmp(spec: ImageSpec) -> Assemble:
    """Encode a BMP; padding stands between the palette and the pixels, an odd byte behind them."""
    has = spec.features
    bits = next((_BITS_BY_FEATURE[name] for name in has if name in _BITS_BY_FEATURE), 0)
    bits = bits or _BITS[spec.mode]
    compression = _compression(spec)
    pixels = _pixels(spec, bits, compression)
    info = _info_header(spec, bits, compression, len(pixels)) + _palette(spec, bits)

    def assemble(padding: int) -> bytes:
        # Pillow counts from the beginning of the file where runs are to start at even places.
        behind = padding % 2
        start = _FILE_HEADER_BYTES + len(info) + padding - behind
        size = start + len(pixels) + behind
        header = struct.pack("<2sIII", b"BM", size, 0, start)
        return b"".join((header, info, bytes(padding - behind), pixels, bytes(behind)))

    return assemble


def _compression(spec: ImageSpec) -> int:
    if "bits-16-565" in spec.features or spec.mode == "RGBA":
        return _BITFIELDS
    if "rle8" in spec.features:
        return _RLE8
    return _RLE4 if "rle4" in spec.features else _RGB


def _info_header(spec: ImageSpec, bits: int, compression: int, size: int) -> bytes:
    has = spec.features
    if "core-header" in has:
        return struct.pack("<IHHHH", 12, spec.width, spec.height, 1, bits)
    version = 5 if "v5-header" in has else 4 if "v4-header" in has or spec.mode == "RGBA" else 3
    height = -spec.height if "top-down" in has else spec.height
    dots = 11_811 if "resolution" in has else 0
    colours = 1 << bits if bits <= 8 else 0
    header = struct.pack(
        "<IiiHHIIiiII",
        {3: 40, 4: 108, 5: 124}[version],
        *(spec.width, height, 1, bits, compression, size, dots, dots, colours, 0),
    )
    masks = (0, 0, 0, 0)
    if compression == _BITFIELDS:
        masks = _MASKS_RGBA if spec.mode == "RGBA" else _MASKS_565
    if version == 3:
        return header + (struct.pack("<3I", *masks[:3]) if compression == _BITFIELDS else b"")
    header += struct.pack("<4II48x", *masks, _SRGB)
    return header + (struct.pack("<4I", 4, 0, 0, 0) if version == 5 else b"")


def _palette(spec: ImageSpec, bits: int) -> bytes:
    if bits > 8:
        return b""
    full = {"1": _BLACK_AND_WHITE, "L": _GREYS, "P": _COLOURS}[spec.mode][: 4 << bits]
    if "core-header" in spec.features:  # three bytes an entry
        return b"".join(full[at : at + 3] for at in range(0, len(full), 4))
    return full


def _pixels(spec: ImageSpec, bits: int, compression: int) -> bytes:
    """Return the rows, the lowest first, each filled to four bytes."""
    bands = bits in (24, 32) or (bits == 8 and compression == _RGB)
    width, height = spec.width, spec.height
    pixels = frame_pixels(spec) if bands and bits != 32 else raster(spec, bits, width, height)
    step = row_bytes(bits, width)
    rows = [pixels[at : at + step] for at in range(0, len(pixels), step)]
    if "top-down" not in spec.features:
        rows.reverse()
    if compression in (_RLE8, _RLE4):
        per_byte = 1 if compression == _RLE8 else 2
        return b"".join(_run_lengths(row, width, per_byte) for row in rows) + b"\0\1"
    filling = bytes(-step % 4)
    return b"".join(row + filling for row in rows)


def _run_lengths(row: bytes, width: int, per_byte: int) -> bytes:
    """Return a row as one run where it is flat, otherwise as literal runs; then its end."""
    if len(set(row)) == 1:
        runs = [b"%c%c" % (min(255, width - at), row[0]) for at in range(0, width, 255)]
        return b"".join(runs) + b"\0\0"
    parts = []
    for at in range(0, width, _MOST_LITERAL):
        count = min(_MOST_LITERAL, width - at)
        data = row[at // per_byte : (at + count + per_byte - 1) // per_byte]
        if count < 3:  # a literal run has at least three pixels
            parts.append(_short_run(data, count, per_byte))
        else:
            parts.append(b"\0%c%b%b" % (count, data, bytes(len(data) % 2)))
    return b"".join(parts) + b"\0\0"


def _short_run(data: bytes, count: int, per_byte: int) -> bytes:
    if per_byte == 2:
        return b"%c%c" % (count, data[0])
    return b"".join(b"\x01%c" % value for value in data)
