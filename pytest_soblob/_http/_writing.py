"""HTTP messages to bytes."""

from pytest_soblob.errors import SoblobError
from pytest_soblob.wire import HttpRequest, HttpResponse

_CHUNK_BYTES = 16 * 1024


def to_bytes(
    message: HttpRequest | HttpResponse, *, body: bool = True, version: str = "1.1"
) -> bytes:
    """Return the bytes of a message on the wire.

    Content-Length is added unless the message frames itself; with `Transfer-Encoding: chunked` the
    body is written in chunks.

    Args:
        message: The request or response.
        body: False for the response to a HEAD request, which has no body.
        version: Version of the request that a response answers; HTTP/1.0 has no chunks.

    Raises:
        SoblobError: A header, the target or the reason phrase contains a line end.
    """
    if isinstance(message, HttpRequest):
        lines = [f"{message.method} {message.target} HTTP/{message.http_version}"]
    else:
        lines = [f"HTTP/1.1 {message.status} {message.reason_phrase}"]
    chunked = (message.header("Transfer-Encoding") or "").lower().endswith("chunked")
    headers = message.headers
    if chunked and version == "1.0":
        chunked = False
        headers = tuple(pair for pair in headers if pair[0].lower() != "transfer-encoding")
    lines += [f"{name}: {value}" for name, value in headers]
    if not chunked and message.header("Content-Length") is None:
        lines.append(f"Content-Length: {len(message.body)}")
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) - 1 or head.count("\r") != len(lines) - 1:
        raise SoblobError("a header must not contain a line end")
    start = head.encode("latin-1", "replace") + b"\r\n\r\n"
    if not body:
        return start
    return start + (_in_chunks(message.body) if chunked else message.body)


def _in_chunks(body: bytes) -> bytes:
    pieces = [body[at : at + _CHUNK_BYTES] for at in range(0, len(body), _CHUNK_BYTES)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (*pieces, b""))
