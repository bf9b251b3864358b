"""PNG: chunks with a name, a length and a checksum."""

import zlib
from struct import Struct
from typing import Final

from zlib_ng.zlib_ng import crc32

from pytest_soblob.images.adam7 import PASSES
from pytest_soblob.images.inspection._exif import find_exif_orientation, find_text_orientation
from pytest_soblob.images.inspection._reading import (
    MOST_BLOCKS,
    MOST_READ_BYTES,
    CutOffError,
    DamagedError,
    Picture,
    Reader,
    Window,
)

_SIGNATURE_BYTES: Final = 8
_CHUNK: Final = Struct(">I4s")
_HEADER: Final = Struct(">IIBBBBB")
_TWO_NUMBERS: Final = Struct(">II")
_FRAME: Final = Struct(">IIIII")
# Length and name before the data, the CRC after it.
_AROUND_DATA: Final = 12
# Bytes read ahead.
_AHEAD_BYTES: Final = 1_024
_SEQUENCED: Final = frozenset((b"fcTL", b"fdAT"))
_TEXTS: Final = frozenset((b"tEXt", b"zTXt", b"iTXt"))
_PALETTE_TYPE: Final = 3
# By colour type: samples per pixel, and the allowed bits per sample.
_COLOURS: Final = {
    0: (1, (1, 2, 4, 8, 16)),
    2: (3, (8, 16)),
    3: (1, (1, 2, 4, 8)),
    4: (2, (8, 16)),
    6: (4, (8, 16)),
}
# Deflate compresses at most 1,032 bytes into one.
_BEST_RATIO: Final = 1_032
_DEFLATE: Final = 8
# Several IDAT chunks may be in the wrong order: to detect that, up to so much is inflated.
_MOST_INFLATED_BYTES: Final = 262_144


class _Walk:
    """What the chunks read so far contain.

    Attributes:
        needs_palette: Whether pixels are palette indexes and no palette has been read.
        is_interlaced: Whether the rows are stored in seven passes.
        row_bits: Bits per pixel.
        pieces: Offset and length of the data of each IDAT.
        data_end: End of the last IDAT; 0 if there was none.
        frames: Number of frames of the animation, plus one if the default image is not a frame.
        sequence: Sequence number of the animation's next chunk.
    """

    __slots__ = (
        "data_end",
        "frames",
        "is_interlaced",
        "needs_palette",
        "pieces",
        "row_bits",
        "sequence",
    )

    def __init__(self) -> None:
        self.needs_palette = self.is_interlaced = False
        self.row_bits = self.data_end = self.frames = self.sequence = 0
        self.pieces: list[tuple[int, int]] = []


def walk_png(reader: Reader, head: bytes, picture: Picture) -> None:
    """Walk the chunks to IEND, and check the checksum of each.

    Source: the PNG specification (third edition), 5.3 to 5.6, 11.2, 11.3.6 (APNG).
    """
    size, held, at = reader.size, len(head), _SIGNATURE_BYTES
    window, walk = Window(reader, head, _AHEAD_BYTES), _Walk()
    for _ in range(MOST_BLOCKS):
        # A small file is in memory: a slice is faster than a call.
        start = head[at : at + 8] if at + 8 <= held else window.take(at, 8)
        if len(start) < 8:
            raise CutOffError("no IEND chunk")
        length, name = _CHUNK.unpack(start)
        if not name.isalpha():
            raise DamagedError(f"no PNG chunk begins at byte {at:,}: its name is {name.hex(' ')}")
        end = at + length + _AROUND_DATA
        if end > size:
            raise CutOffError(
                f"the PNG chunk {name.decode('ascii')} at byte {at:,} needs "
                f"{end - at:,} bytes, {size - at:,} are left"
            )
        if end <= held:
            found, said = crc32(head[at + 4 : end - 4]), head[end - 4 : end]
        else:
            found, said = _sum(reader, window, at + 4, length + 4)
        if found != int.from_bytes(said) and picture.damaged is None:
            # Recorded, and the walk continues: the pixels may be complete.
            picture.damaged = (
                f"the PNG chunk {name.decode('ascii')} at byte {at:,} has the CRC "
                f"{said.hex().upper()}, its bytes give {found:08X}"
            )
        if name == b"IEND" and walk.row_bits:
            break
        if at == _SIGNATURE_BYTES:
            _read_header(name, length, window.take(at, 21), picture, walk)
        elif name == b"IDAT":
            if walk.data_end not in (0, at):
                raise DamagedError(f"the IDAT chunk at byte {at:,} does not follow the others")
            walk.pieces.append((at + 8, length))
            walk.data_end = end
        else:
            _read_chunk(reader, window, name, length, at, picture, walk)
        at = end
    else:
        return  # Too many chunks to walk.
    if walk.frames > 1:
        picture.frames = 2
    _check_data(reader, picture, walk)


def _sum(reader: Reader, window: Window, at: int, count: int) -> tuple[int, bytes]:
    """Return the CRC of so many bytes from an offset on, and the four bytes that follow."""
    if count <= _AHEAD_BYTES:
        return crc32(window.take(at, count)), window.take(at + count, 4)
    found = 0
    for piece in reader.iter_pieces(at, count):
        found = crc32(piece, found)
    return found, reader.read(at + count, 4)


