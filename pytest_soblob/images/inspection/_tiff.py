"""TIFF and BigTIFF: directories that give the position of the strips or tiles of each page."""

from operator import add
from typing import Final

from pytest_soblob.images.inspection._corruption import find_in_compressed, find_in_pixels
from pytest_soblob.images.inspection._decoding import MOST_DECODED_PIXELS, decode_tiff
from pytest_soblob.images.inspection._reading import (
    MOST_READ_BYTES,
    CutOffError,
    DamagedError,
    Picture,
    Reader,
)
from pytest_soblob.images.inspection._tags import (
    BITS,
    COLOURS,
    COMPRESSION,
    EXTRA_SAMPLES,
    HEIGHT,
    ORIENTATION,
    PHOTOMETRIC,
    PLANES,
    ROWS_PER_STRIP,
    SAMPLES,
    TILE_HEIGHT,
    TILE_WIDTH,
    WIDTH,
    Directory,
    read_directory,
)

_SEPARATED, _PALETTE, _YCBCR = 5, 3, 6
_PALETTE_BITS: Final = 16
_PHOTOMETRICS: Final = frozenset((*range(7), 8, 9, 10, 32803, 32844, 32845, 34892))
# The tags of offsets and byte counts, and the name of a piece.
_PIECES: Final = ((273, 279, "strip"), (324, 325, "tile"))
# The last pieces are checked, since a file is cut off at its end.
_MOST_PIECES: Final = 4_096
_NONE: Final = 1
# CCITT, LZW, JPEG, deflate (two numbers), PackBits, LZMA, Zstandard, WebP: what libtiff decodes.
_DECODED: Final = frozenset((2, 3, 4, 5, 7, 8, 32946, 32773, 34925, 50000, 50001))
# TIFF 6.0, its supplements, and libtiff's list: NeXT, ThunderScan, JBIG and so on.
_COMPRESSIONS: Final = _DECODED | {
    *(_NONE, 6, 9, 10, 32766, 32771, 32809, 32895, 32896, 32897, 32898, 32908, 32909, 32947),
    *(33003, 33004, 33005, 34661, 34676, 34677, 34712, 34713, 34715, 34718, 34719, 34720, 34887),
    *(34892, 34926, 34927, 34933, 34934, 50002, 52546),
}
_MOST_PAGES: Final = 100
_MOST_COPIED_BYTES: Final = 16_000_000
_MOST_SAMPLES: Final = 64
_BITS: Final = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 24, 32, 64)
# Samples needed by colour space; one for a colour space not listed.
_COLOUR_SAMPLES: Final = {2: 3, 5: 1, 6: 3, 8: 1, 9: 1, 10: 1}
# Allowed values of fill order, planes, predictor, kind of samples and extra samples.
_CHOICES: Final = {266: (1, 2), PLANES: (1, 2), 317: (1, 2, 3), 339: range(1, 7), 338: range(3)}
_SINGLE: Final = frozenset(
    (WIDTH, HEIGHT, COMPRESSION, PHOTOMETRIC, 266, SAMPLES, ROWS_PER_STRIP)
) | {PLANES}


