"""Pictures from a few numbers: `ImageSpec` -> encoded bytes, the same each time.

::

    image = ImageBytes(format="GIF", width=640, height=480, noise=50, seed=7)
    client.save_image_stream("PersonImage", image, "a portrait")
    image.spec.width  # 640
    image             # ImageBytes(format='GIF', width=640, height=480, noise=50, seed=7)

The pixels come from the seed in two bands: noise, which no format can compress, above a ramp,
which all but the uncompressed ones compress well. Pillow is imported when the first picture is
encoded. The same spec gives the same bytes with the same Pillow; another Pillow may encode the
same pixels otherwise.
"""

from collections.abc import Collection
from dataclasses import dataclass, fields
from functools import lru_cache
from io import BytesIO
from random import Random
from typing import Any, Final, Self

from pytest_soblob._text import clip
from pytest_soblob.errors import SoblobError

# Each format with the modes (Pillow's words) that it gives back as it got them, usual one first.
MODES: Final = {
    "PNG": ("RGB", "RGBA", "L", "LA", "P", "1"),
    "GIF": ("P",),
    "JPEG": ("RGB", "L", "CMYK"),
    "BMP": ("RGB", "L", "P", "1"),
    "WEBP": ("RGB", "RGBA"),
    "TIFF": ("RGB", "RGBA", "L", "P", "1", "CMYK"),
}
FORMATS: Final = tuple(MODES)

# The longest side that every format can say: WebP has 14 bits for it.
LONGEST_SIDE_PX: Final = 16_383
# 64 MiB of pixels at the most, and far below the size at which Pillow warns of a bomb.
MOST_PIXELS: Final = 4_096 * 4_096

_BITS_PER_PIXEL: Final = {"1": 1, "L": 8, "P": 8, "LA": 16, "RGB": 24, "RGBA": 32, "CMYK": 32}
_RAMP: Final = bytes(range(256))
# Of many colours: a GIF whose palette is the grey ramp would be read as mode "L".
_PALETTE: Final = bytes(v for i in range(256) for v in (i, 255 - i, i ^ 0x55))
_HALF_TRANSPARENT: Final = 0x80
# The fastest that each encoder has; file size is the spec's business.
_SAVE_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "PNG": {"compress_level": 1},
    "WEBP": {"lossless": True, "method": 0, "quality": 0},
}
# Pictures with more pixel data are encoded anew each time, so that they do not pile up in memory.
_LARGEST_CACHED_BYTES: Final = 32_768


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSpec:
    """What a picture is made of.

    Attributes:
        format: One of `FORMATS`.
        width: Pixels, 1 to 16,383.
        height: Pixels, 1 to 16,383; width times height is at most 16,777,216.
        mode: One of `MODES[format]`. Empty when built means the format's usual one, which the
            built spec then holds.
        noise: How much of the picture's height is incompressible, per cent, 0 to 100.
        seed: What the pixels are expanded from, 0 or more.

    Raises:
        SoblobError: A value is none of these; the text has the value and what is allowed.
    """

    format: str = "PNG"
    width: int = 1
    height: int = 1
    mode: str = ""
    noise: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        _check_choice("format", self.format, FORMATS)
        modes = MODES[self.format]
        if self.mode == "":
            object.__setattr__(self, "mode", modes[0])
        _check_choice(f"mode of a {self.format}", self.mode, modes)
        _check_range("width", self.width, 1, LONGEST_SIDE_PX)
        _check_range("height", self.height, 1, LONGEST_SIDE_PX)
        _check_range("width * height", self.width * self.height, 1, MOST_PIXELS)
        _check_range("noise", self.noise, 0, 100)
        _check_range("seed", self.seed, 0, None)


