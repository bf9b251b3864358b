"""How often `images()` draws what: tables of 256 entries, ordered from plain to strange.

A feature that several formats have stands at the same place for each, so that a picture can shrink
to a plainer format and keep its feature.
"""

from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

from pytest_soblob.images.features import FORMATS, MODES

T = TypeVar("T")
ENTRIES: Final = 256

# The four that the vendor names are most of the draws.
FORMAT_SHARES: Final = {"PNG": 70, "GIF": 46, "JPEG": 62, "TIFF": 46, "WEBP": 16, "BMP": 16}
# A mode that a format does not have is its usual one.
_MODE_SHARES: Final = (
    *(("RGB", 56), ("RGBA", 34), ("LA", 20), ("CMYK", 24)),
    *(("1", 28), ("L", 60), ("P", 34)),
)

Slot = tuple[tuple[int, Mapping[str, str]], ...]


def _same(name: str, *formats: str) -> dict[str, str]:
    return dict.fromkeys(formats, name)


# Each slot is one byte: a share, and the feature that each format has for it. The rest is plain.
SLOTS: Final[tuple[Slot, ...]] = (
    (
        (
            70,
            _same("interlaced", "PNG", "GIF")
            | {"JPEG": "progressive", "TIFF": "multi-page", "WEBP": "lossy", "BMP": "top-down"},
        ),
        (
            56,
            _same("animated", "PNG", "GIF", "WEBP")
            | {"JPEG": "restart-markers", "TIFF": "tiles", "BMP": "v4-header"},
        ),
        (
            26,
            {"PNG": "split-data", "GIF": "gif87a", "JPEG": "no-jfif", "TIFF": "strips"}
            | {"BMP": "v5-header"},
        ),
        (
            26,
            {"PNG": "filtered", "GIF": "local-palette", "JPEG": "adobe", "TIFF": "planar"}
            | {"BMP": "core-header"},
        ),
    ),
    (
        (104, _same("depth-16", "PNG", "TIFF") | {"GIF": "few-colours", "BMP": "bits-32"}),
        (14, _same("depth-4", "PNG", "TIFF") | {"BMP": "bits-4"}),
        (14, _same("depth-2", "PNG", "TIFF") | {"BMP": "bits-16"}),
        (14, {"PNG": "depth-1", "BMP": "bits-16-565", "JPEG": "full-chroma"}),
        (20, _same("flat", *FORMATS)),
    ),
    (
        *((9, _same(f"orientation-{n}", "PNG", "JPEG", "TIFF", "WEBP")) for n in range(1, 9)),
        (28, _same("comment", "GIF", "JPEG") | {"PNG": "text", "TIFF": "white-is-zero"}),
        (14, _same("icc-profile", "PNG", "JPEG", "TIFF", "WEBP")),
        (14, _same("xmp", "JPEG", "TIFF", "WEBP") | {"PNG": "compressed-text", "BMP": "rle4"}),
        (10, {"PNG": "international-text", "TIFF": "bigtiff"}),
        (10, _same("resolution", "PNG", "TIFF", "BMP")),
    ),
    (
        (50, _same("exif-big-endian", "PNG", "JPEG", "WEBP")),
        (40, _same("transparent", "PNG", "GIF")),
        (90, {"TIFF": "big-endian", "PNG": "gamma", "JPEG": "thumbnail", "BMP": "rle8"}),
    ),
    (
        (26, {"TIFF": "lzw", "PNG": "time"}),
        (26, {"TIFF": "deflate", "PNG": "background"}),
        (26, {"TIFF": "packbits"}),
        (12, {"TIFF": "lzw-predictor"}),
        (12, {"TIFF": "deflate-predictor"}),
        (40, {"TIFF": "g4"}),
    ),
)

_SIDES_PX: Final = (
    (1, 44),
    *((side, 2) for side in range(2, 34)),
    *((side, 1) for side in range(34, 66)),
    *((side, 1) for side in (72, 80, 96, 99, 100, 101, 120, 127, 128, 129, 150, 160, 200, 240)),
    *((side, 2) for side in (255, 256, 257, 300, 320, 400, 480, 511, 512, 513, 600, 640, 799, 800)),
    *((801, 24), (1_023, 4), (1_024, 4), (1_025, 2), (1_920, 4), (2_049, 2), (4_095, 2)),
    *((4_096, 4), (4_097, 8), (8_191, 2)),
)
# Shares of the numbers from 256 on, and the sizes over which each is spread.
SIZE_SHARES: Final = (
    (70, 100, 4_095),
    (60, 4_096, 46_999),
    (50, 47_000, 47_000),
    (12, 47_001, 49_150),
    (55, 49_151, 49_151),
    (55, 49_152, 49_152),
    (55, 49_153, 49_153),
    (40, 49_154, 65_534),
    (50, 65_535, 65_535),
    (50, 65_536, 65_536),
    (55, 65_537, 65_537),
    (140, 65_538, 199_999),
    (40, 200_000, 500_000),
    (2, 500_001, 500_001),
    (40, 500_002, 999_999),
    (25, 1_000_000, 1_000_000),
    (45, 1_000_001, 1_000_001),
    (52, 1_000_002, 1_048_575),
    (35, 1_048_576, 1_048_576),
    (110, 1_048_577, 1_048_577),
    (30, 1_048_578, 1_200_000),
)


def spread(shares: Iterable[tuple[T, int]]) -> tuple[T, ...]:
    """Return 256 entries in their order, each as often as its share of the sum says."""
    flat = [value for value, share in shares for _ in range(share)]
    return tuple(flat[number * len(flat) // ENTRIES] for number in range(ENTRIES))


def mode_of(format: str, byte: int) -> str:
    """Return the mode that a byte stands for."""
    mode = _MODES[byte]
    return mode if mode in MODES[format] else MODES[format][0]


def _slot_table(format: str, slot: Slot) -> tuple[str | None, ...]:
    cells: list[tuple[str | None, int]] = [(cell.get(format), share) for share, cell in slot]
    return spread([(None, ENTRIES - sum(share for _, share in cells)), *cells])


_MODES: Final = spread(_MODE_SHARES)
SIDES_PX: Final = spread(_SIDES_PX)
FEATURES_BY_SLOT: Final = {
    format: tuple(_slot_table(format, slot) for slot in SLOTS) for format in FORMATS
}
