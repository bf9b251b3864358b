"""What every request shares, and that of SaveImageStream."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pytest_soblob.binding import Spelling, find_child, read, write_sequence
from pytest_soblob.contract import (
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
from pytest_soblob.names import NETSERVER, SERVICE_PATHS, SOAP11
from pytest_soblob.wire import HttpRequest

_HEADER = f"{{{SOAP11}}}Header"
_CREDENTIALS = f"{{{NETSERVER}}}Credentials"
_TOKEN = f"{{{NETSERVER}}}ApplicationToken"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Request(ShortRepr):
    """What every request shares: its header blocks, and how it is read and written.

    Attributes:
        ticket: Of Credentials; None means that there are none.
        application_token: None means nil or absent.
        time_zone: None means nil or absent.
    """

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
        credentials = blocks.get("Credentials")
        return cls.from_values(
            values,
            ticket=None if credentials is None else credentials["Ticket"],
            application_token=blocks["ApplicationToken"],
            time_zone=TimeZone.from_values(blocks.get("TimeZone")),
        )

    @classmethod
    def from_values(cls, values: Mapping[str, Any], **blocks: Any) -> Self:
        """Return the request with these values of its parts, by their names in the WSDL."""
        return cls(**{cls._attributes[part]: value for part, value in values.items()}, **blocks)

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
class SaveImageStreamRequest(Request):
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


def read_credentials(envelope: Envelope) -> tuple[str | None, str | None]:
    """Return ticket and application token, each None where it is missing or nil."""
    return envelope.document.recall("credentials", lambda: _read_credentials(envelope))


def _read_credentials(envelope: Envelope) -> tuple[str | None, str | None]:
    first = envelope.root[0] if len(envelope.root) else None
    if first is not None and first.tag == _HEADER:
        blocks = {child.tag: child for child in first}  # the last of each, as WCF has it
        credentials, token = blocks.get(_CREDENTIALS), blocks.get(_TOKEN)
    else:
        credentials, token = (
            None if block is None else block.element
            for block in map(envelope.find_block, ("Credentials", "ApplicationToken"))
        )
    ticket = None if credentials is None else find_child(credentials, "Ticket")
    return read(ticket, "string"), read(token, "string")
