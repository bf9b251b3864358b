"""The other requests in a consumer's flow: obtain a ticket, attach an image, read it back."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Final

from pytest_soblob.contract import (
    AUTHENTICATE_USERNAME_PASSWORD,
    CHANGE_PERSON_IMAGE,
    CHANGE_PROJECT_IMAGE,
    GET_BLOB_STREAM,
    GET_PERSON_IMAGE,
    GET_PROJECT_IMAGE,
    Operation,
)
from pytest_soblob.soap.envelope import Envelope
from pytest_soblob.soap.messages.requests import Request, SaveImageStreamRequest


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ChangePersonImageRequest(Request):
    """A request to attach a blob to a person; blob id 0 or None removes the picture.

    Attributes:
        person_id: Id of the person; None means absent, which WCF reads as 0.
        blob_id: Id of the blob; None means nil or absent, which WCF reads as 0.
    """

    operation: ClassVar[Operation] = CHANGE_PERSON_IMAGE
    _attributes: ClassVar[Mapping[str, str]] = {"PersonId": "person_id", "BlobId": "blob_id"}

    person_id: int | None = None
    blob_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ChangeProjectImageRequest(Request):
    """A request to attach a blob to a project; blob id 0 or None removes the picture.

    Attributes:
        project_id: Id of the project; None means absent, which WCF reads as 0.
        blob_id: Id of the blob; None means nil or absent, which WCF reads as 0.
    """

    operation: ClassVar[Operation] = CHANGE_PROJECT_IMAGE
    _attributes: ClassVar[Mapping[str, str]] = {"ProjectId": "project_id", "BlobId": "blob_id"}

    project_id: int | None = None
    blob_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class GetPersonImageRequest(Request):
    """A request for a person's picture.

    Attributes:
        person_id: Id of the person; None means absent, which WCF reads as 0.
    """

    operation: ClassVar[Operation] = GET_PERSON_IMAGE
    _attributes: ClassVar[Mapping[str, str]] = {"PersonId": "person_id"}

    person_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class GetProjectImageRequest(Request):
    """A request for a project's picture.

    Attributes:
        project_id: Id of the project; None means absent, which WCF reads as 0.
    """

    operation: ClassVar[Operation] = GET_PROJECT_IMAGE
    _attributes: ClassVar[Mapping[str, str]] = {"ProjectId": "project_id"}

    project_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class GetBlobStreamRequest(Request):
    """A request for the bytes of a blob.

    Attributes:
        blob_id: Id of the blob (BlobEntityId); None means absent, which WCF reads as 0.
    """

    operation: ClassVar[Operation] = GET_BLOB_STREAM
    _attributes: ClassVar[Mapping[str, str]] = {"BlobEntityId": "blob_id"}

    blob_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class AuthenticateUsernamePasswordRequest(Request):
    """A request for a ticket; the only header block it needs is an application token, if any.

    Attributes:
        user: User name; None means nil or absent.
        password: Password; None means nil or absent.
    """

    operation: ClassVar[Operation] = AUTHENTICATE_USERNAME_PASSWORD
    _attributes: ClassVar[Mapping[str, str]] = {"UserName": "user", "Password": "password"}

    user: str | None = None
    password: str | None = None


REQUESTS: Final[Mapping[str, type[Request]]] = MappingProxyType(
    {
        request.operation.name: request
        for request in (
            SaveImageStreamRequest,
            ChangePersonImageRequest,
            ChangeProjectImageRequest,
            GetPersonImageRequest,
            GetProjectImageRequest,
            GetBlobStreamRequest,
            AuthenticateUsernamePasswordRequest,
        )
    }
)


def read_request(
    envelope: Envelope, operation: str | None, *, image: bool = True
) -> Request | None:
    """Return the typed request of an operation, as far as it can be read.

    None if the operation is None or unknown, or if the body holds another element.

    Args:
        envelope: The envelope with the request.
        operation: Name of the operation.
        image: False to leave an image that was cut out empty instead of decoding it.
    """
    request = REQUESTS.get(operation or "")
    return None if request is None else request.from_envelope(envelope, image=image)
