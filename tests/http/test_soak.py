"""A mix of clients as bad as they come, and good ones between them, of whom none is let down."""

import os
import random
import socket
import ssl
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest

from pytest_soblob import SaveImageStreamRequest, StubEndpoint
from pytest_soblob._http.server import Limits
from pytest_soblob.certificates import Authority
from tests.sockets import hosted
from tests.wire import to_bytes

pytest.importorskip("trustme")

SECONDS = float(os.environ.get("SOBLOB_SOAKED", "3"))
LIMITS = Limits(idle_s=0.2, head_s=0.2, stall_s=0.2, body_s=0.2, linger_s=0.2)
SIZES = (0, 100, 5_000, 70_000, 300_000)
AT_ONCE = 8


class Soak:
    """What all clients of one run share.

    Args:
        plain: One endpoint.
        secure: Another one, that speaks TLS.
        trusted: How to speak it.
    """

    def __init__(self, plain: StubEndpoint, secure: StubEndpoint, trusted: ssl.SSLContext) -> None:
        self.endpoints = {False: plain, True: secure}
        self._trusted = trusted
        self._lock = threading.Lock()
        self._number = 0
        self.did: Counter[str] = Counter()
        self.stored: dict[str, bytes] = {}
        self.slow: set[str] = set()

    def connect(self, *, secure: bool) -> socket.socket:
        _, _, port = self.endpoints[secure].base_url.rpartition(":")
        return socket.create_connection(("127.0.0.1", int(port)), timeout=10)

    def good_upload(self, rng: random.Random, description: str) -> tuple[bytes, bytes]:
        image = rng.randbytes(rng.choice(SIZES))
        upload = SaveImageStreamRequest(
            type="PersonImage", image=image, description=description, ticket="7T:x"
        )
        more = (("Transfer-Encoding", "chunked"),) if rng.random() < 0.3 else ()
        return image, to_bytes(hosted(upload.to_http_request(), *more))

    # -- who is to be served ---------------------------------------------------------------------

    def upload(self, rng: random.Random) -> None:
        """One to three good uploads on a connection, each with its answer."""
        secure = rng.random() < 0.4
        prefix = "tls" if secure else "plain"
        begun = time.monotonic()
        with closing(self.connect(secure=secure)) as raw:
            client = raw
            if secure:
                client = self._trusted.wrap_socket(raw, server_hostname="localhost")
            with closing(client):
                for _ in range(rng.randint(1, 3)):
                    with self._lock:
                        self._number += 1
                        description = f"{prefix} {self._number}"
                    image, data = self.good_upload(rng, description)
                    said = b""
                    with suppress(OSError):
                        client.sendall(data)
                    is_slow = time.monotonic() - begun > LIMITS.stall_s / 2
                    with suppress(OSError):
                        said = client.recv(65536)
                    if is_slow and not said.startswith(b"HTTP/1.1 200 "):
                        self.slow.add(description)
                        return  # on a busy machine: it did not keep to the limits itself
                    assert said.startswith(b"HTTP/1.1 200 "), (description, said[:200])
                    with self._lock:
                        self.stored[description] = image
                    begun = time.monotonic()

    # -- who is not ------------------------------------------------------------------------------

    def garbage(self, rng: random.Random) -> None:
        with closing(self.connect(secure=rng.random() < 0.5)) as client:
            client.sendall(rng.randbytes(rng.randint(1, 300)))
            if rng.random() < 0.5:
                client.recv(100)

    def cut_off(self, rng: random.Random) -> None:
        """Reset, or ended in order, anywhere in a request, or behind it."""
        _, data = self.good_upload(rng, "lost")
        with closing(self.connect(secure=False)) as client:
            client.sendall(data[: rng.randint(0, len(data) - 1)])
            self._leave(rng, client)

    def wait(self, rng: random.Random) -> None:
        """Say a part, and nothing more."""
        _, data = self.good_upload(rng, "lost")
        with closing(self.connect(secure=False)) as client:
            client.sendall(data[: rng.choice((0, 3, 60, len(data) // 2, len(data) - 1))])
            while client.recv(65536):
                pass

    def drip(self, rng: random.Random) -> None:
        """A byte now and then."""
        _, data = self.good_upload(rng, "lost")
        with closing(self.connect(secure=False)) as client:
            at = rng.choice((0, 50, data.index(b"\r\n\r\n") + 4))
            client.sendall(data[:at])
            client.settimeout(0.05)
            for byte in data[at : at + 100]:
                client.sendall(bytes([byte]))
                with suppress(TimeoutError):
                    client.recv(65536)
                    return

    def never_read(self, rng: random.Random) -> None:
        """Ask for much, and take none of it."""
        with closing(socket.socket()) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(10)
            _, _, port = self.endpoints[False].base_url.rpartition(":")
            client.connect(("127.0.0.1", int(port)))
            get = b"GET /Remote/Services86/BLOB.svc?wsdl HTTP/1.1\r\nHost: a\r\n\r\n"
            client.sendall(get * rng.randint(1, 300))
            self._leave(rng, client)

    def never_stop(self, rng: random.Random) -> None:
        """Send without end, small requests or a large one, and read nothing, until it is ended."""
        get = b"GET /Remote/Services86/BLOB.svc?wsdl HTTP/1.1\r\nHost: a\r\n\r\n" * 500
        large = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999\r\n\r\n"
        end = time.monotonic() + 10
        with closing(self.connect(secure=False)) as client:
            is_large = rng.random() < 0.5
            client.sendall(large if is_large else b"")
            while time.monotonic() < end:
                client.sendall(bytes(10_000) if is_large else get)
        raise AssertionError("nobody has ended it")

    def no_handshake(self, rng: random.Random) -> None:
        with closing(self.connect(secure=True)) as client:
            match rng.randrange(4):
                case 0:
                    client.sendall(b"\x16\x03\x01" + rng.randbytes(rng.randint(0, 50)))
                case 1:
                    client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\n\r\n")
                case 2:  # begun in earnest, and left
                    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
                    tls = self._trusted.wrap_bio(incoming, outgoing, server_hostname="localhost")
                    with suppress(ssl.SSLWantReadError):
                        tls.do_handshake()
                    data = outgoing.read()
                    client.sendall(data[: rng.randint(1, len(data))])
                    if rng.random() < 0.5:
                        client.recv(65536)
                case _:  # it does not trust this server
                    stranger = ssl.create_default_context()
                    with suppress(ssl.SSLError):
                        stranger.wrap_socket(client, server_hostname="localhost").close()
            with suppress(OSError):
                self._leave(rng, client)

    def tls_for_plain(self, rng: random.Random) -> None:
        with closing(self.connect(secure=False)) as client, suppress(ssl.SSLError):
            self._trusted.wrap_socket(client, server_hostname="localhost").close()

    @staticmethod
    def _leave(rng: random.Random, client: socket.socket) -> None:
        match rng.randrange(3):
            case 0:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            case 1:
                client.shutdown(socket.SHUT_WR)
                client.recv(65536)
            case _:
                pass

    def run(self, seed: int, end: float) -> None:
        """Be one client after the other."""
        rng = random.Random(seed)
        bad: list[Callable[[random.Random], None]] = [
            self.garbage,
            self.cut_off,
            self.wait,
            self.drip,
            self.never_read,
            self.never_stop,
            self.no_handshake,
            self.tls_for_plain,
        ]
        while time.monotonic() < end:
            self.upload(rng)
            act = rng.choice(bad)
            with suppress(OSError):  # whatever such a client gets, it deserves
                act(rng)
            with self._lock:
                self.did[act.__name__] += 1


def descriptors() -> set[str]:
    found = set()
    for entry in Path("/proc/self/fd").glob("*"):
        with suppress(OSError):
            found.add(str(entry.readlink()))
    return {name for name in found if name.startswith(("socket:", "anon_inode:", "pipe:"))}


@pytest.fixture
def nothing_left() -> Iterator[None]:
    threads, open_before = set(threading.enumerate()), descriptors()
    yield
    assert set(threading.enumerate()) <= threads
    assert descriptors() <= open_before


@pytest.mark.slow
@pytest.mark.usefixtures("nothing_left")
def test_good_clients_are_served_whatever_the_others_do() -> None:
    with Authority() as authority:
        trusted = ssl.create_default_context(cafile=str(authority.ca_file))
        plain = StubEndpoint(limits=LIMITS)
        secure = StubEndpoint(limits=LIMITS, tls=authority.server_context())
        plain.start()
        secure.start()
        soak = Soak(plain, secure, trusted)
        end = time.monotonic() + SECONDS
        try:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(soak.run, range(AT_ONCE), [end] * AT_ONCE))
            for endpoint in (plain, secure):
                endpoint.settle()
                assert endpoint._listener.server is not None
                patience = time.monotonic() + 30
                while endpoint._listener.server._table.open and time.monotonic() < patience:
                    endpoint.settle()
                assert endpoint._listener.server._table.open == set()
                assert endpoint._breakdowns.take() is None
        finally:
            plain.close()
            secure.close()
        stored = {
            blob.description: blob.image
            for endpoint in (plain, secure)
            for blob in endpoint.blobs.values()
        }
    print(f"{len(soak.stored)} good, {len(soak.slow)} too slow; {dict(soak.did)}")  # noqa: T201 -- with -s
    assert {name: stored.get(name) for name in soak.stored} == soak.stored
    assert set(stored) - set(soak.stored) <= soak.slow
