"""An address at which nobody listens, and nobody else can begin to."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def refusing(host: str, port: int) -> Iterator[None]:
    """Keep a port without listening, so that each connection is refused.

    A free port would be given to the next endpoint that asks for any.

    Args:
        host: The address.
        port: The port, which must be free.
    """
    loop = asyncio.new_event_loop()
    try:
        server = loop.run_until_complete(
            loop.create_server(asyncio.Protocol, host, port, start_serving=False)
        )
        try:
            yield
        finally:
            server.close()
            loop.run_until_complete(server.wait_closed())
    finally:
        loop.close()
