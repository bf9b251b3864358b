"""The incoming bytes of one connection, the requests they complete, and what is incomplete."""

from typing import Any

from pytest_soblob._http import Received, RequestReader
from pytest_soblob._http.server._table import Table
from pytest_soblob._http.server._unfinished import Unfinished


class Incoming:
    """Reads requests from the bytes of one connection, received where they are needed.

    Args:
        table: Holds the buffer that all connections share.

    Attributes:
        reader: Reader of the requests.
        received: Number of bytes received.
        is_in_handshake: Whether the TLS handshake is in progress.
        has_timed_out: Whether a drain has timed out while more bytes arrived.
    """

    def __init__(self, table: Table[Any]) -> None:
        self.reader = RequestReader(table.limits.body_bytes, table.pool, as_server=True)
        self.received = 0
        self.is_in_handshake = table.tls is not None
        self.has_timed_out = False
        self._scratch = table.scratch
        self._is_direct = False  # the next bytes go to the reader's buffer, not the shared one
        self._stalled_at = -1  # bytes received when a drain last stopped waiting
        self._completed_at = 0  # bytes received when the last message was complete

    def get_buffer(self) -> memoryview:
        """Return the buffer for the next bytes: for the rest of a large body, its own."""
        buffer = self.reader.get_buffer()
        self._is_direct = buffer is not None
        return self._scratch if buffer is None else buffer

    def get_scratch(self) -> memoryview:
        """Return a buffer for bytes that are discarded."""
        self._is_direct = False
        return self._scratch

    def take(self, nbytes: int) -> list[Received]:
        """Read so many bytes of the buffer; return the requests that they complete.

        Raises:
            HttpSyntaxError: The bytes are not HTTP.
        """
        self.received += nbytes
        if self._is_direct:
            received = self.reader.buffer_updated(nbytes)
        else:
            received = self.reader.feed(self._scratch[:nbytes])
        if self.reader.is_between:
            self._completed_at = self.received
        return received

    @property
    def is_incomplete(self) -> bool:
        """Whether something has begun to arrive and is incomplete."""
        return self.is_in_handshake or not self.reader.is_between

    @property
    def has_stalled(self) -> bool:
        """Whether a drain has stopped waiting for it, and nothing has arrived since."""
        return self._stalled_at == self.received

    def mark_stalled(self) -> None:
        """Record that a drain has stopped waiting for it."""
        self._stalled_at = self.received

    def unfinished(
        self, connection: int, *, is_over: bool = False, why: str | None = None
    ) -> Unfinished:
        """Return what has begun to arrive and is incomplete.

        Args:
            connection: Number of the connection.
            is_over: Whether the connection has ended.
            why: Reason for the end of a handshake, or None if it is not known.
        """
        if self.is_in_handshake:
            return Unfinished(connection=connection, part="handshake", is_over=is_over, why=why)
        in_head = self.reader.is_in_head
        return Unfinished(
            connection=connection,
            part="head" if in_head else "body",
            head=None if in_head else self.reader.head,
            received=self.received - self._completed_at,
            is_over=is_over,
        )
