"""Record what clients send and what they accept: `python -m tests.clients.record [client...]`.

A relay stands between client and stub and keeps the bytes of both directions as they are.
"""

import importlib
import re
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from pytest_soblob.stub.endpoint import StubEndpoint
from tests.clients.calls.case import Case

RECORDED = Path(__file__).with_name("recorded")
CLIENTS = ("zeep", "suds", "requests", "curl", "node_soap")
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Relay:
    """Passes bytes on between any client and one server, and keeps them."""

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.sent = bytearray()
        self.received = bytearray()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}{self._target.path}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for one in (self._listener, *self._sockets):
            with suppress(OSError):  # it is closed already
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for one in (self._listener, *self._sockets):
            one.close()

    def _start(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):  # the end of it
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection((self._target.hostname, self._target.port))
                self._sockets += [client, server]
                self._start(self._pass_on, client, server, self.sent)
                self._start(self._pass_on, server, client, self.received)

    def _pass_on(self, source: socket.socket, sink: socket.socket, kept: bytearray) -> None:
        with suppress(OSError):  # one side has gone
            while data := source.recv(65536):
                kept += data  # before the other side can have it, so that nothing is missed
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


def normalised(request: bytes) -> bytes:
    """Give the Host header, and nothing else, a port that is always the same."""
    head, blank, body = request.partition(b"\r\n\r\n")
    head = re.sub(rb"(?im)^(host: 127\.0\.0\.1):\d+", rb"\1:8080", head)
    return head + blank + body


def record(case: Case, relay: Relay, wsdl_url: str) -> None:
    """Make a call, and write what went over the wire."""
    blob_id: object = None
    try:
        blob_id = case.call(relay.url, wsdl_url)
    except Exception:
        if not case.breaks:
            raise
    request, reply = bytes(relay.sent), bytes(relay.received)
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
                    endpoint.discard_findings()


if __name__ == "__main__":
    main(sys.argv[1:] or CLIENTS)
