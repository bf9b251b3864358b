"""What clients do to pictures: cut them, or open and save them again."""

from collections.abc import Callable
from functools import lru_cache
from io import BytesIO
from typing import Any

from PIL import Image

Pair = tuple[bytes, str | None]
KIB = 1024


def _cut(size: int) -> Callable[[bytes, str | None], Pair]:
    return lambda image, description: (image[:size], description)


def _saved_again(is_meant: Callable[[bytes, Any], bool]) -> Callable[[bytes, str | None], Pair]:
    """A client that opens some pictures and saves them in its own way."""

    def bug(image: bytes, description: str | None) -> Pair:
        return (_saved(image) if is_meant(image, _facts(image)) else image), description

    return bug


def _if(is_meant: Callable[[bytes], bool]) -> Callable[[bytes, str | None], Pair]:
    """A client that loses the last byte of some files."""
    return lambda image, description: (image[:-1] if is_meant(image) else image, description)


@lru_cache(maxsize=1)
def _facts(image: bytes) -> Any:
    picture = Image.open(BytesIO(image))
    picture.frames = getattr(picture, "n_frames", 1)  # type: ignore[attr-defined]
    picture.has_exif = bool(picture.getexif())  # type: ignore[attr-defined]
    return picture


def _saved(image: bytes) -> bytes:
    file = BytesIO()
    with Image.open(BytesIO(image)) as picture:
        picture.convert("RGB").save(file, "BMP")
    return file.getvalue()


BUGS: dict[str, Callable[[bytes, str | None], Pair]] = {
    "first frame only": _saved_again(lambda image, p: p.frames > 1),
    "EXIF dropped": _saved_again(lambda image, p: p.format != "TIFF" and p.has_exif),
    "EXIF dropped from JPEG": _saved_again(lambda image, p: p.format == "JPEG" and p.has_exif),
    "16 bit to 8": _saved_again(lambda image, p: p.mode.startswith("I;16")),
    "progressive re-encoded": _saved_again(lambda image, p: "progressive" in p.info),
    "resize over 800 px": _saved_again(lambda image, p: max(p.size) > 800),
    "resize over 4,096 px": _saved_again(lambda image, p: max(p.size) > 4_096),
    "interlaced re-encoded": _saved_again(lambda image, p: b"IHDR" in image and image[28] == 1),
    "palette to RGB": _saved_again(lambda image, p: p.mode == "P"),
    "grey to RGB": _saved_again(lambda image, p: p.mode == "L"),
    "alpha dropped": _saved_again(lambda image, p: p.mode in ("RGBA", "LA")),
    "CMYK to RGB": _saved_again(lambda image, p: p.mode == "CMYK"),
    "GIF transparency dropped": _saved_again(
        lambda image, p: p.format == "GIF" and "transparency" in p.info
    ),
    "ICC profile dropped": _saved_again(lambda image, p: "icc_profile" in p.info),
    "comment dropped": _saved_again(lambda image, p: bool(p.info.get("comment"))),
    "JPEG known by FF D8 FF E0": _if(
        lambda image: image.startswith(b"\xff\xd8") and image[3] != 0xE0
    ),
    "GIF known by GIF89a": _if(lambda image: image.startswith(b"GIF87a")),
    "TIFF known by II": _if(lambda image: image.startswith(b"MM")),
    "BMP refused": _if(lambda image: image.startswith(b"BM")),
    "WebP refused": _if(lambda image: image.startswith(b"RIFF")),
    "one pixel refused": _saved_again(lambda image, p: p.size == (1, 1)),
    "sizes divisible by 3": _if(lambda image: len(image) % 3 == 0),
    "sizes not divisible by 3": _if(lambda image: len(image) % 3 != 0),
    "cut at 48 KiB": _cut(48 * KIB),
    "cut at 64 KiB": _cut(64 * KIB),
    "cut at 1,000,000 bytes": _cut(1_000_000),
    "cut at 1 MiB": _cut(KIB**2),
    "last block of 1,024 lost when full": _if(lambda image: len(image) % KIB == 0),
    "ends at NUL": lambda image, description: (image.split(b"\0")[0], description),
    "newlines translated": lambda image, description: (
        image.replace(b"\r\n", b"\n"),
        description,
    ),
    "read as text": lambda image, description: (
        image.decode("latin-1").encode("utf-8"),
        description,
    ),
}
