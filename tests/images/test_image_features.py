"""Each feature of each format, with Pillow as the outside judge of what is in the file."""

import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from itertools import combinations
from typing import Any

import pytest
from PIL import ExifTags, Image, ImageCms

from pytest_soblob.errors import SoblobError
from pytest_soblob.images.encoding import FORMATS, MODES, ImageBytes, ImageSpec, encode
from pytest_soblob.images.features import ABOUT, FEATURES, features_of, find_conflict
from pytest_soblob.images.inspection import BytesReader, inspect
from pytest_soblob.images.writing._metadata import ICC_PROFILE

EVERY_FEATURE = [
    (format, mode, name)
    for format in FORMATS
    for mode in MODES[format]
    for name in features_of(format, mode)
]
TURNED = {f"orientation-{number}" for number in (5, 6, 7, 8)}
REPEATED = {"animated", "multi-page"}
Check = Callable[[Any, bytes], bool]


def loads(data: bytes) -> list[tuple[str | None, str, tuple[int, int], bytes]]:
    """Return format, mode, size and pixels of each frame, all of it decoded."""
    frames = []
    with Image.open(BytesIO(data)) as picture:
        for number in range(getattr(picture, "n_frames", 1)):
            picture.seek(number)
            picture.load()
            frames.append((picture.format, picture.mode, picture.size, picture.tobytes()))
    return frames


def found_in(spec: ImageSpec) -> tuple[object, ...]:
    """Return what Pillow and our own inspection find in the picture."""
    data = encode(spec)
    frames = loads(data)
    inspected = inspect(BytesReader(data))
    return (
        {frame[0] for frame in frames},
        {frame[2] for frame in frames},
        len(frames),
        (inspected.format, inspected.damaged, inspected.truncated),
    )


def expected_of(spec: ImageSpec) -> tuple[object, ...]:
    sides = (spec.width, spec.height)
    if spec.format == "TIFF" and TURNED.intersection(spec.features):
        sides = sides[::-1]  # Pillow turns it as it is loaded
    count = 3 if REPEATED.intersection(spec.features) else 1
    return {spec.format}, {sides}, count, (spec.format, None, None)


@pytest.mark.parametrize(("format", "mode", "name"), EVERY_FEATURE)
def test_a_picture_with_the_feature_loads_and_is_judged_whole(
    format: str, mode: str, name: str
) -> None:
    for width, height in ((1, 1), (17, 9), (3, 40)):
        spec = ImageSpec(
            format=format, mode=mode, features=(name,), width=width, height=height, noise=50
        )
        assert found_in(spec) == expected_of(spec)


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
def test_any_two_features_that_do_not_exclude_each_other_go_together(format: str) -> None:
    for mode in MODES[format]:
        for both in combinations(features_of(format, mode), 2):
            if find_conflict(format, both) is None:
                spec = ImageSpec(
                    format=format, mode=mode, features=both, width=17, height=9, noise=50
                )
                assert found_in(spec) == expected_of(spec), both


def orientation(number: int) -> Check:
    def check(picture: Any, data: bytes) -> bool:
        if picture.format == "TIFF":
            return bool(picture.tag_v2[ExifTags.Base.Orientation] == number)
        return bool(picture.getexif()[ExifTags.Base.Orientation] == number)

    return check


def tag(number: int, *values: Any) -> Check:
    return lambda picture, data: picture.tag_v2[number] in values


def info(name: str) -> Check:
    return lambda picture, data: bool(picture.info.get(name))


def chunk(name: bytes) -> Check:
    return lambda picture, data: name in data


def bmp_field(at: int, size: int, value: int) -> Check:
    return lambda picture, data: int.from_bytes(data[at : at + size], "little") == value


