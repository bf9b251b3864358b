"""Stored images."""

from collections.abc import Callable
from typing import Final, Self

from pytest_soblob._redacted import secrets_in
from pytest_soblob._text import hide
from pytest_soblob.contract import BlobLinkType
from pytest_soblob.soap.messages import SaveImageStreamRequest

# Ids need more than 16 bits and do not count, so that a client that counts for itself, keeps 16
# bits or always returns 1 is seen. They are the same in every test and example.
FIRST_BLOB_ID: Final = 70_001


def blob_id_after(blob_id: int) -> int:
    """Return the id that is given after another: larger by 2 to 20."""
    return blob_id + 2 + blob_id % 19


class Blob:
    """One stored image.

    The endpoint keeps each upload as it was sent; type, image and description are read from it on
    access.

    Args:
        id: Id, 70,001 for the first in every test and example, then larger ones with gaps, unless
            a reply scripted another.
        type: Link type as sent, or None if there was none.
        image: Decoded bytes, or None if Image was missing or nil.
        description: Description as XML carries it, or None if it was missing or nil.
    """

    __slots__ = ("_read", "id")

    def __init__(
        self,
        *,
        id: int,
        type: BlobLinkType | str | None = None,
        image: bytes | None = None,
        description: str | None = None,
    ) -> None:
        request = SaveImageStreamRequest(type=type, image=image, description=description)
        self.id = id
        self._read: Callable[[], SaveImageStreamRequest] = lambda: request

    @classmethod
    def kept(cls, blob_id: int, read: Callable[[], SaveImageStreamRequest]) -> Self:
        """Return a blob whose upload is read on access."""
        blob = cls.__new__(cls)
        blob.id, blob._read = blob_id, read
        return blob

    def upload(self) -> SaveImageStreamRequest:
        """Return type, image and description together, reading the kept upload once."""
        return self._read()

    @property
    def type(self) -> BlobLinkType | str | None:
        """Link type as sent, or None if there was none."""
        return self._read().type

    @property
    def image(self) -> bytes | None:
        """Decoded bytes, or None if Image was missing or nil."""
        return self._read().image

    @property
    def description(self) -> str | None:
        """Description as XML carries it, or None if it was missing or nil."""
        return self._read().description

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Blob):
            return NotImplemented
        return self.id == other.id and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return self.described(self._read())

    def described(self, upload: SaveImageStreamRequest) -> str:
        """Return the text that `repr` shows.

        Args:
            upload: The blob's upload, already read.
        """
        image, secrets = upload.image, secrets_in(upload)
        size = "no image" if image is None else f"{len(image):,} bytes"
        said = [text and hide(str(text), secrets) for text in (upload.type, upload.description)]
        return f"<Blob {self.id}: {said[0]}, {size}, description {said[1]!r:.60}>"

    def shown(self, text: str) -> str:
        """Return a text of this blob without the secrets of its upload."""
        return hide(text, secrets_in(self._read()))

    def _values(self) -> tuple[BlobLinkType | str | None, bytes | None, str | None]:
        request = self._read()
        return request.type, request.image, request.description
