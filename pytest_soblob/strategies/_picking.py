"""From a few drawn bytes and a number to a picture.

A byte chooses from a table of 256 entries (`_shares`); the size is a quantile of a drawn number.
So a picture has two choices, each of a kind of its own: Hypothesis copies choices of one kind onto
each other, and of what is drawn piece by piece only a third of the examples would be independent.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Final

from pytest_soblob.errors import SoblobError
from pytest_soblob.images.encoding import MODES, ImageBytes, ImageSpec, SizeError
from pytest_soblob.images.features import features_of, find_conflict
from pytest_soblob.images.writing import FRAMES, bits_per_pixel, row_bytes
from pytest_soblob.strategies._shares import (
    ENTRIES,
    FEATURES_BY_SLOT,
    FORMAT_SHARES,
    SIDES_PX,
    SIZE_SHARES,
    SLOTS,
    mode_of,
    spread,
)

# Format, mode, a wanted feature, the slots, width, height, noise, seed.
DRAWN_BYTES: Final = 3 + len(SLOTS) + 4
LARGEST_NUMBER: Final = 2**20 - 1
NATURAL_NUMBERS: Final = 256
# A larger file has its size said, so that all of them shrink to one.
LARGEST_NATURAL_BYTES: Final = 4_095
# Raw pixels of a picture: of noise, which stays as large; of a ramp and of one colour, which most
# formats make small.
_WIDE_PX: Final = 800
_NOISE_BYTES: Final = 3_000
_RAMP_BYTES: Final = 13_000
_FLAT_BYTES: Final = 500_000
_LARGEST_NOISE_BYTES: Final = 24_000
_REPEATED: Final = frozenset(("animated", "multi-page"))


class Sizes:
    """The size of a file as a quantile of a number: the larger the number, the larger the file.

    Numbers below 256 leave the size as it comes.
    """

    def __init__(self, least: int, most: int) -> None:
        self._spans = [
            (share, max(low, least), min(high, most))
            for share, low, high in SIZE_SHARES
            if low <= most and high >= least
        ] or [(1, least, most)]
        shares = list(accumulate((share for share, _, _ in self._spans), initial=0))
        numbers = LARGEST_NUMBER + 1 - NATURAL_NUMBERS
        self._starts = [NATURAL_NUMBERS + at * numbers // shares[-1] for at in shares]

    def quantile(self, number: int) -> int | None:
        """Return the size in bytes; None: as it comes."""
        place = bisect_right(self._starts, number) - 1
        if place < 0:
            return None
        _, low, high = self._spans[place]
        start, end = self._starts[place : place + 2]
        return low + (number - start) * (high - low + 1) // (end - start)


class Picker:
    """What `images()` was asked for, and how drawn bytes become a picture by it.

    Args:
        formats: The formats to choose from.
        wanted: Features of which each picture has at least one; empty: any or none.
        left_out: Features that no picture has.
        least: Smallest file in bytes.
        most: Largest file in bytes.
    """

    def __init__(
        self,
        formats: Sequence[str],
        wanted: frozenset[str],
        left_out: frozenset[str],
        least: int,
        most: int,
    ) -> None:
        self._wanted = {
            name: tuple(f for f in features_of(name) if f in wanted) for name in formats
        }
        shares = FORMAT_SHARES.items()
        chosen = [(f, s) for f, s in shares if f in formats and (self._wanted[f] or not wanted)]
        self._formats = spread(chosen) if chosen else ()
        self._left_out = left_out
        self._least = least
        self._most = most
        self._sizes = Sizes(least, most)

    def __bool__(self) -> bool:
        """Whether any format has a feature that is wanted."""
        return bool(self._formats)

    def picture(self, drawn: bytes, number: int) -> ImageBytes:
        """Return the picture of so many drawn bytes and a number up to `LARGEST_NUMBER`."""
        format, mode, wanted = self._formats[drawn[0]], "", self._wanted
        mode = mode_of(format, drawn[1])
        first = None
        if wanted[format]:
            first = wanted[format][drawn[2] * len(wanted[format]) // ENTRIES]
            mode = _mode_with(format, mode, first)
        width, height, noise, seed = drawn[-4:]
        spec = ImageSpec(
            format=format,
            mode=mode,
            noise=noise * 101 // ENTRIES,
            seed=seed,
            features=self._features(format, mode, first, drawn[3:-4]),
            size=self._sizes.quantile(number),
        )
        return self._fitted(_with_sides(spec, SIDES_PX[width], SIDES_PX[height]), first)

    def _features(self, format: str, mode: str, first: str | None, drawn: bytes) -> tuple[str, ...]:
        """Return the first, and of each slot one that goes with those before it."""
        names = () if first is None else (first,)
        allowed = features_of(format, mode)
        for table, byte in zip(FEATURES_BY_SLOT[format], drawn, strict=True):
            name = table[byte]
            if name is None or name not in allowed or name in self._left_out or name in names:
                continue
            if not names or find_conflict(format, (*names, name)) is None:
                names = (*names, name)
        return names

    def _fitted(self, spec: ImageSpec, first: str | None) -> ImageBytes:
        """Return the picture, made smaller until it fits between the bounds."""
        for smaller in _smaller(spec, first, self._most):
            most = self._most if smaller.size else min(self._most, LARGEST_NATURAL_BYTES)
            try:
                image = ImageBytes.from_spec(smaller)
                if len(image) < self._least:
                    image = ImageBytes.from_spec(replace(smaller, size=self._least))
            except SizeError:
                continue
            if len(image) <= most:
                return image
        raise SoblobError(f"no {spec.format} has {self._least:,} to {self._most:,} bytes")


def _mode_with(format: str, mode: str, feature: str) -> str:
    """Return that mode if it can have the feature, otherwise the first that can."""
    able = [name for name in MODES[format] if feature in features_of(format, name)]
    return mode if mode in able else able[0]


def _smaller(spec: ImageSpec, first: str | None, most: int) -> Iterator[ImageSpec]:
    yield spec
    pixel = replace(spec, width=1, height=1, noise=0)
    yield pixel
    if spec.size is None:
        yield replace(pixel, features=spec.features[:1] if first is None else (first,))
    else:
        yield replace(pixel, size=None)
    mode = MODES[spec.format][0] if first is None else _mode_with(spec.format, "", first)
    plain = ImageSpec(
        format=spec.format, mode=mode, features=() if first is None else (first,), seed=spec.seed
    )
    yield plain
    yield replace(plain, size=most)


def _with_sides(spec: ImageSpec, width: int, height: int) -> ImageSpec:
    """Return the spec with these sides, cut where its pixels would be too many."""
    if max(width, height) > _WIDE_PX and spec.size is None:
        spec = replace(spec, noise=0)  # or its sides would be cut
    most = _most_raw_bytes(spec)
    bits = bits_per_pixel(spec)
    width = min(width, max(1, most * 8 // bits))
    # A row may have a byte for its filter.
    height = min(height, max(1, most // (row_bytes(bits, width) + 1)))
    return replace(spec, width=width, height=height)


def _most_raw_bytes(spec: ImageSpec) -> int:
    """Return how many bytes of pixels a frame may have before it is encoded."""
    frames = 1 if _REPEATED.isdisjoint(spec.features) else FRAMES
    stays = spec.format in ("BMP", "TIFF")
    if not stays and "flat" in spec.features:
        return _FLAT_BYTES // frames
    if not stays and not spec.noise:
        return _RAMP_BYTES // frames
    if spec.size is None:
        return _NOISE_BYTES // frames
    return max(_NOISE_BYTES, min(spec.size // 2, _LARGEST_NOISE_BYTES)) // frames
