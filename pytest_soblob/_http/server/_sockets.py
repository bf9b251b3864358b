"""Which sockets have bytes to read, and how many, without reading them."""

import select
import socket
import sys
from collections.abc import Iterable
from typing import Final

# If the system does not report it: the most that a socket's buffer may hold.
_UNKNOWN: Final = 4 * 1024 * 1024


def find_readable(descriptors: Iterable[int]) -> set[int]:
    """Return the descriptors that have bytes to read, or whose connection has ended."""
    wanted = list(descriptors)
    if not hasattr(select, "poll"):  # Windows
        return set(select.select(wanted, [], [], 0)[0]) if wanted else set()
    poll = select.poll()
    for descriptor in wanted:
        poll.register(descriptor, select.POLLIN)
    return {descriptor for descriptor, _ in poll.poll(0)}


def count_unread(peer: socket.socket) -> int:
    """Return the number of unread bytes, or a large number if the system does not report it."""
    try:
        import fcntl
        import termios
    except ImportError:  # Windows
        return _UNKNOWN
    try:
        count = fcntl.ioctl(peer.fileno(), termios.FIONREAD, bytes(4))
    except (OSError, ValueError):  # it is closed
        return 0
    return int.from_bytes(count, sys.byteorder)


def receive(peer: socket.socket, buffer: memoryview, most: int | None) -> int:
    """Read into a buffer; return the number of bytes, 0 at the end or if nothing can be read.

    Args:
        peer: Socket that does not block.
        buffer: Destination.
        most: Largest number of bytes to read; None for the size of the buffer.
    """
    if most == 0:
        return 0
    try:
        return peer.recv_into(buffer[:most])
    except OSError:
        return 0
