"""Pictures from a few facts: `ImageSpec` -> encoded bytes, the same each time.

::

    image = ImageBytes(format="GIF", width=640, height=480, noise=50, features=["interlaced"])
    client.save_image_stream("PersonImage", image, "a portrait")
    image.spec.width            # 640
    ImageBytes(size=49_152)     # a PNG of exactly so many bytes

The pixels come from the seed in two bands: noise, which no format can compress, above a ramp,
which all but the uncompressed ones compress well. Pillow is imported when the first picture is
encoded that it has to encode. PNG, BMP and most TIFF files are the same with every Pillow; another
Pillow may encode the pixels of JPEG, WebP and GIF otherwise.
"""

from collections.abc import Collection
from dataclasses import fields
from typing import Any, Self

from pytest_soblob.errors import SoblobError
from pytest_soblob.images.features import FEATURES, FORMATS, MODES
from pytest_soblob.images.spec import LONGEST_SIDE_PX, MOST_PIXELS, ImageSpec
from pytest_soblob.images.writing import WRITERS, GapError

__all__ = [
    "FEATURES",
    "FORMATS",
    "LONGEST_SIDE_PX",
    "MODES",
    "MOST_PIXELS",
    "ImageBytes",
    "ImageSpec",
    "SizeError",
    "encode",
]


class ImageBytes(bytes):
    """An encoded picture that knows how it was made: `bytes` to whoever takes bytes.

    Equality and hash are those of `bytes`; a slice or a sum is plain `bytes`. The `repr` is the
    shortest call that rebuilds the picture, and `str` is the `repr`, so that neither a failure
    nor a log shows the bytes. Pickles and copies keep the very bytes.

    `ImageBytes()` is a PNG of one pixel.

    Args:
        format, width, height, mode, noise, seed, features: As the fields of `ImageSpec`.
        size: Exact size of the file in bytes, or None for whatever size the picture has.

    Raises:
        SoblobError: A value that `ImageSpec` refuses, a size that the file cannot have, or this
            Pillow cannot write the format.
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
        features: Collection[str] = (),
        size: int | None = None,
    ) -> Self:
        """Encode the picture of these fields."""
        return cls.from_spec(
            ImageSpec(
                format=format,
                width=width,
                height=height,
                mode=mode,
                noise=noise,
                seed=seed,
                features=features,  # type: ignore[arg-type] # which a spec puts into its order
                size=size,
            )
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
        return f"{type(self).__name__}({', '.join(_argument(n, getattr(spec, n)) for n in names)})"

    __str__ = __repr__

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self)._restore, (self._spec, bytes(self))


class SizeError(SoblobError):
    """The file of a spec cannot have the size that the spec asks for."""


def _argument(name: str, value: object) -> str:
    if name == "features" and isinstance(value, tuple):
        return f"features={list(value)!r}"
    return f"{name}={value:_}" if name == "size" else f"{name}={value!r}"


def encode(spec: ImageSpec) -> bytes:
    """Return the picture of that spec as the bytes of a file.

    Raises:
        SizeError: The file of that spec cannot have that size; the text has those that it can have.
        SoblobError: The installed Pillow was built without this format.
    """
    assemble = WRITERS[spec.format](spec)
    if spec.size is None:
        return assemble(0)
    padding = spec.size - len(assemble(0))
    try:
        if padding >= 0:
            return assemble(padding)
        least = 0
    except GapError as gap:
        least = gap.least
    natural = spec.size - padding
    others = f", or {natural + least:,} and more" if least else " or more"
    raise SizeError(f"size is {spec.size:,}; such a {spec.format} has {natural:,} bytes{others}")