# What says of a file that it has the feature: Pillow where it tells, the bytes elsewhere.
SAID: dict[tuple[str, str], Check] = {
    **{(f, f"orientation-{n}"): orientation(n) for f in FORMATS for n in range(1, 9)},
    **{(f, "icc-profile"): info("icc_profile") for f in FORMATS},
    **{(f, "xmp"): info("xmp") for f in FORMATS},
    **{(f, "animated"): lambda picture, data: picture.n_frames == 3 for f in FORMATS},
    **{(f, "exif-big-endian"): chunk(b"MM\0*") for f in FORMATS},
    ("PNG", "depth-16"): lambda picture, data: data[24] == 16,
    ("PNG", "depth-4"): lambda picture, data: data[24] == 4,
    ("PNG", "depth-2"): lambda picture, data: data[24] == 2,
    ("PNG", "depth-1"): lambda picture, data: data[24] == 1,
    ("PNG", "transparent"): lambda picture, data: "transparency" in picture.info,
    ("PNG", "interlaced"): info("interlace"),
    ("PNG", "split-data"): lambda picture, data: data.count(b"IDAT") == 3,
    ("PNG", "text"): lambda picture, data: picture.text["Title"].startswith("Drawn"),
    ("PNG", "compressed-text"): lambda picture, data: picture.text["Title"].startswith("Drawn"),
    ("PNG", "international-text"): lambda picture, data: picture.text["Title"].lang == "nb",
    ("PNG", "gamma"): info("gamma"),
    ("PNG", "resolution"): info("dpi"),
    ("PNG", "time"): chunk(b"tIME"),
    ("PNG", "background"): chunk(b"bKGD"),
    ("GIF", "gif87a"): lambda picture, data: picture.info["version"] == b"GIF87a",
    ("GIF", "transparent"): lambda picture, data: "transparency" in picture.info,
    ("GIF", "interlaced"): lambda picture, data: picture.tile[0].args[1] == 1,
    ("GIF", "few-colours"): lambda picture, data: len(data) < 100,
    ("GIF", "local-palette"): lambda picture, data: not data[10] & 0x80,
    ("GIF", "comment"): info("comment"),
    ("JPEG", "progressive"): info("progressive"),
    ("JPEG", "restart-markers"): chunk(b"\xff\xdd\0\4\0\1"),
    ("JPEG", "full-chroma"): lambda picture, data: (
        {part[1:3] for part in picture.layer} == {(1, 1)}
    ),
    ("JPEG", "no-jfif"): lambda picture, data: "jfif" not in picture.info,
    ("JPEG", "adobe"): info("adobe"),
    ("JPEG", "thumbnail"): lambda picture, data: data.count(b"\xff\xd8\xff") == 2,
    ("JPEG", "comment"): info("comment"),
    ("BMP", "bits-32"): bmp_field(28, 2, 32),
    ("BMP", "bits-16"): bmp_field(28, 2, 16),
    ("BMP", "bits-16-565"): bmp_field(30, 4, 3),
    ("BMP", "bits-4"): bmp_field(28, 2, 4),
    ("BMP", "rle8"): bmp_field(30, 4, 1),
    ("BMP", "rle4"): bmp_field(30, 4, 2),
    ("BMP", "top-down"): lambda picture, data: int.from_bytes(data[22:26], "little") >> 31 == 1,
    ("BMP", "core-header"): bmp_field(14, 4, 12),
    ("BMP", "v4-header"): bmp_field(14, 4, 108),
    ("BMP", "v5-header"): bmp_field(14, 4, 124),
    ("BMP", "resolution"): lambda picture, data: picture.info.get("dpi", (0, 0))[0] > 1,
    ("WEBP", "lossy"): chunk(b"VP8 "),
    ("TIFF", "depth-16"): tag(258, (16,), (16, 16, 16)),
    ("TIFF", "depth-4"): tag(258, (4,)),
    ("TIFF", "depth-2"): tag(258, (2,)),
    ("TIFF", "big-endian"): lambda picture, data: data.startswith(b"MM\0*"),
    ("TIFF", "bigtiff"): lambda picture, data: data.startswith(b"II+\0"),
    ("TIFF", "strips"): lambda picture, data: len(picture.tag_v2[273]) > 1,
    ("TIFF", "tiles"): tag(322, 16),
    ("TIFF", "lzw"): tag(259, 5),
    ("TIFF", "deflate"): tag(259, 8),
    ("TIFF", "packbits"): tag(259, 32_773),
    ("TIFF", "lzw-predictor"): tag(317, 2),
    ("TIFF", "deflate-predictor"): tag(317, 2),
    ("TIFF", "g4"): tag(259, 4),
    ("TIFF", "planar"): tag(284, 2),
    ("TIFF", "multi-page"): lambda picture, data: picture.n_frames == 3,
    ("TIFF", "white-is-zero"): tag(262, 0),
    ("TIFF", "xmp"): chunk(b"xmpmeta"),
    ("TIFF", "resolution"): tag(282, 300),
}
# Of these only the pixels tell: below.
OF_PIXELS = {"flat", "filtered"}


@pytest.mark.parametrize(("format", "mode", "name"), EVERY_FEATURE)
def test_the_file_has_the_feature_and_the_plain_one_has_not(
    format: str, mode: str, name: str
) -> None:
    if name in OF_PIXELS:
        return
    for features, expected in (([name], True), ([], False)):
        data = ImageBytes(format=format, mode=mode, width=9, height=12, features=features)
        with Image.open(BytesIO(data)) as picture:
            try:
                found = SAID[format, name](picture, data)
            except KeyError:
                found = False
        assert found is expected, features


def test_a_flat_picture_has_one_colour() -> None:
    for format, mode in ((f, m) for f in FORMATS for m in MODES[f]):
        if mode == "RGBA":
            continue  # its first pixel has another alpha
        data = ImageBytes(format=format, mode=mode, width=40, height=30, features=["flat"])
        with Image.open(BytesIO(data)) as picture:
            assert len(picture.convert("RGB").getcolors() or ()) == 1