class _Geometry:
    """The number of pieces required, and the bytes of each without compression."""

    def __init__(self, directory: Directory, reader: Reader, width: int, height: int) -> None:
        first = directory.first
        samples = first(SAMPLES) or 1
        bits = directory.numbers(BITS, reader, _MOST_SAMPLES)
        if bits is None:
            raise CutOffError(f"the value of the TIFF's tag {BITS} extends past the end")
        if BITS in directory.fields and directory.fields[BITS].length > _MOST_SAMPLES:
            length = directory.fields[BITS].length
            raise DamagedError(f"the TIFF's tag {BITS} has {length:,} values for {samples} samples")
        bits = bits or (1,)
        colours = _COLOUR_SAMPLES.get(first(PHOTOMETRIC) or 0, 1)
        bits = bits[: max(samples, 1)]
        extra = len(directory.numbers(EXTRA_SAMPLES, reader, _MOST_SAMPLES) or ())
        is_possible = colours <= samples <= _MOST_SAMPLES and extra <= samples - colours
        # libtiff accepts no others.
        is_possible &= len(set(bits)) == 1 and bits[0] in _BITS and len(bits) in (1, samples)
        if not is_possible:
            raise DamagedError(
                f"the TIFF has {samples:,} samples per pixel, {extra:,} beside its colour, of "
                f"{', '.join(map(str, bits[:4]))} bits, which is not a valid combination"
            )
        for tag, allowed in _CHOICES.items():
            number = first(tag)
            if number is not None and number not in allowed:
                raise DamagedError(f"the TIFF's tag {tag} has the invalid value {number}")
        is_planar = first(PLANES) == 2
        pixel = bits[0] if is_planar else (sum(bits) if len(bits) == samples else bits[0] * samples)
        layers = samples if is_planar else 1
        self.is_tiled = 324 in directory.fields and 273 not in directory.fields
        if self.is_tiled:
            across, down = first(TILE_WIDTH) or 0, first(TILE_HEIGHT) or 0
            if not across or not down:
                raise DamagedError(f"the TIFF's tiles have {across:,} x {down:,} pixels")
            self.pieces = -(-width // across) * -(-height // down) * layers
        else:
            across, down = width, min(first(ROWS_PER_STRIP) or height, height)
            self.pieces = -(-height // down) * layers
        self.row = (across * pixel + 7) // 8
        self.rows = down
        self.last_rows = down if self.is_tiled else height - (-(-height // down) - 1) * down


class _Budget:
    """What may still be decoded, of all pages together."""

    def __init__(self, size: int) -> None:
        self._pixels = MOST_DECODED_PIXELS
        self._read_bytes = 2 * size  # each byte about once, whatever the directories contain
        self._copied_bytes = _MOST_COPIED_BYTES

    def take(self, size: int, pixels: int, pieces: list[tuple[int, int]]) -> bool:
        """Whether a page with so many pixels and these pieces may be decoded; deducts them."""
        self._pixels -= pixels
        self._read_bytes -= sum(min(length, size) for _, length in pieces)
        self._copied_bytes -= size
        return min(self._pixels, self._read_bytes, self._copied_bytes) >= 0


def walk_tiff(reader: Reader, head: bytes, picture: Picture) -> None:
    """Check that the pieces of each page are within the file, then decode them.

    Source: TIFF 6.0, sections 2 to 8 and 15.
    """
    directory = read_directory(reader, head)
    if directory is None:  # not reached: `find_format` has checked the same four bytes
        return
    picture.width, picture.height = directory.first(WIDTH), directory.first(HEIGHT)
    picture.cmyk = directory.first(PHOTOMETRIC) == _SEPARATED
    orientation = directory.first(ORIENTATION)
    picture.orientation = orientation if orientation and 2 <= orientation <= 8 else None
    budget, seen = _Budget(reader.size), {directory.at}
    _check_page(reader, directory, budget)
    while directory.next_at and directory.next_at not in seen and len(seen) < _MOST_PAGES:
        seen.add(directory.next_at)
        following = read_directory(reader, head, directory.next_at)
        if following is None:
            return
        directory = following
        _check_page(reader, directory, budget)


def _check_page(reader: Reader, directory: Directory, budget: _Budget) -> None:
    if directory.truncated is not None and directory.is_ordered:
        raise CutOffError(directory.truncated)
    try:
        _check_tags(reader, directory, budget)
    except DamagedError:
        # A directory may claim more entries than it has, and still have all that are needed.
        if directory.truncated is not None:
            raise CutOffError(directory.truncated) from None
        raise


def _check_tags(reader: Reader, directory: Directory, budget: _Budget) -> None:
    for tag in _SINGLE & directory.fields.keys():
        length = directory.fields[tag].length
        if length != 1:
            raise DamagedError(f"the TIFF's tag {tag} has {length:,} values, it must have one")
    width, height = directory.first(WIDTH), directory.first(HEIGHT)
    if not width or not height:
        raise DamagedError(
            f"the TIFF's directory at byte {directory.at:,} has no width or no height"
        )
    compression = directory.first(COMPRESSION)
    compression = _NONE if compression is None else compression
    if compression not in _COMPRESSIONS:
        raise DamagedError(f"the TIFF has the unknown compression {compression}")
    photometric = directory.first(PHOTOMETRIC)
    if photometric is not None and photometric not in _PHOTOMETRICS:
        raise DamagedError(f"the TIFF has the unknown colour space {photometric}")
    if directory.wrong is not None:
        raise (
            CutOffError(directory.wrong)
            if "past" in directory.wrong
            else DamagedError(directory.wrong)
        )
    _check_palette(directory, reader, photometric)
    geometry = _Geometry(directory, reader, width, height)
    if compression == _NONE and photometric != _YCBCR:
        _check_rows(reader, directory, geometry)
        return
    pieces = _find_pieces(reader, directory, geometry)
    is_decodable = compression in _DECODED and len(pieces) == geometry.pieces
    if is_decodable and budget.take(reader.size, width * height, pieces):
        _decode(reader, directory, pieces)
    else:
        _check_counts(reader, pieces)


def _check_palette(directory: Directory, reader: Reader, photometric: int | None) -> None:
    if COLOURS in directory.fields:
        bits, length = directory.numbers(BITS, reader, 1) or (1,), directory.fields[COLOURS].length
        needed = 3 << min(bits[0], _PALETTE_BITS)
        if photometric == _PALETTE and length != needed:
            raise DamagedError(f"the TIFF's palette has {length:,} numbers, not {needed:,}")
        if directory.end_of_value(COLOURS) > reader.size:
            raise CutOffError(f"the value of the TIFF's tag {COLOURS} extends past the end")
    elif photometric == _PALETTE:
        raise DamagedError("the TIFF has no palette, but its pixels are palette indexes")


def _find_pieces(
    reader: Reader, directory: Directory, geometry: _Geometry
) -> list[tuple[int, int]]:
    """Return offset and length of the last pieces; a length of 0 means that it is not given.

    Raises:
        CutOffError: The list of pieces, or one of them, is past the end of the file.
        DamagedError: There are too few of them.
    """
    offsets_tag, counts_tag, name = _PIECES[geometry.is_tiled]
    starts = directory.numbers(offsets_tag, reader, _MOST_PIECES)
    counts = directory.numbers(counts_tag, reader, _MOST_PIECES)
    if starts is None:
        raise CutOffError(f"the list of the TIFF's {name}s extends past the end")
    if not starts:
        raise DamagedError("the TIFF has neither strips nor tiles: no pixels")
    number = directory.fields[offsets_tag].length
    if number < geometry.pieces:
        raise DamagedError(f"the TIFF needs {geometry.pieces:,} {name}s and has {number:,}")
    lengths = counts if counts and len(counts) == len(starts) else (0,) * len(starts)
    pieces = list(zip(starts, lengths, strict=True))
    _check_counts(reader, [(start, 1) for start in starts])
    return pieces


def _check_counts(reader: Reader, pieces: list[tuple[int, int]]) -> None:
    size, end = reader.size, max(start + length for start, length in pieces)
    if end > size:
        raise CutOffError(f"a piece of the TIFF's data ends at byte {end:,}, there are {size:,}")


def _check_rows(reader: Reader, directory: Directory, geometry: _Geometry) -> None:
    """Count the bytes of uncompressed rows; like decoders, ignore the byte counts in the file."""
    starts = [start for start, _ in _find_pieces(reader, directory, geometry)]
    lengths = [geometry.row * geometry.rows] * len(starts)
    lengths[-1] = geometry.row * geometry.last_rows
    _check_counts(reader, list(zip(starts, lengths, strict=True)))
    is_behind = directory.at < min(starts)  # else the directory follows the rows, with other data
    excess = reader.size - max(map(add, starts, lengths)) if is_behind else 0
    corruption = find_in_pixels(reader.read(0, MOST_READ_BYTES), excess)
    if corruption is not None:
        raise DamagedError(corruption)


def _decode(reader: Reader, directory: Directory, pieces: list[tuple[int, int]]) -> None:
    start, length = pieces[0]
    corruption = find_in_compressed(reader.read(start, min(length, MOST_READ_BYTES)))
    if corruption is not None:
        raise DamagedError(corruption)
    what = decode_tiff(_with_directory(reader, directory), directory.first(COMPRESSION) or 0)
    if what is not None:
        _check_counts(reader, pieces)
        raise DamagedError(f"the TIFF's pixels cannot be decoded: {what}")


def _with_directory(reader: Reader, directory: Directory) -> bytes:
    """Return the file with one directory of the wanted tags only at its end."""
    layout, size = directory.layout, reader.size
    parts = [
        reader.read(at, min(MOST_READ_BYTES, size - at)) for at in range(0, size, MOST_READ_BYTES)
    ]
    end = size + size % 2
    begin = layout.header_at
    data = b"".join(parts).ljust(end, b"\0")
    return (
        data[:begin]
        + layout.offset.pack(end)
        + data[begin + layout.offset.size :]
        + directory.to_bytes()
    )
