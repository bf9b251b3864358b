"""Whether compressed pixels can be decoded: the only use of Pillow's decoders.

They are called directly, below `Image.open`: a suite's settings for its own pictures
(`LOAD_TRUNCATED_IMAGES`, `MAX_IMAGE_PIXELS`, warnings as errors) have no effect here, and none is
changed. Pillow is imported when the first such picture is inspected. No decoder gets more than
`MOST_DECODED_PIXELS`, since its time depends on the size of the picture, not of the file.
"""

from io import BytesIO
from typing import Final

# About what a decoder produces in 10 milliseconds.
MOST_DECODED_PIXELS: Final = 1_000_000
_MOST_CODE_BITS: Final = 12
# LZMA, Zstandard, WebP.
_OPTIONAL_IN_LIBTIFF: Final = frozenset((34925, 50000, 50001))


def decode_gif(data: bytes, width: int, height: int, *, is_interlaced: bool) -> str | None:
    """Return why the image cannot be decoded, or None if it can.

    Args:
        data: The code size of LZW and the sub-blocks.
        width: Width of this image in pixels.
        height: Height of this image in pixels.
        is_interlaced: Whether the rows are stored in four passes.
    """
    bits = data[0]
    if bits > _MOST_CODE_BITS:
        return f"LZW codes of {bits} bits"
    return _decode("L", (width, height), data[1:], "gif", bits, int(is_interlaced), -1)


def decode_tiff(data: bytes, compression: int) -> str | None:
    """Return why the first page of a TIFF cannot be decoded, or None if it can or is not known.

    libtiff, which decodes it, may write a line about damage to standard error.

    Args:
        data: The file, its directory reduced to what a decoder needs. It has no orientation, since
            Pillow would check its limit of pixels for that.
        compression: TIFF's number of the compression.
    """
    from PIL.TiffImagePlugin import TiffImageFile

    try:
        picture = TiffImageFile(BytesIO(data))
    except (SyntaxError, OSError, ValueError, KeyError):
        return None  # for example a kind of pixels that Pillow has no mode for
    with picture:
        try:
            picture.load()
        except (OSError, ValueError, SystemError) as error:
            return str(error) if _has_compression(compression) else None
    return None


def _has_compression(number: int) -> bool:
    """Whether Pillow's libtiff was built with a compression; called after a failure only."""
    from PIL import Image
    from PIL.TiffImagePlugin import COMPRESSION_INFO

    if number not in _OPTIONAL_IN_LIBTIFF:
        return True
    try:
        Image.new("RGB", (1, 1)).save(BytesIO(), "TIFF", compression=COMPRESSION_INFO[number])
    except (KeyError, OSError, ValueError, SystemError):
        return False
    return True


def decode_webp(data: bytes, frames: int) -> str | None:
    """Return why the first frames of a WebP cannot be decoded, or None if they can.

    None also if Pillow was built without WebP.

    Args:
        data: The file.
        frames: Largest number of frames to decode.
    """
    try:
        from PIL._webp import WebPAnimDecoder
    except ImportError:
        return None
    try:
        decoder = WebPAnimDecoder(data)
        count = decoder.get_info()[3]
        for number in range(1, min(count, frames) + 1):
            if decoder.get_next() is None:
                return f"frame {number} is not a picture"
    except (OSError, ValueError, RuntimeError) as error:
        return str(error)
    return None


def _decode(mode: str, size: tuple[int, int], data: bytes, name: str, *args: object) -> str | None:
    from PIL import Image

    try:
        Image.frombytes(mode, size, data, name, args)
    except (OSError, ValueError, SystemError) as error:
        return str(error)
    return None
