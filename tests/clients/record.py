"""Record what clients send and what they accept: `python -m tests.clients.record [client...]`.

A relay stands between client and stub and keeps the bytes of both directions as they are.
"""

import asyncio
import importlib
import re
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from pytest_soblob.endpoint import StubEndpoint
from tests.clients.calls.case import Case

RECORDED = Path(__file__).with_name("recorded")
CLIENTS = ("zeep", "suds", "requests", "curl", "node_soap")
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Relay:
    """Passes bytes on between any client and one server, and keeps them."""

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self.sent = bytearray()
        self.received = bytearray()
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def take(self) -> tuple[bytes, bytes]:
        """Return what went in each direction since the last time."""
        taken = bytes(self.sent), bytes(self.received)
        self.sent.clear()
        self.received.clear()
        return taken

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}{self._target.path}"

    async def _close(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:  # connections that a client has left open
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream = await asyncio.open_connection(self._target.hostname, self._target.port)
        await asyncio.gather(
            self._pass_on(reader, upstream[1], self.sent),
            self._pass_on(upstream[0], writer, self.received),
        )

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                kept += data  # before the other side can have it, so that nothing is missed
                writer.write(data)
                await writer.drain()
            writer.close()


def normalised(request: bytes) -> bytes:
    """Give the Host header, and nothing else, a port that is always the same."""
    head, blank, body = request.partition(b"\r\n\r\n")
    head = re.sub(rb"(?im)^(host: 127\.0\.0\.1):\d+", rb"\1:8080", head)
    return head + blank + body


def record(case: Case, relay: Relay, wsdl_url: str) -> None:
    """Make a call, and write what went over the wire."""
    relay.take()
    blob_id: object = None
    try:
        blob_id = case.call(relay.url, wsdl_url)
    except Exception:
        if not case.breaks:
            raise
    request, reply = relay.take()
    folder = RECORDED / "wrong" if case.breaks else RECORDED
    (folder / f"{case.name}.http").write_bytes(normalised(request))
    if blob_id is not None:
        # The interim answer is a message of its own.
        replies = RECORDED / "replies"
        (replies / f"{case.name}.http").write_bytes(reply.removeprefix(CONTINUE))
    sys.stdout.write(f"{case.name}: blob {blob_id}\n")


def main(clients: Sequence[str]) -> None:
    for folder in (RECORDED / "wrong", RECORDED / "replies"):
        folder.mkdir(parents=True, exist_ok=True)
    for client in clients:
        cases: list[Case] = importlib.import_module(f"tests.clients.calls.by_{client}").CASES
        for case in cases:
            if case.recorded:
                # An id that no client makes up.
                with StubEndpoint() as endpoint, Relay(endpoint.url) as relay:
                    endpoint.reply(blob_id=4711)
                    record(case, relay, endpoint.wsdl_url)
                    endpoint.tick_off()


if __name__ == "__main__":
    main(sys.argv[1:] or CLIENTS)
