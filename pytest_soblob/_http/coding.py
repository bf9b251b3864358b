"""Content codings (RFC 9110, 8.4.1): decoding of bodies by Content-Encoding, within limits.

gzip and deflate use the standard library; br needs the package `brotli` or `brotlicffi`. A few
bytes can expand to gigabytes, so no more is decoded than a valid message may have.
"""

import gzip
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from io import BytesIO
from typing import Any, Final

# Allowed before the first character of XML: a byte order mark, white space.
BLANK: Final = rb"(?:\xef\xbb\xbf)?\s*+"
# Any body may be decoded to this size; base64 of a picture of one colour shrinks to a hundredth.
LARGEST_BYTES: Final = 16 * 1024 * 1024
# A larger body to so many times its size; base64 of a real picture shrinks to three quarters.
_MOST_TIMES: Final = 4
_MOST_CODINGS: Final = 3
_GZIP: Final = b"\x1f\x8b"
_PIECE_BYTES: Final = 16  # of br, if a package has no limit: a piece may expand to megabytes
_BEGINS_AS_XML: Final = re.compile(BLANK + rb"<", re.DOTALL)


class CodingError(ValueError):
    """A body that is not in its declared coding, or that cannot be decoded here.

    Attributes:
        change: What to do about it, or None if that is evident.
    """

    def __init__(self, text: str, change: str | None = None) -> None:
        super().__init__(text)
        self.change = change


def codings_of(values: Iterable[str]) -> tuple[str, ...]:
    """Return the codings that Content-Encoding names, in the order in which they were applied."""
    named = (token.strip().lower() for value in values for token in value.split(","))
    return tuple(token.removeprefix("x-") for token in named if token not in ("", "identity"))


def is_gzip(body: bytes) -> bool:
    """Whether a body begins with the signature of gzip, whatever the headers say."""
    return body.startswith(_GZIP)


def begins_as_xml(body: bytes) -> bool:
    """Whether a body begins with markup, whatever the headers say."""
    return _BEGINS_AS_XML.match(body) is not None


def decode(body: bytes, codings: Iterable[str]) -> bytes:
    """Return a body without its codings.

    Raises:
        CodingError: It is not in one of them, is cut off, would exceed the limit when decoded, or
            there is no decoder.
    """
    named = tuple(codings)
    if len(named) > _MOST_CODINGS:
        raise CodingError(f"the body has {len(named)} content codings applied")
    for coding in reversed(named):
        undo = _DECODERS.get(coding)
        if undo is None:
            raise CodingError(
                f"the body is in the coding {coding!r:.40}, which is not supported",
                "request the response without it: send Accept-Encoding: identity",
            )
        limit = max(LARGEST_BYTES, _MOST_TIMES * len(body))
        try:
            decoded = undo(body, limit)
        except (OSError, EOFError, zlib.error) as error:
            how = "is cut off" if isinstance(error, EOFError) else f"is not {coding}"
            raise CodingError(f"Content-Encoding is {coding}, but the body {how}") from None
        if len(decoded) > limit:
            raise CodingError(f"the body exceeds {limit:,} bytes when decoded from {coding}")
        body = decoded
    return body


def _gunzip(body: bytes, limit: int) -> bytes:
    # GzipFile accepts several members in sequence (RFC 1952, 2.2), in linear time.
    with gzip.GzipFile(fileobj=BytesIO(body)) as stream:
        return stream.read(limit + 1)


def _inflate(body: bytes, limit: int) -> bytes:
    """Decode RFC 9110's deflate (zlib, RFC 1950), or the raw stream that many servers send."""
    try:
        return _inflated(body, limit, zlib.MAX_WBITS)
    except zlib.error:
        return _inflated(body, limit, -zlib.MAX_WBITS)


def _inflated(body: bytes, limit: int, window: int) -> bytes:
    inflater = zlib.decompressobj(window)
    data = inflater.decompress(body, limit + 1)
    if not inflater.eof and len(data) <= limit:
        raise EOFError
    return data


def _unbrotli(body: bytes, limit: int) -> bytes:
    module = _brotli()
    decoder = module.Decompressor()
    pieces: list[bytes] = []
    size = at = 0
    try:
        while at < len(body) and size <= limit and not decoder.is_finished():
            pieces.append(decoder.process(body[at : at + _PIECE_BYTES]))
            size += len(pieces[-1])
            at += _PIECE_BYTES
        finished = decoder.is_finished()
    except module.error as error:
        raise OSError(str(error)) from None
    if not finished and size <= limit:
        raise EOFError
    return b"".join(pieces)


def _brotli() -> Any:
    for name in ("brotli", "brotlicffi"):
        try:
            return import_module(name)
        except ImportError:
            continue
    raise CodingError(
        "the body is in the coding br, for which no decoder is installed",
        "pip install brotli, or request the response without it: send Accept-Encoding: gzip",
    )


_DECODERS: Final[Mapping[str, Callable[[bytes, int], bytes]]] = {
    "gzip": _gunzip,
    "deflate": _inflate,
    "br": _unbrotli,
}
