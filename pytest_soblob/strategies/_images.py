"""Pictures: `images()`."""

from collections.abc import Collection
from functools import cache

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from pytest_soblob.images import FORMATS, MODES, ImageBytes, row_bytes

# Both sides are drawn up to one of these, so that icons, thumbnails and photos all occur.
_SIDES_PX = (2, 16, 32, 64, 128, 256, 512, 512, 640)
# Divisible by the number of modes of each format: every format, and in it every mode, is as likely.
_CHOICES_PER_FORMAT = 12
_LARGEST_SEED = 65_535
_SMALLEST_MAX_SIZE_BYTES = 4_096
# Headers and palettes: a TIFF with a palette has the most, 1.7 kB.
_OVERHEAD_BYTES = 2_048


def images(
    *, formats: Collection[str] = FORMATS, max_size: int = 1_000_000
) -> st.SearchStrategy[ImageBytes]:
    """Draw pictures in every format, from one pixel to about 1 MB, all readable.

    Args:
        formats: The formats to choose from, at least one of `FORMATS`; the order has no meaning.
        max_size: Upper bound of the encoded picture in bytes, 4,096 or more; 47,000 stays below
            a WCF service's usual quota of 64 KiB once the picture is base64 in an envelope.

    Shrinks to the picture of one pixel in the first of `FORMATS` that was asked for, which is
    `ImageBytes()` unless PNG was left out.

    Raises:
        InvalidArgument: `formats` is empty or has an unknown one, or `max_size` is out of range.
    """
    if type(max_size) is not int:
        raise InvalidArgument(f"{max_size=} must be a whole number of bytes")
    if max_size < _SMALLEST_MAX_SIZE_BYTES:
        raise InvalidArgument(f"{max_size=} must be at least {_SMALLEST_MAX_SIZE_BYTES:,} bytes")
    return _images(_checked(formats), max_size)


def _checked(formats: Collection[str]) -> tuple[str, ...]:
    """Return the formats in the house's order, so that a set draws the same in every process."""
    if isinstance(formats, str) or not isinstance(formats, Collection):
        raise InvalidArgument(f"{formats=} must be a collection of {', '.join(FORMATS)}")
    if not formats or any(name not in FORMATS for name in formats):
        raise InvalidArgument(
            f"{formats=} must name at least one of {', '.join(FORMATS)}, no other"
        )
    return tuple(name for name in FORMATS if name in formats)


@st.composite
def _images(draw: st.DrawFn, formats: tuple[str, ...], max_size: int) -> ImageBytes:
    # The same number of choices whatever is drawn, and clipped afterwards rather than bounded by
    # each other: a format or a size can then shrink by itself.
    format, mode = draw(st.sampled_from(_formats_and_modes(formats)))
    side = draw(st.sampled_from(_SIDES_PX))
    width = min(draw(st.integers(1, side)), _most_rows(mode, 1, max_size))
    height = min(draw(st.integers(1, side)), _most_rows(mode, width, max_size))
    noise = draw(st.integers(0, 100))
    seed = draw(st.integers(0, _LARGEST_SEED))
    return ImageBytes(format=format, width=width, height=height, mode=mode, noise=noise, seed=seed)


@cache
def _formats_and_modes(formats: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, MODES[name][i % len(MODES[name])])
        for name in formats
        for i in range(_CHOICES_PER_FORMAT)
    )


def _most_rows(mode: str, width: int, max_size: int) -> int:
    """Return how many rows of that width fit into `max_size` bytes in any format.

    BMP pads a row to four bytes, PNG adds one for its filter, and a GIF of noise is larger than
    its pixels by two fifths: hence half as much again.
    """
    row = (row_bytes(mode, width) + 3) // 4 * 4 + 1
    return (max_size - _OVERHEAD_BYTES) * 2 // (3 * row)
