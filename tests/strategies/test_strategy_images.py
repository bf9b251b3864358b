"""What `images()` draws: 1,000 drawn once, looked at from every side.

What needs 1,000 of them is slow; that the drawn ones are right is seen by `tests/properties/`, too.
"""

import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from hypothesis import Phase, find, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from PIL import Image
from syrupy.assertion import SnapshotAssertion

from pytest_soblob.images.damage import DAMAGES, DamagedBytes
from pytest_soblob.images.encoding import FORMATS, MODES, ImageBytes
from pytest_soblob.images.features import ABOUT, features_of
from pytest_soblob.strategies import damaged_images, images
from tests.example_counts import at_length, either

SETTINGS = settings(max_examples=1000, database=None, derandomize=True, deadline=None)
DENSE = ("interlaced", "animated", "progressive", "depth-16", "big-endian", "exif-big-endian")
SEARCH = settings(SETTINGS, max_examples=5000)


@cache
def drawn() -> tuple[ImageBytes, ...]:
    collected: list[ImageBytes] = []

    @SETTINGS
    @given(images())
    def collect(image: ImageBytes) -> None:
        collected.append(image)

    collect()
    return tuple(collected[:1000])


@pytest.mark.slow
def test_a_thousand_are_drawn() -> None:
    assert len(drawn()) == 1000


@pytest.mark.slow
def test_every_format_and_mode_occurs() -> None:
    by_format = Counter(image.spec.format for image in drawn())
    assert set(by_format) == set(FORMATS)
    assert min(by_format.values()) >= 30
    modes = {(image.spec.format, image.spec.mode) for image in drawn()}
    assert modes == {(name, mode) for name in FORMATS for mode in MODES[name]}


@pytest.mark.slow
def test_sizes_spread_from_icons_to_photos() -> None:
    sizes = [len(image) for image in drawn()]
    assert median(sizes) >= 400
    assert sum(size > 64 * 1024 for size in sizes) >= 50
    assert sum(size > 1_000_000 for size in sizes) >= 40
    assert min(sizes) < 100


def test_every_format_is_drawn_with_exact_sizes() -> None:
    assert {image.spec.format for image in drawn() if image.spec.size} == set(FORMATS)
    assert all(len(image) == image.spec.size for image in drawn() if image.spec.size)
    assert {49_151, 49_152, 49_153, 65_536, 65_537, 1_048_577} <= {len(i) for i in drawn()}
    # Whatever is larger says its size, so that all large ones shrink to one.
    assert all(image.spec.size for image in drawn() if len(image) > 4_095)


def test_formats_are_drawn_with_their_features() -> None:
    pairs = {(i.spec.format, i.spec.mode) for i in drawn()}
    pairs |= {(i.spec.format, name) for i in drawn() for name in i.spec.features}
    assert len(pairs) >= 70
    by_feature = Counter(name for image in drawn() for name in image.spec.features)
    assert min(by_feature[name] for name in DENSE) >= 40
    assert sum(max(i.spec.width, i.spec.height) > 800 for i in drawn()) >= 60
    assert sum(max(i.spec.width, i.spec.height) > 4_096 for i in drawn()) >= 10


def test_examples_are_independent_beside_other_arguments() -> None:
    # A mutator that copies choices onto each other would leave some 45 different ones.
    collected: list[str] = []

    @settings(SETTINGS, max_examples=100)
    @given(images(), st.integers(), st.text(), st.sampled_from("abc"))
    def collect(image: ImageBytes, number: int, text: str, letter: str) -> None:
        collected.append(repr(image))

    collect()
    assert len(set(collected)) >= 80


@pytest.mark.slow
def test_pillow_reads_every_one_as_its_spec_says() -> None:
    for image in drawn():
        with Image.open(BytesIO(image)) as picture:
            picture.load()
            spec = image.spec
            assert picture.format == spec.format
            # Pillow turns a TIFF as its orientation says.
            assert sorted(picture.size) == sorted((spec.width, spec.height))


@pytest.mark.slow
def test_every_repr_rebuilds_its_picture() -> None:
    for image in drawn()[::10]:
        rebuilt = eval(repr(image))
        assert (rebuilt, rebuilt.spec) == (image, image.spec)


@pytest.mark.parametrize(
    "max_size", [4_096, *(pytest.param(n, marks=pytest.mark.slow) for n in (47_000, 1_000_000))]
)
@pytest.mark.parametrize("name", FORMATS)
def test_no_picture_is_larger_than_asked_for(name: str, max_size: int) -> None:
    @settings(SETTINGS, max_examples=100)
    @given(images(formats=[name], max_size=max_size))
    def is_bounded(image: ImageBytes) -> None:
        assert len(image) <= max_size
        assert image.spec.format == name

    is_bounded()


