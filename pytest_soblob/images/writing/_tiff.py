"""TIFF: the directories of all pages, then their pixels (TIFF 6.0; BigTIFF)."""

from itertools import accumulate
from typing import Final

from pytest_soblob.images.spec import ImageSpec
from pytest_soblob.images.writing._metadata import ICC_PROFILE, XMP, orientation_of
from pytest_soblob.images.writing._padding import Assemble, blanks, require
from pytest_soblob.images.writing._pixels import CHANNELS, FRAMES, PALETTE, depth_of
from pytest_soblob.images.writing._tiff_blocks import (
    COMPRESSIONS,
    ROWS_PER_STRIP,
    TILE_SIDE_PX,
    encoded_blocks,
)
from pytest_soblob.images.writing._tiff_directory import (
    ASCII,
    LONG,
    RATIONAL,
    SHORT,
    UNDEFINED,
    Form,
    Tag,
)

_PHOTOMETRIC: Final = {"1": 1, "L": 1, "P": 3, "RGB": 2, "RGBA": 2, "CMYK": 5}
_DESCRIPTION: Final = 270
_STRIP_OFFSETS: Final = 273
_TILE_OFFSETS: Final = 324


def write_tiff(spec: ImageSpec) -> Assemble:
    """Encode a TIFF: the directories of all pages, then their pixels.

    Padding is the description of the last page.
    """
    form = Form(spec)
    at, pages, data = 0, [], []
    for number in range(FRAMES if "multi-page" in spec.features else 1):
        blocks = encoded_blocks(spec, number)
        lengths = [len(block) for block in blocks]
        offsets = list(accumulate(lengths, initial=at))
        at = offsets.pop()
        pages.append((_tags(spec, form, lengths), offsets))
        data += blocks

    def directories(start: int, padding: int) -> list[bytes]:
        """Return the parts of all directories; the pixels start at that offset."""
        parts, at = [], form.header_bytes
        for number, (tags, offsets) in enumerate(pages, 1):
            is_last = number == len(pages)
            where = form.tag(offsets_tag, LONG, *(start + offset for offset in offsets))
            more = [_description(form, padding)] if is_last and padding else []
            directory = form.directory([*tags, where, *more], at, is_last=is_last)
            at += sum(map(len, directory))
            parts += directory
        return parts

    offsets_tag = _TILE_OFFSETS if "tiles" in spec.features else _STRIP_OFFSETS
    header = form.header(form.header_bytes)

    def assemble(padding: int) -> bytes:
        length = sum(map(len, directories(0, padding)))
        return b"".join((header, *directories(form.header_bytes + length, padding), *data))

    return assemble


def _description(form: Form, padding: int) -> Tag:
    length = padding - form.entry_bytes
    if length:
        require(padding, form.entry_bytes + form.inline_bytes + 1)
    text = blanks(max(length - 1, 0)) + b"\0"
    return Tag(_DESCRIPTION, ASCII, len(text), text)


def _tags(spec: ImageSpec, form: Form, lengths: list[int]) -> list[Tag]:
    has, depth, channels = spec.features, depth_of(spec), CHANNELS[spec.mode]
    compression = next((COMPRESSIONS[name] for name in has if name in COMPRESSIONS), 1)
    photometric = 0 if "white-is-zero" in has else _PHOTOMETRIC[spec.mode]
    tags = [
        form.tag(256, LONG, spec.width),
        form.tag(257, LONG, spec.height),
        form.tag(258, SHORT, *(depth,) * channels),
        form.tag(259, SHORT, compression),
        form.tag(262, SHORT, photometric),
        form.tag(277, SHORT, channels),
        form.tag(284, SHORT, 2 if "planar" in has else 1),
    ]
    if "tiles" in has:
        tags += [form.tag(322, SHORT, TILE_SIDE_PX), form.tag(323, SHORT, TILE_SIDE_PX)]
        tags.append(form.tag(325, LONG, *lengths))
    else:
        rows = ROWS_PER_STRIP if "strips" in has else spec.height
        tags += [form.tag(278, LONG, rows), form.tag(279, LONG, *lengths)]
    orientation = orientation_of(spec)
    if orientation is not None:
        tags.append(form.tag(274, SHORT, orientation))
    if "resolution" in has:
        tags += [form.tag(282, RATIONAL, 300, 1), form.tag(283, RATIONAL, 300, 1)]
        tags.append(form.tag(296, SHORT, 2))
    if any(name.endswith("predictor") for name in has):
        tags.append(form.tag(317, SHORT, 2))
    if spec.mode == "P":
        palette = PALETTE[: 3 << depth]
        tags.append(form.tag(320, SHORT, *(v * 257 for i in range(3) for v in palette[i::3])))
    if spec.mode == "CMYK":
        tags.append(form.tag(332, SHORT, 1))
    if spec.mode == "RGBA":
        tags.append(form.tag(338, SHORT, 2))
    if "xmp" in has:
        tags.append(Tag(700, UNDEFINED, len(XMP), XMP))
    if "icc-profile" in has:
        tags.append(Tag(34_675, UNDEFINED, len(ICC_PROFILE), ICC_PROFILE))
    return tags
