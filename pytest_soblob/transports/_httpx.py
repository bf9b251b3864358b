"""httpx: a transport for both of its clients."""

import asyncio
import time
from typing import Final

from pytest_soblob.endpoint import StubEndpoint
from pytest_soblob.errors import SoblobError
from pytest_soblob.transports._passage import Arrival, Loss, LostError, Passage

try:
    import httpx
except ImportError:
    raise SoblobError("this needs httpx: pip install 'pytest-soblob[httpx]'") from None

# What httpx itself raises after the same on a socket.
_ERRORS: Final = {
    Loss.TIMED_OUT: httpx.ReadTimeout,
    Loss.RESET: httpx.ReadError,
    Loss.CLOSED: httpx.RemoteProtocolError,
    Loss.CUT_OFF: httpx.RemoteProtocolError,
    Loss.RESET_INSIDE: httpx.ReadError,
    Loss.NOT_HTTP: httpx.RemoteProtocolError,
}


def httpx_transport(endpoint: StubEndpoint) -> "EndpointTransport":
    """Return a transport for `httpx.Client` and for `httpx.AsyncClient`.

    Args:
        endpoint: That answers; it need not be running.
    """
    return EndpointTransport(endpoint)


class EndpointTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Hands requests over to an endpoint.

    Args:
        endpoint: That answers; it need not be running.
    """

    def __init__(self, endpoint: StubEndpoint) -> None:
        self._passage = Passage(endpoint)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request of `httpx.Client`."""
        arrival = self._send(request, request.read())
        time.sleep(arrival.after_s)
        return _response(arrival, request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request of `httpx.AsyncClient`, on asyncio."""
        arrival = self._send(request, await request.aread())
        await asyncio.sleep(arrival.after_s)
        return _response(arrival, request)

    def _send(self, request: httpx.Request, body: bytes) -> Arrival:
        timeouts = request.extensions.get("timeout") or {}
        headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in request.headers.raw]
        return self._passage.send(
            request.method, str(request.url), headers, body, timeouts.get("read")
        )


def _response(arrival: Arrival, request: httpx.Request) -> httpx.Response:
    try:
        sent = arrival.open()
    except LostError as error:
        raise _ERRORS[error.loss](str(error), request=request) from None
    return httpx.Response(
        sent.status,
        headers=list(sent.headers),
        content=sent.body,
        request=request,
        extensions={"reason_phrase": sent.reason_phrase.encode("latin-1", "replace")},
    )
