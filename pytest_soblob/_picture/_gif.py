"""GIF: blocks, and in them sub-blocks of at most 255 bytes."""

from struct import Struct
from typing import Final

from pytest_soblob._picture._reading import (
    MOST_BLOCKS,
    MOST_READ_BYTES,
    Picture,
    Reader,
    Window,
)

_SIGNATURES: Final = (b"GIF87a", b"GIF89a")
_SIZE_AND_FLAGS: Final = Struct("<HHB")
_HEADER_BYTES: Final = 13
_DESCRIPTOR_BYTES: Final = 10
_HAS_TABLE: Final = 0x80
_IMAGE, _EXTENSION, _TRAILER, _TERMINATOR = b",", b"!", b";", b"\0"
# As many as 128 MB of full ones.
_MOST_SUB_BLOCKS: Final = 500_000


def inspect_gif(reader: Reader, head: bytes) -> Picture | None:
    """Walk the blocks to the trailer."""
    if not head.startswith(_SIGNATURES):
        return None
    if len(head) < _HEADER_BYTES:
        return Picture("GIF", truncated=f"a GIF header has 13 bytes, there are {len(head)}")
    width, height, flags = _SIZE_AND_FLAGS.unpack_from(head, 6)
    window = Window(reader, head, MOST_READ_BYTES)
    frames, truncated = _walk(window, _HEADER_BYTES + _table_bytes(flags), reader.size)
    return Picture("GIF", None, width, height, truncated, 2 if frames > 1 else 1)


def _walk(window: Window, at: int, size: int) -> tuple[int, str | None]:
    """Return the number of pictures, and what is known to be missing."""
    frames, left, block_at = 0, _MOST_SUB_BLOCKS, at
    for _ in range(MOST_BLOCKS):
        block = window.take(at, _DESCRIPTOR_BYTES)
        kind = block[:1]
        if kind == _TRAILER:
            break
        if kind == b"":
            if at > size:
                return frames, f"the GIF block at byte {block_at:,} goes on past the end"
            return frames, "no GIF trailer (3B)"
        block_at = at
        if kind == _TERMINATOR:  # One too many, as some encoders write; decoders step over it.
            at += 1
            continue
        if kind == _IMAGE:
            frames += 1
            # The flags are the last byte; the code size of LZW is one more.
            at += _DESCRIPTOR_BYTES + 1
            if len(block) == _DESCRIPTOR_BYTES:
                at += _table_bytes(block[-1])
        elif kind == _EXTENSION:
            at += 2
        else:  # Damage, and no telling where the next block begins.
            break
        at, left = _skip_sub_blocks(window, at, left)
        if left <= 0:
            break
    return frames, None


def _table_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & _HAS_TABLE else 0


def _skip_sub_blocks(window: Window, at: int, left: int) -> tuple[int, int]:
    """Return where the sub-blocks end and how many more may be walked.

    Where the file ends first, the place returned is beyond it.
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
