"""Normal responses: their base class, and the response of each operation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from pytest_soblob._redacted import Redacted
from pytest_soblob.contract import RESPONSE_BLOCKS, SAVE_IMAGE_STREAM, Operation, Profile
from pytest_soblob.soap.binding import Spelling, write_sequence
from pytest_soblob.soap.envelope import Envelope
from pytest_soblob.soap.messages._values import (
    EXTRA,
    ExceptionInfo,
    Pairs,
    TimeZone,
    pair_values,
    read_pairs,
)
from pytest_soblob.soap.messages._xml_form import (
    append_wrapper,
    checked,
    new_envelope,
    read_blocks,
    read_body,
    serialise,
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Response(Redacted):
    """Base class of all normal responses: the header blocks with the outcome.

    Attributes:
        succeeded: False for a business failure, which nothing else indicates; None means absent.
        exception_info: The reason of a failure; None means nil or absent.
        extra_info: Pairs of key and value; None means nil or absent.
        time_zone: Time zone; None means nil or absent.
    """

    succeeded: bool | None = None
    exception_info: ExceptionInfo | None = None
    extra_info: Pairs | None = None
    time_zone: TimeZone | None = None

    def result_values(self) -> Mapping[str, Any]:
        """Return the values in the body, by their names in the WSDL; None for nil or absent."""
        return {}

    def block_values(self) -> dict[str, Any]:
        """Return the values of the header blocks by name; None for nil or absent."""
        return {
            "ExceptionInfo": None
            if self.exception_info is None
            else self.exception_info.to_values(),
            "ExtraInfo": None if self.extra_info is None else {EXTRA: pair_values(self.extra_info)},
            "Succeeded": self.succeeded,
            "TimeZone": None if self.time_zone is None else self.time_zone.to_values(),
        }

    def to_bytes(
        self,
        profile: Profile | str = Profile.WSDL,
        spelling: Spelling | None = None,
        operation: Operation = SAVE_IMAGE_STREAM,
    ) -> bytes:
        """Return the envelope of this response.

        In the profile `documented` only a failure has header blocks, in a SOAP 1.2 Header
        [inferred].

        Args:
            profile: Form of the message; `auto` means `wsdl`.
            spelling: Way of writing it, or None for `Spelling()`.
            operation: Operation that is answered.

        Raises:
            SoblobError: A text holds a character that XML 1.0 cannot carry.
        """
        spelling = spelling or Spelling()
        bare = Profile(profile) is Profile.DOCUMENTED and self.succeeded is not False
        blocks = () if bare else operation.response_blocks
        root = new_envelope(profile, spelling, blocks, self.block_values())
        wrapper = append_wrapper(root, operation.response_element)
        checked(write_sequence, wrapper, operation.results, self.result_values(), spelling)
        return serialise(root, spelling)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class SaveImageStreamResponse(Response):
    """The response of SaveImageStream: the blob id and the outcome.

    Attributes:
        blob_id: Blob id (Response, an xs:int); None means absent.
        succeeded: False for a business failure, which nothing else indicates; None means absent.
        exception_info: The reason of a failure; None means nil or absent.
        extra_info: Pairs of key and value; None means nil or absent.
        time_zone: Time zone; None means nil or absent.
    """

    blob_id: int | None = None

    def result_values(self) -> Mapping[str, Any]:
        """Return the values in the body, by their names in the WSDL; None for nil or absent."""
        return {"Response": self.blob_id}

    @classmethod
    def from_envelope(cls, envelope: Envelope) -> Self | None:
        """Return the response, as far as it can be read; None if the body holds another element."""
        operation = SAVE_IMAGE_STREAM
        values = read_body(envelope, operation.response_element, operation.results)
        if values is None:
            return None
        blocks = read_blocks(envelope, RESPONSE_BLOCKS)
        return cls(
            blob_id=values["Response"],
            succeeded=blocks["Succeeded"],
            exception_info=ExceptionInfo.from_values(blocks["ExceptionInfo"]),
            extra_info=read_pairs(blocks["ExtraInfo"], EXTRA),
            time_zone=TimeZone.from_values(blocks["TimeZone"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ImageResponse(Response):
    """The response of GetPersonImage, GetProjectImage and GetBlobStream.

    Attributes:
        image: Bytes of the image (Response); None means nil or absent.
    """

    image: bytes | None = None

    def result_values(self) -> Mapping[str, Any]:
        """Return the values in the body, by their names in the WSDL; None for nil or absent."""
        return {"Response": self.image}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class AuthenticateResponse(Response):
    """The response of AuthenticateUsernamePassword.

    Attributes:
        ticket: Ticket in Credentials; None means that there are no Credentials.
        authenticated: AuthenticationSucceeded; None means absent.
        user: Some fields of the user (Response, a SoPrincipalCarrier), by their names in the WSDL
            and in its order; None means nil or absent.
    """

    ticket: str | None = None
    authenticated: bool | None = None
    user: Mapping[str, str | int | bool] | None = None

    def result_values(self) -> Mapping[str, Any]:
        """Return the values in the body, by their names in the WSDL; None for nil or absent."""
        return {
            "Response": self.user,
            "Credentials": None if self.ticket is None else {"Ticket": self.ticket},
            "AuthenticationSucceeded": self.authenticated,
        }
