"""Frozen values for HTTP: a request, a response, and the delivery of a response.

Header names keep their spelling and are looked up case-insensitively. Bodies are the bytes sent,
without transfer coding (a chunked body is joined). A `repr` never shows a body or a header value,
since both may hold tickets and tokens.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

from pytest_soblob._redacted import Redacted, secrets_in
from pytest_soblob._text import hide


class _Headers:
    """Case-insensitive look-up by header name (RFC 9110, 5.1), shared by both messages."""

    __slots__ = ()
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str | None:
        """Return the first value of that header, or None if there is none."""
        wanted, length = name.lower(), len(name)
        for key, value in self.headers:
            if len(key) == length and key.lower() == wanted:  # most differ in length
                return value
        return None

    def header_values(self, name: str) -> tuple[str, ...]:
        """Return all values of that header in the order sent; empty if there are none."""
        wanted, length = name.lower(), len(name)
        return tuple([v for key, v in self.headers if len(key) == length and key.lower() == wanted])


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class HttpRequest(_Headers, Redacted):
    """One HTTP request.

    Attributes:
        method: Method in the case sent (methods are case-sensitive, RFC 9110, 9.1).
        target: Target of the request line: path and query, undecoded.
        headers: Name and value pairs in the order sent.
        body: Body without transfer coding; empty if there is none.
        http_version: "1.1" or "1.0".
    """

    method: str = "POST"
    target: str = "/"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    http_version: str = "1.1"

    @property
    def path(self) -> str:
        """The target without its query, and without the host of an absolute one (RFC 9112, 3.2)."""
        path = self.target.partition("?")[0]
        if path[:1] != "/" and "://" in path:
            return "/" + path.partition("://")[2].partition("/")[2]
        return path

    @property
    def query(self) -> str:
        """The part of the target after its first question mark; empty if there is none."""
        return self.target.partition("?")[2]

    def __repr__(self) -> str:
        path = hide(self.path, secrets_in(self))
        return f"<HttpRequest {self.method} {path}, {_counts(self.headers, self.body)}>"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class HttpResponse(_Headers, Redacted):
    """One HTTP response.

    Attributes:
        status: Three-digit status code.
        headers: Name and value pairs in the order sent.
        body: Body without transfer coding; empty if there is none.
        reason: Reason phrase; None means the standard phrase of the status.
    """

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    reason: str | None = None

    @property
    def reason_phrase(self) -> str:
        """The reason phrase that is sent: `reason`, else the standard one, else an empty string."""
        if self.reason is not None:
            return self.reason
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:
            return ""

    def __repr__(self) -> str:
        return f"<HttpResponse {self.status}, {_counts(self.headers, self.body)}>"


class Ending(StrEnum):
    """What happens to a connection after an answer, or after the part of it that is sent.

    `keep`: as the headers of request and response say. `close`: it is closed in an orderly way,
    announced or not. `reset`: it is reset. `hold`: it stays open, and nothing more is read or sent.
    `stale`: it stays open, and the next request on it is met with a reset.
    """

    KEEP = "keep"
    CLOSE = "close"
    RESET = "reset"
    HOLD = "hold"
    STALE = "stale"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Delivery(Redacted):
    """How an answer is sent: the interface from the endpoint, which does no I/O, to a transport.

    Attributes:
        response: The answer. Bytes are sent unchanged, and the connection is closed after them
            unless `ending` says otherwise. None sends nothing.
        delay_s: Delay in seconds before anything is sent.
        head_bytes_per_s: Rate of the status line and headers; None for no limit.
        body_bytes_per_s: Rate of the body; None for no limit.
        cut_at: Number of bytes of the body after which sending stops; a negative number counts
            from its end. None sends all of it.
        ending: What happens to the connection afterwards.
        lost: Called if the client disconnects before the answer has been sent, or None.
    """

    response: HttpResponse | bytes | None
    delay_s: float = 0.0
    head_bytes_per_s: float | None = None
    body_bytes_per_s: float | None = None
    cut_at: int | None = None
    ending: Ending = Ending.KEEP
    lost: Callable[[], object] | None = None

    @property
    def is_prompt(self) -> bool:
        """Whether the whole answer is sent at once, and only the headers decide what follows."""
        return (
            self.ending is Ending.KEEP
            and not self.delay_s
            and self.cut_at is None
            and self.head_bytes_per_s is None
            and self.body_bytes_per_s is None
            and isinstance(self.response, HttpResponse)
        )


def _counts(headers: tuple[tuple[str, str], ...], body: bytes) -> str:
    return f"{len(headers)} headers, body of {len(body):,} bytes"
