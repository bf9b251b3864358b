"""BMP and ICO: headers that give the position of the data."""

from struct import Struct
from typing import Final

from pytest_soblob.images.inspection._corruption import find_in_pixels
from pytest_soblob.images.inspection._reading import (
    MOST_READ_BYTES,
    CutOffError,
    DamagedError,
    Picture,
    Reader,
)

# Signature, file size, two reserved, offset of the pixels, length of the second header.
_FILE_HEADER: Final = Struct("<2sIHHII")
_FILE_HEADER_BYTES: Final = 14
_SMALLEST_HEADER: Final = 12
_OLD_HEADER: Final = Struct("<HHHH")
# Width, height, planes, bits, compression, bytes of pixels, two of resolution, colours.
_NEW_HEADER: Final = Struct("<iiHHIIiiI")
_SHORT_HEADER: Final = Struct("<iiHH")
_NEW_HEADER_END: Final = 18 + _NEW_HEADER.size
_MASKS: Final = Struct("<III")
_MASKS_AT: Final = 54
_BITS: Final = (1, 2, 4, 8, 16, 24, 32, 64)
_PALETTE_BITS: Final = 8
# Bits per pixel allowed for each compression. In OS/2, 3 is Huffman and 4 is run lengths of RGB;
# Windows uses these for masks and JPEG, with other numbers of bits.
_ALLOWED: Final = {
    0: _BITS,
    1: (8,),
    2: (4,),
    3: (1, 16, 32),
    4: (0, 24, 32),
    5: (0, 24, 32),
    6: (16, 32),
    11: (24, 32),
    12: (8,),
    13: (4,),
}
_MASKED: Final = (3, 6)
_HUFFMAN_BITS: Final = 1
# Compressions whose rows have a fixed length; the others give the length themselves.
_PLAIN: Final = (0, 3, 6, 11)

# 96 dots per inch, C4 0E per metre, after each byte that is not ASCII was replaced by '?'.
_ASCII_RESOLUTION: Final = b"?\x0e\0\0?\x0e\0\0"

_ICO_ENTRY: Final = Struct("<BBBBHHII")
_ICO_HEADER_BYTES: Final = 6
_ICO_FULL_SIDE: Final = 256


def walk_bmp(reader: Reader, head: bytes, picture: Picture) -> None:
    """Count the bytes of the rows; if they are compressed, compare the sizes in the headers.

    Source: Windows' BITMAPINFOHEADER and its successors, OS/2's BITMAPINFOHEADER2. The file size in
    the first header is not used otherwise: decoders ignore it, and encoders write zero.
    """
    _, file_bytes, _, _, pixels_at, header_bytes = _FILE_HEADER.unpack_from(head)
    end = _FILE_HEADER_BYTES + header_bytes
    if len(head) < end:
        raise CutOffError(f"a BMP header has {end} bytes, there are {len(head)}")
    compression = pixel_bytes = colours = 0
    if header_bytes == _SMALLEST_HEADER:
        width, height, _, bits = _OLD_HEADER.unpack_from(head, 18)
    elif end < _NEW_HEADER_END:
        width, height, _, bits = _SHORT_HEADER.unpack_from(head, 18)
    else:
        width, height, _, bits, compression, pixel_bytes, _, _, colours = _NEW_HEADER.unpack_from(
            head, 18
        )
    # A negative height: the first row is the top one.
    picture.width, picture.height = width, abs(height)
    if width <= 0 or not height:
        raise DamagedError(f"the BMP has {width:,} x {height:,} pixels")
    if bits not in _ALLOWED.get(compression, ()):
        raise DamagedError(f"the BMP has {bits} bits per pixel and compression {compression}")
    if pixels_at < end:
        raise DamagedError(
            f"the BMP's pixels begin at byte {pixels_at:,}, its header ends at byte {end:,}"
        )
    if bits <= _PALETTE_BITS and colours > 1 << bits:
        raise DamagedError(f"the BMP has {colours:,} colours for {bits} bits per pixel")
    is_huffman = compression == 3 and bits == _HUFFMAN_BITS
    if compression in _MASKED and not is_huffman:
        _check_masks(head, bits)
    size = reader.size
    if compression not in _PLAIN or is_huffman:
        needed = pixels_at + pixel_bytes if pixel_bytes else file_bytes
        if needed > size:
            raise CutOffError(f"the BMP header requires {needed:,} bytes, there are {size:,}")
        return
    row = (width * bits + 31) // 32 * 4
    needed = pixels_at + row * picture.height
    if needed > size:
        raise CutOffError(
            f"{picture.height:,} rows of {row:,} bytes from byte {pixels_at:,} on need "
            f"{needed:,} bytes, there are {size:,}"
        )
    sample = reader.read(0, MOST_READ_BYTES)
    corruption = find_in_pixels(sample, size - needed, is_ascii=head[38:46] == _ASCII_RESOLUTION)
    if corruption is not None:
        raise DamagedError(corruption)


def _check_masks(head: bytes, bits: int) -> None:
    """Check that each mask is one run of bits and shares none with another."""
    if len(head) < _MASKS_AT + _MASKS.size:
        raise CutOffError(f"a BMP of this kind has masks to byte 66, there are {len(head)} bytes")
    masks = _MASKS.unpack_from(head, _MASKS_AT)
    taken = 0
    for mask in masks:
        lowest = mask & -mask
        if not mask or mask & taken or mask & (mask + lowest) or mask >> bits:
            words = ", ".join(f"{mask:08X}" for mask in masks)
            raise DamagedError(f"the BMP's masks of red, green and blue are {words}")
        taken |= mask


def walk_ico(reader: Reader, head: bytes, picture: Picture) -> None:
    """Check that the pictures of an icon are within the file; the first one gives the size."""
    count = head[4] | head[5] << 8
    data_at = _ICO_HEADER_BYTES + count * _ICO_ENTRY.size
    width, height = head[6:8]
    picture.width, picture.height = width or _ICO_FULL_SIDE, height or _ICO_FULL_SIDE
    size = reader.size
    end = 0
    if data_at <= size:
        entries = reader.read(_ICO_HEADER_BYTES, count * _ICO_ENTRY.size)
        end = max(entry[6] + entry[7] for entry in _ICO_ENTRY.iter_unpack(entries))
    needed = max(end, data_at)
    if needed > size:
        raise CutOffError(f"the ICO requires {needed:,} bytes, there are {size:,}")
