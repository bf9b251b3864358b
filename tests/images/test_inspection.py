"""Pictures told by their structure, against Pillow, which made the files and can read them.

Every file here is read through `CountingReader`, which holds the number and the size of reads.
"""

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from pytest_soblob import strategies as soblob_st
from pytest_soblob.images.encoding import FORMATS, MODES, ImageBytes
from pytest_soblob.images.inspection import BytesReader, Picture, Reader, inspect
from tests.example_counts import at_length, either

EVERY_MODE = [(name, mode) for name in FORMATS for mode in MODES[name]]
MOST_READ = 65_536


class CountingReader:
    """A reader that stands for a costly one."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)
        self.reads = 0

    def read(self, offset: int, count: int) -> bytes:
        assert 0 <= offset <= self.size
        assert 0 <= count <= MOST_READ
        self.reads += 1
        assert self.reads <= self.size / 16_384 + 20_000
        return self.data[offset : offset + count]

    def iter_pieces(self, offset: int, count: int) -> Iterator[bytes]:
        for at in range(offset, offset + count, MOST_READ):
            yield self.read(at, min(MOST_READ, offset + count - at))


def look(data: bytes) -> Picture:
    return inspect(CountingReader(data))


def save(picture: Image.Image, name: str, **options: Any) -> bytes:
    file = BytesIO()
    picture.save(file, name, **options)
    return file.getvalue()


def blank(mode: str = "RGB", size: tuple[int, int] = (9, 5), colour: int = 0) -> Image.Image:
    colours = (colour,) * len(Image.new(mode, (1, 1)).getbands())
    return Image.new(mode, size, colours if len(colours) > 1 else colour)


def frames(count: int, mode: str = "RGB") -> dict[str, Any]:
    return {"save_all": True, "append_images": [blank(mode, colour=9 * n) for n in range(1, count)]}


def exif(orientation: int) -> Image.Exif:
    block = Image.Exif()
    block[0x0112] = orientation
    block[0x010E] = "described " * 20
    return block


# Kinds that `images()` does not draw: as an encoder's options make them.
MORE: dict[str, bytes] = {
    "animated GIF": save(blank(), "GIF", **frames(4)),
    "animated PNG": save(blank(), "PNG", **frames(4)),
    "animated WEBP": save(blank(), "WEBP", **frames(4)),
    "lossy WEBP": save(blank(size=(70, 50)), "WEBP"),
    "WEBP with EXIF": save(blank(), "WEBP", exif=exif(6)),
    "PNG with EXIF": save(blank(), "PNG", exif=exif(6)),
    "JPEG with EXIF": save(blank(), "JPEG", exif=exif(6)),
    "progressive JPEG": save(blank(size=(300, 200), colour=80), "JPEG", progressive=True),
    "TIFF of LZW": save(blank(), "TIFF", compression="tiff_lzw"),
    "TIFF of many strips": save(blank(size=(60, 90)), "TIFF", strip_size=180),
    "TIFF of two pages": save(blank(), "TIFF", **frames(2)),
    "BigTIFF": save(blank(), "TIFF", big_tiff=True),
    "BMP of OS/2": b"BM"
    + struct.pack("<IHHIIHHHH", 26 + 60, 0, 0, 26, 12, 5, 3, 1, 24)
    + bytes(48),
    "ICO": save(blank(size=(64, 64)), "ICO", sizes=[(16, 16), (32, 32)]),
}
SIZES = {"lossy WEBP": (70, 50), "progressive JPEG": (300, 200), "TIFF of many strips": (60, 90)}
SIZES |= {"BMP of OS/2": (5, 3), "ICO": (16, 16)}


@given(soblob_st.images(features=[], max_size=200_000))
def test_a_whole_picture_is_told_as_pillow_made_it(image: ImageBytes) -> None:
    spec = image.spec
    assert look(image) == Picture(
        spec.format, None, spec.width, spec.height, cmyk=spec.mode == "CMYK"
    )


@pytest.mark.parametrize("side", [1, 2, 3])
@pytest.mark.parametrize(("name", "mode"), EVERY_MODE)
def test_a_tiny_picture_is_whole(name: str, mode: str, side: int) -> None:
    for noise in (0, 100):
        image = ImageBytes(format=name, mode=mode, width=side, height=1, noise=noise)
        picture = look(image)
        assert (picture.format, picture.width, picture.height) == (name, side, 1)
        assert picture.truncated is None


@pytest.mark.parametrize("kind", MORE)
def test_a_picture_of_another_encoding_is_whole(kind: str) -> None:
    picture = look(MORE[kind])
    assert picture.truncated is None
    assert picture.format in kind.replace("BigTIFF", "TIFF").split()
    assert (picture.width, picture.height) == SIZES.get(kind, (9, 5))


@settings(max_examples=50)
@given(soblob_st.images(max_size=100_000), st.binary(max_size=200), st.integers(0, 70_000))
def test_junk_after_the_end_is_not_a_missing_end(image: bytes, junk: bytes, zeros: int) -> None:
    assert look(image + junk + bytes(zeros)) == look(image)


@pytest.mark.parametrize(("name", "mode"), EVERY_MODE)
def test_every_cut_is_seen(name: str, mode: str) -> None:
    image = ImageBytes(format=name, mode=mode, width=17, height=9, noise=60)
    for end in range(len(image)):
        picture = look(image[:end])
        assert picture.format is None or picture.truncated is not None, end
        assert picture.format in (None, name)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in MORE if kind != "TIFF of two pages"])
def test_every_cut_is_seen_in_other_encodings(kind: str) -> None:
    data = MORE[kind]
    for end in range(len(data)):
        picture = look(data[:end])
        assert picture.format is None or picture.truncated is not None, end


def test_a_cut_of_a_later_page_is_not_looked_for() -> None:
    data = MORE["TIFF of two pages"]
    first_page = min(end for end in range(4, len(data)) if look(data[:end]).truncated is None)
    assert all(look(data[:end]).truncated is None for end in range(first_page, len(data)))
    with Image.open(BytesIO(data[:first_page] + bytes(len(data) - first_page))) as picture:
        assert picture.tobytes() == blank().tobytes()


@given(soblob_st.images(features=[], max_size=200_000), st.data())
def test_a_cut_of_any_picture_is_seen(image: ImageBytes, data: st.DataObject) -> None:
    assume(image.spec.format != "WEBP" or len(image) % 2 == 0)  # a byte behind the end
    cut = image[: data.draw(st.integers(0, len(image) - 1))]
    picture = look(cut)
    assert picture.format is None or picture.truncated is not None or picture.damaged is not None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (ImageBytes()[:-12], "no IEND chunk"),
        (ImageBytes()[:45], "the PNG chunk IDAT at byte 33 needs 24 bytes, 12 are left"),
        (ImageBytes(format="JPEG")[:-1], "no end-of-image marker (FF D9)"),
        (
            ImageBytes(format="JPEG")[:30],
            "the JPEG segment FF DB at byte 20 needs 69 bytes, 10 are left",
        ),
        (ImageBytes(format="GIF")[:-1], "no GIF trailer (3B)"),
        (ImageBytes(format="GIF")[:-3], "the GIF block at byte 781 extends past the end"),
        (ImageBytes(format="GIF")[:9], "a GIF header has 13 bytes, there are 9"),
        (ImageBytes(format="WEBP")[:-1], "the RIFF header requires 36 bytes, there are 35"),
        (
            ImageBytes(format="BMP")[:-1],
            "1 rows of 4 bytes from byte 54 on need 58 bytes, there are 57",
        ),
        (ImageBytes(format="BMP")[:50], "a BMP header has 54 bytes, there are 50"),
        (
            ImageBytes(format="TIFF")[:-1],
            "a piece of the TIFF's data ends at byte 143, there are 142",
        ),
        (ImageBytes(format="TIFF")[:7], "a TIFF header has 8 bytes, there are 7"),
    ],
    ids=str,
)
def test_what_is_missing_is_said(data: bytes, words: str) -> None:
    assert look(data).truncated == words


def test_a_large_picture_is_read_in_parts() -> None:
    image = ImageBytes(format="JPEG", width=1_500, height=1_500, noise=100)
    for data, most in ((image, 3), (image[:-2], len(image) // 65_535 + 5)):
        reader = CountingReader(data)
        inspect(reader)
        assert reader.reads <= most


def test_the_end_of_a_jpeg_is_found_across_two_windows() -> None:
    image = ImageBytes(format="JPEG")
    scan = image.index(b"\xff\xda")
    start = scan + 2 + int.from_bytes(image[scan + 2 : scan + 4])
    for more in range(-3, 4):
        filler = bytes(MOST_READ + more)
        whole = image[:start] + filler + b"\xff\xd9" + bytes(3 * MOST_READ)
        assert look(whole).truncated is None
        assert look(whole.replace(b"\xff\xd9", b"\xff\0")).truncated is not None


def test_the_end_of_a_thumbnail_is_not_the_end() -> None:
    thumbnail = exif(1).tobytes() + ImageBytes(format="JPEG")
    data = save(blank(), "JPEG", exif=thumbnail)
    assert b"\xff\xd9" in data[:-2]
    assert look(data).truncated is None
    assert look(data[:-2]).truncated == "no end-of-image marker (FF D9)"


@pytest.mark.parametrize("kind", MORE)
def test_an_animation_is_told(kind: str) -> None:
    assert look(MORE[kind]).frames == (2 if kind.startswith("animated") else 1)


def test_an_animation_of_one_picture_is_none() -> None:
    data = MORE["animated PNG"]
    at = data.index(b"acTL") + 4
    assert look(data[:at] + struct.pack(">I", 1) + data[at + 4 :]).frames == 1


@pytest.mark.parametrize(
    ("data", "cmyk"),
    [
        (save(blank("CMYK"), "JPEG"), True),
        (save(blank("CMYK"), "TIFF"), True),
        (save(blank("CMYK"), "TIFF", compression="tiff_lzw"), True),
        (save(blank("RGB"), "JPEG"), False),
        (save(blank("RGBA"), "TIFF"), False),
        (save(blank("RGBA"), "PNG"), False),
    ],
    ids=["JPEG", "TIFF", "TIFF of LZW", "RGB JPEG", "RGBA TIFF", "RGBA PNG"],
)
def test_cmyk_is_told(data: bytes, cmyk: bool) -> None:
    assert look(data).cmyk is cmyk


@pytest.mark.parametrize("orientation", range(10))
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_orientation_is_told(name: str, orientation: int) -> None:
    picture = look(save(blank(), name, exif=exif(orientation)))
    assert picture.orientation == (orientation if 2 <= orientation <= 8 else None)
    assert picture.truncated is None


@pytest.mark.parametrize("order", ["<", ">"])
def test_orientation_in_either_byte_order(order: str) -> None:
    mark = b"II*\0" if order == "<" else b"MM\0*"
    tags = struct.pack(f"{order}HHHIHHI", 1, 274, 3, 1, 5, 0, 0)
    png = ImageBytes()
    for prefix in (b"", b"Exif\0\0"):  # Which only JPEG should have.
        for gap in (0, 600):
            block = prefix + mark + struct.pack(f"{order}I", 8 + gap) + bytes(gap) + tags
            chunk = struct.pack(">I4s", len(block), b"eXIf") + block + bytes(4)
            assert look(png[:33] + chunk + png[33:]).orientation == 5


def test_a_compressed_bmp_says_how_long_it_is() -> None:
    for field, file_bytes, words in ((7, 0, "61"), (0, 60, "60")):
        header = struct.pack("<IHHIIiiHHII", file_bytes, 0, 0, 54, 40, 9, -5, 1, 8, 1, field)
        picture = look(b"BM" + header.ljust(57, b"\0"))
        assert (picture.width, picture.height) == (9, 5)
        assert picture.truncated == f"the BMP header requires {words} bytes, there are 59"
        assert look(b"BM" + header.ljust(59, b"\0")).truncated is None


def test_exif_that_is_cut_says_nothing() -> None:
    data = MORE["JPEG with EXIF"]
    at = data.index(b"Exif")
    for end in range(at + 6, at + 40):
        assert look(data[:end]).format == "JPEG"
    for length in range(12):
        assert look(data[: at - 2] + bytes([0, length]) + data[at:]).orientation is None


@pytest.mark.parametrize(
    ("order", "big"), [("<", False), (">", False), ("<", True), (">", True)], ids=str
)
def test_strips_in_every_layout_of_tiff(order: str, big: bool) -> None:
    place, mark = ("Q", 43) if big else ("I", 42)
    start = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}H", mark)
    start += struct.pack(f"{order}HHQ", 8, 0, 16) if big else struct.pack(f"{order}I", 8)

    def tag(number: int, letter: str, *values: int) -> bytes:
        kind = {"H": 3, "I": 4}[letter]
        packed = struct.pack(f"{order}{len(values)}{letter}", *values)
        assert len(packed) <= struct.calcsize(place)
        head = struct.pack(f"{order}HH{place}", number, kind, len(values))
        return head + packed.ljust(struct.calcsize(f"<{place}"), b"\0")

    tags = [tag(256, "H", 3), tag(257, "I", 2), tag(258, "H", 16), tag(262, "H", 5)]
    tags += [tag(273, "H", 200, 206), tag(274, "H", 8), tag(278, "H", 1), tag(279, "H", 6, 6)]
    data = start + struct.pack(f"{order}{'Q' if big else 'H'}", len(tags)) + b"".join(tags)
    whole = data.ljust(212, b"\0")
    assert look(whole) == Picture("TIFF", None, 3, 2, None, 1, True, 8)
    assert (
        look(whole[:-1]).truncated == "a piece of the TIFF's data ends at byte 212, there are 211"
    )
    assert look(data[:60]).truncated is not None


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miafMA1B", "AVIF"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + bytes(9), "HEIC"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "AVIF"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"8BPS\0\1", "PSD"),
        (b"\xd7\xcd\xc6\x9a\0\0", "WMF"),
        (b"\1\0\0\0" + bytes(36) + b" EMF", "EMF"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_some_formats_are_known_by_name(data: bytes, name: str) -> None:
    assert look(data) == Picture(name)


PNG = bytes(ImageBytes())
JPEG = bytes(ImageBytes(format="JPEG"))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", None),
        (b"\x93\x07\xff", None),
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF"),
        (b"\r\n%PDF-1.7", "a PDF"),
        (b"PK\x03\x04\x14\0", "a ZIP archive (docx, xlsx, jar ...)"),
        (b"\x1f\x8b\x08\0", "gzip data"),
        (b"MZ\x90\0\x03", "an executable"),
        (b"MZ is a motorcycle", "plain text"),
        (b"BMW is a car, and this is text", "plain text"),
        (b"\x7fELF\x02", "an executable"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", "an Office document (doc, xls, msg ...)"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "a WAV sound"),
        (b"\0\0\0\x18ftypisom\0\0\2\0", "a video (mp4, mov)"),
        (b"<!DOCTYPE html><title>404</title>", "an HTML page"),
        (b"\xef\xbb\xbf\r\n <html>", "an HTML page"),
        ("<html>".encode("utf-16"), "an HTML page"),
        (b"<?xml version='1.0'?><!DOCTYPE html><html xmlns='x'>", "an HTML page"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"),
        (b"<?xml version='1.0'?>\n<!-- x --><svg/>", "an SVG drawing"),
        (b"<?xml version='1.0'?><a/>", "XML"),
        (b"<s:Envelope/>", "XML"),
        (b'{"error": "not found"}', "JSON"),
        (b"[1, 2]", "JSON"),
        (b"{}", "JSON"),
        (b"{left alone}", "plain text"),
        (b"data:image/png;base64,iVBOR", "a data: URI"),
        (repr(PNG).encode(), "the repr of Python bytes"),
        (PNG.hex().encode(), "hexadecimal text"),
        (b"iVBORw0KGgoAAAANSUhEUg==", "base64 text"),
        (b"System.Byte[]", "the text 'System.Byte[]'"),
        (b"[object ArrayBuffer]", "the text of a JavaScript object"),
        (b"C:\\My pictures\\cat.JPG", "the name of a file"),
        (b"HTTP/1.1 404 Not Found\r\n", "an HTTP response"),
        (b"--b1\r\nContent-Type: image/png\r\n", "a multipart body"),
        ("Smørbrød".encode(), "plain text"),
        (("x" * 1_023 + "ø").encode(), "plain text"),
        ("Smørbrød".encode("latin-1"), None),
        (b"1", "plain text"),
        (b" \n", None),
        (bytes(5_000), "zero bytes"),
        (PNG.replace(b"\r\n", b"\n"), "a PNG whose line ends were converted"),
        (
            PNG.decode("utf-8", "replace").encode(),
            "a PNG whose bytes were decoded and encoded as text",
        ),
        (PNG.decode("latin-1").encode(), "a PNG whose bytes were decoded and encoded as text"),
        (JPEG.decode("utf-8", "replace").encode(), "a JPEG whose bytes were decoded and encoded"),
        (JPEG.decode("latin-1").encode(), "a JPEG whose bytes were decoded and encoded as text"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_no_picture_is_named(data: bytes, words: str | None) -> None:
    picture = look(data)
    assert picture.format is None
    assert (picture.disguise or "").startswith(words or "")
    assert (picture.disguise is None) == (words is None)


def test_a_png_without_its_header_chunk_has_no_size() -> None:
    for broken in (PNG[:8] + PNG[33:], PNG.replace(b"IHDR", b"IHDX")):
        wrong = "the first PNG chunk is not an IHDR of 13 bytes"
        assert look(broken).damaged == wrong
        assert look(broken) == Picture("PNG", damaged=wrong)


def test_damage_is_not_called_a_missing_end() -> None:
    assert look(PNG[:33] + b"\xff\xff\xff\xff\0\1\2\3" + PNG[33:]).truncated is None
    gif = ImageBytes(format="GIF")
    assert look(gif[:-1] + b"\x99").truncated is None
    assert look(gif[:-1] + b"\0\0;").truncated is None
    assert look(JPEG[:2] + b"\xff" * 9 + JPEG[2:]) == look(JPEG)
    assert look(JPEG[:20] + b"garbage" + JPEG[20:]).truncated is None


def png_chunks(count: int) -> bytes:
    return PNG[:33] + (b"\0\0\0\0tEXt" + zlib.crc32(b"tEXt").to_bytes(4)) * count


def self_pointing_tiff() -> bytes:
    # One tag, its value and the next directory are where the directory is.
    return b"II*\0" + struct.pack("<IHHHIII", 8, 1, 273, 4, 70_000, 8, 8)


def gif_of(tail: bytes) -> bytes:
    return b"GIF89a\1\0\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2" + tail


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (png_chunks(1_000_000), False),
        (self_pointing_tiff(), True),
        (gif_of(b"\1x" * 1_000_000), False),
        (gif_of(b"\xff" * 256 * 10_000), True),
        (gif_of(b"\0" * 1_000_000), False),
        (gif_of(b"\0" + b"!\1\0" * 300_000), False),
        (b"\xff\xd8" + b"\xff" * 1_000_000, False),
        (b"\xff\xd8\xff\xe0\0\0" + b"\xff\xe0\0\0" * 100_000, True),
        (b"\xff\xd8" + b"\xff\xd0" * 100_000, False),
        (b"RIFF\xff\xff\xff\x7fWEBPVP8X\n\0\0\0\x08" + bytes(1_000_000), True),
        (b"MM\0*\0\0\0\x08\xff\xff" + b"\1\x11\0\4\xff\xff\xff\xff\0\0\0\0" * 65_535, True),
        (b"II+\0\x08\0\0\0" + b"\xff" * 100_000, True),
        (b"\0\0\1\0\xff\x03" + bytes(8) + b"\1\0\0\0\xff\xff\0\0" + bytes(90_000), False),
    ],
    ids=[
        "chunks",
        "directory",
        "small sub-blocks",
        "sub-blocks",
        "terminators",
        "extensions",
        "fill",
        "empty segments",
        "markers",
        "riff",
        "tags",
        "far directory",
        "icons",
    ],
)
def test_endless_files_end(data: bytes, wrong: bool) -> None:
    picture = look(data)
    assert picture.format is not None
    assert (picture.truncated is not None or picture.damaged is not None) is wrong


BASES = [bytes(ImageBytes(format=f, mode=m, width=20, height=10)) for f, m in EVERY_MODE]
BASES += MORE.values()
STARTS = sorted({base[:size] for base in BASES for size in (4, 8, 12, 30)})
NUMBERS = st.sampled_from([b"\0\0", b"\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\1", b"\x80"])


@at_length
@settings(max_examples=either(100, 500))
@given(st.sampled_from(STARTS), st.binary(max_size=300))
@example(b"", b"")
def test_any_bytes_after_a_signature_give_a_picture(start: bytes, rest: bytes) -> None:
    assert isinstance(look(start + rest), Picture)


@at_length
@settings(max_examples=either(100, 500))
@given(st.binary(max_size=300))
def test_any_bytes_give_a_picture(data: bytes) -> None:
    assert isinstance(look(data), Picture)


@at_length
@pytest.mark.slow
@settings(max_examples=either(150, 1_000))
@given(st.sampled_from(BASES), st.data())
def test_a_damaged_picture_gives_a_picture(base: bytes, data: st.DataObject) -> None:
    damaged = bytearray(base)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, min(len(damaged), 600)))
        piece = data.draw(NUMBERS | st.binary(max_size=8))
        end = at + data.draw(st.sampled_from([len(piece), 0, 4, 40]))
        damaged[at:end] = piece
    assert isinstance(look(bytes(damaged)), Picture)


def test_a_reader_is_a_protocol() -> None:
    reader: Reader = BytesReader(PNG)
    assert (reader.size, reader.read(1, 3), reader.read(reader.size - 1, 9)) == (
        len(PNG),
        b"PNG",
        PNG[-1:],
    )
    assert inspect(reader) == look(PNG)


def test_a_second_start_inside_a_jpeg_is_damage() -> None:
    """As libjpeg has it, and so Pillow."""
    whole = bytes(ImageBytes(format="JPEG", width=9, height=9))
    twice = whole[:2] + whole
    with pytest.raises(OSError, match="broken data stream"):
        Image.open(BytesIO(twice)).load()
    found = inspect(BytesReader(twice))
    assert found.damaged == "at byte 2 a second JPEG begins inside the first (FF D8)"
