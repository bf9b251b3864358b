"""Pictures against Pillow as the outside judge: what a spec asks for is what can be read."""

import copy
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from hashlib import sha256
from io import BytesIO
from itertools import product
from typing import Any

import pytest
from PIL import Image

from pytest_soblob.errors import SoblobError
from pytest_soblob.images import encoding as images
from pytest_soblob.images.encoding import FORMATS, MODES, ImageBytes, ImageSpec, encode

EVERY_MODE = [(name, mode) for name in FORMATS for mode in MODES[name]]
FIRST_BYTES = {
    "PNG": b"\x89PNG\r\n\x1a\n",
    "GIF": b"GIF8",
    "JPEG": b"\xff\xd8\xff",
    "BMP": b"BM",
    "WEBP": b"RIFF",
    "TIFF": b"II*\x00",
}


def read(data: bytes) -> tuple[str | None, str, tuple[int, int]]:
    with Image.open(BytesIO(data)) as picture:
        picture.load()
        return picture.format, picture.mode, picture.size


@pytest.mark.parametrize(("name", "mode"), EVERY_MODE)
def test_what_the_spec_asks_for_is_what_pillow_reads(name: str, mode: str) -> None:
    for size, noise in product([(1, 1), (7, 5), (300, 3), (3, 300)], [0, 1, 50, 100]):
        width, height = size
        image = ImageBytes(
            format=name, mode=mode, width=width, height=height, noise=noise, seed=255
        )
        assert read(image) == (name, mode, size), image


@pytest.mark.parametrize("name", FORMATS)
def test_bytes_begin_as_the_format_says(name: str) -> None:
    assert ImageBytes(format=name).startswith(FIRST_BYTES[name])


def test_alpha_survives_whatever_the_seed() -> None:
    # Among these seeds is one whose only pixel would be opaque, which WebP stores without alpha.
    for seed in range(256):
        for noise in (0, 100):
            image = ImageBytes(format="WEBP", mode="RGBA", noise=noise, seed=seed)
            assert read(image)[1] == "RGBA"


@pytest.mark.parametrize("name", FORMATS)
def test_one_format_alone_is_enough_of_a_spec(name: str) -> None:
    spec = ImageSpec(format=name)
    assert (spec.width, spec.height, spec.mode) == (1, 1, MODES[name][0])


@pytest.mark.parametrize(("name", "mode"), EVERY_MODE)
def test_same_spec_gives_the_same_bytes(name: str, mode: str) -> None:
    spec = ImageSpec(format=name, mode=mode, width=40, height=30, noise=50, seed=3)
    assert encode(spec) == encode(replace(spec)) == encode(spec)


def test_same_spec_gives_the_same_bytes_in_a_new_interpreter() -> None:
    specs = [ImageSpec(format=f, mode=m, width=9, height=9, noise=50) for f, m in EVERY_MODE]
    code = (
        "from hashlib import sha256; from pytest_soblob.images.encoding import *; "
        f"print(sha256(b''.join(map(encode, {specs!r}))).hexdigest())"
    )
    there = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert there.stdout.strip() == sha256(b"".join(map(encode, specs))).hexdigest()


def test_another_seed_gives_other_pixels() -> None:
    assert len({ImageBytes(width=4, height=4, noise=100, seed=seed) for seed in range(100)}) == 100


@pytest.mark.parametrize("name", ["PNG", "GIF", "JPEG", "WEBP"])
def test_noise_makes_a_compressed_picture_larger(name: str) -> None:
    sizes = [
        len(ImageBytes(format=name, width=128, height=128, noise=noise)) for noise in (0, 50, 100)
    ]
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"format": "SVG"}, "format is 'SVG'; allowed: PNG, GIF, JPEG, TIFF, WEBP, BMP"),
        ({"format": None}, "format is None; allowed: PNG"),
        ({"format": "JPEG", "mode": "RGBA"}, "mode of a JPEG is 'RGBA'; allowed: RGB, L, CMYK"),
        ({"width": 0}, "width is 0; allowed: 1 to 16,383"),
        ({"height": -1}, "height is -1; allowed: 1 to 16,383"),
        ({"width": 16_384}, "width is 16,384; allowed: 1 to 16,383"),
        ({"width": True}, "width is True; allowed: 1 to 16,383"),
        ({"height": 2.5}, "height is 2.5; allowed: 1 to 16,383"),
        ({"width": 4_097, "height": 4_096}, "width * height is 16,781,312; allowed: 1 to"),
        ({"noise": 101}, "noise is 101; allowed: 0 to 100"),
        ({"seed": -1}, "seed is -1; allowed: a whole number of 0 or more"),
        ({"seed": "7"}, "seed is '7'; allowed: a whole number of 0 or more"),
        ({"size": 0}, "size is 0; allowed: 1 to 100,000,000"),
        ({"size": 1e3}, "size is 1000.0; allowed: 1 to"),
        ({"features": "interlaced"}, "features is 'interlaced'; allowed: a collection of names"),
        (
            {"features": ["lossy"]},
            "feature of a PNG of mode RGB is 'lossy'; allowed: flat, depth",
        ),
        (
            {"features": ["depth-4", "depth-2"], "mode": "L"},
            "features of a PNG: depth-4 excludes depth-2",
        ),
        (
            {"features": ["gif87a", "animated"], "format": "GIF"},
            "features of a GIF: gif87a excludes animated",
        ),
    ],
)
@pytest.mark.parametrize("build", [ImageSpec, ImageBytes])
def test_wrong_value_is_named_with_what_is_allowed(
    build: Any, wrong: dict[str, Any], words: str
) -> None:
    with pytest.raises(SoblobError) as caught:
        build(**wrong)
    assert str(caught.value).startswith(words)


