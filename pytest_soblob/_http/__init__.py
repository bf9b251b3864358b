"""Bytes to HTTP messages and back, through httptools; no socket, no SOAP.

Each fact has one reader: httptools (llhttp, RFC 9112) reads the head, and `_framing` what it means
for the bytes that follow. What either rejects becomes an `HttpSyntaxError` with a text of one line,
whatever the bytes are.
"""

from pytest_soblob._http._assembly import BufferPool
from pytest_soblob._http._captures import Captured, iter_messages, looks_like_http, parse_message
from pytest_soblob._http._heads import MOST_HEADERS
from pytest_soblob._http._reading import RequestReader
from pytest_soblob._http._received import HttpSyntaxError, Received, TlsError, TooLargeError
from pytest_soblob._http._writing import to_bytes

__all__ = [
    "MOST_HEADERS",
    "BufferPool",
    "Captured",
    "HttpSyntaxError",
    "Received",
    "RequestReader",
    "TlsError",
    "TooLargeError",
    "iter_messages",
    "looks_like_http",
    "parse_message",
    "to_bytes",
]
