"""The images that `classics` puts before every run."""

from functools import cache
from typing import Any

from pytest_soblob.images.encoding import MODES, ImageBytes

# What clients lose or change, by format.
_FEATURES: dict[str, tuple[str, ...]] = {
    "PNG": ("depth-16", "interlaced", "animated", "orientation-6", "text", "icc-profile"),
    "GIF": ("animated", "interlaced", "transparent", "comment"),
    "JPEG": ("progressive", "orientation-6", "exif-big-endian", "thumbnail", "icc-profile"),
    "TIFF": ("multi-page", "big-endian", "lzw", "tiles"),
    "WEBP": ("animated", "lossy"),
    "BMP": ("top-down", "v5-header"),
}
_SIZES_BYTES = (49_152, 65_537)


@cache
def classic_images() -> tuple[ImageBytes, ...]:
    """Return one small image for each mode and each important feature, then odd sizes.

    The plainest comes first, and one of more than 800 pixels last.
    """
    pictures: list[dict[str, Any]] = [
        {"format": name, "mode": mode} for name, modes in MODES.items() for mode in modes
    ]
    pictures += [
        {"format": name, "features": (feature,)}
        for name, features in _FEATURES.items()
        for feature in features
    ]
    each = [ImageBytes(**one, width=5, height=3, noise=100, seed=1) for one in pictures]
    sizes = [ImageBytes(size=size) for size in _SIZES_BYTES]
    return (ImageBytes(), *each, *sizes, ImageBytes(width=801, height=3, noise=100))
