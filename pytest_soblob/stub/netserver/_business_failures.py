"""Business failures of a NetServer: `Succeeded` false, and an exception, by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from pytest_soblob.contract import Operation
from pytest_soblob.soap.messages import (
    AuthenticateResponse,
    ExceptionInfo,
    ImageResponse,
    Response,
    SaveImageStreamResponse,
)

_SUPEROFFICE: Final = "SuperOffice.Exceptions."


@dataclass(frozen=True, slots=True)
class BusinessFailure:
    """One reason for which `Succeeded` is false.

    Attributes:
        name: Name, as in `fail(name)`.
        sentence: When a NetServer answers so.
        info: Exception in the answer; the class is NetServer's, the texts are those of the kit.
    """

    name: str
    sentence: str
    info: ExceptionInfo


def _failure(name: str, sentence: str, kind: str, message: str, friendly: str) -> BusinessFailure:
    info = ExceptionInfo(message=message, friendly_text=friendly, exception_type=kind)
    return BusinessFailure(name, sentence, info)


_SESSION: Final = f"{_SUPEROFFICE}SoSessionException"
_ARGUMENT: Final = f"{_SUPEROFFICE}SoInvalidArgumentException"

_ALL: Final = (
    _failure("ticket-missing", "the request has no ticket", _SESSION,
             "The request has no ticket.", "You are not logged in."),
    _failure("ticket-unknown", "the server has not issued this ticket", _SESSION,
             "The ticket is not one that this endpoint knows.", "You are not logged in."),
    _failure("ticket-expired", "the ticket was valid, but has expired", _SESSION,
             "The ticket has expired.", "Your session has expired."),
    _failure("ticket-foreign", "the ticket belongs to another installation", _SESSION,
             "The ticket was issued by another installation.", "You are not logged in."),
    _failure("token-unknown", "the application is not known to an Online installation", _SESSION,
             "The application token is not one that this endpoint knows.",
             "The application is not known."),
    _failure("no-rights", "the user may not do this", f"{_SUPEROFFICE}SoSentryException",
             "The user has no right to do this.", "You may not do this."),
    _failure("wrong-password", "user name or password is wrong",
             f"{_SUPEROFFICE}SoInvalidPasswordException",
             "User name or password is wrong.", "User name or password is wrong."),
    _failure("no-licence", "the installation lacks the licence",
             f"{_SUPEROFFICE}SoLicenseException",
             "The installation has no licence for this.", "There is no licence for this."),
    _failure("bad-argument", "the server cannot make sense of a value", _ARGUMENT,
             "An argument has a value that makes no sense.", "Something in the request is wrong."),
    _failure("blob-unknown", "there is no blob with that id", _ARGUMENT,
             "There is no blob of that id.", "The image does not exist."),
    _failure("not-an-image", "the bytes are not an image that the server reads",
             "System.ArgumentException", "Parameter is not valid.", "This is no image."),
)  # fmt: skip

BUSINESS_FAILURES: Final[Mapping[str, BusinessFailure]] = MappingProxyType(
    {failure.name: failure for failure in _ALL}
)

_RESPONSES: Final[Mapping[str, type[Response]]] = MappingProxyType(
    {
        "SaveImageStream": SaveImageStreamResponse,
        "GetPersonImage": ImageResponse,
        "GetProjectImage": ImageResponse,
        "GetBlobStream": ImageResponse,
        "AuthenticateUsernamePassword": AuthenticateResponse,
    }
)


def failed_response(operation: Operation, business_failure: BusinessFailure) -> Response:
    """Return the response of a failed operation: blob id 0, no image, no ticket."""
    kind = _RESPONSES.get(operation.name, Response)
    empty: dict[str, Any] = {"blob_id": 0} if kind is SaveImageStreamResponse else {}
    if kind is AuthenticateResponse:
        empty = {"authenticated": False}
    return kind(succeeded=False, exception_info=business_failure.info, **empty)
