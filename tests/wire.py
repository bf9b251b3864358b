"""Bytes of HTTP messages, and messages and envelopes of bytes, for the tests of what is above them.

The writer is the tests' own. Reading is the kit's: this is the one place where tests outside
`tests/http` and `tests/xml` reach for its private packages to read a message.
"""

from pytest_soblob._http import HttpSyntaxError, parse_message
from pytest_soblob._xml.document import parse
from pytest_soblob.soap.envelope import Envelope
from pytest_soblob.wire import HttpRequest, HttpResponse

__all__ = ["HttpSyntaxError", "envelope_of", "parse_message", "to_bytes"]


def to_bytes(message: HttpRequest | HttpResponse) -> bytes:
    """The message as it is sent: in a chunk where its head says so, else with a Content-Length."""
    if isinstance(message, HttpRequest):
        lines = [f"{message.method} {message.target} HTTP/{message.http_version}"]
    else:
        lines = [f"HTTP/1.1 {message.status} {message.reason_phrase}"]
    lines += [f"{name}: {value}" for name, value in message.headers]
    body = message.body
    if message.header("Transfer-Encoding") == "chunked":
        body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
    elif message.header("Content-Length") is None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body


def envelope_of(data: bytes) -> Envelope:
    """The envelope in these bytes, which have one."""
    envelope = Envelope.from_document(parse(data))
    assert envelope is not None
    return envelope
