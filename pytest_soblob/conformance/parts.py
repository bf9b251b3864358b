"""What of a body is searched for secrets: all but the pictures in the parts of a multipart body."""

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Iterator
from email.message import Message
from typing import Final

from pytest_soblob.conformance.encodings import NotRedactableError
from pytest_soblob.images.inspection import BytesReader, inspect

_MOST_PARTS: Final = 100
# Encodings of a part (RFC 2045, 6.2) that leave its bytes as they are.
_AS_IT_IS: Final = (b"7bit", b"8bit", b"binary")
_TRANSFER: Final = re.compile(
    rb"^[ \t]*Content-Transfer-Encoding[ \t]*:[ \t]*([^\s;(]{0,40})", re.IGNORECASE | re.MULTILINE
)
_FIRST_LINE: Final = re.compile(rb"\A\s*--([^\r\n]{1,200}?)[ \t]*\r?\n")
_END_OF_HEAD: Final = re.compile(rb"\r?\n\r?\n")


def searched(data: bytes, content_type: str) -> bytes:
    """Return what of a body must be text.

    Args:
        data: The body, without content codings.
        content_type: Value of Content-Type, or an empty text.

    Raises:
        NotRedactableError: A part is in a transfer encoding, and no picture.
    """
    boundary = _boundary(data, content_type)
    if boundary is None:
        return b"" if _is_picture(data) else data
    kept: list[bytes] = []
    for part in _parts(data, boundary):
        head, body = _split(part)
        coding = _TRANSFER.search(head)
        name = b"binary" if coding is None else coding[1].lower()
        if name not in _AS_IT_IS:
            if name != b"base64" or not _is_picture(_decoded(body)):
                raise NotRedactableError("a part of it is in a transfer encoding, and no picture")
        elif _is_picture(body):
            body = b""
        elif _TRANSFER.search(body):
            raise NotRedactableError("a part of it has parts")
        kept += (head, b"\n\n", body)
    return b"".join(kept)


def _boundary(data: bytes, content_type: str) -> bytes | None:
    """Return what separates the parts (RFC 2046, 5.1), or None if there are none."""
    if content_type.lstrip().lower().startswith("multipart/"):
        message = Message()
        message["Content-Type"] = " ".join(content_type.split())
        named = message.get_boundary()
        if named:
            return named.encode("latin-1", "replace")
    first = _FIRST_LINE.match(data)
    return None if first is None else first[1]


def _parts(data: bytes, boundary: bytes) -> Iterator[bytes]:
    parts = data.split(b"--" + boundary, _MOST_PARTS + 1)
    if len(parts) > _MOST_PARTS:
        raise NotRedactableError(f"it has over {_MOST_PARTS} parts")
    yield from parts


def _split(part: bytes) -> tuple[bytes, bytes]:
    """Return the head and the body of a part."""
    found = _END_OF_HEAD.search(part)
    if found is None:
        return b"", part
    body = part[found.end() :]
    return part[: found.start()], body.removesuffix(b"\n").removesuffix(b"\r")


def _decoded(body: bytes) -> bytes:
    try:
        return b64decode(body)
    except Error:
        return b""


def _is_picture(data: bytes) -> bool:
    """Whether these bytes are a picture, whole and undamaged."""
    if not data:
        return False
    picture = inspect(BytesReader(data))
    whole = picture.damaged is None and picture.truncated is None
    return whole and picture.width is not None
