"""Pictures of unknown origin: each is read, or is told to be unreadable, whatever Pillow raises."""

import struct
import warnings
from collections.abc import Callable
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pytest_soblob import ImageBytes
from pytest_soblob.images.contact_sheet import MOST_THUMBNAILS, ContactSheet
from pytest_soblob.images.damage import DamagedBytes
from pytest_soblob.images.difference import explain_pictures
from pytest_soblob.images.encoding import FORMATS
from pytest_soblob.images.opening import (
    MOST_DECODED_PIXELS,
    LargePictureError,
    UnreadablePictureError,
    open_picture,
)
from pytest_soblob.strategies import damaged_images, images
from tests.example_counts import at_length, either

NEAR_THE_HEAD = 200
EDITS = st.lists(
    st.tuples(
        st.one_of(st.integers(0, NEAR_THE_HEAD), st.integers(0, 2**20)),
        st.one_of(st.sampled_from((0, 1, 0x7F, 0x80, 0xFF)), st.integers(0, 255)),
    ),
    max_size=6,
)


def contact_sheet(*pictures: bytes) -> Image.Image:
    sheet = ContactSheet(len(pictures))
    for data in pictures:
        sheet.add(data)
    return Image.open(BytesIO(sheet.to_png()))


@st.composite
def mutated(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A picture, and what edits of single bytes made of it or of a damaged one."""
    picture = draw(st.one_of(images(max_size=20_000), damaged_images()))
    whole = picture.image if isinstance(picture, DamagedBytes) else picture
    data = bytearray(picture)
    for at, byte in draw(EDITS) if data else ():
        data[at % len(data)] = byte
    return bytes(whole), bytes(data)


@at_length
@settings(max_examples=either(150, 500))
@given(mutated())
def test_every_reader_has_an_answer_to_what_was_mutated(
    pictures: tuple[bytes, bytes],
) -> None:
    whole, data = pictures
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert isinstance(explain_pictures(whole, data), str)
        assert explain_pictures(whole, whole) != ""
        with contact_sheet(data) as sheet:
            assert sheet.size == (104, 104)
        try:
            with open_picture(data, FORMATS) as picture:
                picture.load()
        except UnreadablePictureError:
            pass


@pytest.mark.parametrize(
    "error",
    [
        *(OSError("x"), ValueError("x"), SyntaxError("x"), struct.error("x"), IndexError("x")),
        *(KeyError("x"), TypeError("x"), EOFError("x"), MemoryError(), RecursionError("x")),
        *(Image.DecompressionBombError("x"), Image.DecompressionBombWarning("x")),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("where", ["open", "load", "tobytes"])
def test_whatever_pillow_raises_is_one_error(
    monkeypatch: pytest.MonkeyPatch, error: Exception, where: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    place = "PIL.Image" if where == "open" else "PIL.PngImagePlugin.PngImageFile"
    monkeypatch.setattr(f"{place}.{where}", fail)
    words = pytest.raises(UnreadablePictureError, match=f"^{type(error).__name__}: ")
    with words, open_picture(bytes(ImageBytes(format="PNG"))) as picture:
        getattr(picture, where)()


def bmp(width: int, height: int) -> bytes:
    """A BMP that says its size and has no pixels."""
    return b"BM" + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, width, height, 1, 24, *[0] * 6)


@pytest.mark.parametrize("read", [contact_sheet, lambda d: explain_pictures(d, d)])
def test_one_that_says_too_many_pixels_is_not_decoded(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[bytes], object]
) -> None:
    def decode(*_: object) -> None:
        raise AssertionError("it was decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decode)
    large = bmp(4_096, 4_097)
    with pytest.raises(LargePictureError, match=r"^4,096 x 4,097 pixels$"), open_picture(large):
        pass
    assert MOST_DECODED_PIXELS < 4_096 * 4_097
    read(large)


def test_no_other_program_is_started() -> None:
    with (
        pytest.raises(UnreadablePictureError, match="EPS is not opened"),
        open_picture(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n%%EOF\n"),
    ):
        pass


def test_a_contact_sheet_is_bounded_and_has_no_empty_rows() -> None:
    sheet = ContactSheet(100_000)
    for _ in range(21):
        sheet.add(b"")
    with Image.open(BytesIO(sheet.to_png())) as picture:
        assert picture.size == (2_004, 204)
    for _ in range(MOST_THUMBNAILS):
        sheet.add(b"")
    assert (sheet.count, sheet.shown) == (MOST_THUMBNAILS + 21, MOST_THUMBNAILS)
