"""Files of text as UTF-8 without a byte order mark, however a tool or a shell has written them."""

import codecs
import re
from io import BytesIO
from typing import Any, Final, Protocol

from pytest_soblob.errors import SoblobError

PIECE_BYTES: Final = 64 * 1024
_UTF8: Final = b"\xef\xbb\xbf"
# The longer ones first. Without a mark, JSON and XML begin with an ASCII character.
_BEGINNINGS: Final = (
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    *((bytes((first, 0)), "utf-16-le") for first in b"{[<"),
    *((bytes((0, first)), "utf-16-be") for first in b"{[<"),
)
_ENCODING: Final = re.compile(
    rb"""\A(\s*+<\?xml[^>]{1,200}?)\sencoding\s*=\s*(?:"[^">]*"|'[^'>]*')"""
)


class Readable(Protocol):
    """A file that is read once, from its beginning."""

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, all of them by default."""
        ...


def decoded_head(head: bytes) -> bytes:
    """Return the beginning of a file as UTF-8; unchanged if it is neither UTF-8 nor UTF-16."""
    encoding = _encoding_of(head)
    if encoding is None:
        return head.removeprefix(_UTF8)
    text = head[: len(head) & ~1].decode(encoding, "replace")
    return _without_declaration(text.encode())


def decoded(data: bytes) -> bytes:
    """Return the whole of a file as UTF-8, as `as_utf8` does.

    Raises:
        SoblobError: It begins as UTF-16 and is not.
    """
    return data if _encoding_of(data) is None else as_utf8(BytesIO(data)).read()


def as_utf8(stream: Readable) -> Readable:
    """Return a file of text in UTF-8, without a mark and, if it was UTF-16, without a declaration.

    Args:
        stream: A file, from its beginning.
    """
    return _Utf8(stream)


class _Utf8:
    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._left = b""
        self._is_begun = False
        self._decoder: codecs.IncrementalDecoder | None = None

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, all of them by default.

        Raises:
            SoblobError: It begins as UTF-16 and is not.
        """
        if not self._is_begun:
            self._begin()
        if self._decoder is None:
            return self._rest_and(self._stream.read(size)) if size < 0 else self._next(size)
        pieces = [self._left]
        count = len(self._left)
        while (size < 0 or count < size) and (piece := self._decoded()):
            pieces.append(piece)
            count += len(piece)
        data = b"".join(pieces)
        wanted = len(data) if size < 0 else size
        data, self._left = data[:wanted], data[wanted:]
        return data

    def _begin(self) -> None:
        self._is_begun = True
        self._left = self._stream.read(PIECE_BYTES)
        encoding = _encoding_of(self._left)
        if encoding is None:
            self._left = self._left.removeprefix(_UTF8)
            return
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._left = _without_declaration(self._as_utf8(self._left, is_last=False))

    def _next(self, size: int) -> bytes:
        data, self._left = self._left[:size], self._left[size:]
        return data or self._stream.read(size)

    def _rest_and(self, more: bytes) -> bytes:
        data, self._left = self._left, b""
        return data + more if data else more

    def _decoded(self) -> bytes:
        """Return the next piece; none only at the end."""
        while piece := self._stream.read(PIECE_BYTES):
            if data := self._as_utf8(piece, is_last=False):
                return data
        return self._as_utf8(b"", is_last=True)

    def _as_utf8(self, data: bytes, *, is_last: bool) -> bytes:
        decoder: Any = self._decoder
        try:
            return bytes(decoder.decode(data, is_last).encode())
        except UnicodeError as error:
            said = str(error).partition(" in position")[0]
            raise SoblobError(f"it begins as UTF-16 and is not: {said}") from None


def _encoding_of(head: bytes) -> str | None:
    return next((name for begins, name in _BEGINNINGS if head.startswith(begins)), None)


def _without_declaration(data: bytes) -> bytes:
    """Return XML without the encoding that it declares, which is no longer that of the bytes."""
    return _ENCODING.sub(rb"\1", data, count=1)
