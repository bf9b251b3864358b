"""The state shared by the connections of one server."""

import socket
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from pytest_soblob._http import BufferPool
from pytest_soblob._http.server._handlers import Handlers
from pytest_soblob._http.server._limits import Limits

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

# Large enough for most requests in one piece, small enough to fit in a processor's cache.
_SCRATCH_BYTES: Final = 256 * 1024


class _Open(Protocol):
    peer: socket.socket


C = TypeVar("C", bound=_Open)


def _scratch() -> memoryview:
    return memoryview(bytearray(_SCRATCH_BYTES))


@dataclass(slots=True, kw_only=True, eq=False)
class Table(Generic[C]):
    """The connections of one server, of any class, and what they share.

    Attributes:
        handlers: The callbacks.
        limits: Limits of each connection.
        tls: TLS context; None for plain HTTP.
        drain: Judges everything that has arrived, except on the connection that calls it.
        open: The open connections.
        setting_up: Accepted connections from which nothing is read yet.
        is_starved: Whether the system lacks the resources to accept a waiting connection.
        scratch: Receive buffer; its content is used before the next connection's turn.
        pool: Pool of buffers for large bodies.
    """

    handlers: Handlers
    limits: Limits
    tls: ssl.SSLContext | None
    drain: "Callable[[C], Awaitable[object]]"
    open: set[C] = field(default_factory=set)
    setting_up: "dict[asyncio.Task[None], socket.socket]" = field(default_factory=dict)
    is_starved: bool = False
    scratch: memoryview = field(default_factory=_scratch)
    pool: BufferPool = field(default_factory=BufferPool)

    def close(self) -> None:
        """Close the sockets of all remaining connections."""
        for connection in self.open:
            connection.peer.close()
        for peer in self.setting_up.values():
            peer.close()
        self.open.clear()
        self.setting_up.clear()
