"""PNG: signature and chunks (PNG specification, third edition, with APNG)."""

import struct
from collections.abc import Iterator
from typing import Final

from zlib_ng import zlib_ng

from pytest_soblob.images.adam7 import PASSES
from pytest_soblob.images.spec import ImageSpec
from pytest_soblob.images.writing._metadata import ICC_PROFILE, TEXT, exif_of
from pytest_soblob.images.writing._padding import Assemble, blanks, require
from pytest_soblob.images.writing._pixels import (
    FRAMES,
    PALETTE,
    bits_per_pixel,
    depth_of,
    frame_pixels,
    raster,
    row_bytes,
)

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPES: Final = {"1": 0, "L": 0, "RGB": 2, "P": 3, "LA": 4, "RGBA": 6}
_PRIMARIES: Final = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
_FILTERS: Final = 5
_PADDING_KEYWORD: Final = b"Comment\0"
# More data is stored: deflating noise would take longer than all the rest.
_LARGEST_DEFLATED_NOISE_BYTES: Final = 8_192


def write_png(spec: ImageSpec) -> Assemble:
    """Encode a PNG."""
    head = b"".join((_SIGNATURE, *_head_chunks(spec)))
    tail = b"".join((*_data_chunks(spec), _chunk(b"IEND", b"")))

    def assemble(padding: int) -> bytes:
        if not padding:
            return head + tail
        empty = 12 + len(_PADDING_KEYWORD)
        require(padding, empty)
        text = blanks(padding - empty)
        return b"".join((head, *_parts(b"tEXt", _PADDING_KEYWORD, text), tail))

    return assemble


def _chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk: length, kind, data, CRC of kind and data."""
    return b"".join(_parts(kind, data))


def _parts(kind: bytes, *data: bytes) -> tuple[bytes, ...]:
    crc = zlib_ng.crc32(kind)
    for part in data:
        crc = zlib_ng.crc32(part, crc)
    return (struct.pack(">I", sum(map(len, data))), kind, *data, struct.pack(">I", crc))


def _head_chunks(spec: ImageSpec) -> Iterator[bytes]:
    """Yield what stands before the pixels, in the order that the specification asks for."""
    has, depth = spec.features, depth_of(spec)
    colour_type = _COLOUR_TYPES[spec.mode]
    interlace = "interlaced" in has
    yield _chunk(
        b"IHDR",
        struct.pack(">IIBBBBB", spec.width, spec.height, depth, colour_type, 0, 0, interlace),
    )
    if "animated" in has:
        yield _chunk(b"acTL", struct.pack(">II", FRAMES, 0))
    if "gamma" in has:
        yield _chunk(b"gAMA", struct.pack(">I", 45_455)) + _chunk(
            b"cHRM", struct.pack(">8I", *_PRIMARIES)
        )
    if "icc-profile" in has:
        yield _chunk(b"iCCP", b"ICC\0\0" + zlib_ng.compress(ICC_PROFILE, 1))
    if spec.mode == "P":
        yield _chunk(b"PLTE", PALETTE[: 3 << depth])
    if "transparent" in has:
        yield _chunk(b"tRNS", _colour(spec, b"\x80"))
    if "background" in has:
        yield _chunk(b"bKGD", _colour(spec, b"\0"))
    if "resolution" in has:
        yield _chunk(b"pHYs", struct.pack(">IIB", 11_811, 11_811, 1))
    if "time" in has:
        yield _chunk(b"tIME", struct.pack(">H5B", 2026, 2, 28, 23, 59, 60))
    exif = exif_of(spec)
    if exif is not None:
        yield _chunk(b"eXIf", exif)
    if "text" in has:
        yield _chunk(b"tEXt", b"Title\0" + TEXT)
    if "compressed-text" in has:
        yield _chunk(b"zTXt", b"Title\0\0" + zlib_ng.compress(TEXT, 1))
    if "international-text" in has:
        yield _chunk(b"iTXt", b"Title\0\0\0nb\0Tittel\0" + "Smørbrød, tegnet".encode())


def _colour(spec: ImageSpec, entry: bytes) -> bytes:
    """Return a colour as tRNS and bKGD have it: an entry of the palette, or 16-bit samples."""
    if spec.mode == "P":
        return entry
    return bytes(2) * (3 if spec.mode in ("RGB", "RGBA") else 1)


def _data_chunks(spec: ImageSpec) -> Iterator[bytes]:
    if "animated" not in spec.features:
        yield from _image_data(spec, _compressed(spec))
        return
    control = struct.pack(">IIIIHHBB", spec.width, spec.height, 0, 0, 1, 10, 0, 0)
    yield _chunk(b"fcTL", bytes(4) + control)
    yield from _image_data(spec, _compressed(spec))
    for frame in range(1, FRAMES):
        yield _chunk(b"fcTL", struct.pack(">I", frame * 2 - 1) + control)
        yield _chunk(b"fdAT", struct.pack(">I", frame * 2) + _compressed(spec, frame))


def _image_data(spec: ImageSpec, data: bytes) -> Iterator[bytes]:
    pieces = 3 if "split-data" in spec.features else 1
    step = -(-len(data) // pieces)
    for at in range(0, len(data), step):
        yield _chunk(b"IDAT", data[at : at + step])


def _compressed(spec: ImageSpec, frame: int = 0) -> bytes:
    """Return the rows of a frame, each with its filter, as a zlib stream."""
    bits = bits_per_pixel(spec)
    if "interlaced" in spec.features:
        rows = b"".join(
            _with_filters(spec, raster(spec, bits, width, height, frame), bits, width)
            for width, height in _pass_sizes(spec)
        )
    else:
        rows = _with_filters(spec, frame_pixels(spec, frame), bits, spec.width)
    return _deflated(rows, _noisy_bytes(spec, len(rows)))


def _noisy_bytes(spec: ImageSpec, count: int) -> int:
    """Return how many of so many bytes of rows, from the first, are noise."""
    if "flat" in spec.features or not spec.noise:
        return 0
    if "interlaced" in spec.features:  # each pass has its own
        return count
    return count // spec.height * -(-spec.height * spec.noise // 100)


def _deflated(rows: bytes, noisy: int) -> bytes:
    """Return the rows as a zlib stream (RFC 1950), the noise stored if there is much of it."""
    if noisy <= _LARGEST_DEFLATED_NOISE_BYTES:
        return zlib_ng.compress(rows, 1)
    parts = [b"\x78\x01"]
    for level, part, end in (
        (0, rows[:noisy], zlib_ng.Z_SYNC_FLUSH),
        (1, rows[noisy:], zlib_ng.Z_FINISH),
    ):
        encoder = zlib_ng.compressobj(level, zlib_ng.DEFLATED, -15)
        parts += [encoder.compress(part), encoder.flush(end)]
    return b"".join((*parts, struct.pack(">I", zlib_ng.adler32(rows))))


def _pass_sizes(spec: ImageSpec) -> Iterator[tuple[int, int]]:
    for column, row, right, down in PASSES:
        width, height = -(-(spec.width - column) // right), -(-(spec.height - row) // down)
        if width > 0 and height > 0:
            yield width, height


def _with_filters(spec: ImageSpec, pixels: bytes, bits: int, width: int) -> bytes:
    """Put the type of its filter before each row.

    The bytes of a row are taken as filtered already: whatever they are, they decode to pixels.
    """
    step = row_bytes(bits, width)
    kinds = _FILTERS if "filtered" in spec.features else 1
    return b"".join(
        b"%c%b" % (number % kinds, pixels[at : at + step])
        for number, at in enumerate(range(0, len(pixels), step))
    )
