"""Normal responses: what they share, and what each operation adds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from pytest_soblob.binding import Spelling, write_sequence
from pytest_soblob.contract import RESPONSE_BLOCKS, SAVE_IMAGE_STREAM, Operation, Profile
from pytest_soblob.envelope import Envelope
from pytest_soblob.messages._values import (
    EXTRA,
    ExceptionInfo,
    Pairs,
    ShortRepr,
    TimeZone,
    pair_values,
    read_pairs,
)
from pytest_soblob.messages._xml_form import (
    append_wrapper,
    checked,
    new_envelope,
    read_blocks,
    read_body,
    serialise,
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Response(ShortRepr):
    """What every normal response shares: the header blocks that say whether it is one.

    Attributes:
        succeeded: The only failure signal; None means that the block is absent.
        exception_info: Why it failed; None means nil or absent.
        extra_info: Pairs of key and value; None means nil or absent.
        time_zone: None means nil or absent.
    """

    succeeded: bool | None = None
    exception_info: ExceptionInfo | None = None
    extra_info: Pairs | None = None
    time_zone: TimeZone | None = None

    def result_values(self) -> Mapping[str, Any]:
        """Return what the body holds, by the names of the WSDL; None for nil or absent."""
        return {}

    def block_values(self) -> dict[str, Any]:
        """Return what each header block holds, by name; None for nil or absent."""
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
        """Return the envelope in that form, as the answer to `operation`.

        In the page's form only a failure has header blocks, in a SOAP 1.2 Header [inferred].
        """
        spelling = spelling or Spelling()
        bare = Profile(profile) is Profile.DOCUMENTED and self.succeeded is not False
        blocks = () if bare else operation.response_blocks
        root = new_envelope(profile, spelling, blocks, self.block_values())
        wrapper = append_wrapper(root, operation.response_element)
        checked(write_sequence, wrapper, operation.results, self.result_values(), spelling)
        return serialise(root, spelling)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SaveImageStreamResponse(Response):
    """The response of SaveImageStream: the blob id, and whether it is one.

    Attributes:
        blob_id: Response, xs:int; None means absent.
        succeeded: The only failure signal; None means that the block is absent.
        exception_info: Why it failed; None means nil or absent.
        extra_info: Pairs of key and value; None means nil or absent.
        time_zone: None means nil or absent.
    """

    blob_id: int | None = None

    def result_values(self) -> Mapping[str, Any]:
        """Return what the body holds, by the names of the WSDL; None for nil or absent."""
        return {"Response": self.blob_id}

    @classmethod
    def from_envelope(cls, envelope: Envelope) -> Self | None:
        """Return what can be read of such a response; None where the body holds another."""
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


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ImageResponse(Response):
    """The response of GetPersonImage, GetProjectImage and GetBlobStream.

    Attributes:
        image: Response, the bytes; None means nil or absent.
    """

    image: bytes | None = None

    def result_values(self) -> Mapping[str, Any]:
        """Return what the body holds, by the names of the WSDL; None for nil or absent."""
        return {"Response": self.image}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AuthenticateResponse(Response):
    """The response of AuthenticateUsernamePassword.

    Attributes:
        ticket: Of Credentials; None where there are none.
        authenticated: AuthenticationSucceeded; None means absent.
        user: Some of what Response, a SoPrincipalCarrier, says of the user, by the names of the
            WSDL and in its order; None means nil or absent.
    """

    ticket: str | None = None
    authenticated: bool | None = None
    user: Mapping[str, str | int | bool] | None = None

    def result_values(self) -> Mapping[str, Any]:
        """Return what the body holds, by the names of the WSDL; None for nil or absent."""
        return {
            "Response": self.user,
            "Credentials": None if self.ticket is None else {"Ticket": self.ticket},
            "AuthenticationSucceeded": self.authenticated,
        }
