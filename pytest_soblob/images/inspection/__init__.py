"""Inspection of the structure of an image file.

::

    picture = inspect(BytesReader(data))
    picture.format, picture.width, picture.height   # ("JPEG", 4000, 3000)
    picture.truncated                               # "no end-of-image marker (FF D9)"
    picture.damaged                                 # "the JPEG ends before any scan (SOS): ..."

The bytes come through a `Reader`, since they may be encoded inside a large message: headers are
read, blocks are skipped. Any bytes give a `Picture`. No pointer is followed twice, and no more than
a fixed number of blocks is read; the rest is not judged. So `None` in `truncated` and `damaged`
means that nothing is known to be missing or wrong.

Each format has a module, whose walk fills in what it finds and ends at the first damage. What the
structure does not show, inside compressed pixels, Pillow's decoders check (`_decoding`), of small
pictures only. `_corruption` recognises damage by text processing.
"""

from collections.abc import Callable
from typing import Final

from pytest_soblob.images.inspection._bitmap import walk_bmp, walk_ico
from pytest_soblob.images.inspection._corruption import name_corruption
from pytest_soblob.images.inspection._gif import walk_gif
from pytest_soblob.images.inspection._jpeg import walk_jpeg
from pytest_soblob.images.inspection._nested import find_nested
from pytest_soblob.images.inspection._png import walk_png
from pytest_soblob.images.inspection._reading import (
    HEAD_BYTES,
    MOST_READ_BYTES,
    BytesReader,
    CutOffError,
    DamagedError,
    Picture,
    Reader,
)
from pytest_soblob.images.inspection._signatures import find_disguise, find_format
from pytest_soblob.images.inspection._tiff import walk_tiff
from pytest_soblob.images.inspection._webp import walk_webp

__all__ = ["BytesReader", "Picture", "Reader", "find_format", "find_nested", "inspect"]

_WALKS: Final[dict[str | None, Callable[[Reader, bytes, Picture], None]]] = {
    "PNG": walk_png,
    "JPEG": walk_jpeg,
    "GIF": walk_gif,
    "BMP": walk_bmp,
    "WEBP": walk_webp,
    "TIFF": walk_tiff,
    "ICO": walk_ico,
}


def inspect(reader: Reader) -> Picture:
    """Return what the structure of the file shows.

    Args:
        reader: The bytes of the file. At most 65,536 are read at a time. Of pictures that have to
            be decoded, at most slightly more than twice the size of their pixels is read.
    """
    is_small = reader.size <= MOST_READ_BYTES
    head = reader.read(0, MOST_READ_BYTES if is_small else HEAD_BYTES)
    name = find_format(head)
    picture = Picture(name)
    walk = _WALKS.get(name)
    if walk is None:
        picture.disguise = find_disguise(head[:HEAD_BYTES]) if name is None else None
        return picture
    if is_small:  # Read once, then accessed in memory.
        reader = BytesReader(head)
    try:
        walk(reader, head, picture)
    except CutOffError as found:
        picture.truncated = str(found)
    except DamagedError as found:
        picture.damaged = str(found)  # takes precedence over a wrong checksum
    if picture.damaged is not None or picture.truncated is not None:
        _name_corruption(reader, picture)
    return picture


def _name_corruption(reader: Reader, picture: Picture) -> None:
    """Add the probable cause if text processing has damaged the bytes: then none are cut off."""
    corruption = name_corruption(
        reader.read(0, MOST_READ_BYTES), is_all=reader.size <= MOST_READ_BYTES
    )
    if corruption is not None and corruption not in (picture.damaged or ""):
        picture.damaged = f"{picture.damaged or picture.truncated}; {corruption}"
        picture.truncated = None
