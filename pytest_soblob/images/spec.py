"""`ImageSpec`: what a picture is made of, as plain data."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from pytest_soblob._text import clip
from pytest_soblob.errors import SoblobError
from pytest_soblob.images.features import FORMATS, MODES, features_of, find_conflict

# The longest side that every format can say: WebP has 14 bits for it.
LONGEST_SIDE_PX: Final = 16_383
# 64 MiB of pixels at the most, and far below the size at which Pillow warns of a bomb.
MOST_PIXELS: Final = 4_096 * 4_096
# Ten times what any NetServer is known to take.
MOST_BYTES: Final = 100_000_000


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
        features: Names of what the file has, in any order when built; docs/strategies.md lists
            them for each format.
        size: Exact size of the file in bytes, up to 100,000,000, reached by the format's own
            comment or padding; None: as large as it comes.

    Raises:
        SoblobError: A value is none of these, or two features exclude each other; the text has
            the value and what is allowed.
    """

    format: str = "PNG"
    width: int = 1
    height: int = 1
    mode: str = ""
    noise: int = 0
    seed: int = 0
    features: tuple[str, ...] = ()
    size: int | None = None

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
        if self.features != ():
            names = _checked_features(self.features, self.format, self.mode)
            object.__setattr__(self, "features", names)
        if self.size is not None:
            _check_range("size", self.size, 1, MOST_BYTES)


def _checked_features(features: Collection[str], format: str, mode: str) -> tuple[str, ...]:
    """Return the features in the order of the table, each once."""
    if isinstance(features, str) or not isinstance(features, Collection):
        raise SoblobError(f"features is {clip(repr(features))}; allowed: a collection of names")
    allowed = features_of(format, mode)
    for name in features:
        _check_choice(f"feature of a {format} of mode {mode}", name, allowed)
    names = tuple(name for name in allowed if name in features)
    conflict = find_conflict(format, names)
    if conflict is not None:
        raise SoblobError(f"features of a {format}: {conflict[0]} excludes {conflict[1]}")
    return names


def _check_choice(name: str, value: object, allowed: Collection[str]) -> None:
    if value not in allowed:
        raise SoblobError(f"{name} is {clip(repr(value))}; allowed: {', '.join(allowed)}")


def _check_range(name: str, value: object, least: int, most: int | None) -> None:
    allowed = f"a whole number of {least} or more" if most is None else f"{least} to {most:,}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise SoblobError(f"{name} is {clip(repr(value))}; allowed: {allowed}")
    if value < least or (most is not None and value > most):
        raise SoblobError(f"{name} is {value:,}; allowed: {allowed}")
