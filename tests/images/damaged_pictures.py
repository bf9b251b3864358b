"""Pictures by Pillow with every option that it has, twelve ways to damage them, and what is seen.

`python -m tests.images.damaged_pictures` judges 20,000 pictures, whole and damaged in each way,
and writes `tests/images/damaged_pictures.toml`, from which `docs/verdicts.md` has its table.
`tests/images/test_damaged_pictures.py` does the same with fewer. The oracle is Pillow's full load.
"""

import re
import sys
import tomllib
import warnings
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, Final

from PIL import Image, PngImagePlugin

from pytest_soblob.images.inspection import BytesReader, Picture, inspect
from pytest_soblob.judge.validators.payload import MOST_PIXELS

FIGURES = Path(__file__).with_suffix(".toml")
FORMATS: Final = ("PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP")
MANY: Final = 20_000
# Of the oracle's own making: more pixels are not decoded by us.
LONGEST_SIDE = 160


# --- pictures ---------------------------------------------------------------------------------


def pixels(random: Random, mode: str, width: int, height: int) -> Image.Image:
    """Flat, smooth, noisy or dark areas, or several of them."""
    base = "RGB" if mode not in ("1", "L", "RGBA", "CMYK", "LA") else mode
    size = (width, height)
    bands = len(Image.new(base, (1, 1)).getbands())
    if base == "1":
        count = (width + 7) // 8 * height
        data = random.choice((random.randbytes(count), bytes(count), b"\xf0" * count))
        picture = Image.frombytes("1", size, data)
    else:
        picture = Image.new(base, size, tuple(random.randbytes(bands)) if bands > 1 else 99)
        kind = random.randrange(5)
        if kind == 1:
            picture = Image.frombytes(base, size, random.randbytes(width * height * bands))
        elif kind >= 2:
            ramps = [Image.linear_gradient("L").rotate(random.choice((0, 90, 30))).resize(size)]
            ramps += [Image.radial_gradient("L").resize(size)]
            ramps += [ramps[0].point([random.choice((255 - i, i // 2, i)) for i in range(256)])]
            chosen = [random.choice(ramps) for _ in range(bands)]
            picture = Image.merge(base, chosen) if bands > 1 else chosen[0]
            if kind >= 3:  # as a photograph is: smooth, with noise
                noise = Image.effect_noise(size, random.choice((5, 40)))
                mixed = [Image.blend(band, noise, 0.2) for band in picture.split()]
                picture = Image.merge(base, mixed) if bands > 1 else mixed[0]
    if mode == base:
        return picture
    if mode == "P":
        return picture.quantize(random.choice((2, 4, 16, 100, 256)))
    if mode == "PA":
        return picture.convert("P").convert("PA")
    if mode in ("I", "F", "I;16"):
        return picture.convert("L").convert("I").point(lambda v: v * 200).convert(mode)
    if mode == "LAB":
        return Image.frombytes("LAB", size, picture.tobytes())
    return picture.convert(mode)


def exif(random: Random) -> Image.Exif:
    block = Image.Exif()
    block[0x0112] = random.randrange(1, 9)
    block[0x010E] = "described " * random.randrange(20)
    return block


def some(random: Random, **options: Callable[[], Any]) -> dict[str, Any]:
    """Each option in about a quarter of the cases."""
    return {name: make() for name, make in options.items() if random.random() < 0.25}


def later(random: Random, first: Image.Image) -> dict[str, Any]:
    """More frames or pages."""
    count = random.randrange(1, 4)
    more = [pixels(random, first.mode, *first.size) for _ in range(count)]
    return {"save_all": True, "append_images": more}


def profile(random: Random) -> bytes:
    return random.randbytes(random.choice((10, 3_000)))


def make_png(random: Random, width: int, height: int) -> bytes:
    mode = random.choice(("1", "L", "LA", "I;16", "P", "RGB", "RGBA"))
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "some\nwords\r\n" * random.randrange(9), zip=random.random() < 0.5)
    text.add_itxt("Title", "smørbrød", zip=random.random() < 0.5)
    picture = pixels(random, mode, width, height)
    options = some(
        random,
        optimize=lambda: True,
        compress_level=lambda: random.randrange(10),
        compress_type=lambda: random.randrange(5),
        dpi=lambda: (72, random.randrange(1, 600)),
        pnginfo=lambda: text,
        icc_profile=lambda: profile(random),
        exif=lambda: exif(random),
    )
    if mode == "P":
        options |= some(random, transparency=lambda: random.randbytes(9), bits=lambda: 8)
    if mode in ("L", "1"):
        options |= some(random, transparency=lambda: 1)
    if mode in ("L", "RGB", "RGBA", "P") and random.random() < 0.15:
        options |= later(random, picture) | some(
            random,
            default_image=lambda: True,
            loop=lambda: 2,
            duration=lambda: 40,
            disposal=lambda: random.randrange(3),
            blend=lambda: random.randrange(2),
        )
    return save(picture, "PNG", options)


def make_jpeg(random: Random, width: int, height: int) -> bytes:
    mode = random.choice(("1", "L", "RGB", "RGB", "CMYK"))
    options = some(
        random,
        quality=lambda: random.randrange(1, 101),
        optimize=lambda: True,
        progressive=lambda: True,
        dpi=lambda: (300, 300),
        icc_profile=lambda: profile(random),
        exif=lambda: exif(random),
        subsampling=lambda: random.choice(("4:4:4", "4:2:2", "4:2:0")),
        qtables=lambda: random.choice(("web_low", "web_high")),
        comment=lambda: b"some words\r\n" * random.randrange(1, 9),
        restart_marker_blocks=lambda: random.randrange(1, 5),
        restart_marker_rows=lambda: random.randrange(1, 5),
        keep_rgb=lambda: True,
        smooth=lambda: random.randrange(100),
    )
    return save(pixels(random, mode, width, height), "JPEG", options)


def make_gif(random: Random, width: int, height: int) -> bytes:
    mode = random.choice(("1", "L", "P", "P", "RGB", "RGBA"))
    picture = pixels(random, mode, width, height)
    options = some(
        random,
        interlace=lambda: random.randrange(2),
        optimize=lambda: True,
        comment=lambda: b"some words\n" * random.randrange(1, 60),
    )
    if mode == "P":
        options |= some(random, transparency=lambda: 0)
    if random.random() < 0.25:
        options |= later(random, picture) | some(
            random,
            duration=lambda: 50,
            loop=lambda: 0,
            disposal=lambda: random.randrange(4),
            include_color_table=lambda: True,
        )
    return save(picture, "GIF", options)


TIFF_COMPRESSIONS: Final = {
    None: ("1", "L", "LA", "P", "PA", "I;16", "I", "F", "RGB", "RGBA", "RGBX", "CMYK", "LAB"),
    "tiff_lzw": ("1", "L", "LA", "P", "I;16", "I", "F", "RGB", "RGBA", "CMYK"),
    "tiff_adobe_deflate": ("1", "L", "LA", "P", "I;16", "I", "F", "RGB", "RGBA", "CMYK", "YCbCr"),
    "tiff_deflate": ("1", "L", "RGB", "RGBA"),
    "packbits": ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK"),
    "group3": ("1",),
    "group4": ("1",),
    "tiff_ccitt": ("1",),
    "jpeg": ("L", "RGB", "YCbCr", "CMYK"),
    "lzma": ("L", "RGB"),
    "zstd": ("L", "RGB", "RGBA"),
    "webp": ("RGB", "RGBA"),
}


def make_tiff(random: Random, width: int, height: int) -> bytes:
    # The usual four, half of the time.
    usual = ("tiff_lzw", "tiff_adobe_deflate", "packbits")
    compression = random.choice(
        (None, *usual) if random.random() < 0.5 else tuple(TIFF_COMPRESSIONS)
    )
    mode = random.choice(TIFF_COMPRESSIONS[compression])
    picture = pixels(random, mode, width, height)
    options = some(
        random,
        big_tiff=lambda: True,
        dpi=lambda: (72, 72),
        icc_profile=lambda: profile(random),
        exif=lambda: exif(random),
        description=lambda: "some words\n" * random.randrange(1, 60),
        software=lambda: "the tests",
        strip_size=lambda: random.choice((1, 500, 5_000)),
    )
    if compression is not None:
        options["compression"] = compression
    if compression in ("tiff_lzw", "tiff_adobe_deflate") and mode in ("L", "RGB", "RGBA"):
        options |= some(random, tiffinfo=lambda: {317: 2})
    if compression == "jpeg":
        options |= some(random, quality=lambda: random.randrange(1, 100))
    if random.random() < 0.1:
        options |= later(random, picture)
    return save(picture, "TIFF", options)


def make_bmp(random: Random, width: int, height: int) -> bytes:
    mode = random.choice(("1", "L", "P", "RGB", "RGB", "RGBA"))
    return save(pixels(random, mode, width, height), "BMP", some(random, dpi=lambda: (300, 72)))


def make_webp(random: Random, width: int, height: int) -> bytes:
    mode = random.choice(("RGB", "RGBA", "L", "P"))
    picture = pixels(random, mode, width, height)
    options = some(
        random,
        lossless=lambda: True,
        quality=lambda: random.randrange(101),
        alpha_quality=lambda: random.randrange(101),
        method=lambda: random.randrange(5),
        exact=lambda: True,
        exif=lambda: exif(random),
        xmp=lambda: b"<x/>" * 9,
        icc_profile=lambda: profile(random),
    )
    if random.random() < 0.2:
        options |= later(random, picture) | some(
            random,
            duration=lambda: 80,
            loop=lambda: 1,
            minimize_size=lambda: True,
            allow_mixed=lambda: True,
            background=lambda: (1, 2, 3, 4),
            kmin=lambda: 3,
            kmax=lambda: 5,
        )
    return save(picture, "WEBP", options)


def save(picture: Image.Image, name: str, options: dict[str, Any]) -> bytes:
    file = BytesIO()
    picture.save(file, name, **options)
    return file.getvalue()


MAKERS: Final = dict(
    zip(FORMATS, (make_png, make_jpeg, make_gif, make_tiff, make_bmp, make_webp), strict=True)
)


def make(random: Random, name: str) -> bytes:
    """Return a picture, the same of the same `random` with the same Pillow."""
    while True:
        sides = [max(1, int(LONGEST_SIDE ** random.random() * 1.3)) for _ in range(2)]
        try:
            data = MAKERS[name](random, *sides)
        except (OSError, ValueError, SystemError, KeyError):
            continue  # options that this Pillow does not take together
        if load(data) is not None:
            return data


# --- the oracle -------------------------------------------------------------------------------


def load(data: bytes) -> list[bytes] | None:
    """Return the pixels of each frame as Pillow loads them; None: it does not."""
    frames = []
    try:
        with warnings.catch_warnings(), Image.open(BytesIO(data), formats=FORMATS) as picture:
            warnings.simplefilter("ignore")
            for number in range(getattr(picture, "n_frames", 1)):
                picture.seek(number)
                picture.load()
                frames.append(picture.mode.encode() + b"%d %d" % picture.size + picture.tobytes())
    except Exception:  # noqa: BLE001 - whatever it raises, the picture cannot be read
        return None
    return frames


# --- damage -----------------------------------------------------------------------------------


def structure(name: str, data: bytes) -> list[int]:
    """Return where the file's parts begin, its end included."""
    return sorted({0, *(at for at in PARTS[name](data) if 0 < at < len(data)), len(data)})


def png_parts(data: bytes) -> Iterator[int]:
    at = 8
    while at < len(data):
        yield at
        at += 12 + int.from_bytes(data[at : at + 4], "big")


def jpeg_parts(data: bytes) -> Iterator[int]:
    for found in re.finditer(rb"\xff[\xc0-\xcf\xd8-\xfe]", data):
        yield found.start()


def gif_parts(data: bytes) -> Iterator[int]:
    def table(flags: int) -> int:
        return 3 << (flags & 7) + 1 if flags & 0x80 else 0

    at = 13
    yield at
    at += table(data[10])
    while data[at] != 0x3B:
        yield at
        at += 11 + table(data[at + 9]) if data[at] == 0x2C else 2
        while data[at]:
            yield at
            at += data[at] + 1
        at += 1
    yield at


def bmp_parts(data: bytes) -> Iterator[int]:
    yield from (14, 14 + data[14], int.from_bytes(data[10:14], "little"))
    row = (len(data) - data[10]) // max(abs(int.from_bytes(data[22:26], "little", signed=True)), 1)
    yield from range(int.from_bytes(data[10:14], "little"), len(data), max(row, 1))


def webp_parts(data: bytes) -> Iterator[int]:
    at = 12
    while at < len(data):
        yield from (at, at + 8)
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2


def tiff_parts(data: bytes) -> Iterator[int]:
    with Image.open(BytesIO(data)) as picture:
        tags = picture.tag_v2  # type: ignore[attr-defined]
        yield from (8, tags._offset)
        starts, counts = tags.get(273, ()), tags.get(279, ())
        for start, count in zip(starts, counts, strict=False):
            yield from (start, start + count)
        size = 20 if data[2] == 43 or data[3] == 43 else 12
        yield from range(tags._offset + 2, tags._offset + 2 + size * len(tags), size)


PARTS: Final[dict[str, Callable[[bytes], Iterator[int]]]] = {
    "PNG": png_parts,
    "JPEG": jpeg_parts,
    "GIF": gif_parts,
    "TIFF": tiff_parts,
    "BMP": bmp_parts,
    "WEBP": webp_parts,
}


def cut_at_structure(random: Random, name: str, data: bytes) -> bytes:
    return data[: random.choice(structure(name, data)[1:-1] or [len(data) // 2])]


def cut_anywhere(random: Random, name: str, data: bytes) -> bytes:
    return data[: random.randrange(1, len(data))]


def stretch(random: Random, data: bytes) -> tuple[int, int]:
    start = random.randrange(len(data))
    return start, min(len(data), start + random.choice((1, 4, 40, 400, 4_000)))


def hole(random: Random, name: str, data: bytes) -> bytes:
    start, end = stretch(random, data)
    return data[:start] + bytes(end - start) + data[end:]


def random_bytes(random: Random, name: str, data: bytes) -> bytes:
    start, end = stretch(random, data)
    return data[:start] + random.randbytes(end - start) + data[end:]


def swap(random: Random, name: str, data: bytes) -> bytes:
    ends = structure(name, data)
    if len(ends) < 4:
        third = len(data) // 3
        ends = [0, third, 2 * third, len(data)]
    one, two = sorted(random.sample(range(1, len(ends) - 1), 2)) if len(ends) > 3 else (1, 1)
    parts = [data[start:end] for start, end in pairwise(ends)]
    parts[one], parts[two] = parts[two], parts[one]
    return b"".join(parts)


def repeat(random: Random, name: str, data: bytes) -> bytes:
    """One part twice, as where a piece was written again; none of the twelve."""
    parts = [data[start:end] for start, end in pairwise(structure(name, data))]
    at = random.randrange(len(parts))
    return b"".join((*parts[: at + 1], *parts[at:]))


def flip(random: Random, data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


def flip_structure(random: Random, name: str, data: bytes) -> bytes:
    at = random.choice(structure(name, data)[:-1]) + random.randrange(12)
    return flip(random, data, min(at, len(data) - 1))


def flip_length(random: Random, name: str, data: bytes) -> bytes:
    part = random.choice(structure(name, data)[1:-1] or [0])
    if name == "BMP":
        at = random.choice((2, 10, 14, 18, 22, 34)) + random.randrange(4)
    elif name == "WEBP":
        at = random.choice((4, 16, part + 4)) + random.randrange(4)
    elif name == "TIFF":
        at = part + random.randrange(4, 12)
    elif name == "GIF":
        at = part + random.choice((0, 2))
    else:
        at = part + random.randrange(2) + 2
    return flip(random, data, min(at, len(data) - 1))


def flip_checksum(random: Random, name: str, data: bytes) -> bytes:
    ends = structure(name, data)
    if name == "PNG":
        return flip(random, data, random.choice(ends[2:]) - 1 - random.randrange(4))
    if name == "TIFF":  # Adler-32 of deflate ends a strip
        return flip(random, data, max(random.choice(ends[1:]) - 1 - random.randrange(4), 0))
    return flip(random, data, max(len(data) - 1 - random.randrange(4), 0))


def read_as_utf8(random: Random, name: str, data: bytes) -> bytes:
    return data.decode("utf-8", random.choice(("replace", "ignore"))).encode()


def read_as_ascii(random: Random, name: str, data: bytes) -> bytes:
    text = data.decode("ascii", random.choice(("replace", "replace", "ignore")))
    return text.encode("ascii", "replace") if random.random() < 0.7 else text.encode()


def read_as_latin(random: Random, name: str, data: bytes) -> bytes:
    encoding = random.choice(("latin-1", "cp1252"))
    text = data.decode(encoding, random.choice(("replace", "ignore")))
    return text.encode()


def newlines_or_nuls(random: Random, name: str, data: bytes) -> bytes:
    kind = random.randrange(5)
    if kind == 0:
        return data.replace(b"\n", b"\r\n")
    if kind == 1:
        return data.replace(b"\r\n", b"\n")
    if kind == 2:
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if kind == 3:
        return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return data.replace(b"\0", b"")


DAMAGES: Final[dict[str, Callable[[Random, str, bytes], bytes]]] = {
    "cut at a structure": cut_at_structure,
    "cut anywhere": cut_anywhere,
    "hole of zeros": hole,
    "random bytes": random_bytes,
    "parts swapped": swap,
    "bit in the structure": flip_structure,
    "bit in a length": flip_length,
    "bit in a checksum": flip_checksum,
    "read as UTF-8": read_as_utf8,
    "read as ASCII": read_as_ascii,
    "read as latin-1, cp1252": read_as_latin,
    "newlines, NULs": newlines_or_nuls,
}
SPOILERS: Final = frozenset(list(DAMAGES)[8:])


# --- what is seen -----------------------------------------------------------------------------


@dataclass
class Cell:
    """Of one format and one damage.

    Attributes:
        seen: Pictures that cannot be read, or that a text spoiler gave other pixels, with a remark.
        missed: Such pictures without one.
        false: Pictures that are read to the same pixels, or whole, with a claim that is not true.
        harmless: The others that are read to the same pixels.
    """

    seen: int = 0
    missed: int = 0
    false: int = 0
    harmless: int = 0


class Table:
    """Cells by format and damage; the bytes of some that were judged wrongly."""

    def __init__(self) -> None:
        self.cells = {(name, damage): Cell() for name in FORMATS for damage in ("whole", *DAMAGES)}
        self.wrong: list[tuple[str, str, str, bytes]] = []

    def note(self, name: str, damage: str, what: str, data: bytes) -> None:
        cell = self.cells[name, damage]
        setattr(cell, what, getattr(cell, what) + 1)
        if what in ("missed", "false") and len(self.wrong) < 10_000:
            self.wrong.append((name, damage, what, data))

    def share_seen(self, name: str) -> float:
        cells = [self.cells[name, damage] for damage in DAMAGES]
        seen = sum(cell.seen for cell in cells)
        return seen / max(seen + sum(cell.missed for cell in cells), 1)


def look(data: bytes) -> Picture:
    return inspect(BytesReader(data))


def is_remark(picture: Picture) -> bool:
    """Whether a picture gets a warning: unknown, cut off, damaged, or a bomb."""
    pixels = (picture.width or 0) * (picture.height or 0)
    return picture.format is None or bool(claim_of(picture)) or pixels > MOST_PIXELS


def claim_of(picture: Picture) -> str | None:
    return picture.damaged or picture.truncated


def run(count: int, seed: int = 0) -> Table:
    """Judge so many pictures, whole and damaged in each way."""
    table = Table()
    for number in range(count):
        random = Random(f"{seed} {number}")
        name = FORMATS[number % len(FORMATS)]
        data = make(random, name)
        before = load(data)
        table.note(name, "whole", "false" if is_remark(look(data)) else "harmless", data)
        for damage, spoil in DAMAGES.items():
            spoiled = spoil(random, name, data)
            if spoiled != data:
                judge(table, name, damage, spoiled, before)
    return table


def judge(table: Table, name: str, damage: str, data: bytes, before: list[bytes] | None) -> None:
    after, picture = load(data), look(data)
    if after is None or (damage in SPOILERS and after != before):
        table.note(name, damage, "seen" if is_remark(picture) else "missed", data)
    elif after == before:
        claim = claim_of(picture)
        is_right = claim is None or is_true(claim, data)
        table.note(name, damage, "harmless" if is_right else "false", data)


# --- whether what is claimed of a picture that is read all the same is true ---------------------


def is_true(claim: str, data: bytes) -> bool:
    """Look at the bytes that a claim is about, by other means than ours; an unknown one is not."""
    claim, _, guess = claim.partition("; ")
    if guess and not any(found(data) for words, found in GUESSES.items() if words in guess):
        return False
    for pattern, check in CLAIMS.items():
        match = re.fullmatch(pattern, claim)
        if match is not None:
            return check(data, *(value.replace(",", "") for value in match.groups()))
    return False


def number_at(data: bytes, at: int, count: int, order: Any = "big") -> int:
    return int.from_bytes(data[at : at + count], order)


def sum_is_wrong(data: bytes, name: str, at: str, said: str, found: str) -> bool:
    start = int(at) + 4
    end = start + 4 + number_at(data, int(at), 4)
    right = f"{zlib.crc32(data[start:end]):08X}"
    return (data[start : start + 4].decode(), said, found) == (
        name,
        data[end : end + 4].hex().upper(),
        right,
    ) and said != found


def chunk_is_short(data: bytes, name: str, at: str, needed: str, left: str) -> bool:
    start = int(at)
    is_there = data[start + 4 : start + 8] == name.encode()
    is_long = number_at(data, start, 4) + 12 == int(needed) > int(left)
    return is_there and is_long and len(data) - start == int(left)


def riff_is_short(data: bytes, name: str, at: str, needed: str, left: str) -> bool:
    start = int(at)
    return number_at(data, start + 4, 4, "little") + 8 == int(needed) > int(left)


def is_no_marker(data: bytes, shown: str, at: str) -> bool:
    two = data[int(at) : int(at) + 2]
    return two.hex(" ").upper() == shown and (two[0] != 0xFF or two[1] in (0, *range(2, 0xC0)))


def segment_is_short(data: bytes, marker: str, at: str, needed: str, left: str) -> bool:
    start = int(at)
    is_there = data[start : start + 2] == b"\xff" + bytes.fromhex(marker)
    return is_there and number_at(data, start + 2, 2) + 2 == int(needed) > int(left)


def gif_goes_on(data: bytes, at: str) -> bool:
    """Whether the sub-blocks of a block do not end before the file does."""
    try:
        list(gif_parts(data))
    except IndexError:
        return data[int(at)] in b",!"
    return False


def tiff_entries(data: bytes) -> Iterator[tuple[int, int, int, int, int]]:
    """Give tag, type, count, value and the bytes that it has room for, of every directory."""
    order: Any = "little" if data[:2] == b"II" else "big"
    is_big = number_at(data, 2, 2, order) == 43
    word, head, entry = (8, 8, 20) if is_big else (4, 2, 12)
    at, seen = number_at(data, 8 if is_big else 4, word, order), set()
    while at and at not in seen and at < len(data):
        seen.add(at)
        count = number_at(data, at, head, order)
        for start in range(at + head, min(at + head + count * entry, len(data)), entry):
            tag, kind = number_at(data, start, 2, order), number_at(data, start + 2, 2, order)
            number = number_at(data, start + 4, word, order)
            yield tag, kind, number, number_at(data, start + 4 + word, word, order), word
        at = number_at(data, at + head + count * entry, word, order)


def tag_goes_on(data: bytes, tag: str) -> bool:
    sizes = {5: 8, 10: 8, 12: 8, 16: 8, 17: 8, 18: 8, 3: 2, 8: 2, 4: 4, 9: 4, 11: 4, 13: 4}
    return any(
        number == int(tag) and count * sizes.get(kind, 1) + value > len(data)
        for number, kind, count, value, room in tiff_entries(data)
        if count * sizes.get(kind, 1) > room
    )


def directory_is_short(data: bytes, at: str, count: str, size: str) -> bool:
    return int(at) < len(data) < int(at) + int(count) * int(size)


def every_line_has_cr(data: bytes) -> bool:
    return data.count(b"\n") == data.count(b"\r\n") > 0


def is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return not data.isascii()


def is_no_chunk(data: bytes, at: str, name: str) -> bool:
    found = data[int(at) + 4 : int(at) + 8]
    return found.hex(" ") == name and not found.isalpha()


def has_no_end(data: bytes) -> bool:
    return b"\xff\xd9" not in data[data.rfind(b"\xff\xda") :]


def length_is_too_small(data: bytes, marker: str, at: str, said: str) -> bool:
    return number_at(data, int(at) + 2, 2) == int(said) < 2


def table_is_missing(data: bytes, at: str) -> bool:
    """Whether a scan names a Huffman table that no segment before it defines."""
    defined: set[int] = set()
    for found in re.finditer(rb"\xff\xc4", data[: int(at)]):
        index, end = found.end() + 2, found.end() + number_at(data, found.end(), 2)
        while index < end:
            defined.add(data[index])
            index += 17 + sum(data[index + 1 : index + 17])
    scan = data[int(at) + 5 : int(at) + 5 + 2 * data[int(at) + 4]]
    named = {table >> 4 for table in scan[1::2]} | {16 + (table & 15) for table in scan[1::2]}
    return bool(named - defined)


def is_no_block(data: bytes, byte: str, at: str) -> bool:
    return data[int(at)] == int(byte, 16) and data[int(at)] not in b",!;\0"


def tag_has_values(data: bytes, tag: str, count: str) -> bool:
    return any(entry[0] == int(tag) and entry[2] == int(count) for entry in tiff_entries(data))


def tag_is_duplicate(data: bytes, tag: str) -> bool:
    return [entry[0] for entry in tiff_entries(data)].count(int(tag)) > 1


def tag_has_number(data: bytes, tag: str, value: str) -> bool:
    return any(entry[0] == int(tag) and int(value) == entry[3] for entry in tiff_entries(data))


def has_no_depth(data: bytes) -> bool:
    """Whether a page says that its samples have no bits: Pillow then takes 1, libtiff does not."""
    return any(tag == 258 and count == 0 for tag, _, count, *_ in tiff_entries(data))


def a_page_has_no_pixels(data: bytes) -> bool:
    """Whether there are more pages, which have a width, than places of strips or tiles."""
    tags = [tag for tag, _, count, *_ in tiff_entries(data) if count]
    return tags.count(256) > tags.count(273) + tags.count(324)


def frame_is_too_wide(data: bytes, at: str) -> bool:
    left, top, width, height = (
        number_at(data, int(at) + place, 3, "little") for place in (8, 11, 14, 17)
    )
    canvas = [number_at(data, place, 3, "little") for place in (24, 27)]
    return 2 * left + width > canvas[0] or 2 * top + height > canvas[1]


def riff_says_more(data: bytes, said: str, there: str) -> bool:
    return number_at(data, 4, 4, "little") + 8 == int(said) > int(there) == len(data)


def rows_are_missing(data: bytes, *numbers: str) -> bool:
    rows, row, start, needed, _ = map(int, numbers)
    return rows * row + start == needed > len(data)


def pixels_begin_early(data: bytes, at: str, end: str) -> bool:
    header = number_at(data, 14, 4, "little") + 14
    return number_at(data, 10, 4, "little") == int(at) < int(end) == header


def has_many_colours(data: bytes, count: str, bits: str) -> bool:
    return number_at(data, 46, 4, "little") == int(count) > 1 << number_at(data, 28, 2, "little")


N = r"([\d,]+)"
CLAIMS: Final[dict[str, Callable[..., bool]]] = {
    rf"the PNG chunk (\w+) at byte {N} has the CRC (\w+), its bytes give (\w+)": sum_is_wrong,
    rf"the PNG chunk (\w+) at byte {N} needs {N} bytes, {N} are left": chunk_is_short,
    rf"no PNG chunk begins at byte {N}: its name is ([\da-f ]+)": is_no_chunk,
    "no IEND chunk": lambda data: b"IEND" not in data,
    "the first PNG chunk is not an IHDR of 13 bytes": lambda data: data[8:16] != b"\0\0\0\rIHDR",
    r"no end-of-image marker \(FF D9\)": has_no_end,
    rf"the bytes ([\dA-F ]+) at byte {N} are not a JPEG marker, .*": is_no_marker,
    rf"the JPEG segment FF (\w\w) at byte {N} needs {N} bytes, {N} are left": segment_is_short,
    rf"the JPEG segment FF (\w\w) at byte {N} has a length of {N}, .*": length_is_too_small,
    rf"the JPEG segment FF DA at byte {N} needs a Huffman table .*": table_is_missing,
    r"no GIF trailer \(3B\)": lambda data: data[-1:] != b";",
    rf"the GIF block at byte {N} extends past the end": gif_goes_on,
    rf"the byte (\w\w) at byte {N} does not begin a GIF block": is_no_block,
    rf"the value of the TIFF's tag {N} extends past the end": tag_goes_on,
    rf"the TIFF's tag {N} has {N} values(?:,| for) .*": tag_has_values,
    rf"the TIFF's tag {N} has the invalid value {N}": tag_has_number,
    rf"the TIFF has the tag {N} twice": tag_is_duplicate,
    rf"the TIFF's directory at byte {N} has {N} tags of {N} .*": directory_is_short,
    rf"the TIFF's palette has {N} numbers, not {N}": lambda data, found, _: tag_has_values(
        data, "320", found
    ),
    rf"the WEBP's chunk (b'.+') at byte {N} needs {N} bytes, {N} are left": riff_is_short,
    rf"the WEBP's frame at byte {N} extends beyond the canvas": frame_is_too_wide,
    rf"the RIFF header requires {N} bytes, there are {N}": riff_says_more,
    rf"{N} rows of {N} bytes from byte {N} on need {N} bytes, there are {N}": rows_are_missing,
    rf"the BMP's pixels begin at byte {N}, its header ends at byte {N}": pixels_begin_early,
    rf"the BMP has {N} colours for {N} bits per pixel": has_many_colours,
    rf"the WEBP's last chunk, at byte {N}, has {N} bytes": lambda data, at, count: (
        len(data) - int(at) == int(count) < 8
    ),
    "the TIFF has neither strips nor tiles: no pixels": a_page_has_no_pixels,
    "the TIFF's pixels cannot be decoded: .*": has_no_depth,
    "no byte is above 7F, as if .*": bytes.isascii,
    "each LF has a CR before it, as if .*": every_line_has_cr,
    "there is no CR, as if .*": lambda data: b"\r" not in data,
}
GUESSES: Final[dict[str, Callable[[bytes], bool]]] = {
    "each LF has a CR before it": every_line_has_cr,
    "no byte is above 7F": bytes.isascii,
    "no NUL byte": lambda data: b"\0" not in data,
    "as UTF-8 text": is_utf8,
    "as latin-1 or cp1252 text": is_utf8,
}


# --- the table --------------------------------------------------------------------------------


def figures(table: Table, count: int) -> str:
    """The figures as TOML: `tests/images/damaged_pictures.toml`."""
    rows = [f"pictures = {count}"]
    for (name, damage), cell in table.cells.items():
        rows.append(
            f'"{name} {damage}" = [{cell.seen}, {cell.missed}, {cell.false}, {cell.harmless}]'
        )
    return "\n".join(rows) + "\n"


def render(table: Table) -> str:
    """The table in Markdown: a row for each damage, a column for each format."""
    rows = ["| | " + " | ".join(FORMATS) + " |", "|" + " --- |" * (len(FORMATS) + 1)]
    for damage in ("whole", *DAMAGES):
        cells = [table.cells[name, damage] for name in FORMATS]
        shown = [
            f"{cell.false} false of {cell.harmless + cell.false:,}"
            if damage == "whole"
            else f"{cell.seen:,} / {cell.missed:,} / {cell.false:,}"
            for cell in cells
        ]
        rows.append(f"| {damage} | " + " | ".join(shown) + " |")
    shares = [f"**{table.share_seen(name) * 100:.1f} %**" for name in FORMATS]
    return "\n".join([*rows, "| seen of all that are unreadable | " + " | ".join(shares) + " |"])


def known_table() -> tuple[Table, int]:
    """The table of the last full run."""
    table, rows = Table(), tomllib.loads(FIGURES.read_text())
    count = rows.pop("pictures")
    for key, values in rows.items():
        name, _, damage = key.partition(" ")
        table.cells[name, damage] = Cell(*values)
    return table, count


def document() -> str:
    """The last part of `docs/verdicts.md`."""
    table, count = known_table()
    return DOCUMENT.format(count=count, table=render(table))


DOCUMENT: Final = """
# Pictures: what is seen of damage

{count:,} pictures, made by Pillow with the options that it has for each format, of one to some
hundred pixels a side, each judged whole and damaged in twelve ways. The oracle is Pillow's full
load of every frame and page. In each cell:

- seen: pictures that Pillow cannot open and load, or, after a text spoiler (the last four rows),
  loads to other pixels, which get a warning: damaged, cut off, disguised, unknown, or a bomb;
- missed: such pictures without a warning;
- false: pictures that Pillow loads to the same pixels, of which something is claimed that other
  code does not find in the bytes. True claims name what is contradicted or missing: a wrong CRC, no
  IEND, a length.

What Pillow loads to other pixels without a word, as after a flipped bit in a JPEG's scan, is
counted by neither. What is missed is mostly a translation of one or two line ends that only changes
some colours, and a TIFF of a legal kind that Pillow has no mode for.

{table}

This part is written from `tests/images/damaged_pictures.toml`, the figures of the last full run
(`python -m tests.images.damaged_pictures`); `tests/images/test_damaged_pictures.py` prints the same
table of fewer pictures, and holds the figures.
"""


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else MANY
    whole_table = run(wanted)
    if wanted >= MANY:
        FIGURES.write_text(figures(whole_table, wanted), encoding="utf-8")
    sys.stdout.write(render(whole_table) + "\n")