def test_lists_of_images_pass_every_health_check() -> None:
    @settings(database=None, derandomize=True)
    @given(st.lists(images(), max_size=3))
    def draws(several: list[ImageBytes]) -> None:
        assert len(several) <= 3

    draws()


def test_shrinks_to_one_pixel() -> None:
    assert repr(find(images(), lambda image: True, settings=SEARCH)) == "ImageBytes()"


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS[1:])
def test_shrinks_to_one_pixel_of_the_format_that_matters(name: str) -> None:
    found = find(images(), lambda image: image.spec.format == name, settings=SEARCH)
    assert repr(found) == f"ImageBytes(format={name!r})"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("field", "least"), [("width", 20), ("height", 20), ("noise", 50), ("seed", 200)]
)
def test_each_field_shrinks_by_itself(field: str, least: int) -> None:
    found = find(images(), lambda image: getattr(image.spec, field) >= least, settings=SEARCH)
    assert repr(found) == f"ImageBytes({field}={least})"


SHRUNK: dict[str, Callable[[ImageBytes], bool]] = {
    "over 48 KiB": lambda image: len(image) > 49_152,
    "over 64 KiB": lambda image: len(image) > 65_536,
    "over 100,000 bytes": lambda image: len(image) > 100_000,
    "over 1 MB": lambda image: len(image) > 1_000_000,
    "over 1 MiB": lambda image: len(image) > 1_048_576,
    "wider than 800": lambda image: image.spec.width > 800,
    "higher than 20": lambda image: image.spec.height > 20,
    "CMYK": lambda image: image.spec.mode == "CMYK",
    "transparent": lambda image: "transparent" in image.spec.features,
    "interlaced": lambda image: "interlaced" in image.spec.features,
    "animated": lambda image: "animated" in image.spec.features,
    "16 bit": lambda image: "depth-16" in image.spec.features,
    "progressive": lambda image: "progressive" in image.spec.features,
    "orientation 6": lambda image: "orientation-6" in image.spec.features,
    "EXIF in MM": lambda image: "exif-big-endian" in image.spec.features,
    "pages": lambda image: "multi-page" in image.spec.features,
    "tiles": lambda image: "tiles" in image.spec.features,
    "Group 4": lambda image: "g4" in image.spec.features,
    "run lengths": lambda image: "rle8" in image.spec.features,
    "large and progressive": lambda image: (
        "progressive" in image.spec.features and len(image) > 65_536
    ),
}