def _read_chunk(
    reader: Reader, window: Window, name: bytes, length: int, at: int, picture: Picture, walk: _Walk
) -> None:
    if name == b"PLTE":
        walk.needs_palette = False
    elif name == b"acTL" and not walk.pieces and length == 8:
        walk.frames = _TWO_NUMBERS.unpack(window.take(at + 8, 8))[0]
    elif name in _SEQUENCED:
        if name == b"fcTL" and walk.sequence == 0 and walk.frames and walk.pieces:
            walk.frames += 1  # The default image came before, and is not a frame.
        _check_sequence(name, length, window.take(at + 8, 20), picture, walk, at)
    elif picture.orientation is None:
        picture.orientation = _find_orientation(reader, name, at + 8, length)


def _read_header(name: bytes, length: int, start: bytes, picture: Picture, walk: _Walk) -> None:
    if name != b"IHDR" or length != _HEADER.size:
        raise DamagedError("the first PNG chunk is not an IHDR of 13 bytes")
    width, height, bits, colour, compression, filters, interlace = _HEADER.unpack_from(start, 8)
    picture.width, picture.height = width, height
    samples, allowed = _COLOURS.get(colour, (0, ()))
    if not width or not height:
        raise DamagedError(f"the PNG has {width:,} x {height:,} pixels")
    if bits not in allowed or compression or filters or interlace > 1:
        raise DamagedError(
            f"the PNG has colour type {colour}, {bits} bits, compression {compression}, "
            f"filter {filters}, interlace {interlace}, which is not a valid combination"
        )
    walk.row_bits = bits * samples
    walk.is_interlaced = bool(interlace)
    walk.needs_palette = colour == _PALETTE_TYPE


def _check_sequence(
    name: bytes, length: int, start: bytes, picture: Picture, walk: _Walk, at: int
) -> None:
    """Check the sequence number of an animation's chunk, and that its frame fits the picture."""
    number = int.from_bytes(start[:4]) if length >= 4 else -1
    if number != walk.sequence:
        raise DamagedError(
            f"the PNG chunk {name.decode('ascii')} at byte {at:,} has the sequence number "
            f"{number:,}, not {walk.sequence:,}"
        )
    walk.sequence += 1
    if name == b"fcTL" and length >= 24:
        _, width, height, left, top = _FRAME.unpack(start)
        if left + width > (picture.width or 0) or top + height > (picture.height or 0):
            raise DamagedError(f"the frame at byte {at:,} of the PNG extends beyond the picture")


def _find_orientation(reader: Reader, name: bytes, at: int, length: int) -> int | None:
    if name == b"eXIf":
        return find_exif_orientation(reader, at, length)
    if name in _TEXTS:
        return find_text_orientation(name, reader.read(at, min(length, MOST_READ_BYTES)))
    return None


def _check_data(reader: Reader, picture: Picture, walk: _Walk) -> None:
    """Check that the IDAT chunks can hold the pixels; inflate them if they may be out of order."""
    data_bytes = sum([length for _, length in walk.pieces])
    if not data_bytes:
        raise DamagedError("the PNG has no IDAT chunk, or an empty one: no pixels")
    if walk.needs_palette:
        raise DamagedError("the PNG has no palette (PLTE), but its pixels are palette indexes")
    if picture.damaged is not None:
        return
    at, length = walk.pieces[0]
    start = reader.read(at, 2) if length > 1 else b"\x78\x01"
    if start[0] & 0x0F != _DEFLATE or (start[0] << 8 | start[1]) % 31:
        raise DamagedError(
            f"the PNG's pixels begin with {start.hex(' ')}, which is not a zlib stream"
        )
    needed = _count_bytes(picture, walk)
    if data_bytes * _BEST_RATIO < needed:
        raise DamagedError(
            f"{data_bytes:,} bytes in IDAT cannot hold the {needed:,} bytes of the pixels"
        )
    if len(walk.pieces) > 1 and needed <= _MOST_INFLATED_BYTES:
        _inflate(reader, walk, needed)


def _count_bytes(picture: Picture, walk: _Walk) -> int:
    """Return the number of uncompressed bytes of the pixels: each row has one more."""
    width, height = picture.width or 0, picture.height or 0
    if not walk.is_interlaced:
        return height * (1 + (width * walk.row_bits + 7) // 8)
    total = 0
    for left, top, across, down in PASSES:
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * walk.row_bits + 7) // 8)
    return total


def _inflate(reader: Reader, walk: _Walk, needed: int) -> None:
    stream, done = zlib.decompressobj(), 0
    try:
        for at, length in walk.pieces:
            for offset in range(at, at + length, MOST_READ_BYTES):
                data = reader.read(offset, min(at + length - offset, MOST_READ_BYTES))
                done += len(stream.decompress(data, max(needed - done, 1)))
                if done >= needed:
                    return
    except zlib.error as error:
        raise DamagedError(f"the PNG's IDAT chunks do not inflate: {error}") from None
    raise DamagedError(
        f"the PNG's IDAT chunks inflate to {done:,} bytes, its pixels need {needed:,}"
    )
