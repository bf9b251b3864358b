"""Pictures: `images()` and `damaged_images()`."""

from collections.abc import Collection
from difflib import get_close_matches
from typing import Any, Final

from hypothesis import assume, event
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from pytest_soblob._text import clip
from pytest_soblob.images.damage import DAMAGES, DamagedBytes
from pytest_soblob.images.encoding import FORMATS, ImageBytes
from pytest_soblob.images.features import features_of
from pytest_soblob.strategies._arguments import (
    as_argument,
    check_drawn,
    check_names,
    check_strategy,
)
from pytest_soblob.strategies._picking import DRAWN_BYTES, LARGEST_NUMBER, Picker

_LARGEST_SIZE_BYTES: Final = 1_200_000
_SMALLEST_MAX_SIZE_BYTES: Final = 4_096
_KB_64: Final = 65_536
_MB: Final = 1_000_000
_NO: Final = "-"
_PLACED: Final = ("cut", "hole")
_LARGEST_PLACE: Final = 999
_FIRST_CHARACTER: Final = 0x10000


def images(
    *,
    formats: Collection[str] = FORMATS,
    features: Collection[str] | None = None,
    min_size: int = 0,
    max_size: int = _LARGEST_SIZE_BYTES,
) -> st.SearchStrategy[ImageBytes]:
    """Draw pictures of every format with what files in the wild have, all readable.

    PNG, GIF, JPEG and TIFF, which the vendor names, are most of the draws. Sizes are dense where
    clients and servers have limits: 47,000 bytes, 48 KiB, 64 KiB, 1 MiB. Hypothesis's statistics
    count formats, features and sizes.

    Args:
        formats: The formats to choose from, at least one of `FORMATS`; the order has no meaning.
        features: Names of features (docs/strategies.md lists them). Each picture has at least one
            of those that are named, and none of those with a `-` before their names. None: any
            features; empty: none.
        min_size: Lower bound of the file in bytes, 0 to `max_size`.
        max_size: Upper bound of the file in bytes, 4,096 or more; 47,000 stays below a WCF
            service's usual quota of 64 KiB once the picture is base64 in an envelope.

    Shrinks to the picture of one pixel in the first of `FORMATS` that was asked for, which is
    `ImageBytes()` unless PNG was left out, and from a feature or a size to that alone.

    Raises:
        InvalidArgument: `formats` is empty or has an unknown one, `features` has an unknown one,
            no format has a feature that is asked for, or a size is out of range.
    """
    for name, size in (("min_size", min_size), ("max_size", max_size)):
        if type(size) is not int:
            raise InvalidArgument(f"{as_argument(name, size)} must be a whole number of bytes")
    if max_size < _SMALLEST_MAX_SIZE_BYTES:
        raise InvalidArgument(f"{max_size=} must be at least {_SMALLEST_MAX_SIZE_BYTES:,} bytes")
    if not 0 <= min_size <= max_size:
        raise InvalidArgument(f"{min_size=} must be 0 to {max_size=}")
    wanted, left_out = _checked_features(features)
    picker = Picker(_checked_formats(formats), wanted, left_out, min_size, max_size)
    if not picker:
        raise InvalidArgument(f"none of {formats=} has one of {features=}")
    given = {
        "formats": (formats, FORMATS),
        "features": (features, None),
        "min_size": (min_size, 0),
        "max_size": (max_size, _LARGEST_SIZE_BYTES),
    }
    named = {name: value for name, (value, usual) in given.items() if value != usual}
    return _drawing(picker, named)


