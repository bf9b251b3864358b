"""What makes two calls the same attempt."""

from collections.abc import Hashable, Mapping
from typing import Any, Final, NamedTuple

from pytest_soblob._xml.base64_text import Base64Text, fingerprint_of
from pytest_soblob.contract import SAVE_IMAGE_STREAM, BlobLinkType, Operation

_LONGEST_KEPT: Final = 64
# The link types whose blobs an operation of the stub attaches.
_ATTACHED: Final = (str(BlobLinkType.PersonImage), str(BlobLinkType.ProjectImage))
ANY_AIM: Final = "any"


class Parts(NamedTuple):
    """The parts of a call, as the server read them.

    Attributes:
        operation: Operation that the server recognised.
        values: Values of the parts by name, as `binding` returns them; a large image is a
            `Base64Text`, which is decoded on demand.
    """

    operation: Operation
    values: Mapping[str, Any]


class Attempt(NamedTuple):
    """What a call asks for, without its credentials; an equal call is a repetition.

    Attributes:
        kind: Link type of an upload, or the name of another operation; None if the upload has no
            type or could not be read.
        description: Description of an upload; of a long text its fingerprint.
        content: Fingerprint of the image, of the parts of another operation, or of the whole body
            if it could not be read.
        is_read: True if the server could read the call.
    """

    kind: str | None
    description: str | None
    content: int
    is_read: bool = True

    @property
    def is_attached(self) -> bool:
        """True if an operation of the stub attaches its blob."""
        return self.kind in _ATTACHED

    @property
    def aim(self) -> Hashable:
        """What it shares with a corrected retry: all but the image, which may be made smaller."""
        return self[:2] if self.is_read else ANY_AIM


UNREAD: Final = Attempt(None, None, 0, is_read=False)


def attempt_of(parts: Parts | None, body: bytes) -> Attempt:
    """Return the attempt that a call makes.

    Args:
        parts: Parts as the server read them, or None if it could not.
        body: Body of the request.
    """
    if parts is None:
        return Attempt(None, None, hash(body), is_read=False)
    if parts.operation is not SAVE_IMAGE_STREAM:
        return Attempt(parts.operation.name, None, hash(repr(sorted(parts.values.items()))))
    kind, image, description = (parts.values[n] for n in ("Type", "Image", "Description"))
    return Attempt(
        shortened(None if kind is None else str(kind)),
        shortened(description),
        image.fingerprint if isinstance(image, Base64Text) else fingerprint_of(image or b""),
    )


def shortened(text: str | None) -> str | None:
    """Return a text, or the fingerprint of a long one, so that the memory stays bounded."""
    return text if text is None or len(text) <= _LONGEST_KEPT else f"{len(text)} {hash(text)}"
