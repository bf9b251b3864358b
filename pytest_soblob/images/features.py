"""Features: what a file of a format can have beyond its pixels, each with a name.

`FEATURES` has, for each format, groups of features; a picture has one of a group at most. `ABOUT`
says what each name means. A feature that holds only for some modes names them.
"""

from functools import lru_cache
from typing import Final

# Each format with the modes (Pillow's words) that it gives back as it got them, usual one first;
# the four formats that the vendor names come first.
MODES: Final = {
    "PNG": ("RGB", "RGBA", "L", "LA", "P", "1"),
    "GIF": ("P",),
    "JPEG": ("RGB", "L", "CMYK"),
    "TIFF": ("RGB", "RGBA", "L", "P", "1", "CMYK"),
    "WEBP": ("RGB", "RGBA"),
    "BMP": ("RGB", "L", "P", "1", "RGBA"),
}
FORMATS: Final = tuple(MODES)

Group = dict[str, tuple[str, ...]]
_ALL: Final = ("RGB", "RGBA", "L", "LA", "P", "1", "CMYK")
_PALETTE: Final = ("P",)
ORIENTATIONS: Final = tuple(f"orientation-{number}" for number in range(1, 9))


def _group(*names: str, modes: tuple[str, ...] = _ALL) -> Group:
    return dict.fromkeys(names, modes)


_ORIENTATION: Final = _group(*ORIENTATIONS)
_EXIF_ORDER: Final = _group("exif-big-endian")
_FLAT: Final = _group("flat")

FEATURES: Final[dict[str, tuple[Group, ...]]] = {
    "PNG": (
        _FLAT,
        {
            "depth-16": ("RGB", "RGBA", "L", "LA"),
            "depth-4": ("L", "P"),
            "depth-2": ("L", "P"),
            "depth-1": _PALETTE,
        },
        _group("transparent", modes=("RGB", "L", "P", "1")),
        _group("interlaced"),
        _group("animated"),
        _group("filtered"),
        _group("split-data"),
        _group("text", "compressed-text", "international-text"),
        _group("gamma", "icc-profile"),
        _group("resolution"),
        _group("time"),
        _group("background"),
        _ORIENTATION,
        _EXIF_ORDER,
    ),
    "GIF": (
        _FLAT,
        _group("gif87a"),
        _group("transparent"),
        _group("interlaced"),
        _group("animated"),
        _group("few-colours"),
        _group("local-palette"),
        _group("comment"),
    ),
    "JPEG": (
        _FLAT,
        _group("progressive"),
        _group("restart-markers"),
        _group("full-chroma", modes=("RGB",)),
        _group("no-jfif", "adobe", modes=("RGB", "L")),
        _ORIENTATION,
        _EXIF_ORDER,
        _group("thumbnail"),
        _group("icc-profile"),
        _group("xmp"),
        _group("comment"),
    ),
    "BMP": (
        _FLAT,
        {
            "bits-32": ("RGB",),
            "bits-16": ("RGB",),
            "bits-16-565": ("RGB",),
            "bits-4": _PALETTE,
            "rle8": ("P", "L"),
            "rle4": _PALETTE,
        },
        _group("top-down"),
        _group("core-header", "v4-header", modes=("RGB", "P", "L", "1")) | _group("v5-header"),
        _group("resolution"),
    ),
    "WEBP": (
        _FLAT,
        _group("lossy"),
        _group("animated"),
        _ORIENTATION,
        _EXIF_ORDER,
        _group("icc-profile"),
        _group("xmp"),
    ),
    "TIFF": (
        _FLAT,
        {"depth-16": ("L", "RGB"), "depth-4": ("L", "P"), "depth-2": ("L", "P")},
        _group("big-endian"),
        _group("bigtiff"),
        _group("strips", "tiles"),
        _group("lzw", "deflate", "packbits")
        | _group("lzw-predictor", "deflate-predictor", modes=("RGB", "RGBA", "L"))
        | _group("g4", modes=("1",)),
        _group("planar", modes=("RGB", "CMYK")),
        _group("multi-page"),
        _group("white-is-zero", modes=("L", "1")),
        _ORIENTATION,
        _group("icc-profile"),
        _group("xmp"),
        _group("resolution"),
    ),
}

