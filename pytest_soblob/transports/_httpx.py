"""httpx: a transport for its synchronous and its asynchronous client."""

import time
from typing import Final

from pytest_soblob.errors import SoblobError
from pytest_soblob.stub.endpoint import StubEndpoint
from pytest_soblob.transports._channel import (
    InProcessChannel,
    LostError,
    SimulatedResponse,
    TransportError,
)

try:
    import anyio  # used by httpx itself for waiting
    import httpx
except ImportError:
    raise SoblobError("this needs httpx: pip install 'pytest-soblob[httpx]'") from None

# What httpx raises for the same failure on a socket.
_ERRORS: Final = {
    TransportError.TIMED_OUT: httpx.ReadTimeout,
    TransportError.RESET: httpx.ReadError,
    TransportError.CLOSED: httpx.RemoteProtocolError,
    TransportError.CUT_OFF: httpx.RemoteProtocolError,
    TransportError.RESET_INSIDE: httpx.ReadError,
    TransportError.NOT_HTTP: httpx.RemoteProtocolError,
}


def httpx_transport(endpoint: StubEndpoint) -> "EndpointTransport":
    """Return a transport for `httpx.Client` and for `httpx.AsyncClient`.

    Args:
        endpoint: Endpoint that answers; it need not be running.

    Raises:
        SoblobError: The argument is not a `StubEndpoint`.
    """
    return EndpointTransport(endpoint)


class EndpointTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Passes requests to an endpoint.

    Args:
        endpoint: Endpoint that answers; it need not be running.

    Raises:
        SoblobError: The argument is not a `StubEndpoint`.
    """

    def __init__(self, endpoint: StubEndpoint) -> None:
        self._channel = InProcessChannel(endpoint)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the endpoint's response to a request of `httpx.Client`.

        Raises:
            httpx.TransportError: The response is lost; the class is that of the same failure on a
                socket.
            SoblobError: The response never arrives, and the request has no read timeout.
        """
        simulated = self._send(request, request.read())
        time.sleep(simulated.after_s)
        return _response(simulated, request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the endpoint's response to a request of `httpx.AsyncClient`, on asyncio or trio.

        Raises:
            httpx.TransportError: The response is lost; the class is that of the same failure on a
                socket.
            SoblobError: The response never arrives, and the request has no read timeout.
        """
        simulated = self._send(request, await request.aread())
        await anyio.sleep(simulated.after_s)
        return _response(simulated, request)

    def _send(self, request: httpx.Request, body: bytes) -> SimulatedResponse:
        timeouts = request.extensions.get("timeout") or {}
        headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in request.headers.raw]
        return self._channel.send(
            request.method, str(request.url), headers, body, timeouts.get("read")
        )


def _response(simulated: SimulatedResponse, request: httpx.Request) -> httpx.Response:
    try:
        sent = simulated.open()
    except LostError as error:
        raise _ERRORS[error.kind](str(error), request=request) from None
    return httpx.Response(
        sent.status,
        headers=list(sent.headers),
        content=sent.body,
        request=request,
        extensions={"reason_phrase": sent.reason_phrase.encode("latin-1", "replace")},
    )
