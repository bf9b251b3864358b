"""From a spec to the bytes of a file: one module per format.

Each `write_*` encodes the pixels once and returns an `Assemble`: the function that puts the file
together with so many bytes of padding in it. PNG, GIF, BMP and TIFF are assembled here from their
chunks; the pixels of JPEG and WebP, and LZW and Group 4, are encoded by Pillow.
"""

from pytest_soblob.images.writing._bmp import write_bmp
from pytest_soblob.images.writing._gif import write_gif
from pytest_soblob.images.writing._jpeg import write_jpeg
from pytest_soblob.images.writing._padding import Assemble, GapError
from pytest_soblob.images.writing._pixels import FRAMES, bits_per_pixel, row_bytes
from pytest_soblob.images.writing._png import write_png
from pytest_soblob.images.writing._tiff import write_tiff
from pytest_soblob.images.writing._webp import write_webp

__all__ = ["FRAMES", "WRITERS", "Assemble", "GapError", "bits_per_pixel", "row_bytes"]

WRITERS = {
    "PNG": write_png,
    "GIF": write_gif,
    "JPEG": write_jpeg,
    "BMP": write_bmp,
    "WEBP": write_webp,
    "TIFF": write_tiff,
}