def test_longest_side_is_encoded_by_every_format() -> None:
    for name in FORMATS:
        assert read(ImageBytes(format=name, width=16_383))[2] == (16_383, 1)


def test_format_that_this_pillow_lacks_is_an_error_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_encoder(*_: object, **__: object) -> None:
        raise OSError("encoder jpeg not available")

    monkeypatch.setattr(Image.Image, "save", no_encoder)
    with pytest.raises(SoblobError, match="cannot write JPEG: encoder jpeg not available"):
        encode(ImageSpec(format="JPEG"))


def test_spec_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        ImageSpec().width = 2  # type: ignore[misc] # what is tested


@pytest.mark.parametrize(
    ("image", "text"),
    [
        (ImageBytes(), "ImageBytes()"),
        (ImageBytes(format="PNG", mode="RGB", seed=0), "ImageBytes()"),
        (ImageBytes(format="GIF"), "ImageBytes(format='GIF')"),
        (ImageBytes(mode="P", noise=3), "ImageBytes(mode='P', noise=3)"),
        (
            ImageBytes(format="TIFF", width=2, height=3, mode="1", noise=4, seed=5),
            "ImageBytes(format='TIFF', width=2, height=3, mode='1', noise=4, seed=5)",
        ),
        (ImageBytes(size=49_153), "ImageBytes(size=49_153)"),
        (
            ImageBytes(format="JPEG", features={"progressive", "orientation-6"}),
            "ImageBytes(format='JPEG', features=['progressive', 'orientation-6'])",
        ),
    ],
)
def test_repr_is_the_shortest_call_that_rebuilds_it(image: ImageBytes, text: str) -> None:
    assert repr(image) == str(image) == f"{image}" == text
    rebuilt = eval(text)
    assert rebuilt == image
    assert rebuilt.spec == image.spec


def test_it_is_bytes_to_whoever_takes_bytes() -> None:
    image = ImageBytes(width=3)
    assert isinstance(image, bytes)
    assert image == bytes(image)
    assert hash(image) == hash(bytes(image))
    assert type(bytes(image)) is type(image[:4]) is type(image + b"") is bytes
    assert image.spec == ImageSpec(width=3)
    assert ImageBytes.from_spec(image.spec) == image


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickle_keeps_bytes_and_spec(protocol: int) -> None:
    image = ImageBytes(format="WEBP", width=20, noise=9)
    back = pickle.loads(pickle.dumps(image, protocol))
    assert (type(back), back, back.spec) == (ImageBytes, image, image.spec)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_copy_keeps_bytes_and_spec(duplicate: Any) -> None:
    image = ImageBytes(format="BMP", height=4)
    back = duplicate(image)
    assert (type(back), back, back.spec) == (ImageBytes, image, image.spec)


def test_pickle_does_not_encode_again(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pickle.dumps(ImageBytes(format="TIFF", width=11))
    monkeypatch.setattr(images, "encode", None)
    assert pickle.loads(data).spec.width == 11


def test_importing_the_module_does_not_import_pillow() -> None:
    code = "import sys, pytest_soblob.images.encoding; print('PIL' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"


def test_one_picture_loads_no_format_beyond_those_that_are_used() -> None:
    code = (
        "import sys; from pytest_soblob.images.encoding import *; "
        "[ImageBytes(format=f) for f in FORMATS]; print('PIL.IcnsImagePlugin' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"


def test_palette_survives_in_every_format_that_has_one() -> None:
    for name in (name for name, mode in EVERY_MODE if mode == "P"):
        with Image.open(BytesIO(ImageBytes(format=name, mode="P", seed=9))) as picture:
            assert picture.convert("RGB").getpixel((0, 0)) == (9, 246, 9 ^ 0x55)
