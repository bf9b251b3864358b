"""A WSDL over HTTP, from one origin, within a time and a size."""

import time
from http.client import HTTPException
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from pytest_soblob._text import ascii_controls, clip, quote
from pytest_soblob.errors import SoblobError

LARGEST_BYTES: Final = 10_000_000
_TIMEOUT_S: Final = 20.0
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


def fetch(url: str) -> bytes:
    """Return what a URL serves; of a service (`.svc`) without a query its single WSDL.

    Raises:
        SoblobError: It cannot be fetched, has credentials in it, redirects to another origin, is
            too large, or takes more than 20 s.
    """
    parts = urlsplit(url)
    if "@" in parts.netloc:
        raise SoblobError(f"a URL with a user name is not fetched: save the WSDL of {origin(url)}")
    if not parts.query and parts.path.lower().endswith(".svc"):
        url += "?singleWsdl"
    try:
        # http or https only: the callers see to that, and the handler for redirects.
        request = Request(url, headers={"Accept": "text/xml, */*"})  # noqa: S310
        with build_opener(_SameOrigin()).open(request, timeout=_TIMEOUT_S) as answer:
            return _read(answer, url)
    except (URLError, HTTPException, OSError, ValueError) as error:
        if isinstance(error, HTTPError):
            error.close()
        said = str(getattr(error, "reason", None) or error) or type(error).__name__
        status = f"status {error.code}, " if isinstance(error, HTTPError) else ""
        reason = f"{status}{clip(ascii_controls(said), 200)}"
        raise SoblobError(f"{quote(url, 300)} cannot be read: {reason}") from None


def _read(answer: Any, url: str) -> bytes:
    until = time.monotonic() + _TIMEOUT_S
    data = bytearray()
    while piece := answer.read1(_PIECE_BYTES):
        data += piece
        if len(data) > LARGEST_BYTES:
            raise SoblobError(f"{quote(url, 300)} has more than {LARGEST_BYTES:,} bytes")
        if time.monotonic() > until:
            raise SoblobError(f"{quote(url, 300)} takes more than {_TIMEOUT_S:g} s")
    if answer.length:  # what is left of the Content-Length
        raise SoblobError(f"{quote(url, 300)} is cut off: {answer.length:,} bytes are missing")
    return bytes(data)


class _SameOrigin(HTTPRedirectHandler):
    """Follows redirects inside one origin only."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        if origin(newurl) != origin(req.full_url):
            raise SoblobError(f"{origin(req.full_url)} redirects elsewhere, to {origin(newurl)}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
