"""Clients that send a wrong upload and leave at once, without a look at the answer."""

import random
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pytest_soblob import SaveImageStreamRequest
from tests.sockets import hosted
from tests.wire import to_bytes

SIZES = (0, 1, 2_000, 2_000, 65_536, 65_536, 200_000, 300_000, 300_000, 1_000_000, 3_000_000)
RULE = "header.credentials-missing"


@dataclass(frozen=True, kw_only=True)
class Leaver:
    """One client.

    Attributes:
        port: Where it goes.
        size: Of its image, in bytes.
        is_chunked: How it says where its body ends.
        trusted: The authority whose certificates it takes; None where it speaks no TLS.
    """

    port: int
    size: int
    is_chunked: bool = False
    trusted: str | None = None

    def run(self) -> None:
        """Connect, send, and leave."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        with plain if self.trusted is None else _speaking(self.trusted, plain) as connection:
            connection.sendall(wrong_upload(self.size, is_chunked=self.is_chunked))

    def __str__(self) -> str:
        return f"{self.port} {self.size} {int(self.is_chunked)} {self.trusted or ''}"

    @classmethod
    def parse(cls, text: str) -> "Leaver":
        port, size, is_chunked, trusted = text.rstrip("\n").split(" ", 3)
        return cls(
            port=int(port), size=int(size), is_chunked=is_chunked == "1", trusted=trusted or None
        )


@lru_cache(maxsize=64)
def wrong_upload(size: int, *, is_chunked: bool = False) -> bytes:
    """The bytes of an upload without a ticket."""
    image = random.Random(size).randbytes(size)
    upload = SaveImageStreamRequest(type="PersonImage", image=image, description="x", ticket=None)
    request = upload.to_http_request()
    more = (("Transfer-Encoding", "chunked"),) if is_chunked else ()
    return to_bytes(hosted(request, *more))


def all_at_once(clients: list[Leaver]) -> None:
    """Run them, in a thread each where there are several."""
    if len(clients) == 1:
        clients[0].run()
        return
    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(Leaver.run, clients))


@lru_cache(maxsize=4)
def _context(trusted: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=trusted)


def _speaking(trusted: str, plain: socket.socket) -> ssl.SSLSocket:
    return _context(trusted).wrap_socket(plain, server_hostname="localhost")


class Elsewhere:
    """Another process, from which clients come."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, clients: list[Leaver]) -> None:
        """Run them there, and return when they have left."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\t".join(map(str, clients)) + "\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "left\n"


@contextmanager
def elsewhere() -> Iterator[Elsewhere]:
    """Start another process, and end it."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.stub.leavers"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        yield Elsewhere(process)
        assert process.stdin is not None
        process.stdin.close()


if __name__ == "__main__":
    for line in sys.stdin:
        all_at_once([Leaver.parse(text) for text in line.rstrip("\n").split("\t")])
        print("left", flush=True)  # noqa: T201 -- heard by whoever has started this
