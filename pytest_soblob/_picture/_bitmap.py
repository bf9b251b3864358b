"""BMP and ICO: headers that say where the data lies."""

from struct import Struct
from typing import Final

from pytest_soblob._picture._reading import Picture, Reader

# File size, two reserved, where the pixels begin, length of the second header.
_FILE_HEADER: Final = Struct("<2sIHHII")
_FILE_HEADER_BYTES: Final = 14
# As OS/2 1, OS/2 2, Windows and Photoshop have written it.
_HEADER_LENGTHS: Final = frozenset((12, 16, 40, 52, 56, 64, 108, 124))
_SMALLEST_HEADER: Final = 12
_OLD_HEADER: Final = Struct("<HHHH")
# Width, height, planes, bits, compression, bytes of pixels.
_NEW_HEADER: Final = Struct("<iiHHII")
_NEW_HEADER_END: Final = 18 + _NEW_HEADER.size
# None, and none with masks: the rows can be counted. The others say how long they are.
_UNCOMPRESSED: Final = (0, 3, 6)
_BITS: Final = (1, 2, 4, 8, 16, 24, 32, 64)

_ICO_START: Final = b"\0\0\1\0"
_ICO_ENTRY: Final = Struct("<BBBBHHII")
_ICO_HEADER_BYTES: Final = 6
_ICO_MOST_ENTRIES: Final = 1_024
_ICO_FULL_SIDE: Final = 256


def inspect_bmp(reader: Reader, head: bytes) -> Picture | None:
    """Count the bytes of the rows; where they are compressed, compare what the header says."""
    if len(head) < _FILE_HEADER.size:
        return None
    magic, file_bytes, _, _, pixels_at, header_bytes = _FILE_HEADER.unpack_from(head)
    # Two letters are too few to tell a picture from a text.
    if magic != b"BM" or header_bytes not in _HEADER_LENGTHS:
        return None
    end = _FILE_HEADER_BYTES + header_bytes
    if len(head) < end:
        return Picture("BMP", truncated=f"a BMP header has {end} bytes, there are {len(head)}")
    compression = pixel_bytes = 0
    if header_bytes == _SMALLEST_HEADER:
        width, height, _, bits = _OLD_HEADER.unpack_from(head, 18)
    elif len(head) < _NEW_HEADER_END:
        width, height, _, bits = Struct("<iiHH").unpack_from(head, 18)
    else:
        width, height, _, bits, compression, pixel_bytes = _NEW_HEADER.unpack_from(head, 18)
    width, height = abs(width), abs(height)  # A height below zero: the first row is the top one.
    truncated, size = None, reader.size
    if compression in _UNCOMPRESSED and bits in _BITS:
        row = (width * bits + 31) // 32 * 4
        needed = pixels_at + row * height
        if needed > size:
            truncated = (
                f"{height:,} rows of {row:,} bytes from byte {pixels_at:,} on need "
                f"{needed:,} bytes, there are {size:,}"
            )
    else:
        needed = pixels_at + pixel_bytes if pixel_bytes else file_bytes
        if needed > size:
            truncated = f"the BMP header says {needed:,} bytes, there are {size:,}"
    return Picture("BMP", None, width, height, truncated)


def inspect_ico(reader: Reader, head: bytes) -> Picture | None:
    """Look whether the pictures of an icon lie in the file; its first one gives the size."""
    if not head.startswith(_ICO_START) or len(head) < _ICO_HEADER_BYTES + _ICO_ENTRY.size:
        return None
    count = head[4] | head[5] << 8
    data_at = _ICO_HEADER_BYTES + count * _ICO_ENTRY.size
    width, height, _, reserved, _, _, length, offset = _ICO_ENTRY.unpack_from(head, 6)
    # The signature is short and could begin anything.
    if not 1 <= count <= _ICO_MOST_ENTRIES or reserved or offset < data_at or not length:
        return None
    size = reader.size
    end = 0
    if data_at <= size:
        entries = reader.read(_ICO_HEADER_BYTES, count * _ICO_ENTRY.size)
        end = max(entry[6] + entry[7] for entry in _ICO_ENTRY.iter_unpack(entries))
    needed = max(end, data_at)
    truncated = f"the ICO names {needed:,} bytes, there are {size:,}" if needed > size else None
    return Picture("ICO", None, width or _ICO_FULL_SIDE, height or _ICO_FULL_SIDE, truncated)
