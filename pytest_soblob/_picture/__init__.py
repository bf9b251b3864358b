"""What the structure of an image file tells, without decoding a pixel.

::

    picture = inspect(BytesReader(data))
    picture.format, picture.width, picture.height   # ("JPEG", 4000, 3000)
    picture.truncated                               # "no end-of-image marker (FF D9)"

The bytes come through a `Reader`, since they may lie encoded inside a large message: headers are
read, blocks are stepped over. Any bytes whatsoever give a `Picture`. Nothing here follows a pointer
twice or walks more than a fixed number of blocks; what lies behind that is not judged. So `None`
in `truncated` means that nothing is known to be missing.
"""

from collections.abc import Callable
from typing import Final

from pytest_soblob._picture._bitmap import inspect_bmp, inspect_ico
from pytest_soblob._picture._chunks import inspect_png, inspect_webp
from pytest_soblob._picture._gif import inspect_gif
from pytest_soblob._picture._jpeg import inspect_jpeg
from pytest_soblob._picture._reading import HEAD_BYTES, BytesReader, Picture, Reader
from pytest_soblob._picture._signatures import find_disguise, find_format
from pytest_soblob._picture._tiff import inspect_tiff

__all__ = ["BytesReader", "Picture", "Reader", "inspect"]

# By the first two bytes; each looks at the rest of its signature, and returns None if it is not it.
_BY_START: Final[dict[bytes, Callable[[Reader, bytes], Picture | None]]] = {
    b"\x89P": inspect_png,
    b"\xff\xd8": inspect_jpeg,
    b"GI": inspect_gif,
    b"BM": inspect_bmp,
    b"RI": inspect_webp,
    b"II": inspect_tiff,
    b"MM": inspect_tiff,
    b"\0\0": inspect_ico,
}


def inspect(reader: Reader) -> Picture:
    """Return what the structure of the file tells.

    Args:
        reader: The file's bytes. At most 65,536 are asked for at a time.
    """
    head = reader.read(0, HEAD_BYTES)
    inspect_format = _BY_START.get(head[:2])
    if inspect_format is not None:
        picture = inspect_format(reader, head)
        if picture is not None:
            return picture
    name = find_format(head)
    return Picture(name, find_disguise(head) if name is None else None)
