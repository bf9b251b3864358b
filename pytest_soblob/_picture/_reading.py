"""What is read from, what is found, and how much is read at the most."""

from dataclasses import dataclass
from typing import Final, Protocol

# Holds the tables of a usual JPEG, so that a small picture takes one or two reads.
HEAD_BYTES: Final = 1_024
MOST_READ_BYTES: Final = 65_536
# Chunks, segments, frames. After so many the walk ends, and nothing is said about the rest.
MOST_BLOCKS: Final = 10_000


class Reader(Protocol):
    """Bytes that can be read anywhere."""

    @property
    def size(self) -> int:
        """How many bytes there are."""

    def read(self, offset: int, count: int) -> bytes:
        """Return that many bytes from there; fewer only at the end."""


class BytesReader:
    """A `Reader` of bytes at hand."""

    __slots__ = ("_data", "size")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read(self, offset: int, count: int) -> bytes:
        """Return that many bytes from there; fewer only at the end."""
        return self._data[offset : offset + count]


class Part:
    """A `Reader` of a part of another: of a picture's EXIF block, say."""

    __slots__ = ("_reader", "_start", "size")

    def __init__(self, reader: Reader, start: int, size: int) -> None:
        self._reader = reader
        self._start = start
        self.size = size

    def read(self, offset: int, count: int) -> bytes:
        """Return that many bytes from there; fewer only at the part's end."""
        count = min(count, self.size - offset)
        return self._reader.read(self._start + offset, count) if count > 0 else b""


class Window:
    """Small pieces of a reader, fetched some bytes ahead.

    Attributes:
        data: The bytes that are held now.
    """

    __slots__ = ("_ahead", "_reader", "_start", "data")

    def __init__(self, reader: Reader, head: bytes, ahead: int) -> None:
        self._reader = reader
        self._ahead = ahead
        self._start = 0
        self.data = head

    def take(self, offset: int, count: int) -> bytes:
        """Return `count` bytes, at most as many as are fetched ahead; fewer only at the end."""
        index = offset - self._start
        if index < 0 or index + count > len(self.data):
            if offset >= self._reader.size:
                return b""
            self.data = self._reader.read(offset, self._ahead)
            self._start = offset
            return self.data[:count]
        return self.data[index : index + count]

    def find(self, offset: int) -> int | None:
        """Return where in `data` that byte of the file is held; None: the file ends before it."""
        if not self.take(offset, 1):
            return None
        return offset - self._start


@dataclass(slots=True)  # not frozen: that would cost a microsecond of a verdict
class Picture:
    """What is known of a file that should be a picture.

    Attributes:
        format: PNG, JPEG, GIF, BMP, WEBP, TIFF or ICO; HEIC, AVIF, JPEG 2000, JPEG XL, PSD, EMF
            and WMF are told by name only. None: not recognised as a picture.
        disguise: What else it looks like, with its article: "a PDF". None: nothing known.
        width: Pixels, as the file says. None: it does not say, or not where it should.
        height: Pixels, as the file says.
        truncated: How it is known that bytes are missing, one clause. None: none known to be.
        frames: 2 of an animation, whatever their number; 1 otherwise, pages of a TIFF included.
        cmyk: Four inks: JPEG and TIFF only.
        orientation: EXIF orientation, 2 to 8. None: upright, or not said.
    """

    format: str | None = None
    disguise: str | None = None
    width: int | None = None
    height: int | None = None
    truncated: str | None = None
    frames: int = 1
    cmyk: bool = False
    orientation: int | None = None
