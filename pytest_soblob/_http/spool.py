"""Storage of large bodies: some in memory, the rest in unnamed files.

Memory and files are reused. New memory costs several times all other work on a large message, since
the system has to clear each page of it, and a file that grows costs twice as much as one that is
overwritten.
"""

import mmap
import tempfile
import threading
import weakref
from bisect import bisect
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final

from pytest_soblob.errors import SoblobError

# The largest size of a file, unless a single piece is larger.
_LARGEST_FILE_BYTES: Final = 256 * 1024 * 1024
_EXTENT_BYTES: Final = 1024 * 1024
_MEMORY_BYTES: Final = 32 * 1024 * 1024


@contextmanager
def _errors_explained() -> Iterator[None]:
    """Explain a failed file operation: the cause is a full disk, for example, not the client."""
    try:
        yield
    except OSError as error:
        said = error.strerror or type(error).__name__
        raise SoblobError(
            f"a large message cannot be kept in a file in {tempfile.gettempdir()}: {said}; free "
            "space there, or set TMPDIR to another folder"
        ) from error


class _Space:
    """The free ranges of a store; the first one that is large enough is allocated.

    Args:
        size: Size of the store in bytes.
    """

    def __init__(self, size: int) -> None:
        self._free = [(0, size)]  # start and size of each range, in order, none adjacent to another
        # Filled by finalizers, which run at any time: so without a lock.
        self._freed: deque[tuple[int, int]] = deque()

    def take(self, size: int) -> int | None:
        """Allocate so many bytes; return their offset, or None if no range is large enough."""
        while self._freed:
            self._join(*self._freed.popleft())
        for number, (start, free) in enumerate(self._free):
            if free >= size:
                self._free[number : number + 1] = [(start + size, free - size)] * (free > size)
                return start
        return None

    def free_with(self, owner: object, start: int, size: int) -> None:
        """Free these bytes when their owner is garbage-collected."""
        if size:  # several empty pieces may have one offset
            weakref.finalize(owner, self._freed.append, (start, size)).atexit = False

    def _join(self, start: int, size: int) -> None:
        """Add a free range, joined with adjacent ones."""
        number = bisect(self._free, (start, size))
        if number < len(self._free) and self._free[number][0] == start + size:
            size += self._free.pop(number)[1]
        if number and sum(self._free[number - 1]) == start:
            number -= 1
            before = self._free.pop(number)
            start, size = before[0], before[1] + size
        self._free.insert(number, (start, size))


class _File:
    """A temporary file, closed when it is no longer referenced."""

    def __init__(self, size: int) -> None:
        with _errors_explained():
            file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 -- lives as its pieces do
        self._file: IO[bytes] = file
        self._lock = threading.Lock()
        self.space = _Space(size)
        weakref.finalize(self, file.close)

    def write(self, data: bytes | memoryview, at: int) -> None:
        with self._lock, memoryview(data) as view, _errors_explained():
            self._file.seek(at)
            done = 0
            while done < len(view):
                done += self._file.write(view[done:])

    def read(self, at: int, size: int) -> bytes:
        pieces = []
        with self._lock, _errors_explained():
            self._file.seek(at)
            while size > 0 and (piece := self._file.read(size)):
                pieces.append(piece)
                size -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class _Memory:
    """Memory that is released only as a whole."""

    def __init__(self, size: int) -> None:
        # Not shared with forked processes.
        self._memory = mmap.mmap(-1, size, access=mmap.ACCESS_COPY)
        self.space = _Space(size)

    def write(self, data: bytes | memoryview, at: int) -> None:
        self._memory[at : at + len(data)] = data

    def read(self, at: int, size: int) -> bytes:
        return self._memory[at : at + size]


class Spooled:
    """Bytes that are kept as long as this object is referenced.

    Args:
        store: Where the bytes are stored.
        start: Offset of the first byte.
        size: Number of bytes.
    """

    __slots__ = ("__weakref__", "_start", "_store", "size")

    def __init__(self, store: _Memory | _File, start: int, size: int) -> None:
        self._store = store
        self._start = start
        self.size = size

    def write(self, data: bytes | memoryview, at: int = 0) -> None:
        """Write at an offset relative to the first of these bytes."""
        self._store.write(data, self._start + at)

    def read(self) -> bytes:
        """Return the bytes."""
        return self._store.read(self._start, self.size)


class Spool:
    """Storage for many bodies, first in memory, then in a few files.

    Args:
        memory_bytes: Limit of the memory used; with 0, files only.
    """

    def __init__(self, memory_bytes: int = _MEMORY_BYTES) -> None:
        self._lock = threading.Lock()
        self._memory_bytes = memory_bytes
        self._memory: _Memory | None = None
        self._newest: _File | None = None
        # A full file is closed with the last piece in it.
        self._files: weakref.WeakSet[_File] = weakref.WeakSet()

    def reserve(self, size: int) -> Spooled:
        """Return space for so many bytes, still to be written."""
        with self._lock:
            if self._memory is None and 0 < self._memory_bytes >= size:
                self._memory = _Memory(self._memory_bytes)
            stores: list[_Memory | _File] = [] if self._memory is None else [self._memory]
            for store in (*stores, *self._files):
                start = store.space.take(size)
                if start is not None:
                    return _piece(store, start, size)
            self._newest = _File(max(size, _LARGEST_FILE_BYTES))
            self._files.add(self._newest)
            return _piece(self._newest, self._newest.space.take(size) or 0, size)

    def keep(self, data: bytes) -> Spooled:
        """Store bytes."""
        spooled = self.reserve(len(data))
        spooled.write(data)
        return spooled


def _piece(store: _Memory | _File, start: int, size: int) -> Spooled:
    spooled = Spooled(store, start, size)
    store.space.free_with(spooled, start, size)
    return spooled


class SpooledBuffer:
    """Bytes in a spool whose final number is not known yet.

    Args:
        spool: Provides the space, one extent at a time.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._extents: list[Spooled] = []

    def write(self, data: bytes | memoryview, at: int) -> None:
        """Write at an offset of at most the number of bytes written so far."""
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
        """Return the first `size` bytes."""
        pieces = [extent.read() for extent in self._extents]
        if pieces:
            pieces[-1] = pieces[-1][: size - _EXTENT_BYTES * (len(pieces) - 1)]
        return b"".join(pieces)
