"""Assembly of bodies that arrive in pieces: in memory, and beyond a budget in a file."""

from typing import Final

from pytest_soblob._http.spool import Spool, SpooledBuffer

_SMALLEST_BUFFER_BYTES: Final = 64 * 1024
_BUDGET_BYTES: Final = 8 * 1024 * 1024
_MOST_SPARE: Final = 4
# If at least so many bytes are missing, they are received directly into the body's buffer.
DIRECT_READ_BYTES: Final = 64 * 1024


class BufferPool:
    """Memory for the bodies of all connections of one thread, and a file for the rest.

    Allocating new memory costs more than all other work on a body of a megabyte, so buffers are
    reused. The budget keeps a thousand clients that each send a megabyte from taking a gigabyte.

    Args:
        budget_bytes: Limit of the memory held, in use or spare. Each body gets the smallest buffer,
            64 KiB, even if the budget is used up.
    """

    def __init__(self, budget_bytes: int = _BUDGET_BYTES) -> None:
        self._budget = budget_bytes
        self._held = 0
        self._spare: list[bytearray] = []
        self.overflow = Spool(memory_bytes=0)

    def acquire(self) -> bytearray:
        """Return a buffer of any size."""
        if self._spare:
            return self._spare.pop()
        self._held += _SMALLEST_BUFFER_BYTES
        return bytearray(_SMALLEST_BUFFER_BYTES)

    def enlarge(self, buffer: bytearray, size: int) -> bytearray | None:
        """Return a larger buffer that begins with the content of another.

        It is a new object, since a bytearray cannot grow while a memoryview of it exists.

        Args:
            buffer: The buffer that is too small.
            size: The size wanted, in bytes.

        Returns:
            The buffer, or None if the budget does not allow it.
        """
        more = size - len(buffer)
        while self._spare and self._held + more > self._budget:
            self._held -= len(self._spare.pop())
        if self._held + more > self._budget:
            return None
        self._held += more
        return buffer + bytes(more)

    def release(self, buffer: bytearray) -> None:
        """Take back a buffer that is no longer used."""
        if len(self._spare) < _MOST_SPARE and self._held <= self._budget:
            self._spare.append(buffer)
        else:
            self._held -= len(buffer)


class Assembly:
    """Assembles one body after the other from pieces.

    Args:
        pool: Pool of buffers, shared by the readers of one thread.

    Attributes:
        size: Bytes received so far.
        whole: Bytes that the body will have; None if that is not known.
    """

    def __init__(self, pool: BufferPool) -> None:
        self._pool = pool
        self._buffer: bytearray | None = None
        self._spooled: SpooledBuffer | None = None
        self._only = b""  # the first piece, while it is the only one
        self.size = 0
        self.whole: int | None = None

    def begin(self, whole: int | None) -> None:
        """Begin a body; the previous one must have been taken or dropped.

        Args:
            whole: Bytes that it will have; None if that is not known.
        """
        self.whole = whole

    @property
    def missing(self) -> int:
        """Bytes still to come; 0 if that is not known."""
        return 0 if self.whole is None else self.whole - self.size

    def put(self, data: bytes | memoryview) -> None:
        """Append a piece."""
        if not self.size and self.whole in (None, len(data)):
            self._only = bytes(data)  # most bodies come in one piece, which is not copied again
        else:
            if self._only:
                first, self._only = self._only, b""
                self._write(first, 0)
            self._write(data, self.size)
        self.size += len(data)

    def _write(self, data: bytes | memoryview, at: int) -> None:
        spooled = self._spooled
        if spooled is None:
            buffer = self._find_buffer(at + len(data))
            if buffer is not None:
                buffer[at : at + len(data)] = data
                return
            spooled = self._spill(at)
        spooled.write(data, at)

    def get_buffer(self) -> memoryview | None:
        """Return the buffer for the next bytes; the caller reports them to `buffer_updated`.

        Returns:
            Space for some of the missing bytes, or None if there is none in memory.
        """
        whole = self.whole
        if whole is None or self._spooled is not None:
            return None
        buffer = self._find_buffer(min(self.size + DIRECT_READ_BYTES, whole))
        return None if buffer is None else memoryview(buffer)[self.size : whole]

    def buffer_updated(self, count: int) -> None:
        """Record that so many bytes have been written to that buffer."""
        self.size += count

    def take(self) -> bytes:
        """Return the body so far, release its buffer and reset."""
        data = self._only
        if self._spooled is not None:
            data = self._spooled.read(self.size)
        elif self._buffer is not None and self.size > len(data):
            with memoryview(self._buffer) as view:
                data = bytes(view[: self.size])
        self.drop()
        return data

    def drop(self) -> None:
        """Discard the body, release its buffer and reset."""
        if self._buffer is not None:
            self._release_buffer(self._buffer)
        self._spooled = None
        self._only = b""
        self.size = 0
        self.whole = None

    def _release_buffer(self, buffer: bytearray) -> None:
        self._pool.release(buffer)
        self._buffer = None

    def _find_buffer(self, end: int) -> bytearray | None:
        """Return a buffer of at least so many bytes, or None if the budget does not allow it."""
        buffer = self._buffer = self._buffer or self._pool.acquire()
        if end <= len(buffer):
            return buffer
        size = 2 * len(buffer) if self.whole is None else min(2 * len(buffer), self.whole)
        larger = self._pool.enlarge(buffer, max(end, size))
        self._buffer = larger or buffer
        return larger

    def _spill(self, size: int) -> SpooledBuffer:
        """Continue in the overflow file."""
        spooled = SpooledBuffer(self._pool.overflow)
        if self._buffer is not None:
            with memoryview(self._buffer) as view:
                spooled.write(view[:size], 0)
            self._release_buffer(self._buffer)
        self._spooled = spooled
        return spooled