def damaged_images(
    *,
    damages: Collection[str] = tuple(DAMAGES),
    images: st.SearchStrategy[ImageBytes] | None = None,
) -> st.SearchStrategy[DamagedBytes]:
    """Draw pictures that were damaged: cut, with a hole, read as text, or no picture at all.

    What is drawn says what was done (`.damage`), what an opener says (`.opener`; some damage
    leaves a file that opens) and which picture it was (`.image`). Its bytes differ from the
    picture's.

    Args:
        damages: What may be done, at least one name in docs/strategies.md; the order has no
            meaning.
        images: Strategy to use in place of `images()`, or None for that one.

    Shrinks to the first byte of `ImageBytes()`.

    Raises:
        InvalidArgument: `damages` is empty or has an unknown name, or `images` is no strategy.
    """
    kinds = check_names("damages", damages, DAMAGES)
    check_strategy("images", images)
    pictures = _images() if images is None else images
    named: dict[str, Any] = {} if kinds == tuple(DAMAGES) else {"damages": kinds}
    if images is not None:
        named["images"] = images

    def damaged_images(draw: st.DrawFn, /, **_: Any) -> DamagedBytes:
        kind, at = draw(st.sampled_from(kinds)), draw(st.integers(0, _LARGEST_PLACE))
        picture = check_drawn("images", pictures, draw(pictures), ImageBytes)
        damaged = DamagedBytes(picture, kind, at=at if kind in _PLACED else 0)
        assume(bytes(damaged) != bytes(damaged.image))
        event(f"damaged image: {kind}")
        return damaged

    return st.composite(damaged_images)(**named)


def _drawing(picker: Picker, named: dict[str, Any]) -> st.SearchStrategy[ImageBytes]:
    """Return the strategy; its `repr` is the call of `images` with these arguments."""
    drawn = st.binary(min_size=DRAWN_BYTES, max_size=DRAWN_BYTES)
    # A character is a number that shrinks as one, is below 256 in four of five draws, and is of a
    # kind that tests seldom draw otherwise: draws of one kind are copied onto each other, which
    # costs half of the independent examples.
    numbers = st.characters(
        min_codepoint=_FIRST_CHARACTER, max_codepoint=_FIRST_CHARACTER + LARGEST_NUMBER
    )

    def images(draw: st.DrawFn, /, **_: Any) -> ImageBytes:
        image = picker.picture(draw(drawn), ord(draw(numbers)) - _FIRST_CHARACTER)
        _tell(image)
        return image

    return st.composite(images)(**named)


def _tell(image: ImageBytes) -> None:
    """Name format, features and size for Hypothesis's statistics."""
    spec = image.spec
    event(f"image: {spec.format} {spec.mode}")
    for name in spec.features:
        event(f"image: {name}")
    size = len(image)
    event(f"image: {'over 1 MB' if size > _MB else 'over 64 KiB' if size > _KB_64 else 'small'}")


def _checked_formats(formats: Collection[str]) -> tuple[str, ...]:
    """Return the formats in the house's order, so that a set draws the same in every process."""
    if isinstance(formats, str) or not isinstance(formats, Collection):
        raise InvalidArgument(
            f"{as_argument('formats', formats)} must be a collection of {', '.join(FORMATS)}"
        )
    if not formats or any(name not in FORMATS for name in formats):
        raise InvalidArgument(
            f"{as_argument('formats', formats)} must name at least one of "
            f"{', '.join(FORMATS)}, no other"
        )
    return tuple(name for name in FORMATS if name in formats)


def _checked_features(features: Collection[str] | None) -> tuple[frozenset[str], frozenset[str]]:
    """Return the features that are asked for, and those that are left out."""
    known = {name for format in FORMATS for name in features_of(format)}
    if features is None:
        return frozenset(), frozenset()
    if isinstance(features, str) or not isinstance(features, Collection):
        raise InvalidArgument(
            f"{as_argument('features', features)} must be a collection of names, or None"
        )
    for name in features:
        if str(name).removeprefix(_NO) not in known:
            near = get_close_matches(str(name).removeprefix(_NO), known, 1)
            meant = f"; did you mean {near[0]!r}?" if near else ""
            raise InvalidArgument(
                f"{as_argument('features', features)} has {clip(repr(name), 60)}, "
                f"which is no feature{meant}"
            )
    left_out = {name[1:] for name in features if name.startswith(_NO)}
    wanted = set(features) - {_NO + name for name in left_out}
    if both := sorted(wanted & left_out):
        raise InvalidArgument(
            f"{as_argument('features', features)} asks for {both[0]!r} and leaves it out"
        )
    return frozenset(wanted), frozenset(left_out) if features else frozenset(known)


# `damaged_images` has an argument of the same name, as Hypothesis's house style asks.
_images = images