def shrunk(predicate: Callable[[ImageBytes], bool], number: int) -> str:
    """Return what a failing test of that seed shrinks to."""
    last: list[ImageBytes] = []

    @seed(number)
    @settings(
        SEARCH,
        derandomize=False,
        phases=[Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
    )
    @given(images())
    def fails(image: ImageBytes) -> None:
        if predicate(image):
            last.append(image)
            raise AssertionError

    with pytest.raises(AssertionError):
        fails()
    return repr(last[-1])


@pytest.mark.slow
@at_length
def test_each_shrinks_to_one_minimum(snapshot: SnapshotAssertion) -> None:
    seeds = range(either(2, 6))
    found = {name: {shrunk(fails, n) for n in seeds} for name, fails in SHRUNK.items()}
    assert "\n".join(f"{name}: {', '.join(sorted(f))}" for name, f in found.items()) == snapshot
    assert all(len(texts) == 1 for texts in found.values())


@pytest.mark.slow
def test_order_and_kind_of_formats_have_no_meaning() -> None:
    found = [
        find(images(formats=formats), lambda image: True, settings=SEARCH)
        for formats in (["TIFF", "GIF"], {"GIF", "TIFF"}, ("GIF", "TIFF", "GIF"))
    ]
    assert {repr(image) for image in found} == {"ImageBytes(format='GIF')"}


@pytest.mark.parametrize("name", ["animated", "g4", "orientation-6", "rle4", "depth-1", "flat"])
@pytest.mark.parametrize("max_size", [4_096, 1_200_000])
def test_a_feature_that_is_asked_for_is_in_every_picture(name: str, max_size: int) -> None:
    @settings(SETTINGS, max_examples=100)
    @given(images(features=[name], max_size=max_size))
    def has(image: ImageBytes) -> None:
        assert name in image.spec.features
        assert len(image) <= max_size

    has()


def test_one_of_several_features_is_in_every_picture() -> None:
    wanted = {"interlaced", "multi-page"}
    both = images(features=wanted)

    @settings(SETTINGS, max_examples=100)
    @given(both)
    def has(image: ImageBytes) -> None:
        assert wanted.intersection(image.spec.features)

    has()
    assert find(both, lambda i: i.spec.format == "GIF", settings=SEARCH)
    assert find(both, lambda i: i.spec.format == "TIFF", settings=SEARCH)


def test_a_feature_that_is_left_out_is_in_none() -> None:
    @settings(SETTINGS, max_examples=300)
    @given(images(features=["-animated", "-flat"]), images(features=[]))
    def has_not(image: ImageBytes, plain: ImageBytes) -> None:
        assert not {"animated", "flat"}.intersection(image.spec.features)
        assert plain.spec.features == ()

    has_not()


@pytest.mark.parametrize(("least", "most"), [(1, 4_096), (4_096, 4_096), (70_000, 70_001)])
def test_sizes_are_between_the_bounds(least: int, most: int) -> None:
    @settings(SETTINGS, max_examples=200)
    @given(images(min_size=least, max_size=most))
    def is_between(image: ImageBytes) -> None:
        assert least <= len(image) <= most

    is_between()


def test_the_repr_is_the_call() -> None:
    for text in ("images()", "images(features=['-animated'], max_size=5000)"):
        assert repr(eval(text)) == text


def test_statistics_name_what_was_drawn() -> None:
    told: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pytest_soblob.strategies._images.event", told.append)
        find(
            images(),
            lambda i: "animated" in i.spec.features and len(i) > 65_536,
            settings=SEARCH,
        )
    assert {"image: animated", "image: over 64 KiB", "image: PNG RGB"} <= set(told)


def test_the_page_lists_each_feature_with_its_formats() -> None:
    text = (Path(__file__).parents[2] / "docs" / "strategies.md").read_text(encoding="utf-8")
    rows = re.findall(r"^- `([\w-]+)` \(([A-Z, ]+)\): (.+)$", text, re.MULTILINE)
    assert rows == [
        (name, ", ".join(f for f in FORMATS if name in features_of(f)), about)
        for name, about in ABOUT.items()
    ]
    assert all(f"`{name}`" in text for name in DAMAGES)


def test_damaged_pictures_differ_and_say_what_was_done() -> None:
    seen = Counter[str]()

    @settings(SETTINGS, max_examples=300)
    @given(damaged_images(images=images(max_size=20_000)))
    def is_damaged(image: DamagedBytes) -> None:
        seen[image.damage] += 1
        assert bytes(image) != bytes(image.image)
        rebuilt = eval(repr(image))
        assert (rebuilt, rebuilt.damage, rebuilt.image) == (image, image.damage, image.image)

    is_damaged()
    assert set(seen) == set(DAMAGES)


@pytest.mark.parametrize("name", DAMAGES)
def test_what_an_opener_says_is_what_pillow_says(name: str) -> None:
    damaged = DamagedBytes(ImageBytes(format="PNG", width=40, noise=50), name, at=600)
    try:
        with Image.open(BytesIO(damaged)) as picture:
            picture.load()
        expected = "opens"
    except Exception as error:  # noqa: BLE001 - whatever Pillow raises
        expected = type(error).__name__
    assert damaged.opener.partition(":")[0] == expected


def test_damaged_pictures_shrink_to_the_first_byte() -> None:
    found = find(damaged_images(), lambda image: True, settings=SEARCH)
    assert repr(found) == "DamagedBytes(ImageBytes(), 'cut')"
    assert repr(damaged_images(damages=["text"])) == "damaged_images(damages=('text',))"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"formats": []}, r"formats=\[\] must name at least one of PNG"),
        ({"formats": ["PNG", "SVG"]}, r"formats=\['PNG', 'SVG'\] must name"),
        ({"formats": "PNG"}, "formats='PNG' must be a collection of PNG"),
        ({"formats": None}, "formats=None must be a collection"),
        ({"max_size": 4_095}, "max_size=4095 must be at least 4,096 bytes"),
        ({"max_size": 1e6}, r"max_size=1000000.0 must be a whole number of bytes"),
        ({"max_size": True}, "max_size=True must be a whole number"),
        ({"min_size": -1}, "min_size=-1 must be 0 to max_size=1200000"),
        ({"min_size": 5_000, "max_size": 4_999}, "min_size=5000 must be 0 to max_size=4999"),
        ({"features": "flat"}, "features='flat' must be a collection of names, or None"),
        ({"features": ["animate"]}, "has 'animate', which is no feature; did you mean 'animated'"),
        ({"features": ["flat", "-flat"]}, "asks for 'flat' and leaves it out"),
        ({"features": ["g4"], "formats": ["PNG"]}, r"none of formats=\['PNG'\] has one of"),
    ],
)
def test_wrong_argument_is_named_at_the_call(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        images(**wrong)
