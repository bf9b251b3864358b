"""One recorded request and its reply."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from pytest_soblob._http.spool import Spool, Spooled
from pytest_soblob._redacted import Redacted, secrets_in
from pytest_soblob._text import KnownSecrets
from pytest_soblob.judge.violations import Violation
from pytest_soblob.soap.messages import Request
from pytest_soblob.wire import HttpRequest, HttpResponse

# A larger body is kept in a spool, and read again on each access.
SPOOLED_FROM_BYTES: Final = 256 * 1024
# The message of a body up to this size is kept; that of a larger body is read on each access.
_REMEMBERED_UP_TO_BYTES: Final = 64 * 1024
_UNREAD: Final = object()


class Recording:
    """A request as it is kept: in memory or in a spool, and parsed on access.

    Args:
        request: The HTTP request.
        read: Returns the typed message as the server read it, or None if it could not.
        spool: Spool for large bodies, or None to keep all in memory.
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
        """The HTTP request with its body."""
        if self._spooled is None:
            return self._request
        return replace(self._request, body=self._spooled.read())

    @property
    def is_large(self) -> bool:
        """True if the message is read again on each access."""
        return self._spooled is not None or len(self._request.body) > _REMEMBERED_UP_TO_BYTES

    @property
    def head(self) -> HttpRequest:
        """The HTTP request; its body is empty if that is kept in the spool."""
        return self._request

    def message(self, read: Callable[[], Request | None] | None = None) -> Request | None:
        """Return the typed message as the server read it, or None if it could not.

        Args:
            read: Returns the same message with less work, or None to read the request.
        """
        if self._message is not _UNREAD:
            return self._message  # type: ignore[return-value]  # what was read
        message = self._read(self.request) if read is None else read()
        if not self.is_large:
            self._message = message
        return message


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Exchange(Redacted):
    """One recorded request and its reply.

    Attributes:
        recording: Request as it is kept.
        response: HTTP response, or None if the connection was closed without an answer or the
            scripted bytes are not an HTTP response.
        operation: Operation that the body names, or None if it names none of the service.
        violations: Violations of the request, and of the flow.
        blob_id: Id under which the image was stored, or None.
        profile: Profile by which the request was judged, or None if it could not be parsed.
        dropped: Paths of elements that the server ignored without an error, as a WCF host does with
            children that are late, unknown or in another namespace; `message` is without them.
        business_failure_text: Text saying why `Succeeded` was false, or None if it was not, or if a
            failure was played.
        failure_name: Name of the failure that was played, or None.
        connection: Number of its connection, counted from 1, or None if it came without one. Equal
            numbers mean that the client kept a connection alive.
        known: Secrets in the endpoint's settings.
    """

    recording: Recording
    response: HttpResponse | None
    operation: str | None
    violations: tuple[Violation, ...]
    blob_id: int | None
    profile: str | None = None
    dropped: tuple[str, ...] = ()
    business_failure_text: str | None = None
    failure_name: str | None = None
    connection: int | None = None
    known: tuple[str, ...] = field(default=(), repr=False, compare=False)

    def secrets(self, message: Request | None) -> KnownSecrets:
        """Return the secrets of its message and its head, and `known`: no text may contain them.

        Args:
            message: Message of the exchange, or None.
        """
        inside = () if message is None else secrets_in(message)
        return KnownSecrets((*inside, *secrets_in(self.recording.head), *self.known))

    @property
    def request(self) -> HttpRequest:
        """The HTTP request."""
        return self.recording.request

    @property
    def message(self) -> Request | None:
        """The typed message as the server read it, or None if it could not."""
        return self.recording.message()

    def __repr__(self) -> str:
        status = "no answer" if self.response is None else str(self.response.status)
        errors = sum(violation.is_error for violation in self.violations)
        stored = "" if self.blob_id is None else f", blob {self.blob_id}"
        broken = f", {errors} errors" if errors else ""
        failed = "".join(
            f", {why}" for why in (self.business_failure_text, self.failure_name) if why
        )
        return (
            f"<Exchange {self.operation or 'unknown operation'}: {status}{stored}{broken}{failed}>"
        )
