"""Pictures of the kinds that clients lose or alter, small, and the same each time."""

from collections.abc import Mapping
from typing import Any, Final

from pytest_soblob.images.encoding import ImageBytes

_SIDE_PX: Final = 20

# The arguments of `ImageBytes`, by the name in the scenario's id.
_KINDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "png": {},
    "png-16bit": {"features": ("depth-16",)},
    "png-interlaced": {"features": ("interlaced",)},
    "apng": {"features": ("animated",)},
    "jpeg": {"format": "JPEG"},
    "jpeg-progressive": {"format": "JPEG", "features": ("progressive",)},
    "jpeg-cmyk": {"format": "JPEG", "mode": "CMYK"},
    "jpeg-exif-6": {"format": "JPEG", "features": ("orientation-6", "exif-big-endian")},
    "gif": {"format": "GIF"},
    "gif-animated": {"format": "GIF", "features": ("animated",)},
    "bmp": {"format": "BMP"},
    "tiff-multipage": {"format": "TIFF", "features": ("multi-page",)},
    "webp": {"format": "WEBP"},
}
PICTURES: Final = tuple(_KINDS)


def picture(name: str) -> ImageBytes:
    """Return the picture of one of the names in `PICTURES`."""
    return ImageBytes(**_KINDS[name], width=_SIDE_PX, height=_SIDE_PX)
