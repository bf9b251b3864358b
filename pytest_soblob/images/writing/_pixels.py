"""Pixels before they are encoded: noise above, a ramp below, or one colour.

Noise is SHAKE-128 of the seed, which is the same on every Python, and fast.
"""

from hashlib import shake_128
from typing import Final

from pytest_soblob.images.spec import ImageSpec

CHANNELS: Final = {"1": 1, "L": 1, "P": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}
FRAMES: Final = 3
# Of many colours: a GIF whose palette is the grey ramp would be read as mode "L".
PALETTE: Final = bytes(v for i in range(256) for v in (i, 255 - i, i ^ 0x55))
_RAMP: Final = bytes(range(256))
_HALF_TRANSPARENT: Final = 0x80
_DEPTHS: Final = {
    "depth-1": 1,
    "depth-2": 2,
    "depth-4": 4,
    "depth-16": 16,
    "bits-4": 4,
    "rle4": 4,
}


def depth_of(spec: ImageSpec) -> int:
    """Return how many bits a sample has."""
    if spec.mode == "1":
        return 1
    return next((_DEPTHS[name] for name in spec.features if name in _DEPTHS), 8)


def bits_per_pixel(spec: ImageSpec) -> int:
    """Return how many bits a pixel has."""
    return CHANNELS[spec.mode] * depth_of(spec)


def raw_bytes(spec: ImageSpec) -> int:
    """Return how many bytes the pixels of one frame have, rows filled to whole bytes."""
    return row_bytes(bits_per_pixel(spec), spec.width) * spec.height


def row_bytes(bits: int, width: int) -> int:
    """Return how many bytes a row of that many pixels has."""
    return (width * bits + 7) // 8


def raster(spec: ImageSpec, bits: int, width: int, height: int, frame: int = 0) -> bytes:
    """Return the rows of a picture, or of a part of it, each filled to whole bytes.

    Args:
        spec: Says how much is noise, of which seed, and whether all is flat.
        bits: Bits per pixel.
        width: Pixels per row.
        height: Rows.
        frame: Number of the frame or page, from 0; each has pixels of its own.
    """
    row = row_bytes(bits, width)
    seed = spec.seed + frame
    if spec.features and "flat" in spec.features:
        return bytes((seed % 256,)) * (row * height)
    noisy = -(-height * spec.noise // 100) * row
    smooth = height * row - noisy
    start = seed % 256
    ramp = (_RAMP * ((start + smooth) // 256 + 1))[start : start + smooth]
    if not noisy:
        return ramp
    return shake_128(b"%d" % seed).digest(noisy) + ramp


def frame_pixels(spec: ImageSpec, frame: int = 0) -> bytes:
    """Return the pixels of a whole frame.

    The first pixel of RGBA is half transparent: an encoder may drop the alpha of a picture that is
    opaque throughout, as WebP's does.
    """
    pixels = raster(spec, bits_per_pixel(spec), spec.width, spec.height, frame)
    if spec.mode == "RGBA" and depth_of(spec) == 8:
        return pixels[:3] + bytes((_HALF_TRANSPARENT,)) + pixels[4:]
    return pixels
