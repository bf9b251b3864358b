"""GIF: blocks, which contain sub-blocks of at most 255 bytes."""

from struct import Struct
from typing import Final, NamedTuple

from pytest_soblob.images.inspection._corruption import find_in_compressed
from pytest_soblob.images.inspection._decoding import MOST_DECODED_PIXELS, decode_gif
from pytest_soblob.images.inspection._reading import (
    MOST_BLOCKS,
    MOST_READ_BYTES,
    CutOffError,
    DamagedError,
    Picture,
    Reader,
    Window,
)

_SIZE_AND_FLAGS: Final = Struct("<HHB")
_HEADER_BYTES: Final = 13
_DESCRIPTOR: Final = Struct("<HHHHB")
_DESCRIPTOR_BYTES: Final = 10
_HAS_TABLE: Final = 0x80
_INTERLACED: Final = 0x40
# LZW codes have at least two bits; a code stands for no more pixels than there are codes.
_FEWEST_CODE_BITS: Final = 2
_MOST_CODES: Final = 4_096
_IMAGE, _EXTENSION, _TRAILER, _TERMINATOR = b",", b"!", b";", b"\0"
# As many as 128 MB of full sub-blocks.
_MOST_SUB_BLOCKS: Final = 500_000


class _Frame(NamedTuple):
    """One picture of the file: its size, and the position of its code size and sub-blocks."""

    at: int
    width: int
    height: int
    is_interlaced: bool
    start: int
    end: int


def walk_gif(reader: Reader, head: bytes, picture: Picture) -> None:
    """Walk the blocks to the trailer, then decode the pixels.

    Source: GIF89a specification, 17 to 27.
    """
    if len(head) < _HEADER_BYTES:
        raise CutOffError(f"a GIF header has 13 bytes, there are {len(head)}")
    picture.width, picture.height, flags = _SIZE_AND_FLAGS.unpack_from(head, 6)
    window = Window(reader, head, MOST_READ_BYTES)
    frames = _walk_blocks(window, _HEADER_BYTES + _table_bytes(flags), reader.size, picture)
    if frames is not None:
        if not frames:
            raise DamagedError("the GIF has no image block: no pixels")
        _decode(reader, frames)


def _walk_blocks(window: Window, at: int, size: int, picture: Picture) -> list[_Frame] | None:
    """Return the pictures, or None if there are too many blocks to walk."""
    frames: list[_Frame] = []
    left, block_at = _MOST_SUB_BLOCKS, at
    for _ in range(MOST_BLOCKS):
        block = window.take(at, _DESCRIPTOR_BYTES)
        kind = block[:1]
        if kind == _TRAILER:
            return frames
        if kind == b"":
            if at > size:
                raise CutOffError(f"the GIF block at byte {block_at:,} extends past the end")
            raise CutOffError("no GIF trailer (3B)")
        block_at = at
        if kind == _TERMINATOR:  # A surplus one, as some encoders write; decoders skip it.
            at += 1
            continue
        if kind == _IMAGE and len(block) == _DESCRIPTOR_BYTES:
            at = _read_image(block, at, frames)
            picture.frames = 2 if len(frames) > 1 else 1
        elif kind in (_EXTENSION, _IMAGE):
            at += 2 if kind == _EXTENSION else _DESCRIPTOR_BYTES + 1
        else:  # The position of the next block is unknown.
            raise DamagedError(
                f"the byte {kind.hex().upper()} at byte {at:,} does not begin a GIF block"
            )
        at, left = _skip_sub_blocks(window, at, left)
        if left <= 0:
            return None
        if kind == _IMAGE and frames:
            frames[-1] = frames[-1]._replace(end=at)
    return None


def _read_image(block: bytes, at: int, frames: list[_Frame]) -> int:
    """Record a picture; return where its sub-blocks begin."""
    _, _, width, height, flags = _DESCRIPTOR.unpack_from(block, 1)
    if not width or not height:
        raise DamagedError(f"the GIF's image at byte {at:,} has {width:,} x {height:,} pixels")
    # One more byte: the code size of LZW.
    start = at + _DESCRIPTOR_BYTES + _table_bytes(flags)
    frames.append(_Frame(at, width, height, bool(flags & _INTERLACED), start, start + 1))
    return start + 1


def _table_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & _HAS_TABLE else 0


def _skip_sub_blocks(window: Window, at: int, left: int) -> tuple[int, int]:
    """Return where the sub-blocks end, and how many more may be walked.

    If the file ends before they do, the returned offset is beyond its end.
    """
    while (index := window.find(at)) is not None:
        data = window.data
        first, held = index, len(data)
        while index < held:
            length = data[index]
            if length == 0:
                return at + index - first + 1, left
            index += length + 1
            left -= 1
            if left <= 0:
                return at + index - first, 0
        at += index - first
    return at + 1, left


def _decode(reader: Reader, frames: list[_Frame]) -> None:
    """Decode the first pictures, as many as are small in total."""
    left = MOST_DECODED_PIXELS
    for frame in frames:
        if frame.width * frame.height > _most_pixels(frame):
            raise DamagedError(
                f"the GIF's image at byte {frame.at:,} has {frame.width:,} x {frame.height:,} "
                f"pixels, which {frame.end - frame.start:,} bytes cannot hold"
            )
        left -= frame.width * frame.height
        if left < 0 or frame.end - frame.start > MOST_DECODED_PIXELS * 2:
            return
        data = _read_all(reader, frame.start, frame.end)
        corruption = find_in_compressed(data[:MOST_READ_BYTES])
        if corruption is not None:
            raise DamagedError(f"of the image at byte {frame.at:,}, {corruption}")
        what = decode_gif(data, frame.width, frame.height, is_interlaced=frame.is_interlaced)
        if what is not None:
            raise DamagedError(f"the GIF's image at byte {frame.at:,} cannot be decoded: {what}")


def _most_pixels(frame: _Frame) -> int:
    """Return the most pixels that the LZW bytes can encode: each code one more than the last."""
    codes = (frame.end - frame.start) * 8 // _FEWEST_CODE_BITS
    several = min(codes, _MOST_CODES)
    return several * (several + 1) // 2 + (codes - several) * _MOST_CODES


def _read_all(reader: Reader, start: int, end: int) -> bytes:
    return b"".join(
        reader.read(at, min(MOST_READ_BYTES, end - at)) for at in range(start, end, MOST_READ_BYTES)
    )