def test_a_filtered_png_has_each_filter() -> None:
    import zlib

    data = ImageBytes(mode="L", width=4, height=5, features=["filtered"])
    at = data.index(b"IDAT")
    rows = zlib.decompress(data[at + 4 : at + 4 + int.from_bytes(data[at - 4 : at], "big")])
    assert list(rows[::5]) == [0, 1, 2, 3, 4]


# Other bytes, the same pixels.
OTHERWISE_PACKED = {
    "PNG": ("split-data", "text", "gamma", "icc-profile", "resolution", "orientation-6"),
    "GIF": ("gif87a", "interlaced", "local-palette", "comment"),
    "JPEG": ("progressive", "restart-markers", "comment", "thumbnail", "orientation-6"),
    "TIFF": ("big-endian", "bigtiff", "strips", "lzw", "deflate", "packbits", "icc-profile"),
    "WEBP": ("icc-profile", "xmp", "orientation-6"),
    "BMP": ("v4-header", "v5-header", "core-header", "rle8"),
}


@pytest.mark.parametrize("format", FORMATS)
def test_how_pixels_are_packed_does_not_change_them(format: str) -> None:
    for mode in MODES[format]:
        base = ImageSpec(format=format, mode=mode, width=301, height=21, noise=50, seed=9)
        plain = loads(encode(base))[0][3]
        allowed = features_of(format, mode)
        for name in (name for name in OTHERWISE_PACKED[format] if name in allowed):
            spec = ImageSpec(
                format=format, mode=mode, width=301, height=21, noise=50, seed=9, features=(name,)
            )
            assert loads(encode(spec))[0][3] == plain, name


def test_group_4_keeps_the_pixels() -> None:
    plain = ImageBytes(format="TIFF", mode="1", width=301, height=21, noise=50)
    packed = ImageBytes(format="TIFF", mode="1", width=301, height=21, noise=50, features=["g4"])
    assert loads(packed)[0][3] == loads(plain)[0][3]


@pytest.mark.parametrize("format", FORMATS)
def test_frames_differ(format: str) -> None:
    for name in REPEATED.intersection(features_of(format)):
        frames = loads(ImageBytes(format=format, width=9, height=9, noise=100, features=[name]))
        assert len({frame[3] for frame in frames}) == 3


def test_little_cms_reads_the_profile() -> None:
    profile = ImageCms.ImageCmsProfile(BytesIO(ICC_PROFILE))
    assert ImageCms.getProfileDescription(profile).strip() == "pytest-soblob"


SIZES = (47_000, 49_151, 49_152, 49_153, 65_535, 65_536, 65_537, 1_000_001, 1_048_576, 1_048_577)


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_has_exactly_the_size_that_is_asked_for(format: str) -> None:
    for size in SIZES:
        data = ImageBytes(format=format, width=7, height=5, noise=50, size=size)
        assert len(data) == size
        assert len(loads(data)) == 1
        found = inspect(BytesReader(data))
        assert (found.format, found.damaged, found.truncated) == (format, None, None)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", ["", "bigtiff", "animated", "local-palette", "rle8", "lossy"])
def test_small_paddings_are_exact_or_refused(format: str, name: str) -> None:
    mode = next((m for m in MODES[format] if not name or name in features_of(format, m)), None)
    if mode is None:
        return
    features = (name,) if name else ()
    natural = len(encode(ImageSpec(format=format, mode=mode, features=features)))
    for size in range(natural, natural + 600):
        try:
            data = encode(ImageSpec(format=format, mode=mode, features=features, size=size))
        except SoblobError as error:
            assert size < natural + 30
            least = int(str(error).rpartition(", or ")[2].split()[0].replace(",", ""))
            assert len(ImageBytes(format=format, mode=mode, features=features, size=least)) == least
        else:
            assert len(data) == size
            if size < natural + 40 or size % 50 == 0:
                assert loads(data)


@pytest.mark.parametrize("format", FORMATS)
def test_size_that_is_too_small_is_refused_with_the_least(format: str) -> None:
    natural = len(ImageBytes(format=format))
    with pytest.raises(SoblobError, match=f"size is 9; such a {format} has {natural:,} bytes or"):
        ImageBytes(format=format, size=9)


def test_the_same_bytes_in_another_process_with_another_hash_seed() -> None:
    specs = [
        ImageSpec(format=f, mode=m, width=19, height=11, noise=50, features=(n,), size=20_000)
        for f, m, n in EVERY_FEATURE
    ]
    code = (
        "from hashlib import sha256; from pytest_soblob.images.encoding import *; "
        f"print(sha256(b''.join(map(encode, {specs!r}))).hexdigest())"
    )
    for hash_seed in ("0", "4711"):
        there = subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": ":".join(sys.path)},
        )
        assert there.stdout.strip() == sha256(b"".join(map(encode, specs))).hexdigest()


def test_each_feature_has_words_and_no_words_are_left_over() -> None:
    assert set(ABOUT) == {name for groups in FEATURES.values() for g in groups for name in g}
