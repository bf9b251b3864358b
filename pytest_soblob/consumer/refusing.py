"""An address at which nobody listens."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def refusing(host: str, port: int) -> Iterator[None]:
    """Keep a port without listening, so that each connection is refused.

    A free port would be given to the next endpoint that asks for any.

    Args:
        host: The IPv4 address.
        port: The port, which must be free.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as kept:
        if sys.platform != "win32":  # there it would share the port
            kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind((host, port))
        yield
