"""What crosses the wire, as frozen values: an HTTP request, an HTTP response, a delivery.

Header names keep the spelling they came in and are looked up in any case. Bodies are bytes as
sent, after transfer coding (a chunked body is joined). A `repr` never shows a body or a header
value, since tickets and tokens travel in both.
"""

from dataclasses import dataclass
from http import HTTPStatus


class _Headers:
    """Look-up by header name in any case (RFC 9110 section 5.1), shared by both messages."""

    __slots__ = ()
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str | None:
        """Return the first value of that header, None where it was not sent."""
        return next(iter(self.header_values(name)), None)

    def header_values(self, name: str) -> tuple[str, ...]:
        """Return every value of that header, in the order sent."""
        wanted = name.lower()
        return tuple(value for key, value in self.headers if key.lower() == wanted)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class HttpRequest(_Headers):
    """One HTTP request.

    Attributes:
        method: As sent, case and all (methods are case-sensitive, RFC 9110 section 9.1).
        target: As on the request line: path and query, undecoded.
        headers: Name and value pairs in the order sent.
        body: Bytes after transfer coding; empty where there was none.
        http_version: "1.1" or "1.0".
    """

    method: str = "POST"
    target: str = "/"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    http_version: str = "1.1"

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """What follows the first question mark of the target, empty where there is none."""
        return self.target.partition("?")[2]

    def __repr__(self) -> str:
        return f"<HttpRequest {self.method} {self.path}, {_counts(self.headers, self.body)}>"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class HttpResponse(_Headers):
    """One HTTP response.

    Attributes:
        status: The three-digit code.
        headers: Name and value pairs in the order sent.
        body: Bytes after transfer coding; empty where there was none.
        reason: The reason phrase; None means the standard one of the status.
    """

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    reason: str | None = None

    @property
    def reason_phrase(self) -> str:
        """The phrase that goes out: the given one, else the standard one, else nothing."""
        if self.reason is not None:
            return self.reason
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:
            return ""

    def __repr__(self) -> str:
        return f"<HttpResponse {self.status}, {_counts(self.headers, self.body)}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How an answer leaves: the seam between the endpoint, which is pure, and a transport.

    Attributes:
        response: The answer itself; bytes go out exactly as they are and the connection is closed
            after them; None closes the connection without a byte.
        delay_s: Seconds to wait before anything is sent.
    """

    response: HttpResponse | bytes | None
    delay_s: float = 0.0


def _counts(headers: tuple[tuple[str, str], ...], body: bytes) -> str:
    return f"{len(headers)} headers, body of {len(body):,} bytes"
