"""One recorded request and its reply."""

from dataclasses import dataclass
from typing import TypeAlias

from pytest_soblob.messages import ChangePersonImageRequest, SaveImageStreamRequest
from pytest_soblob.violations import Violation
from pytest_soblob.wire import HttpRequest, HttpResponse

Message: TypeAlias = SaveImageStreamRequest | ChangePersonImageRequest


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Exchange:
    """One recorded request and its reply.

    Attributes:
        request: As it came.
        response: As it went; None where the connection was closed without an answer, or where the
            scripted bytes are no HTTP response.
        operation: The operation that the body names; None where it names none that is known.
        message: The typed message, as far as it can be read; None where it cannot.
        violations: What was found in the request, and by the flow.
        blob_id: The id under which the image was stored; None where none was.
        profile: The profile that the request was judged by; None where it did not parse.
        dropped: Paths of what the server passed over in silence, as a WCF host does with children
            that are late, unknown or in another namespace; `message` is without them.
    """

    request: HttpRequest
    response: HttpResponse | None
    operation: str | None
    message: Message | None
    violations: tuple[Violation, ...]
    blob_id: int | None
    profile: str | None = None
    dropped: tuple[str, ...] = ()

    def __repr__(self) -> str:
        status = "no answer" if self.response is None else str(self.response.status)
        errors = sum(violation.is_error for violation in self.violations)
        stored = "" if self.blob_id is None else f", blob {self.blob_id}"
        broken = f", {errors} errors" if errors else ""
        return f"<Exchange {self.operation or 'unknown operation'}: {status}{stored}{broken}>"
