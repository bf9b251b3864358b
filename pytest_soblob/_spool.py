"""What is too large to be held in memory many times: a file without a name."""

import tempfile
import threading
import weakref
from typing import IO, Final

# A file that has grown larger is not kept for the next test.
_LARGEST_KEPT_BYTES: Final = 256 * 1024 * 1024


class _File:
    """A temporary file, closed when nobody needs it any more."""

    def __init__(self) -> None:
        file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 -- it lives as long as its pieces
        self._file: IO[bytes] = file
        self._lock = threading.Lock()
        self.end = 0
        weakref.finalize(self, file.close)

    def append(self, data: bytes) -> int:
        with self._lock:
            start, rest = self.end, memoryview(data)
            self._file.seek(start)
            while rest:
                rest = rest[self._file.write(rest) :]
            self.end = start + len(data)
        return start

    def read(self, start: int, size: int) -> bytes:
        pieces = []
        with self._lock:
            self._file.seek(start)
            while size > 0 and (piece := self._file.read(size)):
                pieces.append(piece)
                size -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class Spooled:
    """Some bytes in a file.

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

    def read(self) -> bytes:
        """Return the bytes."""
        return self._file.read(self._start, self.size)


class Spool:
    """Takes bytes in, and forgets them together.

    Room that nobody needs any more is used again: new room, in memory or in a file, costs more than
    all that is done with a large message.
    """

    def __init__(self) -> None:
        self._file: _File | None = None
        self._held: weakref.WeakSet[Spooled] = weakref.WeakSet()

    def keep(self, data: bytes) -> Spooled:
        """Write bytes down."""
        if self._file is None:
            self._file = _File()
        spooled = Spooled(self._file, self._file.append(data), len(data))
        self._held.add(spooled)
        return spooled

    def recycle(self) -> None:
        """Begin anew; what somebody still holds stays readable."""
        if self._file is None:
            return
        if len(self._held) or self._file.end > _LARGEST_KEPT_BYTES:
            self._file = None
            self._held = weakref.WeakSet()
        else:
            self._file.end = 0
