"""A WSDL over HTTP, from one origin, within a time and a size."""

import io
import time
from collections.abc import Callable
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    Request,
    build_opener,
)

from pytest_soblob._text import ascii_controls, clip, quote
from pytest_soblob.errors import SoblobError

LARGEST_BYTES: Final = 10_000_000
LIMIT_S: Final = 20.0
# Status line, headers and the lengths of chunks: what is read beside the body.
_MORE_BYTES: Final = 1_000_000
_PIECE_BYTES: Final = 64 * 1024
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def origin(url: str) -> str:
    """Return scheme, host and port of a URL, with a slash at the end.

    Raises:
        ValueError: It is no URL.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    return f"{parts.scheme}://{host}:{parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)}/"


def fetcher(limit_s: float = LIMIT_S) -> Callable[[str], bytes]:
    """Return a function that fetches a URL; all its calls together have one limit of time.

    Args:
        limit_s: Seconds from now until each call fails.
    """
    return partial(_fetch, until=time.monotonic() + limit_s, limit_s=limit_s)


def _fetch(url: str, *, until: float, limit_s: float) -> bytes:
    """Return what a URL serves; of a service (`.svc`) without a query its single WSDL.

    Raises:
        SoblobError: It cannot be fetched, has credentials in it, redirects to another origin, is
            too large, or takes too long.
    """
    parts = urlsplit(url)
    if "@" in parts.netloc:
        raise SoblobError(f"a URL with a user name is not fetched: save the WSDL of {origin(url)}")
    if not parts.query and parts.path.lower().endswith(".svc"):
        url += "?singleWsdl"
    opener = build_opener(_SameOrigin(), _Http(until), _Https(until))
    try:
        # http or https only: the callers see to that, and the handler for redirects.
        request = Request(url, headers={"Accept": "text/xml, */*"})  # noqa: S310
        with opener.open(request, timeout=_left(until)) as answer:
            return _read(answer, url)
    except (URLError, HTTPException, OSError, ValueError) as error:
        if isinstance(error, HTTPError):
            error.close()
        if time.monotonic() >= until:
            raise SoblobError(f"{quote(url, 300)} takes more than {limit_s:g} s") from None
        said = str(getattr(error, "reason", None) or error) or type(error).__name__
        status = f"status {error.code}, " if isinstance(error, HTTPError) else ""
        reason = f"{status}{clip(ascii_controls(said), 200)}"
        raise SoblobError(f"{quote(url, 300)} cannot be read: {reason}") from None


def _left(until: float) -> float:
    """Return the seconds until a time.

    Raises:
        TimeoutError: It has passed.
    """
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


def _read(answer: Any, url: str) -> bytes:
    data = bytearray()
    while piece := answer.read1(_PIECE_BYTES):
        data += piece
        if len(data) > LARGEST_BYTES:
            raise SoblobError(f"{quote(url, 300)} has more than {LARGEST_BYTES:,} bytes")
    if answer.length:  # what is left of the Content-Length
        raise SoblobError(f"{quote(url, 300)} is cut off: {answer.length:,} bytes are missing")
    return bytes(data)


class _Limited(io.RawIOBase):
    """The bytes that a server sends, up to a time and a size.

    A timeout of a socket begins anew with each byte, and so never ends with a server that is slow.

    Args:
        connection: Socket of the connection.
        until: Time of the monotonic clock.
    """

    def __init__(self, connection: Any, until: float) -> None:
        self._connection = connection
        self._stream = connection.makefile("rb", buffering=0)
        self._until = until
        self._bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._bytes > LARGEST_BYTES + _MORE_BYTES:
            raise ValueError(f"more than {self._bytes:,} bytes, headers included")
        self._connection.settimeout(_left(self._until))
        count: int = self._stream.readinto(buffer)
        self._bytes += count
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()


def _connection(kind: type[HTTPConnection], until: float) -> Callable[..., HTTPConnection]:
    """Return what makes a connection whose responses are read within the limits."""

    class Response(HTTPResponse):
        def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
            super().__init__(sock, *args, **kwargs)
            self.fp.close()
            self.fp = io.BufferedReader(_Limited(sock, until))

    def connect(*args: Any, **kwargs: Any) -> HTTPConnection:
        made = kind(*args, **kwargs | {"timeout": _left(until)})
        made.response_class = Response
        return made

    return connect


class _Http(HTTPHandler):
    def __init__(self, until: float) -> None:
        super().__init__()
        self._until = until

    def http_open(self, req: Request) -> Any:
        return self.do_open(_connection(HTTPConnection, self._until), req)


class _Https(HTTPSHandler):
    def __init__(self, until: float) -> None:
        super().__init__()
        self._until = until

    def https_open(self, req: Request) -> Any:
        return self.do_open(_connection(HTTPSConnection, self._until), req)


class _SameOrigin(HTTPRedirectHandler):
    """Follows redirects inside one origin only."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        if origin(newurl) != origin(req.full_url):
            fp.close()
            raise SoblobError(f"{origin(req.full_url)} redirects elsewhere, to {origin(newurl)}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
