"""WebP: Pillow encodes the bitstreams; the RIFF container is put together here."""

import struct
from collections.abc import Iterator
from typing import Any, Final

from pytest_soblob.images.spec import ImageSpec
from pytest_soblob.images.writing._metadata import ICC_PROFILE, XMP, exif_of
from pytest_soblob.images.writing._padding import Assemble, blanks, require
from pytest_soblob.images.writing._pillow import picture, save
from pytest_soblob.images.writing._pixels import FRAMES, frame_pixels

_BITSTREAMS: Final = (b"ALPH", b"VP8 ", b"VP8L")
_ICC, _ALPHA, _EXIF, _XMP, _ANIMATION = 0x20, 0x10, 0x08, 0x04, 0x02
_LOSSLESS: Final = {"lossless": True, "method": 0, "quality": 0}
_LOSSY: Final = {"lossless": False, "method": 0, "quality": 50}
_FRAME_MS: Final = 100


def write_webp(spec: ImageSpec) -> Assemble:
    """Encode a WebP: the simple form, or the extended one where a feature needs it.

    A file of an odd size has one byte behind the container, which readers leave alone; the
    container itself is even.
    """
    has = spec.features
    exif = exif_of(spec)
    is_animated = "animated" in has
    flags = sum(
        (
            "icc-profile" in has and _ICC,
            spec.mode == "RGBA" and _ALPHA,
            exif is not None and _EXIF,
            "xmp" in has and _XMP,
            is_animated and _ANIMATION,
        )
    )
    needs_extended = bool(flags & ~_ALPHA)
    frames = [_bitstreams(spec, number) for number in range(FRAMES if is_animated else 1)]
    needs_extended = needs_extended or frames[0].startswith(b"ALPH")
    sides = _sides(spec)
    head = _chunk(b"ICCP", ICC_PROFILE) if "icc-profile" in has else b""
    if is_animated:
        head += _chunk(b"ANIM", bytes(6)) + b"".join(_frame(spec, frame) for frame in frames)
    else:
        head += frames[0]
    tail = b"" if exif is None else _chunk(b"EXIF", exif)
    tail += _chunk(b"XMP ", XMP) if "xmp" in has else b""

    def assemble(padding: int) -> bytes:
        extended = b""
        if needs_extended or padding > 1:
            extended = _chunk(b"VP8X", struct.pack("<I", flags) + sides)
        room = padding - (0 if needs_extended or padding < 2 else len(extended))
        junk: tuple[bytes, ...] = ()
        if padding > 1:
            require(padding, padding - room + 8)
            length = room // 2 * 2 - 8
            junk = (b"JUNK", struct.pack("<I", length), blanks(length))
        body = (b"WEBP", extended, head, tail, *junk)
        return b"".join(
            (b"RIFF", struct.pack("<I", sum(map(len, body))), *body, bytes(padding % 2))
        )

    return assemble


def _chunk(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def _sides(spec: ImageSpec) -> bytes:
    return b"".join((side - 1).to_bytes(3, "little") for side in (spec.width, spec.height))


def _frame(spec: ImageSpec, bitstreams: bytes) -> bytes:
    head = bytes(6) + _sides(spec) + _FRAME_MS.to_bytes(3, "little") + b"\x02"
    return _chunk(b"ANMF", head + bitstreams)


def _bitstreams(spec: ImageSpec, number: int) -> bytes:
    """Return the chunks of one frame that hold pixels."""
    options: dict[str, Any] = _LOSSY if "lossy" in spec.features else _LOSSLESS
    frame = picture(spec.mode, spec.width, spec.height, frame_pixels(spec, number))
    encoded = save(frame, "WEBP", **options)
    return b"".join(chunk for kind, chunk in _chunks(encoded) if kind in _BITSTREAMS)


def _chunks(encoded: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at < len(encoded):
        length = int.from_bytes(encoded[at + 4 : at + 8], "little")
        end = at + 8 + length + length % 2
        yield encoded[at : at + 4], encoded[at:end]
        at = end
