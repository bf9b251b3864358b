"""What crosses the wire, as frozen values: an HTTP request, an HTTP response, a delivery.

Header names keep the spelling they came in and are looked up in any case. Bodies are bytes as
sent, after transfer coding (a chunked body is joined). A `repr` never shows a body or a header
value, since tickets and tokens travel in both.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

from pytest_soblob._text import hide


class _Headers:
    """Look-up by header name in any case (RFC 9110 section 5.1), shared by both messages."""

    __slots__ = ()
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str | None:
        """Return the first value of that header, None where it was not sent."""
        wanted, length = name.lower(), len(name)
        for key, value in self.headers:
            if len(key) == length and key.lower() == wanted:  # most are told by their length
                return value
        return None

    def header_values(self, name: str) -> tuple[str, ...]:
        """Return every value of that header, in the order sent."""
        wanted, length = name.lower(), len(name)
        return tuple([v for key, v in self.headers if len(key) == length and key.lower() == wanted])


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
        """The target without its query, and without the host of an absolute one (RFC 9112, 3.2)."""
        path = self.target.partition("?")[0]
        if path[:1] != "/" and "://" in path:
            return "/" + path.partition("://")[2].partition("/")[2]
        return path

    @property
    def query(self) -> str:
        """What follows the first question mark of the target, empty where there is none."""
        return self.target.partition("?")[2]

    def __repr__(self) -> str:
        return f"<HttpRequest {self.method} {hide(self.path)}, {_counts(self.headers, self.body)}>"


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


class Ending(StrEnum):
    """What becomes of a connection after an answer, or after the part of it that is sent.

    `keep`: what the messages say. `close`: it is closed in order, announced or not. `reset`: it is
    reset. `hold`: it stays open, and nothing is read or sent any more. `stale`: it stays open, and
    the next request on it meets a reset.
    """

    KEEP = "keep"
    CLOSE = "close"
    RESET = "reset"
    HOLD = "hold"
    STALE = "stale"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How an answer leaves: the seam between the endpoint, which is pure, and a transport.

    Attributes:
        response: The answer itself; bytes go out exactly as they are and the connection is closed
            after them, unless `ending` says otherwise; None sends nothing.
        delay_s: Seconds to wait before anything is sent.
        head_bytes_per_s: Pace of the status line and headers; None means at once.
        body_bytes_per_s: Pace of the body; None means at once.
        cut_at: Bytes of the body after which sending stops; negative ones count from its end. None
            means that all of it is sent.
        ending: What becomes of the connection then.
        lost: Called where the client has gone before all of it was sent; None: nobody wants to
            know.
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
        """Whether the whole answer goes out at once, and the messages say what comes then."""
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
