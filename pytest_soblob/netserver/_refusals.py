"""Why a NetServer refuses a call: exceptions by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from pytest_soblob.contract import Operation
from pytest_soblob.messages import (
    AuthenticateResponse,
    ExceptionInfo,
    ImageResponse,
    Response,
    SaveImageStreamResponse,
)

_SUPEROFFICE: Final = "SuperOffice.Exceptions."


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason to refuse.

    Attributes:
        name: As a test calls it.
        sentence: When a NetServer gives it.
        info: What it answers: the class is NetServer's, the texts are ours.
    """

    name: str
    sentence: str
    info: ExceptionInfo


def _refusal(name: str, sentence: str, kind: str, message: str, friendly: str) -> Refusal:
    info = ExceptionInfo(message=message, friendly_text=friendly, exception_type=kind)
    return Refusal(name, sentence, info)


_SESSION: Final = f"{_SUPEROFFICE}SoSessionException"
_ARGUMENT: Final = f"{_SUPEROFFICE}SoInvalidArgumentException"

_ALL: Final = (
    _refusal("ticket-missing", "the request has no ticket", _SESSION,
             "The request has no ticket.", "You are not logged in."),
    _refusal("ticket-unknown", "nobody was ever given this ticket", _SESSION,
             "The ticket is not one that this endpoint knows.", "You are not logged in."),
    _refusal("ticket-expired", "the ticket was good, but its time is over", _SESSION,
             "The ticket has expired.", "Your session has expired."),
    _refusal("ticket-foreign", "the ticket is that of another installation", _SESSION,
             "The ticket was issued by another installation.", "You are not logged in."),
    _refusal("token-unknown", "the application is not known to an Online installation", _SESSION,
             "The application token is not one that this endpoint knows.",
             "The application is not known."),
    _refusal("no-rights", "the user may not do this", f"{_SUPEROFFICE}SoSentryException",
             "The user has no right to do this.", "You may not do this."),
    _refusal("wrong-password", "user name or password is wrong",
             f"{_SUPEROFFICE}SoInvalidPasswordException",
             "User name or password is wrong.", "User name or password is wrong."),
    _refusal("no-licence", "the installation lacks the licence",
             f"{_SUPEROFFICE}SoLicenseException",
             "The installation has no licence for this.", "There is no licence for this."),
    _refusal("bad-argument", "a value makes no sense to the server", _ARGUMENT,
             "An argument has a value that makes no sense.", "Something in the request is wrong."),
    _refusal("blob-unknown", "there is no blob of that id", _ARGUMENT,
             "There is no blob of that id.", "The image does not exist."),
    _refusal("not-an-image", "the bytes are no image that the server reads",
             "System.ArgumentException", "Parameter is not valid.", "This is no image."),
)  # fmt: skip

REFUSALS: Final[Mapping[str, Refusal]] = MappingProxyType({one.name: one for one in _ALL})

_RESPONSES: Final[Mapping[str, type[Response]]] = MappingProxyType(
    {
        "SaveImageStream": SaveImageStreamResponse,
        "GetPersonImage": ImageResponse,
        "GetProjectImage": ImageResponse,
        "GetBlobStream": ImageResponse,
        "AuthenticateUsernamePassword": AuthenticateResponse,
    }
)


def failed_response(operation: Operation, refusal: Refusal) -> Response:
    """Return what the operation answers when it is refused: blob id 0, no image, no ticket."""
    kind = _RESPONSES.get(operation.name, Response)
    empty: dict[str, Any] = {"blob_id": 0} if kind is SaveImageStreamResponse else {}
    if kind is AuthenticateResponse:
        empty = {"authenticated": False}
    return kind(succeeded=False, exception_info=refusal.info, **empty)
