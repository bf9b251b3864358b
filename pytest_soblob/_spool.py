"""What is too large to be held in memory many times: a file without a name."""

import tempfile
import threading
import weakref
from typing import IO, Final

# A file that has grown larger takes nothing more, and goes with the last of what is in it.
_LARGEST_FILE_BYTES: Final = 256 * 1024 * 1024
_EXTENT_BYTES: Final = 1024 * 1024


class _File:
    """A temporary file, closed when nobody needs it any more."""

    def __init__(self) -> None:
        file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 -- it lives as long as its pieces
        self._file: IO[bytes] = file
        self._lock = threading.Lock()
        self.end = 0
        weakref.finalize(self, file.close)

    def write(self, data: bytes | memoryview, at: int) -> None:
        with self._lock, memoryview(data) as view:
            self._file.seek(at)
            done = 0
            while done < len(view):
                done += self._file.write(view[done:])

    def read(self, at: int, size: int) -> bytes:
        pieces = []
        with self._lock:
            self._file.seek(at)
            while size > 0 and (piece := self._file.read(size)):
                pieces.append(piece)
                size -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class Spooled:
    """Some bytes in a file, for as long as somebody holds this.

    Args:
        file: Where they lie.
        start: From which offset on.
        size: How many.
    """

    __slots__ = ("__weakref__", "_file", "_start", "size")

    def __init__(self, file: _File, start: int, size: int) -> None:
        self._file = file
        self._start = start
        self.size = size

    def write(self, data: bytes | memoryview, at: int = 0) -> None:
        """Write at that offset, counted from the first of these bytes."""
        self._file.write(data, self._start + at)

    def read(self) -> bytes:
        """Return the bytes."""
        return self._file.read(self._start, self.size)


class Spool:
    """Has room for many, in few files.

    Room that nobody needs any more is used again: new room, in memory or in a file, costs more than
    all that is done with a large message.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._file: _File | None = None
        self._held: weakref.WeakSet[Spooled] = weakref.WeakSet()

    def reserve(self, size: int) -> Spooled:
        """Return room for so many bytes, to be written."""
        with self._lock:
            file = self._file
            if file is None or file.end > _LARGEST_FILE_BYTES:
                file = self._file = _File()
                self._held = weakref.WeakSet()
            elif not self._held:
                file.end = 0
            spooled = Spooled(file, file.end, size)
            file.end += size
            self._held.add(spooled)
        return spooled

    def keep(self, data: bytes) -> Spooled:
        """Write bytes down."""
        spooled = self.reserve(len(data))
        spooled.write(data)
        return spooled


class Growing:
    """Bytes in a spool of which nobody knows yet how many there will be.

    Args:
        spool: Gives room, an extent at a time.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._extents: list[Spooled] = []

    def write(self, data: bytes | memoryview, at: int) -> None:
        """Write at that offset, which is at most the number of bytes that there are."""
        with memoryview(data) as view:
            done = 0
            while done < len(view):
                number, inside = divmod(at + done, _EXTENT_BYTES)
                if number == len(self._extents):
                    self._extents.append(self._spool.reserve(_EXTENT_BYTES))
                part = view[done : done + _EXTENT_BYTES - inside]
                self._extents[number].write(part, inside)
                done += len(part)

    def read(self, size: int) -> bytes:
        """Return the first of the bytes."""
        pieces = [extent.read() for extent in self._extents]
        if pieces:
            pieces[-1] = pieces[-1][: size - _EXTENT_BYTES * (len(pieces) - 1)]
        return b"".join(pieces)
