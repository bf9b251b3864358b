"""A client that is nothing but a socket."""

import socket

from pytest_soblob import StubEndpoint
from pytest_soblob.wire import HttpRequest
from tests.wire import to_bytes


def connect(endpoint: StubEndpoint, timeout_s: float = 10) -> socket.socket:
    host, _, port = endpoint.base_url.rpartition("//")[2].rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), timeout=timeout_s)


def hosted(request: HttpRequest, *more: tuple[str, str]) -> HttpRequest:
    """The request with what a client adds, and with more headers."""
    headers = (("Host", "127.0.0.1"), *request.headers, *more)
    return HttpRequest(target=request.target, headers=headers, body=request.body)


def written(request: HttpRequest) -> bytes:
    """The bytes that a client sends for it."""
    return to_bytes(hosted(request))


def everything(connection: socket.socket) -> bytes:
    """All that comes, until the other side ends."""
    pieces = []
    while piece := connection.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)