# What cannot stand beside a feature, by format. Pillow 13 loads neither an interlaced APNG nor a
# TIFF in MM with 16 bits of which 0 is white, and warns of a BigTIFF in MM.
_EXCLUDED: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "PNG": {"interlaced": ("animated",)},
    "GIF": {"gif87a": ("transparent", "animated", "comment")},
    "BMP": {
        "core-header": ("bits-32", "bits-16", "bits-16-565", "rle8", "rle4", "resolution"),
        "top-down": ("rle8", "rle4", "core-header"),
    },
    "TIFF": {
        "big-endian": ("bigtiff",),
        "white-is-zero": ("depth-16",),
        "planar": ("depth-16", "lzw-predictor", "deflate-predictor"),
        "lzw-predictor": ("depth-4", "depth-2"),
        "deflate-predictor": ("depth-4", "depth-2"),
    },
}

ABOUT: Final = {
    "flat": "one colour throughout",
    "depth-1": "1 bit a pixel",
    "depth-2": "2 bits a sample",
    "depth-4": "4 bits a sample",
    "depth-16": "16 bits a sample",
    "transparent": "one colour or palette entry is transparent (tRNS; GIF's graphic control)",
    "interlaced": "rows in several passes (Adam7; GIF's four)",
    "animated": "three frames (APNG; GIF with a loop; ANIM)",
    "filtered": "rows with each of PNG's five filters",
    "split-data": "several IDAT chunks",
    "text": "tEXt",
    "compressed-text": "zTXt",
    "international-text": "iTXt, UTF-8",
    "gamma": "gAMA and cHRM",
    "icc-profile": "an ICC profile",
    "resolution": "pixels per metre or inch",
    "time": "tIME",
    "background": "bKGD",
    "exif-big-endian": "EXIF in the byte order MM in place of II",
    "gif87a": "version 87a in place of 89a",
    "few-colours": "a palette of four",
    "local-palette": "a palette of the frame in place of the file's",
    "comment": "GIF's comment extension; JPEG's COM",
    "progressive": "progressive in place of baseline",
    "restart-markers": "a restart marker after each block",
    "full-chroma": "colours sampled 4:4:4 in place of 4:2:0",
    "no-jfif": "without the JFIF segment",
    "adobe": "with Adobe's segment in place of JFIF's; CMYK always has it",
    "thumbnail": "a small JPEG in the EXIF block",
    "xmp": "an XMP packet",
    "bits-4": "4 bits a pixel",
    "bits-16": "16 bits a pixel, 5-5-5",
    "bits-16-565": "16 bits a pixel by masks, 5-6-5",
    "bits-32": "32 bits a pixel, the fourth byte unused",
    "rle8": "run lengths of 8-bit pixels",
    "rle4": "run lengths of 4-bit pixels",
    "top-down": "the first row first (a negative height)",
    "core-header": "the header of OS/2, 12 bytes",
    "v4-header": "BITMAPV4HEADER, 108 bytes; RGBA has it anyway",
    "v5-header": "BITMAPV5HEADER, 124 bytes",
    "lossy": "VP8 in place of VP8L",
    "big-endian": "the byte order MM in place of II",
    "bigtiff": "offsets of 64 bits",
    "strips": "several strips in place of one",
    "tiles": "tiles in place of a strip",
    "lzw": "LZW",
    "deflate": "deflate",
    "packbits": "PackBits",
    "lzw-predictor": "LZW of differences between neighbours",
    "deflate-predictor": "deflate of differences between neighbours",
    "g4": "CCITT Group 4",
    "planar": "each colour in strips or tiles of its own",
    "multi-page": "three pages",
    "white-is-zero": "0 is white",
} | {name: f"EXIF or TIFF orientation {number}" for number, name in enumerate(ORIENTATIONS, 1)}


@lru_cache(maxsize=64)
def features_of(format: str, mode: str | None = None) -> tuple[str, ...]:
    """Return the names of the features that a format has, in that mode or in any."""
    return tuple(
        name
        for group in FEATURES[format]
        for name, modes in group.items()
        if mode is None or mode in modes
    )


def find_conflict(format: str, names: tuple[str, ...]) -> tuple[str, str] | None:
    """Return two of the features that exclude each other; None: there are none."""
    for group in FEATURES[format]:
        both = [name for name in names if name in group]
        if len(both) > 1:
            return both[0], both[1]
    excluded = _EXCLUDED.get(format, {})
    for name in names:
        for other in excluded.get(name, ()):
            if other in names:
                return name, other
    return None
