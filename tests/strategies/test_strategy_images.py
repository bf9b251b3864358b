"""What `images()` draws: 1,000 drawn once, looked at from every side."""

from collections import Counter
from functools import cache
from io import BytesIO
from statistics import median
from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from PIL import Image

from pytest_soblob.images import FORMATS, MODES, ImageBytes
from pytest_soblob.strategies._images import images

SETTINGS = settings(max_examples=1000, database=None, derandomize=True, deadline=None)
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


def test_a_thousand_are_drawn() -> None:
    assert len(drawn()) == 1000


def test_every_format_and_mode_occurs() -> None:
    by_format = Counter(image.spec.format for image in drawn())
    assert set(by_format) == set(FORMATS)
    assert min(by_format.values()) >= 30
    modes = {(image.spec.format, image.spec.mode) for image in drawn()}
    assert modes == {(name, mode) for name in FORMATS for mode in MODES[name]}


def test_sizes_spread_from_icons_to_photos() -> None:
    sizes = [len(image) for image in drawn()]
    assert median(sizes) >= 400
    assert sum(size > 64 * 1024 for size in sizes) >= 30
    assert min(sizes) < 100
    assert max(sizes) > 300_000


def test_pillow_reads_every_one_as_its_spec_says() -> None:
    for image in drawn():
        with Image.open(BytesIO(image)) as picture:
            picture.load()
            spec = image.spec
            assert (picture.format, picture.mode) == (spec.format, spec.mode)
            assert picture.size == (spec.width, spec.height)


def test_every_repr_rebuilds_its_picture() -> None:
    for image in drawn()[::10]:
        rebuilt = eval(repr(image))
        assert (rebuilt, rebuilt.spec) == (image, image.spec)


@pytest.mark.parametrize("max_size", [4_096, 47_000, 1_000_000])
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


@pytest.mark.parametrize("name", FORMATS[1:])
def test_shrinks_to_one_pixel_of_the_format_that_matters(name: str) -> None:
    found = find(images(), lambda image: image.spec.format == name, settings=SEARCH)
    assert repr(found) == f"ImageBytes(format={name!r})"


@pytest.mark.parametrize(
    ("field", "least"), [("width", 20), ("height", 20), ("noise", 50), ("seed", 1000)]
)
def test_each_field_shrinks_by_itself(field: str, least: int) -> None:
    found = find(images(), lambda image: getattr(image.spec, field) >= least, settings=SEARCH)
    assert repr(found) == f"ImageBytes({field}={least})"


def test_order_and_kind_of_formats_have_no_meaning() -> None:
    found = [
        find(images(formats=formats), lambda image: True, settings=SEARCH)
        for formats in (["TIFF", "GIF"], {"GIF", "TIFF"}, ("GIF", "TIFF", "GIF"))
    ]
    assert {repr(image) for image in found} == {"ImageBytes(format='GIF')"}


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
    ],
)
def test_wrong_argument_is_named_at_the_call(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        images(**wrong)
