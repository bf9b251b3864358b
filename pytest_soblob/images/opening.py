"""Opens pictures of unknown origin with Pillow; whatever it raises becomes one error.

Pillow's readers raise a dozen classes for bytes that are no picture, some only when a property is
read: `OSError`, `SyntaxError`, `struct.error`, `IndexError`, `DecompressionBombError`.
"""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any, Final

# More is not decoded: a damaged header may say any number of pixels.
MOST_DECODED_PIXELS: Final = 4_096 * 4_096
# Pillow names objects by their address, which differs from run to run.
_ADDRESS: Final = re.compile(" <.* object at .*>")
# Its reader starts Ghostscript.
_NOT_OPENED: Final = frozenset(("EPS",))


class UnreadablePictureError(Exception):
    """Pillow cannot read the bytes; the text has Pillow's class of error and its words."""


class LargePictureError(UnreadablePictureError):
    """The header says more pixels than are decoded; the text has width and height."""


@contextmanager
def open_picture(data: bytes, formats: tuple[str, ...] | None = None) -> Iterator[Any]:
    """Open a picture, for a block in which Pillow reads it.

    Args:
        data: The encoded picture, or any other bytes.
        formats: Names of Pillow's formats to try; None tries every format but EPS.

    Returns:
        A context manager for the `PIL.Image.Image`. Pillow's warnings are silenced in the block.

    Raises:
        LargePictureError: It has more than `MOST_DECODED_PIXELS` pixels.
        UnreadablePictureError: Pillow cannot open it, or the block raised an exception.
    """
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(BytesIO(data), formats=formats) as picture:
                if picture.format in _NOT_OPENED:
                    raise UnreadablePictureError(f"{picture.format} is not opened")
                if picture.width * picture.height > MOST_DECODED_PIXELS:
                    raise LargePictureError(f"{picture.width:,} x {picture.height:,} pixels")
                yield picture
        except UnreadablePictureError:
            raise
        except Exception as error:  # noqa: BLE001 -- whatever Pillow raises is the outcome
            words = _ADDRESS.sub("", str(error))
            raise UnreadablePictureError(f"{type(error).__name__}: {words}") from None
