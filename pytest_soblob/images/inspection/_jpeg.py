"""JPEG: segments with a length, each scan header followed by data in which FF is never alone."""

import re
from struct import Struct
from typing import Final

from pytest_soblob.images.inspection._corruption import find_in_compressed
from pytest_soblob.images.inspection._exif import find_exif_orientation
from pytest_soblob.images.inspection._reading import (
    HEAD_BYTES,
    MOST_BLOCKS,
    MOST_READ_BYTES,
    CutOffError,
    DamagedError,
    Picture,
    Reader,
    Window,
)

_END_OF_IMAGE: Final = b"\xff\xd9"
_FRAME: Final = Struct(">BHHB")
_CMYK_COMPONENTS: Final = 4
_MOST_COMPONENTS: Final = 4
_EXIF_NAME: Final = b"Exif\0\0"
_NO_END: Final = "no end-of-image marker (FF D9)"

_FIRST, _FILL, _SOI, _EOI, _SOS, _APP1 = 0xC0, 0xFF, 0xD8, 0xD9, 0xDA, 0xE1
_DHT, _DQT, _DRI = 0xC4, 0xDB, 0xDD
# C4, C8 and CC are in the range, but are tables and a reserved marker.
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Huffman-coded, sequential or progressive: nearly every file.
_HUFFMAN: Final = frozenset({0xC0, 0xC1, 0xC2})
_PROGRESSIVE: Final = 0xC2
_PRECISIONS: Final = (8, 12)
# Markers without a segment: TEM, RST0 to RST7.
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
# In a scan FF is followed by 00 or is a restart marker; another byte makes it a marker.
_MARKER: Final = re.compile(rb"\xff[^\0\xd0-\xd7\xff]")
_QUANTIZATION_BYTES: Final = (64, 128)
_MOST_CODES: Final = 256
_CODE_LENGTHS: Final = 16
_MOST_COEFFICIENT: Final = 63


class _Walk:
    """What the segments read so far contain."""

    __slots__ = ("coded", "codes", "components", "frame", "quantization", "scans")

    def __init__(self) -> None:
        self.frame = 0  # marker of the frame header; 0 if there was none yet
        self.components: dict[int, int] = {}  # quantization table by component
        self.quantization: set[int] = set()
        self.codes: set[int] = set()  # Huffman tables; AC tables are numbered from 16
        self.coded: set[int] = set()  # components that have had a scan
        self.scans = 0


def walk_jpeg(reader: Reader, head: bytes, picture: Picture) -> None:
    """Walk the segments to the last scan, then search for the end marker from the end.

    Source: ITU-T T.81, annex B. Invalid compressed data, which libjpeg accepts, is not detected:
    that would require decoding.
    """
    size, at = reader.size, 2
    window, walk = Window(reader, head, HEAD_BYTES), _Walk()
    for _ in range(MOST_BLOCKS):
        start = window.take(at, 20)
        if len(start) < 4:
            if _END_OF_IMAGE not in start:
                raise CutOffError(_NO_END)
            break
        marker = start[1]
        if start[0] != _FILL or marker in (0, 0xC8) or (marker < _FIRST and marker not in _ALONE):
            _require_end(reader, at)
            raise DamagedError(
                f"the bytes {start[:2].hex(' ').upper()} at byte {at:,} are not a JPEG marker, "
                "which is expected there"
            )
        if marker == _EOI:
            break
        if marker == _SOI:
            raise DamagedError(f"at byte {at:,} a second JPEG begins inside the first (FF D8)")
        if marker == _FILL or marker in _ALONE:
            at += 1 if marker == _FILL else 2
            continue
        length = start[2] << 8 | start[3]
        end = at + 2 + length
        if end > size:
            raise CutOffError(
                f"the JPEG segment FF {marker:02X} at byte {at:,} needs {length + 2:,} bytes, "
                f"{size - at:,} are left"
            )
        if marker == _APP1 and picture.orientation is None and start[4:10] == _EXIF_NAME:
            picture.orientation = find_exif_orientation(reader, at + 10, length - 8)
        _read_segment(marker, length, start, window, at, picture, walk)
        if marker == _SOS:
            found = _find_end_of_scan(reader, end, walk)
            if found is None:
                return
            end = found
        at = end
    else:
        return  # Too many segments to walk.
    if not walk.scans:
        raise DamagedError("the JPEG ends before any scan (SOS): no pixels")


def _read_segment(
    marker: int, length: int, start: bytes, window: Window, at: int, picture: Picture, walk: _Walk
) -> None:
    """Check what decoders need: frame, tables, scan."""
    if length < 2:
        raise _wrong(marker, at, f"has a length of {length}, less than its two length bytes")
    if marker in _FRAMES:
        _read_frame(marker, length, window.take(at + 4, length - 2), at, picture, walk)
    elif marker == _DQT:
        _read_quantization(window.take(at + 4, length - 2), at, walk)
    elif marker == _DHT:
        _read_codes(window.take(at + 4, length - 2), at, walk)
    elif marker == _DRI and length != 4:
        raise _wrong(marker, at, f"has {length} bytes, not 4")
    elif marker == _SOS:
        _read_scan(length, start, at, walk)


def _wrong(marker: int, at: int, what: str) -> DamagedError:
    return DamagedError(f"the JPEG segment FF {marker:02X} at byte {at:,} {what}")


