"""What Pillow encodes: the one place that imports it here, and not before it is needed."""

from io import BytesIO
from typing import TYPE_CHECKING, Any

from pytest_soblob.errors import SoblobError

if TYPE_CHECKING:
    from PIL import Image


def picture(mode: str, width: int, height: int, pixels: bytes) -> "Image.Image":
    """Return Pillow's picture of these pixels, rows filled to whole bytes."""
    from PIL import Image

    return Image.frombytes(mode, (width, height), pixels)


def save(image: "Image.Image", format: str, **options: Any) -> bytes:
    """Return the file that Pillow writes.

    Raises:
        SoblobError: The installed Pillow was built without this format.
    """
    # Named here, because Pillow would otherwise load all its forty formats to find these two.
    from PIL import TiffImagePlugin, WebPImagePlugin  # noqa: F401

    file = BytesIO()
    try:
        image.save(file, format, **options)
    except (KeyError, OSError) as error:
        raise SoblobError(f"this Pillow cannot write {format}: {error}") from error
    return file.getvalue()
