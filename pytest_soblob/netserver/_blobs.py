"""Stored images."""

from collections.abc import Callable
from typing import Self

from pytest_soblob._text import hide
from pytest_soblob.contract import BlobLinkType
from pytest_soblob.messages import SaveImageStreamRequest, secrets_of


class Blob:
    """One stored image.

    The endpoint keeps an upload once, as it came; type, image and description are read from it
    when somebody asks for them.

    Args:
        id: Counted from 1 in every test and example, unless a reply scripted another.
        type: As sent; None where there was none.
        image: The decoded bytes; None where there was no Image, or a nil one.
        description: As XML carries it; None where there was none, or a nil one.
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
        """Return a blob whose upload is read when it is asked for."""
        blob = cls.__new__(cls)
        blob.id, blob._read = blob_id, read
        return blob

    @property
    def type(self) -> BlobLinkType | str | None:
        """As sent; None where there was none."""
        return self._read().type

    @property
    def image(self) -> bytes | None:
        """The decoded bytes; None where there was no Image, or a nil one."""
        return self._read().image

    @property
    def description(self) -> str | None:
        """As XML carries it; None where there was none, or a nil one."""
        return self._read().description

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Blob):
            return NotImplemented
        return self.id == other.id and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        link_type, image, description = self._values()
        size = "no image" if image is None else f"{len(image):,} bytes"
        said = [text and self.shown(str(text)) for text in (link_type, description)]
        return f"<Blob {self.id}: {said[0]}, {size}, description {said[1]!r:.60}>"

    def shown(self, text: str) -> str:
        """Return a text of this blob without what its upload held as a secret."""
        return hide(text, secrets_of(self._read()))

    def _values(self) -> tuple[BlobLinkType | str | None, bytes | None, str | None]:
        request = self._read()
        return request.type, request.image, request.description
