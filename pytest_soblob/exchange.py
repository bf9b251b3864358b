"""One recorded request and its reply."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from pytest_soblob._spool import Spool, Spooled
from pytest_soblob.messages import Request
from pytest_soblob.violations import Violation
from pytest_soblob.wire import HttpRequest, HttpResponse

# A body that is larger is kept in a file, and read anew each time that somebody asks for it.
SPOOLED_FROM_BYTES: Final = 1024 * 1024
# A message is kept with its body up to this size; that of a larger body is read anew as well.
_REMEMBERED_UP_TO_BYTES: Final = 64 * 1024
_UNREAD: Final = object()


class Recording:
    """A request as it is kept: once, in memory or in a file, and read when somebody asks.

    Args:
        request: As it came.
        read: Gives the typed message, as the server read it; None where it could not.
        spool: Where large bodies go; None keeps each in memory.
    """

    __slots__ = ("_message", "_read", "_request", "_spooled")

    def __init__(
        self,
        request: HttpRequest,
        read: Callable[[HttpRequest], Request | None],
        spool: Spool | None = None,
    ) -> None:
        self._read = read
        self._spooled: Spooled | None = None
        self._message: object = _UNREAD
        if spool is not None and len(request.body) > SPOOLED_FROM_BYTES:
            self._spooled = spool.keep(request.body)
            request = replace(request, body=b"")
        self._request = request

    @property
    def request(self) -> HttpRequest:
        """The HTTP request, body and all."""
        if self._spooled is None:
            return self._request
        return replace(self._request, body=self._spooled.read())

    def message(self) -> Request | None:
        """Return the typed message, as the server read it; None where it could not."""
        if self._message is not _UNREAD:
            return self._message  # type: ignore[return-value]  # what was read
        message = self._read(self.request)
        if self._spooled is None and len(self._request.body) <= _REMEMBERED_UP_TO_BYTES:
            self._message = message
        return message


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Exchange:
    """One recorded request and its reply.

    Attributes:
        recording: The request.
        response: As it went; None where the connection was closed without an answer, or where the
            scripted bytes are no HTTP response.
        operation: The operation that the body names; None where it names none of the service.
        violations: What was found in the request, and by the flow.
        blob_id: The id under which the image was stored; None where none was.
        profile: The profile that the request was judged by; None where it did not parse.
        dropped: Paths of what the server passed over in silence, as a WCF host does with children
            that are late, unknown or in another namespace; `message` is without them.
        refusal: Why `Succeeded` was false, as the answer said it; None where it was not, or where
            `failure` says it.
        failure: The failure by name that was played; None where none was.
        connection: The number of the connection that it came on, counted from 1; None where it
            came on none. Equal numbers: the client kept a connection alive.
    """

    recording: Recording
    response: HttpResponse | None
    operation: str | None
    violations: tuple[Violation, ...]
    blob_id: int | None
    profile: str | None = None
    dropped: tuple[str, ...] = ()
    refusal: str | None = None
    failure: str | None = None
    connection: int | None = None

    @property
    def request(self) -> HttpRequest:
        """The request, as it came."""
        return self.recording.request

    @property
    def message(self) -> Request | None:
        """The typed message, as far as the server could read it; None where it could not."""
        return self.recording.message()

    def __repr__(self) -> str:
        status = "no answer" if self.response is None else str(self.response.status)
        errors = sum(violation.is_error for violation in self.violations)
        stored = "" if self.blob_id is None else f", blob {self.blob_id}"
        broken = f", {errors} errors" if errors else ""
        failed = "".join(f", {why}" for why in (self.refusal, self.failure) if why)
        return (
            f"<Exchange {self.operation or 'unknown operation'}: {status}{stored}{broken}{failed}>"
        )
