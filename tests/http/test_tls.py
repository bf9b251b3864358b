"""TLS: the same endpoint, whatever the handshake brings along."""

import random
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from pytest_soblob import SaveImageStreamRequest, StubEndpoint
from pytest_soblob._http.server import Limits
from pytest_soblob.certificates import Authority
from pytest_soblob.errors import HttpViolationError
from tests.sockets import connect, everything, written

pytest.importorskip("trustme")


@pytest.fixture(scope="session")
def authority() -> Iterator[Authority]:
    with closing(Authority()) as authority:
        yield authority


@pytest.fixture
def endpoint(authority: Authority) -> Iterator[StubEndpoint]:
    with StubEndpoint(tls=authority.server_context()) as endpoint:
        yield endpoint


def upload(image: bytes = b"\x89PNG", description: str = "x") -> bytes:
    request = SaveImageStreamRequest(
        type="PersonImage", image=image, description=description, ticket="7T:x"
    )
    return written(request.to_http_request())


class Hands:
    """A client's side of TLS, whose records go out when the test says so."""

    def __init__(self, authority: Authority, connection: socket.socket) -> None:
        context = ssl.create_default_context(cafile=str(authority.ca_file))
        self._in, self._out, self._connection = ssl.MemoryBIO(), ssl.MemoryBIO(), connection
        self.tls = context.wrap_bio(self._in, self._out, server_hostname="localhost")

    def shake(self) -> None:
        """Up to the client's last record, which stays here."""
        while True:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                self.flush()
                self._in.write(self._connection.recv(65536))
            else:
                return

    def flush(self) -> None:
        self._connection.sendall(self._out.read())

    def read(self) -> bytes:
        while True:
            try:
                return self.tls.read(65536)
            except ssl.SSLWantReadError:
                received = self._connection.recv(65536)
                self._in.write(received) if received else self._in.write_eof()


def test_a_request_that_comes_with_the_end_of_the_handshake_is_answered(
    authority: Authority, endpoint: StubEndpoint
) -> None:
    with connect(endpoint) as connection:
        hands = Hands(authority, connection)
        hands.shake()
        hands.tls.write(upload())
        hands.flush()
        assert hands.read().startswith(b"HTTP/1.1 200 ")
        hands.tls.write(upload(description="y"))
        hands.flush()
        assert hands.read().startswith(b"HTTP/1.1 200 ")
    assert len(endpoint.blobs) == 2


def test_a_large_image_comes_whole(authority: Authority, endpoint: StubEndpoint) -> None:
    image = random.Random(3).randbytes(1_500_000)
    context = ssl.create_default_context(cafile=str(authority.ca_file))
    with connect(endpoint) as plain, context.wrap_socket(plain, server_hostname="localhost") as tls:
        tls.sendall(upload(image))
        assert tls.recv(65536).startswith(b"HTTP/1.1 200 ")
    assert [blob.image for blob in endpoint.blobs.values()] == [image]


@pytest.mark.parametrize("said", [upload(), b"", b"\x16\x03\x01\x00\x05hello"])
def test_what_is_no_handshake_is_closed(said: bytes, endpoint: StubEndpoint) -> None:
    with connect(endpoint) as connection:
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        received = everything(connection)
    assert not received.startswith(b"HTTP")
    assert list(endpoint.exchanges) == []


def test_without_a_certificate_that_is_asked_for_nobody_gets_in(authority: Authority) -> None:
    with (
        StubEndpoint(tls=authority.server_context(client_certificate=True)) as endpoint,
        connect(endpoint) as connection,
    ):
        hands = Hands(authority, connection)
        hands.shake()  # in TLS 1.3 the client is through before the server has looked at it
        hands.tls.write(upload())
        hands.flush()
        with pytest.raises((ssl.SSLError, ConnectionError)):
            hands.read()
        assert list(endpoint.exchanges) == []


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01", b"POST / HTTP/1.1\r\n\r\n"])
def test_it_stops_whatever_a_handshake_still_waits_for(authority: Authority, sent: bytes) -> None:
    endpoint = StubEndpoint(tls=authority.server_context()).start()
    with connect(endpoint) as connection:
        connection.sendall(sent)
        endpoint._listener.settle()
        endpoint.close()
        with suppress(ConnectionResetError):
            everything(connection)
    endpoint.check()


def test_who_begins_a_handshake_and_waits_is_ended(authority: Authority) -> None:
    limits = Limits(idle_s=0.1)
    with StubEndpoint(tls=authority.server_context(), limits=limits) as endpoint:
        with connect(endpoint) as connection, suppress(ConnectionResetError):
            assert everything(connection) == b""
        for _ in range(2):  # the client knows a turn or two before the loop has cleared up
            endpoint._listener.settle()
        assert endpoint._listener.server is not None
        assert endpoint._listener.server._table.open == set()


def test_who_speaks_tls_to_a_plain_endpoint_is_told_what_to_do() -> None:
    with StubEndpoint() as endpoint:
        with connect(endpoint) as client:
            client.sendall(b"\x16\x03\x01\x00\x05hello")
            assert client.recv(100).startswith(b"HTTP/1.1 400 ")
        with pytest.raises(HttpViolationError) as caught:
            endpoint.check()
    (violation,) = caught.value.violations
    assert (violation.rule, violation.change) == (
        "http.malformed",
        "use http://, or an endpoint with TLS: soblob_endpoint_tls, or soblob serve --tls",
    )
