"""Bytes to HTTP messages and back, through httptools; no socket, no SOAP.

The syntax is httptools' business (llhttp, RFC 9112): framing, chunked bodies, pipelining. What it
refuses becomes an `HttpSyntaxError` with one line of text, whatever the bytes were.
"""

from pytest_soblob._http._assembly import Rooms
from pytest_soblob._http._captures import looks_like_http, parse_message
from pytest_soblob._http._collecting import MOST_HEADERS
from pytest_soblob._http._reading import RequestReader
from pytest_soblob._http._received import HttpSyntaxError, Received, TlsError, TooLargeError
from pytest_soblob._http._writing import to_bytes

__all__ = [
    "MOST_HEADERS",
    "HttpSyntaxError",
    "Received",
    "RequestReader",
    "Rooms",
    "TlsError",
    "TooLargeError",
    "looks_like_http",
    "parse_message",
    "to_bytes",
]
