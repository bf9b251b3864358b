"""A listener that resets each connection in the middle of a request.

The endpoint answers requests, so it has nothing to say of one that it has not read to its end.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def resetting(host: str, port: int) -> Iterator[list[int]]:
    """Listen at an address, and reset each connection once its first bytes are there.

    Args:
        host: The address.
        port: The port, which must be free.

    Yields:
        The number of bytes that each connection has brought, in order.
    """
    brought: list[int] = []
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(lambda: _Resetting(brought), host, port))
    thread = threading.Thread(target=loop.run_forever, name="soblob-resetting", daemon=True)
    thread.start()
    try:
        yield brought
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class _Resetting(asyncio.Protocol):
    """One connection.

    Args:
        brought: Takes the number of bytes.
    """

    def __init__(self, brought: list[int]) -> None:
        self._brought = brought
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the connection."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 -- it is a stream
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Close at once: what is still to be read, or comes later, makes a reset of it."""
        self._brought.append(len(data))
        if self._transport is not None:
            self._transport.abort()
