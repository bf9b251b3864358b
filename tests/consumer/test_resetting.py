"""The listener that resets connections: what a client sees of it, and what it leaves."""

import socket
import threading
from contextlib import closing, suppress
from pathlib import Path

import pytest

from pytest_soblob.consumer.resetting import resetting


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as one:
        return int(one.getsockname()[1])


@pytest.mark.parametrize("size", [1, 500, 1_000_000])
def test_a_request_of_any_size_ends_in_a_reset(size: int) -> None:
    port = free_port()
    with (
        resetting("127.0.0.1", port) as brought,
        closing(socket.create_connection(("127.0.0.1", port), timeout=10)) as client,
        suppress(ConnectionError),  # the reset may come before the last byte is sent
    ):
        client.sendall(b"x" * size)
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    assert len(brought) == 1
    assert brought[0] >= 1


def test_connections_that_bring_nothing_are_reset_at_the_end() -> None:
    port = free_port()
    with resetting("127.0.0.1", port) as brought:
        clients = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(3)]
        with closing(socket.create_connection(("127.0.0.1", port), timeout=10)) as last:
            last.send(b"x")
            with suppress(ConnectionError):
                last.recv(1)
    for client in clients:
        with closing(client), pytest.raises(ConnectionError):
            client.recv(1)
    assert brought == [1]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="reads /proc")
def test_nothing_is_left_open() -> None:
    def count() -> tuple[int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    before = count()
    for _ in range(5):
        port = free_port()
        with (
            resetting("127.0.0.1", port),
            closing(socket.create_connection(("127.0.0.1", port), timeout=10)) as client,
        ):
            client.send(b"x")
    assert count() == before


def test_an_address_in_use_is_said() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        with pytest.raises(OSError, match=r"[Aa]ddress"), resetting("127.0.0.1", port):
            pass
