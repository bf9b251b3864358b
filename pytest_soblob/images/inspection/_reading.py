"""Readers, the `Picture` that an inspection returns, and the limits of reading."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

# Holds the tables of a typical JPEG, so that a small picture takes one or two reads.
HEAD_BYTES: Final = 1_024
MOST_READ_BYTES: Final = 65_536
# Chunks, segments or frames after which a walk ends; the rest is not judged.
MOST_BLOCKS: Final = 10_000


class CutOffError(Exception):
    """Bytes are missing; the text is one clause that says how that is known."""


class DamagedError(Exception):
    """Bytes are contradictory, or an essential part is missing; the text is one clause."""


class Reader(Protocol):
    """Bytes with random access."""

    @property
    def size(self) -> int:
        """The number of bytes."""

    def read(self, offset: int, count: int) -> bytes:
        """Return that many bytes from an offset on; fewer only at the end."""

    def iter_pieces(self, offset: int, count: int) -> Iterator[bytes]:
        """Yield the same bytes in pieces of any size, which are not kept."""


class BytesReader:
    """A `Reader` of bytes in memory."""

    __slots__ = ("_data", "size")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read(self, offset: int, count: int) -> bytes:
        """Return that many bytes from an offset on; fewer only at the end."""
        return self._data[offset : offset + count]

    def iter_pieces(self, offset: int, count: int) -> Iterator[bytes]:
        """Yield the same bytes in one piece."""
        yield memoryview(self._data)[offset : offset + count]  # type: ignore[misc] # as good as bytes


class Part:
    """A `Reader` of a part of another one, such as the EXIF block of a picture."""

    __slots__ = ("_reader", "_start", "size")

    def __init__(self, reader: Reader, start: int, size: int) -> None:
        self._reader = reader
        self._start = start
        self.size = size

    def read(self, offset: int, count: int) -> bytes:
        """Return that many bytes from an offset on; fewer only at the end of the part."""
        count = min(count, self.size - offset)
        return self._reader.read(self._start + offset, count) if count > 0 else b""

    def iter_pieces(self, offset: int, count: int) -> Iterator[bytes]:
        """Yield the same bytes in pieces of any size."""
        return self._reader.iter_pieces(self._start + offset, min(count, self.size - offset))


class Window:
    """Reads small pieces of a reader, some bytes ahead.

    Attributes:
        data: The bytes held at present.
    """

    __slots__ = ("_ahead", "_reader", "_start", "data")

    def __init__(self, reader: Reader, head: bytes, ahead: int) -> None:
        self._reader = reader
        self._ahead = ahead
        self._start = 0
        self.data = head

    def take(self, offset: int, count: int) -> bytes:
        """Return `count` bytes, fewer only at the end."""
        index = offset - self._start
        end = index + count
        if index < 0 or end > len(self.data):
            if offset >= self._reader.size:
                return b""
            if count > self._ahead:
                return self._reader.read(offset, count)
            self.data = self._reader.read(offset, self._ahead)
            self._start = offset
            return self.data[:count]
        return self.data[index:end]

    def find(self, offset: int) -> int | None:
        """Return the index in `data` of that byte of the file, or None if the file ends before."""
        if not self.take(offset, 1):
            return None
        return offset - self._start


@dataclass(slots=True)  # not frozen: that would add a microsecond to a verdict
class Picture:
    """What is known of a file that should be a picture.

    Attributes:
        format: PNG, JPEG, GIF, BMP, WEBP, TIFF or ICO; HEIC, AVIF, JPEG 2000, JPEG XL, PSD, EMF
            and WMF are recognised but not inspected. None if it is not recognised as a picture.
        disguise: What else it looks like, with its article: "a PDF". None if that is not known.
        width: Width in pixels according to the file, or None if it cannot be read.
        height: Height in pixels according to the file, or None if it cannot be read.
        truncated: How it is known that bytes are missing, one clause; None if none are known to be.
        damaged: What is missing or contradictory although the file may have its full length, one
            clause; None if nothing is known to be.
        frames: 2 for an animation of any length; 1 otherwise, also for several pages of a TIFF. The
            default image of an animated PNG counts as a frame even if it is not part of it.
        cmyk: Whether it has four inks; JPEG and TIFF only.
        orientation: EXIF orientation, 2 to 8; None if it is upright or not given.
    """

    format: str | None = None
    disguise: str | None = None
    width: int | None = None
    height: int | None = None
    truncated: str | None = None
    frames: int = 1
    cmyk: bool = False
    orientation: int | None = None
    damaged: str | None = None