class ImageBytes(bytes):
    """An encoded picture that knows how it was made: `bytes` to whoever takes bytes.

    Equality and hash are those of `bytes`; a slice or a sum is plain `bytes`. The `repr` is the
    shortest call that rebuilds the picture, and `str` is the `repr`, so that neither a failure
    nor a log shows the bytes. Pickles and copies keep the very bytes.

    The arguments are the fields of `ImageSpec`; `ImageBytes()` is a PNG of one pixel.

    Raises:
        SoblobError: A value that `ImageSpec` refuses, or this Pillow cannot write the format.
    """

    _spec: ImageSpec

    def __new__(
        cls,
        *,
        format: str = "PNG",
        width: int = 1,
        height: int = 1,
        mode: str = "",
        noise: int = 0,
        seed: int = 0,
    ) -> Self:
        """Encode the picture of these fields."""
        return cls.from_spec(
            ImageSpec(format=format, width=width, height=height, mode=mode, noise=noise, seed=seed)
        )

    @classmethod
    def from_spec(cls, spec: ImageSpec) -> Self:
        """Return the picture of that spec."""
        return cls._restore(spec, encode(spec))

    @classmethod
    def _restore(cls, spec: ImageSpec, data: bytes) -> Self:
        image = super().__new__(cls, data)
        image._spec = spec
        return image

    @property
    def spec(self) -> ImageSpec:
        """What the picture was made of."""
        return self._spec

    def __repr__(self) -> str:
        spec, usual = self._spec, ImageSpec(format=self._spec.format)
        names = ["format"] if spec.format != FORMATS[0] else []
        names += [f.name for f in fields(spec) if getattr(spec, f.name) != getattr(usual, f.name)]
        return f"{type(self).__name__}({', '.join(f'{n}={getattr(spec, n)!r}' for n in names)})"

    __str__ = __repr__

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self)._restore, (self._spec, bytes(self))


def encode(spec: ImageSpec) -> bytes:
    """Return the picture of that spec as the bytes of a file.

    Raises:
        SoblobError: The installed Pillow was built without this format.
    """
    small = row_bytes(spec.mode, spec.width) * spec.height <= _LARGEST_CACHED_BYTES
    return _encode_cached(spec) if small else _encode(spec)


def _encode(spec: ImageSpec) -> bytes:
    # Named here, because Pillow would otherwise load all its forty formats to find these two.
    from PIL import Image, TiffImagePlugin, WebPImagePlugin  # noqa: F401

    picture = Image.frombytes(spec.mode, (spec.width, spec.height), _pixels(spec))
    if spec.mode == "P":
        picture.putpalette(_PALETTE)
    file = BytesIO()
    try:
        picture.save(file, spec.format, **_SAVE_OPTIONS.get(spec.format, {}))
    except (KeyError, OSError) as error:
        raise SoblobError(f"this Pillow cannot write {spec.format}: {error}") from error
    return file.getvalue()


_encode_cached = lru_cache(maxsize=64)(_encode)


def _pixels(spec: ImageSpec) -> bytes:
    """Return the raw pixels, rows packed to whole bytes: the noise above, the ramp below."""
    row = row_bytes(spec.mode, spec.width)
    noisy = -(-spec.height * spec.noise // 100) * row
    smooth = spec.height * row - noisy
    start = spec.seed % len(_RAMP)
    ramp = _RAMP * ((start + smooth) // len(_RAMP) + 1)
    pixels = bytearray(Random(spec.seed).randbytes(noisy) + ramp[start : start + smooth])  # noqa: S311 - pixels, no secret
    if spec.mode == "RGBA":
        # An encoder may drop the alpha of a picture that is opaque throughout: WebP's does.
        pixels[3] = _HALF_TRANSPARENT
    return bytes(pixels)


def row_bytes(mode: str, width: int) -> int:
    """Return how many bytes a row of that many pixels takes before it is encoded."""
    return (width * _BITS_PER_PIXEL[mode] + 7) // 8


def _check_choice(name: str, value: object, allowed: Collection[str]) -> None:
    if value not in allowed:
        raise SoblobError(f"{name} is {clip(repr(value))}; allowed: {', '.join(allowed)}")


def _check_range(name: str, value: object, least: int, most: int | None) -> None:
    allowed = f"a whole number of {least} or more" if most is None else f"{least} to {most:,}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise SoblobError(f"{name} is {clip(repr(value))}; allowed: {allowed}")
    if value < least or (most is not None and value > most):
        raise SoblobError(f"{name} is {value:,}; allowed: {allowed}")
