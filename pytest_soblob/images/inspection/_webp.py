"""WebP: chunks with a name and a length in a RIFF container."""

from struct import Struct
from typing import Final

from pytest_soblob.images.inspection._corruption import find_in_compressed
from pytest_soblob.images.inspection._decoding import MOST_DECODED_PIXELS, decode_webp
from pytest_soblob.images.inspection._exif import find_exif_orientation
from pytest_soblob.images.inspection._reading import (
    MOST_BLOCKS,
    MOST_READ_BYTES,
    CutOffError,
    DamagedError,
    Picture,
    Reader,
    Window,
)

_CHUNK: Final = Struct("<4sI")
_START_BYTES: Final = 12
_AHEAD_BYTES: Final = 1_024
_VP8_SIZE: Final = Struct("<HH")
_VP8_START_CODE: Final = b"\x9d\x01\x2a"
_VP8L_SIGNATURE: Final = 0x2F
_SIDE_BITS: Final = 0x3FFF
_FIRST: Final = (b"VP8 ", b"VP8L", b"VP8X")
_PIXELS: Final = (b"VP8 ", b"VP8L", b"ANMF")
_EXTENDED_BYTES: Final = 10
# Bytes before the chunks of an animation's frame.
_FRAME_HEADER_BYTES: Final = 16
# Above the kind of frame, the version and whether it is shown.
_PARTITION_SHIFT: Final = 5


def walk_webp(reader: Reader, head: bytes, picture: Picture) -> None:
    """Walk the chunks to the end that RIFF gives, then decode the pixels.

    Source: RFC 9649, 2.
    """
    size = reader.size
    if len(head) < _START_BYTES + 8:
        raise CutOffError("the WEBP ends in its first chunk")
    end = 8 + _CHUNK.unpack_from(head)[1]
    name = head[_START_BYTES : _START_BYTES + 4]
    picture.width, picture.height = _find_size(name, head[_START_BYTES:30])
    frames, data_at = _walk_chunks(reader, head, min(end, size), picture)
    if end > size:
        raise CutOffError(f"the RIFF header requires {end:,} bytes, there are {size:,}")
    if name not in _FIRST:
        raise DamagedError(f"the WEBP's first chunk is {name!r}")
    if picture.width is None or picture.height is None:
        raise DamagedError(f"the WEBP's first chunk, {name.decode()}, has an invalid header")
    if not data_at:
        raise DamagedError("the WEBP has no chunk with pixels (VP8, VP8L, ANMF)")
    _decode(reader, picture, frames, data_at)


def _walk_chunks(reader: Reader, head: bytes, end: int, picture: Picture) -> tuple[int, int]:
    """Return the number of frames, and the offset of the first pixels, 0 if there are none."""
    window, at = Window(reader, head, _AHEAD_BYTES), _START_BYTES
    frames = data_at = 0
    for _ in range(MOST_BLOCKS):
        if at >= end:
            break
        start = window.take(at, 8)
        if len(start) < 8 or at + 8 > end:
            error = CutOffError if at + 8 > reader.size else DamagedError
            raise error(f"the WEBP's last chunk, at byte {at:,}, has {end - at} bytes")
        name, length = _CHUNK.unpack(start)
        if at + 8 + length > end:
            error = CutOffError if at + 8 + length > reader.size else DamagedError
            what = f"the WEBP's chunk {name!r} at byte {at:,} needs {8 + length:,} bytes"
            raise error(f"{what}, {end - at:,} are left")
        if name in _PIXELS:
            frames += 1
            data_at = data_at or at + 8
            _check_frame(name, window.take(at, 24), at, picture)
        elif name == b"EXIF" and picture.orientation is None:
            picture.orientation = find_exif_orientation(reader, at + 8, length)
        at += 8 + length + length % 2
    picture.frames = 2 if frames > 1 else 1
    return frames, data_at


def _find_size(name: bytes, chunk: bytes) -> tuple[int, int] | tuple[None, None]:
    size = len(chunk)  # 18 except in a smaller file, such as a lossless one of a few pixels
    if name == b"VP8X" and size == 18:
        width, height = chunk[12:15], chunk[15:18]
        return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1
    if name == b"VP8L" and size >= 13 and chunk[8] == _VP8L_SIGNATURE:
        bits = int.from_bytes(chunk[9:13], "little")
        return (bits & _SIDE_BITS) + 1, (bits >> 14 & _SIDE_BITS) + 1
    if name == b"VP8 " and size == 18 and chunk[11:14] == _VP8_START_CODE:
        # The two upper bits are a scale for display, not a part of the size.
        across, down = _VP8_SIZE.unpack_from(chunk, 14)
        return across & _SIDE_BITS, down & _SIDE_BITS
    return None, None


def _check_frame(name: bytes, chunk: bytes, at: int, picture: Picture) -> None:
    """Check that the frame fits the canvas, and that its first partition fits the frame."""
    canvas = picture.width, picture.height
    if canvas[0] is None or canvas[1] is None:
        return
    if name == b"ANMF":
        if len(chunk) < 8 + _FRAME_HEADER_BYTES:
            raise DamagedError(f"the WEBP's frame at byte {at:,} has no room for its header")
        left, top, width, height = (
            int.from_bytes(chunk[index : index + 3], "little") for index in (8, 11, 14, 17)
        )
        if 2 * left + width + 1 > canvas[0] or 2 * top + height + 1 > canvas[1]:
            raise DamagedError(f"the WEBP's frame at byte {at:,} extends beyond the canvas")
        return
    size = _find_size(name, chunk[:18])
    if size != canvas:
        raise DamagedError(
            f"the WEBP has {canvas[0]:,} x {canvas[1]:,} pixels, its frame at byte {at:,} has "
            + ("an invalid header" if size[0] is None else f"{size[0]:,} x {size[1]:,}")
        )
    if name == b"VP8 ":
        first = int.from_bytes(chunk[8:11], "little") >> _PARTITION_SHIFT
        length = int.from_bytes(chunk[4:8], "little")
        if first > length:
            raise DamagedError(
                f"the WEBP's frame at byte {at:,} has {length:,} bytes, its first part {first:,}"
            )


def _decode(reader: Reader, picture: Picture, frames: int, data_at: int) -> None:
    size, pixels = reader.size, (picture.width or 0) * (picture.height or 0)
    if not 0 < pixels <= MOST_DECODED_PIXELS or size > 4 * MOST_DECODED_PIXELS:
        return
    corruption = find_in_compressed(reader.read(data_at, MOST_READ_BYTES))
    if corruption is not None:
        raise DamagedError(corruption)
    data = b"".join(
        reader.read(at, min(MOST_READ_BYTES, size - at)) for at in range(0, size, MOST_READ_BYTES)
    )
    what = decode_webp(data, min(frames, MOST_DECODED_PIXELS // pixels))
    if what is not None:
        raise DamagedError(f"the WEBP's pixels cannot be decoded: {what}")
