"""PNG and WEBP: chunks with a name and a length."""

from struct import Struct
from typing import Final

from pytest_soblob._picture._reading import MOST_BLOCKS, Picture, Reader, Window
from pytest_soblob._picture._tiff import find_exif_orientation

_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_PNG_END: Final = b"\x00\x00\x00\x00IEND\xaeB`\x82"
_PIECES_WALKED: Final = 16
_PNG_CHUNK: Final = Struct(">I4s")
_PNG_TWO_NUMBERS: Final = Struct(">II")
_PNG_HEADER_LENGTH: Final = 13
# Length, name and CRC of a PNG chunk.
_PNG_AROUND_DATA: Final = 12
_PNG_AHEAD_BYTES: Final = 32

_RIFF_CHUNK: Final = Struct("<4sI")
_RIFF_START_BYTES: Final = 12
_VP8_SIZE: Final = Struct("<HH")
_VP8_START_CODE: Final = b"\x9d\x01\x2a"
_VP8L_SIGNATURE: Final = 0x2F
_SIDE_BITS: Final = 0x3FFF
_ANIMATION_FLAG: Final = 0x02
_EXIF_FLAG: Final = 0x08


def inspect_png(reader: Reader, head: bytes) -> Picture | None:
    """Walk the chunks to IEND. Checksums are not looked at: that is to read the data."""
    if not head.startswith(_PNG_SIGNATURE):
        return None
    size = reader.size
    width = height = truncated = orientation = None
    frames, data_seen, at = 1, False, len(_PNG_SIGNATURE)
    pieces = 0
    window = Window(reader, head, _PNG_AHEAD_BYTES)
    for _ in range(MOST_BLOCKS):
        start = window.take(at, 16)
        if len(start) < 8:
            truncated = "no IEND chunk"
            break
        length, name = _PNG_CHUNK.unpack_from(start)
        end = at + length + _PNG_AROUND_DATA
        if end > size:
            # A name of other bytes than letters is damage, and its length means nothing.
            if name.isalpha():
                truncated = (
                    f"the PNG chunk {name.decode('ascii')} at byte {at:,} needs "
                    f"{end - at:,} bytes, {size - at:,} are left"
                )
            break
        if name == b"IEND":
            break
        if name == b"IDAT":
            data_seen = True
            pieces += 1
            # Nobody has to walk through thousands of pieces if the end is where it should be.
            if pieces == _PIECES_WALKED and reader.read(size - len(_PNG_END), 12) == _PNG_END:
                break
        elif at == len(_PNG_SIGNATURE):
            if name == b"IHDR" and length == _PNG_HEADER_LENGTH:
                width, height = _PNG_TWO_NUMBERS.unpack_from(start, 8)
        elif name == b"acTL" and not data_seen and length == 8:
            frames = 2 if _PNG_TWO_NUMBERS.unpack_from(start, 8)[0] > 1 else 1
        elif name == b"eXIf" and orientation is None:
            orientation = find_exif_orientation(reader, at + 8, length)
        at = end
    return Picture("PNG", None, width, height, truncated, frames, False, orientation)


def inspect_webp(reader: Reader, head: bytes) -> Picture | None:
    """Compare the length that RIFF gives, and look into the first chunk."""
    if head[:4] != b"RIFF" or head[8:_RIFF_START_BYTES] != b"WEBP":
        return None
    size, end = reader.size, 8 + _RIFF_CHUNK.unpack_from(head)[1]
    truncated = f"the RIFF header says {end:,} bytes, there are {size:,}" if end > size else None
    first = head[_RIFF_START_BYTES:30]
    if len(first) < 8:
        return Picture("WEBP", truncated=truncated or "the WEBP ends in its first chunk")
    name, length = _RIFF_CHUNK.unpack_from(first)
    needed = 8 + length
    if truncated is None and _RIFF_START_BYTES + needed > size:
        truncated = (
            f"the WEBP's first chunk needs {needed:,} bytes, {size - _RIFF_START_BYTES:,} are left"
        )
    width, height = _webp_size(name, first)
    frames, orientation = 1, None
    if name == b"VP8X" and len(first) > 8:
        frames = 2 if first[8] & _ANIMATION_FLAG else 1
        if first[8] & _EXIF_FLAG:
            orientation = _webp_orientation(reader, head)
    return Picture("WEBP", None, width, height, truncated, frames, False, orientation)


def _webp_size(name: bytes, chunk: bytes) -> tuple[int, int] | tuple[None, None]:
    size = len(chunk)  # 18 but in a smaller file, as a lossless one of a few pixels may be.
    if name == b"VP8X" and size == 18:
        width, height = chunk[12:15], chunk[15:18]
        return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1
    if name == b"VP8L" and size >= 13 and chunk[8] == _VP8L_SIGNATURE:
        bits = int.from_bytes(chunk[9:13], "little")
        return (bits & _SIDE_BITS) + 1, (bits >> 14 & _SIDE_BITS) + 1
    if name == b"VP8 " and size == 18 and chunk[11:14] == _VP8_START_CODE:
        # The two upper bits are a scale for showing, not a part of the size.
        across, down = _VP8_SIZE.unpack_from(chunk, 14)
        return across & _SIDE_BITS, down & _SIDE_BITS
    return None, None


def _webp_orientation(reader: Reader, head: bytes) -> int | None:
    window, at = Window(reader, head, _PNG_AHEAD_BYTES), _RIFF_START_BYTES
    for _ in range(MOST_BLOCKS):
        start = window.take(at, 8)
        if len(start) < 8:
            break
        name, length = _RIFF_CHUNK.unpack(start)
        if name == b"EXIF":
            return find_exif_orientation(reader, at + 8, min(length, reader.size - at - 8))
        at += 8 + length + length % 2
    return None
