"""Requests to `BLOB.svc`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from pytest_soblob.binding import Spelling, write_sequence
from pytest_soblob.contract import (
    CHANGE_PERSON_IMAGE,
    SAVE_IMAGE_STREAM,
    BlobLinkType,
    Operation,
    Profile,
)
from pytest_soblob.envelope import Envelope
from pytest_soblob.messages._http import http_request_headers
from pytest_soblob.messages._values import ShortRepr, TimeZone
from pytest_soblob.messages._xml_form import (
    append_wrapper,
    checked,
    new_envelope,
    read_blocks,
    read_body,
    serialise,
)
from pytest_soblob.names import SERVICE_PATHS
from pytest_soblob.wire import HttpRequest


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Request(ShortRepr):
    """What every request to `BLOB.svc` shares: its header blocks, and how it is written."""

    operation: ClassVar[Operation]
    _attributes: ClassVar[Mapping[str, str]]  # part name: attribute name

    ticket: str | None = None
    application_token: str | None = None
    time_zone: TimeZone | None = None

    @classmethod
    def from_envelope(cls, envelope: Envelope) -> Self | None:
        """Return what can be read of such a request; None where the body holds another."""
        values = read_body(envelope, cls.operation.name, cls.operation.parts)
        if values is None:
            return None
        blocks = read_blocks(envelope, cls.operation.request_blocks)
        credentials = blocks["Credentials"]
        return cls(
            ticket=None if credentials is None else credentials["Ticket"],
            application_token=blocks["ApplicationToken"],
            time_zone=TimeZone.from_values(blocks["TimeZone"]),
            **{cls._attributes[part]: value for part, value in values.items()},
        )

    def to_bytes(
        self, profile: Profile | str = Profile.WSDL, spelling: Spelling | None = None
    ) -> bytes:
        """Return the envelope in that form; `auto` means the WSDL's.

        Raises:
            SoblobError: A text holds a character that XML 1.0 cannot carry.
        """
        spelling = spelling or Spelling()
        blocks = {
            "ApplicationToken": self.application_token,
            "Credentials": None if self.ticket is None else {"Ticket": self.ticket},
            "TimeZone": None if self.time_zone is None else self.time_zone.to_values(),
        }
        parts = {part: getattr(self, name) for part, name in self._attributes.items()}
        root = new_envelope(profile, spelling, self.operation.request_blocks, blocks)
        wrapper = append_wrapper(root, self.operation.name)
        checked(write_sequence, wrapper, self.operation.parts, parts, spelling)
        return serialise(root, spelling)

    def to_http_request(
        self, profile: Profile | str = Profile.WSDL, spelling: Spelling | None = None
    ) -> HttpRequest:
        """Return the envelope with the HTTP headers that its SOAP version asks for."""
        spelling = spelling or Spelling()
        headers = http_request_headers(profile, self.operation.soap_action, spelling.encoding)
        return HttpRequest(
            target=SERVICE_PATHS[self.operation.service],
            headers=headers,
            body=self.to_bytes(profile, spelling),
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SaveImageStreamRequest(_Request):
    """A request to store an image.

    Attributes:
        type: A `BlobLinkType` or its name; None means absent. What was received keeps any text.
        image: The image's bytes, decoded; None means nil, absent or not decodable.
        description: As XML carries it; None means nil or absent.
        ticket: Of Credentials; None means that there are none.
        application_token: None means nil or absent.
        time_zone: None means nil or absent.
    """

    operation: ClassVar[Operation] = SAVE_IMAGE_STREAM
    _attributes: ClassVar[Mapping[str, str]] = {
        "Type": "type",
        "Image": "image",
        "Description": "description",
    }

    type: BlobLinkType | str | None = None
    image: bytes | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ChangePersonImageRequest(_Request):
    """A request to attach a blob to a person; blob id 0, or none, removes the picture.

    Attributes:
        person_id: None means absent, which WCF reads as 0.
        blob_id: None means nil or absent, which WCF reads as 0.
        ticket: Of Credentials; None means that there are none.
        application_token: None means nil or absent.
        time_zone: None means nil or absent.
    """

    operation: ClassVar[Operation] = CHANGE_PERSON_IMAGE
    _attributes: ClassVar[Mapping[str, str]] = {"PersonId": "person_id", "BlobId": "blob_id"}

    person_id: int | None = None
    blob_id: int | None = None
