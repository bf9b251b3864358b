"""requests: an adapter to mount on a session."""

import time
from collections.abc import Mapping
from io import BytesIO
from typing import Any, Final

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

from pytest_soblob.endpoint import StubEndpoint
from pytest_soblob.transports._passage import Loss, LostError, Passage

# What requests itself raises after the same on a socket.
_ERRORS: Final = {
    Loss.TIMED_OUT: requests.exceptions.ReadTimeout,
    Loss.RESET: requests.exceptions.ConnectionError,
    Loss.CLOSED: requests.exceptions.ConnectionError,
    Loss.CUT_OFF: requests.exceptions.ChunkedEncodingError,
    Loss.RESET_INSIDE: requests.exceptions.ChunkedEncodingError,
    Loss.NOT_HTTP: requests.exceptions.ConnectionError,
}


def requests_adapter(endpoint: StubEndpoint) -> BaseAdapter:
    """Return an adapter, to be mounted on a session: `session.mount("http://", adapter)`.

    Args:
        endpoint: That answers; it need not be running.
    """
    return _EndpointAdapter(endpoint)


class _EndpointAdapter(BaseAdapter):
    def __init__(self, endpoint: StubEndpoint) -> None:
        super().__init__()
        self._passage = Passage(endpoint)
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
        """Hand a request over to the endpoint; return its response as requests has it."""
        wait_s = timeout[1] if isinstance(timeout, tuple) else timeout
        arrival = self._passage.send(
            request.method or "GET",
            request.url or "",
            [(name, _text(value)) for name, value in request.headers.items()],
            _bytes(request.body),
            wait_s,
        )
        time.sleep(arrival.after_s)
        try:
            sent = arrival.open()
        except LostError as error:
            raise _ERRORS[error.loss](error, request=request) from None
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
        """There is nothing to close."""
        self._builder.close()


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _bytes(body: Any) -> bytes:
    """Return a body whole, whether it is bytes, text, a file or an iterable of pieces."""
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
