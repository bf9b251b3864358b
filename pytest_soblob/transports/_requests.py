"""requests: an adapter to mount on a session."""

import time
from collections.abc import Mapping
from io import BytesIO
from typing import Any, Final

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

from pytest_soblob.stub.endpoint import StubEndpoint
from pytest_soblob.transports._channel import InProcessChannel, LostError, TransportError

# What requests raises for the same failure on a socket.
_ERRORS: Final = {
    TransportError.TIMED_OUT: requests.exceptions.ReadTimeout,
    TransportError.RESET: requests.exceptions.ConnectionError,
    TransportError.CLOSED: requests.exceptions.ConnectionError,
    TransportError.CUT_OFF: requests.exceptions.ChunkedEncodingError,
    TransportError.RESET_INSIDE: requests.exceptions.ChunkedEncodingError,
    TransportError.NOT_HTTP: requests.exceptions.ConnectionError,
}


def requests_adapter(endpoint: StubEndpoint) -> BaseAdapter:
    """Return an adapter to mount on a session: `session.mount("http://", adapter)`.

    Args:
        endpoint: Endpoint that answers; it need not be running.

    Raises:
        SoblobError: The argument is not a `StubEndpoint`.
    """
    return _EndpointAdapter(endpoint)


class _EndpointAdapter(BaseAdapter):
    def __init__(self, endpoint: StubEndpoint) -> None:
        super().__init__()
        self._channel = InProcessChannel(endpoint)
        self._builder = HTTPAdapter()

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Return the endpoint's response to a request."""
        wait_s = timeout[1] if isinstance(timeout, tuple) else timeout
        simulated = self._channel.send(
            request.method or "GET",
            request.url or "",
            [(name, _text(value)) for name, value in request.headers.items()],
            _bytes(request.body),
            wait_s,
        )
        time.sleep(simulated.after_s)
        try:
            sent = simulated.open()
        except LostError as error:
            raise _ERRORS[error.kind](error, request=request) from None
        raw = HTTPResponse(
            body=BytesIO(sent.body),
            headers=HTTPHeaderDict(sent.headers),
            status=sent.status,
            reason=sent.reason_phrase,
            preload_content=False,
            request_method=request.method,
        )
        return self._builder.build_response(request, raw)

    def close(self) -> None:
        """Close the adapter that builds responses."""
        self._builder.close()


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _bytes(body: Any) -> bytes:
    """Return a complete body, given as bytes, text, a file or an iterable of pieces."""
    if body is None:
        return b""
    if isinstance(body, bytes | bytearray):
        return bytes(body)
    if isinstance(body, str):
        return body.encode()
    if hasattr(body, "read"):
        data = body.read()
        return data.encode() if isinstance(data, str) else bytes(data)
    return b"".join(piece.encode() if isinstance(piece, str) else piece for piece in body)
