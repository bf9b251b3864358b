"""Damage: what happens to pictures on their way, as pure functions of bytes.

::

    damaged = DamagedBytes(ImageBytes(format="GIF"), "cut", at=500)
    damaged.damage    # "cut"
    damaged.opener    # "OSError: image file is truncated"

Nothing here is hostile: no bombs, no markers that a virus scanner looks for.
"""

from collections.abc import Callable
from typing import Any, Final, Self

from pytest_soblob._text import clip
from pytest_soblob.errors import SoblobError
from pytest_soblob.images.encoding import FORMATS, ImageBytes
from pytest_soblob.images.opening import LargePictureError, UnreadablePictureError, open_picture

_HOLE_BYTES: Final = 64
_PER_MILLE: Final = 1_000
_PDF: Final = (
    b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
    b"2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n"
    b"trailer\n<< /Root 1 0 R >>\n%%EOF\n"
)
_HTML: Final = (
    b"<!DOCTYPE html>\n<html><head><title>404</title></head><body>Not found</body></html>\n"
)
_SVG: Final = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><path d="M0 0h1v1z"/></svg>\n'
)
_ZIP: Final = b"PK\x05\x06" + bytes(18)  # an archive of nothing
_TEXT: Final = b"see attached picture\n"

Damage = Callable[[bytes, int], bytes]


def _hole(data: bytes, at: int) -> bytes:
    end = min(len(data), at + _HOLE_BYTES)
    return data[:at] + bytes(end - at) + data[end:]


def _decoded(encoding: str) -> Damage:
    return lambda data, at: data.decode(encoding, "replace").encode()


# Plainest first; the place, in bytes, is heeded by a cut and a hole alone.
DAMAGES: Final[dict[str, Damage]] = {
    "cut": lambda data, at: data[: max(at, 1)],
    "hole": _hole,
    "decoded as UTF-8": _decoded("utf-8"),
    "decoded as ASCII": _decoded("ascii"),
    "decoded as Latin-1": _decoded("latin-1"),
    "LF to CRLF": lambda data, at: data.replace(b"\n", b"\r\n"),
    "CRLF to LF": lambda data, at: data.replace(b"\r\n", b"\n"),
    "a PDF": lambda data, at: _PDF,
    "an HTML page": lambda data, at: _HTML,
    "an SVG": lambda data, at: _SVG,
    "a ZIP archive": lambda data, at: _ZIP,
    "empty": lambda data, at: b"",
    "text": lambda data, at: _TEXT,
}


class DamagedBytes(bytes):
    """A picture that was damaged: `bytes` to whoever takes bytes.

    Attributes:
        image: The picture before.
        damage: What was done to it: a name in `DAMAGES`.
        at: Where it was done, in per mille of the file's length; 0 where the damage has no place.

    Raises:
        SoblobError: There is no damage of that name, or `at` is not 0 to 999.
    """

    image: ImageBytes
    damage: str
    at: int

    def __new__(cls, image: ImageBytes, damage: str, *, at: int = 0) -> Self:
        """Damage a picture."""
        if damage not in DAMAGES:
            raise SoblobError(f"damage is {clip(repr(damage))}; allowed: {', '.join(DAMAGES)}")
        if type(at) is not int or not 0 <= at < _PER_MILLE:
            raise SoblobError(f"at is {clip(repr(at))}; allowed: 0 to {_PER_MILLE - 1}")
        data = DAMAGES[damage](bytes(image), len(image) * at // _PER_MILLE)
        self = super().__new__(cls, data)
        self.image, self.damage, self.at = image, damage, at
        return self

    @property
    def opener(self) -> str:
        """What Pillow says when it opens and decodes the first frame: an error, or `opens`."""
        return _opened(bytes(self))

    def __repr__(self) -> str:
        at = f", at={self.at}" if self.at else ""
        return f"{type(self).__name__}({self.image!r}, {self.damage!r}{at})"

    __str__ = __repr__

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self.image, self.damage, self.at)


def _rebuild(image: ImageBytes, damage: str, at: int) -> DamagedBytes:
    return DamagedBytes(image, damage, at=at)


def _opened(data: bytes) -> str:
    try:
        with open_picture(data, FORMATS) as picture:
            picture.load()
    except LargePictureError as large:
        return f"opens, of {large}"
    except UnreadablePictureError as error:
        return str(error)
    return "opens"
