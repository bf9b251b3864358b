"""A listener that resets each connection in the middle of a request.

The endpoint answers requests, so it has nothing to say of one that it has not read to its end.
"""

import selectors
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Final

# SO_LINGER with a timeout of 0: closing sends a reset, whether or not everything was read.
_LINGER_RESET: Final = struct.pack("ii", 1, 0)
_PIECE_BYTES: Final = 65_536
_ENDING_S: Final = 5.0


@contextmanager
def resetting(host: str, port: int) -> Iterator[list[int]]:
    """Listen at an address, and reset each connection once its first bytes are there.

    Connections that have brought nothing are reset at the end.

    Args:
        host: The address.
        port: The port, which must be free; 0 for any.

    Yields:
        The number of bytes that each connection has brought, in order.

    Raises:
        OSError: The address is not available.
    """
    brought: list[int] = []
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((host, port)))
        listener.setblocking(False)
        wake, woken = socket.socketpair()
        stack.enter_context(wake)
        stack.enter_context(woken)
        thread = threading.Thread(
            target=_serve, args=(listener, woken, brought), name="soblob-resetting", daemon=True
        )
        thread.start()
        try:
            yield brought
        finally:
            wake.send(b"\0")
            thread.join(_ENDING_S)


def _serve(listener: socket.socket, woken: socket.socket, brought: list[int]) -> None:
    """Accept and reset connections until a byte comes to end it."""
    connected: set[socket.socket] = set()
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        is_over = False
        while not is_over:
            for key, _ in selector.select():
                if key.fileobj is woken:
                    is_over = True
                elif key.fileobj is listener:
                    with suppress(OSError):  # it has gone again
                        peer, _ = listener.accept()
                        peer.setblocking(False)
                        connected.add(peer)
                        selector.register(peer, selectors.EVENT_READ)
                else:
                    peer = next(one for one in connected if one is key.fileobj)
                    selector.unregister(peer)
                    connected.remove(peer)
                    brought.append(_reset(peer))
    for peer in connected:
        _reset(peer)


def _reset(peer: socket.socket) -> int:
    """Reset a connection, and return how many bytes were there to be read."""
    count = 0
    with peer:
        with suppress(OSError):
            count = len(peer.recv(_PIECE_BYTES))
        with suppress(OSError):
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_RESET)
    return count