def _read_frame(
    marker: int, length: int, data: bytes, at: int, picture: Picture, walk: _Walk
) -> None:
    if len(data) < _FRAME.size:
        raise _wrong(marker, at, "is too short for a frame header")
    precision, height, width, count = _FRAME.unpack_from(data)
    picture.width, picture.height = width, height
    picture.cmyk = count == _CMYK_COMPONENTS
    if walk.frame:
        raise _wrong(marker, at, "is a second frame header")
    walk.frame = marker
    if not width or not height:
        # A height of zero: a later segment gives it, which hardly any decoder supports.
        picture.height = height or None
        raise _wrong(marker, at, f"has {width:,} x {height:,} pixels")
    if marker not in _HUFFMAN:
        return
    if not 1 <= count <= _MOST_COMPONENTS or length != 8 + 3 * count:
        raise _wrong(marker, at, f"has {length} bytes for {count} components")
    if precision not in _PRECISIONS:
        raise _wrong(marker, at, f"has {precision} bits per sample, not 8 or 12")
    for name, sampling, table in zip(data[6::3], data[7::3], data[8::3], strict=True):
        if name in walk.components or not {sampling >> 4, sampling & 15} <= {1, 2, 3, 4}:
            raise _wrong(marker, at, f"has the component {name} twice or with invalid sampling")
        walk.components[name] = table


def _read_quantization(data: bytes, at: int, walk: _Walk) -> None:
    index = 0
    while index < len(data):
        wide, number = divmod(data[index], 16)
        if wide > 1 or number > 3:
            raise _wrong(_DQT, at, f"names quantization table {number}, kind {wide}")
        walk.quantization.add(number)
        index += 1 + _QUANTIZATION_BYTES[wide]
    if index != len(data):
        raise _wrong(_DQT, at, f"has {len(data):,} bytes, its tables {index:,}")


def _read_codes(data: bytes, at: int, walk: _Walk) -> None:
    index = 0
    while index + _CODE_LENGTHS < len(data):
        kind, number = divmod(data[index], 16)
        counts = data[index + 1 : index + 1 + _CODE_LENGTHS]
        room = 0.0
        for length, count in enumerate(counts, 1):
            room += count / (1 << length)
        if kind > 1 or number > 3 or room > 1 or sum(counts) > _MOST_CODES:
            raise _wrong(_DHT, at, "is not a valid Huffman table")
        walk.codes.add(data[index])
        index += 1 + _CODE_LENGTHS + sum(counts)
    if index != len(data):
        raise _wrong(_DHT, at, f"has {len(data):,} bytes, its tables {index:,}")


def _read_scan(length: int, start: bytes, at: int, walk: _Walk) -> None:
    if not walk.frame:
        raise _wrong(_SOS, at, "begins a scan without a frame header (SOF) before it")
    walk.scans += 1
    if walk.frame not in _HUFFMAN:
        return
    count = start[4] if len(start) > 4 else 0
    if not 1 <= count <= _MOST_COMPONENTS or length != 6 + 2 * count:
        raise _wrong(_SOS, at, f"has {length} bytes for {count} components")
    for name in start[5 : 5 + 2 * count : 2]:
        if name not in walk.components:
            raise _wrong(_SOS, at, f"names component {name}, which the frame does not have")
        if walk.components[name] not in walk.quantization:
            raise _wrong(
                _SOS, at, f"needs the undefined quantization table {walk.components[name]}"
            )
        if name in walk.coded and walk.frame != _PROGRESSIVE:
            raise _wrong(_SOS, at, f"is a second scan of component {name}")
        walk.coded.add(name)
    first, last, bits = start[5 + 2 * count : 8 + 2 * count]
    is_progressive = walk.frame == _PROGRESSIVE
    if is_progressive and not (first <= last <= _MOST_COEFFICIENT and (first or not last)):
        raise _wrong(_SOS, at, f"has the coefficients {first} to {last}")
    for tables in start[6 : 6 + 2 * count : 2]:
        needed = set()
        if not is_progressive or (not first and not bits >> 4):
            needed.add(tables >> 4)
        if not is_progressive or first:
            needed.add(16 + (tables & 15))
        # Without any table, as in a frame of Motion JPEG, decoders use the standard ones.
        if walk.codes and needed - walk.codes:
            raise _wrong(_SOS, at, "needs a Huffman table that is not defined before it")


def _find_end_of_scan(reader: Reader, start: int, walk: _Walk) -> int | None:
    """Return where the next segment is; None if this was the last scan and the end marker exists.

    Only a picture with several scans is searched completely: otherwise the marker is near the end.
    """
    data = reader.read(start, MOST_READ_BYTES)
    found = _MARKER.search(data)
    if walk.scans == 1:
        corruption = find_in_compressed(data[: found.start()] if found else data)
        if corruption is not None:
            raise DamagedError(f"of the scan at byte {start:,}, {corruption}")
    at = start
    is_last = walk.frame != _PROGRESSIVE and walk.frame in _HUFFMAN
    while found is None:
        at += max(len(data) - 1, 1)  # One byte overlaps: the marker may cross two windows.
        if is_last or at >= reader.size:
            _require_end(reader, min(at, reader.size))
            return None
        data = reader.read(at, MOST_READ_BYTES)
        found = _MARKER.search(data)
    return at + found.start()


def _require_end(reader: Reader, start: int) -> None:
    """Search for an end-of-image marker from an offset on.

    Not before it, since a thumbnail has its own end marker. Other data may follow the end; if it is
    long, the file is searched from the scan on.

    Raises:
        CutOffError: There is no such marker.
    """
    size = reader.size
    for count in (HEAD_BYTES, MOST_READ_BYTES):
        tail = max(start, size - count)
        if _END_OF_IMAGE in reader.read(tail, count):
            return
    # One byte overlaps, since the marker may cross two windows.
    for at in range(start, tail, MOST_READ_BYTES - 1):
        if _END_OF_IMAGE in reader.read(at, MOST_READ_BYTES):
            return
    raise CutOffError(_NO_END)
