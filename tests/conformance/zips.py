"""ZIP files and gzip streams of any size, in forms that `zipfile` and `gzip` do not write."""

import gzip
import struct
import zlib
from collections.abc import Sequence
from typing import Final, NamedTuple

STORED: Final = 0
DEFLATED: Final = 8
BZIP2: Final = 12
LZMA: Final = 14
MEGABYTE: Final = 1_000_000


class Packed(NamedTuple):
    """An entry as it stands in the file, with what it claims to be."""

    name: str
    data: bytes
    size: int
    method: int = DEFLATED
    crc: int = 0


def spaces(name: str, megabytes: int) -> Packed:
    """An entry of blanks. One packed block is repeated, so a gigabyte takes no time to make."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(b" " * MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    right = zlib.crc32(b" " * (megabytes * MEGABYTE)) if megabytes < 50 else 0  # read to its end
    data = block * megabytes + b"\x03\x00"
    return Packed(name, data, megabytes * MEGABYTE, DEFLATED, right)


def plain(name: str, data: bytes) -> Packed:
    return Packed(name, data, len(data), STORED, zlib.crc32(data))


def zip_of(entries: Sequence[Packed]) -> bytes:
    """A ZIP of these entries."""
    local, directory = locals_of(entries)
    return local + directory + end_of(len(entries), len(directory), len(local))


def locals_of(entries: Sequence[Packed], first: int = 0) -> tuple[bytes, bytes]:
    """The entries with their local headers, and their directory."""
    local, directory = bytearray(), bytearray()
    for name, data, size, method, crc in entries:
        both = struct.pack("<HHHIIIHH", method, 0, 33, crc, len(data), size, len(name), 0)
        place = struct.pack("<HHHII", 0, 0, 0, 0, first + len(local))
        directory += b"PK\x01\x02" + struct.pack("<HHH", 20, 20, 0) + both + place + name.encode()
        local += b"PK\x03\x04" + struct.pack("<HH", 20, 0) + both + name.encode() + data
    return bytes(local), bytes(directory)


def end_of(count: int, size: int, at: int) -> bytes:
    """The end of a ZIP: number of entries, size and place of the directory."""
    count = min(count, 0xFFFF)
    return b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, size, at, 0)


def zip64_end_of(count: int, size: int, at: int, place: int) -> bytes:
    """The end of a ZIP64, with its locator, before an end that refers to it."""
    numbers = struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, size, at)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, place, 1)
    return b"PK\x06\x06" + numbers + locator + end_of(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)


def gzip_of(megabytes: int, last: bytes = b"") -> bytes:
    """A gzip of blanks, in members of a megabyte each."""
    return gzip.compress(b" " * MEGABYTE, mtime=0) * megabytes + gzip.compress(last, mtime=0)
