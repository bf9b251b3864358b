"""The base class of all requests, and the request of SaveImageStream."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pytest_soblob._redacted import Redacted
from pytest_soblob.contract import (
    SAVE_IMAGE_STREAM,
    BlobLinkType,
    Operation,
    Profile,
)
from pytest_soblob.names import NETSERVER, SERVICE_PATHS, SOAP11
from pytest_soblob.soap.binding import Spelling, find_child, read, write_sequence
from pytest_soblob.soap.envelope import Envelope
from pytest_soblob.soap.messages._http import http_request_headers
from pytest_soblob.soap.messages._values import TimeZone
from pytest_soblob.soap.messages._xml_form import (
    append_wrapper,
    checked,
    new_envelope,
    read_blocks,
    read_body,
    serialise,
)
from pytest_soblob.wire import HttpRequest

_HEADER = f"{{{SOAP11}}}Header"
_CREDENTIALS = f"{{{NETSERVER}}}Credentials"
_TOKEN = f"{{{NETSERVER}}}ApplicationToken"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Request(Redacted):
    """Base class of all requests: the header blocks, reading and writing.

    Attributes:
        ticket: Ticket in Credentials; None means that there are no Credentials.
        application_token: Application token; None means nil or absent.
        time_zone: Time zone; None means nil or absent.
    """

    operation: ClassVar[Operation]
    _attributes: ClassVar[Mapping[str, str]]  # part name: attribute name

    ticket: str | None = None
    application_token: str | None = None
    time_zone: TimeZone | None = None

    @classmethod
    def from_envelope(cls, envelope: Envelope, *, image: bool = True) -> Self | None:
        """Return the request, as far as it can be read; None if the body holds another element.

        Args:
            envelope: The parsed envelope.
            image: False to leave an image that was cut out empty instead of decoding it.
        """
        values = read_body(envelope, cls.operation.name, cls.operation.parts, image=image)
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
        """Return a request with these parts, by their names in the WSDL, and header blocks."""
        return cls(**{cls._attributes[part]: value for part, value in values.items()}, **blocks)

    def to_bytes(
        self, profile: Profile | str = Profile.WSDL, spelling: Spelling | None = None
    ) -> bytes:
        """Return the envelope of this request.

        Args:
            profile: Form of the message; `auto` means `wsdl`.
            spelling: Way of writing it, or None for `Spelling()`.

        Raises:
            SoblobError: If a text has a character that XML 1.0 does not allow.
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
        """Return the envelope with the HTTP headers that its SOAP version requires.

        Args:
            profile: Form of the message; `auto` means `wsdl`.
            spelling: Way of writing it, or None for `Spelling()`.

        Raises:
            SoblobError: A text holds a character that XML 1.0 cannot carry.
        """
        spelling = spelling or Spelling()
        headers = http_request_headers(profile, self.operation.soap_action, spelling.encoding)
        return HttpRequest(
            target=SERVICE_PATHS[self.operation.service],
            headers=headers,
            body=self.to_bytes(profile, spelling),
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class SaveImageStreamRequest(Request):
    """A request to store an image.

    Attributes:
        type: A `BlobLinkType` or its name; None means absent. A received request keeps any text.
        image: Decoded bytes of the image; None means nil, absent or not decodable.
        description: Description, exactly as in the XML; None means nil or absent.
        ticket: Ticket in Credentials; None means that there are no Credentials.
        application_token: Application token; None means nil or absent.
        time_zone: Time zone; None means nil or absent.
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
    """Return ticket and application token; each is None if it is missing or nil."""
    return envelope.document.memoize("credentials", lambda: _read_credentials(envelope))


def _read_credentials(envelope: Envelope) -> tuple[str | None, str | None]:
    first = envelope.root[0] if len(envelope.root) else None
    if first is not None and first.tag == _HEADER:
        blocks = {child.tag: child for child in first}  # the last of each, as in WCF
        credentials, token = blocks.get(_CREDENTIALS), blocks.get(_TOKEN)
    else:
        credentials, token = (
            None if block is None else block.element
            for block in map(envelope.find_block, ("Credentials", "ApplicationToken"))
        )
    ticket = None if credentials is None else find_child(credentials, "Ticket")
    return read(ticket, "string"), read(token, "string")
