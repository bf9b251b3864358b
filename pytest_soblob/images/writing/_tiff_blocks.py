"""Strips and tiles of a TIFF, encoded. Pillow's libtiff encodes LZW and Group 4."""

import struct
from collections.abc import Iterator
from typing import Final

from zlib_ng import zlib_ng

from pytest_soblob.images.spec import ImageSpec
from pytest_soblob.images.writing._pillow import picture, save
from pytest_soblob.images.writing._pixels import CHANNELS, depth_of, frame_pixels, raster, row_bytes

COMPRESSIONS: Final = {
    "lzw": 5,
    "lzw-predictor": 5,
    "deflate": 8,
    "deflate-predictor": 8,
    "packbits": 32_773,
    "g4": 4,
}
ROWS_PER_STRIP: Final = 8
TILE_SIDE_PX: Final = 16
_LONGEST_PACKED: Final = 128
_SHORT: Final = 3


def encoded_blocks(spec: ImageSpec, page: int) -> list[bytes]:
    """Return each strip or tile of a page as the file has it; equal ones are encoded once."""
    known: dict[tuple[int, int, int, bytes], bytes] = {}
    blocks = list(_blocks(spec, page))
    for block in blocks:
        if block not in known:
            known[block] = _encoded(spec, *block)
    return [known[block] for block in blocks]


def _blocks(spec: ImageSpec, page: int) -> Iterator[tuple[int, int, int, bytes]]:
    """Yield bits per pixel, width, height and rows of each strip or tile, in their order."""
    channels = CHANNELS[spec.mode]
    planes = channels if "planar" in spec.features else 1
    bits = depth_of(spec) * channels // planes
    for plane in range(planes):
        if "tiles" in spec.features:
            side = TILE_SIDE_PX
            across, down = -(-spec.width // side), -(-spec.height // side)
            tile = raster(spec, bits, side, side, page + plane)
            for _ in range(across * down):
                yield bits, side, side, tile
            continue
        pixels = frame_pixels(spec, page) if planes == 1 else None
        if pixels is None:
            pixels = raster(spec, bits, spec.width, spec.height, page + plane)
        step = row_bytes(bits, spec.width)
        rows = ROWS_PER_STRIP if "strips" in spec.features else spec.height
        for row in range(0, spec.height, rows):
            height = min(rows, spec.height - row)
            yield bits, spec.width, height, pixels[row * step : (row + height) * step]


def _encoded(spec: ImageSpec, bits: int, width: int, height: int, rows: bytes) -> bytes:
    name = next((name for name in spec.features if name in COMPRESSIONS), None)
    if name is None:
        return rows
    step = row_bytes(bits, width)
    if name == "packbits":
        return b"".join(_pack_bits(rows[at : at + step]) for at in range(0, len(rows), step))
    if name.startswith("deflate"):
        return zlib_ng.compress(rows, 1)
    if name == "g4":
        return _by_pillow("group4", "1", width, height, rows)
    return _by_pillow("tiff_lzw", "L", step, height, rows)


def _pack_bits(row: bytes) -> bytes:
    """Return a row in PackBits: a run where it is flat, otherwise as it is."""
    is_flat = len(set(row)) == 1 and len(row) > 1
    parts = []
    for at in range(0, len(row), _LONGEST_PACKED):
        piece = row[at : at + _LONGEST_PACKED]
        if is_flat and len(piece) > 1:
            parts.append(b"%c%c" % (257 - len(piece), piece[0]))
        else:
            parts.append(b"%c%b" % (len(piece) - 1, piece))
    return b"".join(parts)


def _by_pillow(compression: str, mode: str, width: int, height: int, rows: bytes) -> bytes:
    """Return what Pillow's libtiff makes of the rows: the one strip of the file that it writes."""
    image = picture(mode, width, height, rows)
    return _only_strip(save(image, "TIFF", compression=compression, strip_size=len(rows)))


def _only_strip(encoded: bytes) -> bytes:
    """Return the strip of a little-endian TIFF that has one."""
    at = int.from_bytes(encoded[4:8], "little")
    count = int.from_bytes(encoded[at : at + 2], "little")
    found = {}
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from("<HH", encoded, entry)
        value = encoded[entry + 8 : entry + (10 if kind == _SHORT else 12)]
        found[tag] = int.from_bytes(value, "little")
    return encoded[found[273] : found[273] + found[279]]
