"""Base64 text that is too large to copy: checked, measured and read in pieces.

A 100 MB image is 133 MB of text. `Base64Text` reads it in place, in the message's bytes or in a
string, 64 KiB at a time: whether it is strict XSD 1.0 base64Binary (part 2, 3.2.16: alphabet,
padding at the end only, unused bits zero, white space anywhere), and what each part decodes to.
"""

from bisect import bisect_right
from collections.abc import Iterator
from typing import Final, NamedTuple

import pybase64

WHITE_SPACE: Final = b" \t\r\n"
# A multiple of four, small enough that text and result fit in the processor's cache.
_PIECE: Final = 64 * 1024
_FEW: Final = 1024
# The characters whose last two or four bits, which padding leaves unused, are zero.
_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BEFORE_PADDING: Final = {1: _ALPHABET[::4], 2: _ALPHABET[::16]}
# The longest text whose decoded bytes the check keeps for the next reader.
_KEPT: Final = 2 * 1024 * 1024


class _Piece(NamedTuple):
    """A piece of the text: its start, the characters left over before it, its decoded offset."""

    start: int
    before: bytes
    offset: int


class Base64Text:
    """A range of text that should be base64.

    Args:
        source: The message's bytes (ASCII in that range), or text.
        start: Start of the range in `source`.
        stop: End of the range; None means the end of `source`.
    """

    def __init__(self, source: bytes | str, start: int = 0, stop: int | None = None) -> None:
        self._source = source
        self._start = start
        self._stop = len(source) if stop is None else stop
        # Not a cached_property, which takes a lock before Python 3.12.
        self._is_checked = False
        self._size: int | None = None
        # Filled only if white space makes the pieces unequal; otherwise positions are computed.
        self._pieces: list[_Piece] = []
        self._last: tuple[int, bytes] = (-1, b"")
        self._head = b""  # the first bytes, which are read most often
        self._kept: list[bytes] = []  # all decoded bytes, if the text is not large
        self._line_feeds = 0
        self._carriage_returns = 0
        self._has_blanks = False

    def __len__(self) -> int:
        """The number of characters, white space included."""
        return self._stop - self._start

    def text(self, start: int = 0, stop: int | None = None) -> str:
        """Return a part of the text, by default all of it."""
        last = self._stop if stop is None else min(self._start + stop, self._stop)
        part = self._source[self._start + max(start, 0) : last]
        return part if isinstance(part, str) else part.decode("latin-1")

    @property
    def size(self) -> int:
        """The number of decoded bytes; 0 if the text is not strict base64."""
        return self.decoded_size or 0

    @property
    def decoded_size(self) -> int | None:
        """The number of decoded bytes; None if the text is not strict base64."""
        if not self._is_checked:
            size = self._check_plain()
            self._size = self._check_spaced() if size is None else size
            self._is_checked = True
        return self._size

    def read(self, offset: int, count: int) -> bytes:
        """Return decoded bytes: fewer than `count` only at the end, none if it is not base64."""
        size = self._size if self._is_checked else self.decoded_size
        if not size or offset < 0:
            return b""
        if offset + count <= len(self._head) or len(self._head) == size:
            return self._head[offset : offset + count]
        if count <= _FEW and not self._pieces:
            return self._read_few(offset, count)
        parts = []
        wanted = min(count, size - offset)
        while wanted > 0:
            number, skipped = self._locate(offset)
            part = self._decoded(number)[skipped : skipped + wanted]
            parts.append(part)
            offset += len(part)
            wanted -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def iter_pieces(self, offset: int, count: int) -> Iterator[bytes]:
        """Yield the same bytes in pieces, none of them copied more than once."""
        while count > 0 and offset < self.size:
            number, skipped = self._locate(offset)
            piece = memoryview(self._decoded(number))[skipped : skipped + count]
            offset += len(piece)
            count -= len(piece)
            yield piece  # type: ignore[misc] # as good as bytes

    def release(self) -> None:
        """Discard the decoded bytes that are kept for the next reader."""
        self._kept = []

    @property
    def characters(self) -> int:
        """The number of characters a parser returns, CR LF as one.

        Valid for strict base64, and for text without CR.
        """
        return len(self) - (self._count("\r\n") if self._carriage_returns else 0)

    @property
    def has_blanks(self) -> bool:
        """Whether it is strict base64 that contains spaces or tabs, not only line ends."""
        return self.decoded_size is not None and self._has_blanks

    @property
    def lines(self) -> int:
        """The number of line ends as XML counts them: CR, LF and CR LF are one each."""
        if self.decoded_size is None:
            self._line_feeds, self._carriage_returns = self._count("\n"), self._count("\r")
        if not self._carriage_returns:
            return self._line_feeds
        return self._line_feeds + self._carriage_returns - self._count("\r\n")

    def _count(self, what: str) -> int:
        source = self._source
        if isinstance(source, str):
            return source.count(what, self._start, self._stop)
        return source.count(what.encode(), self._start, self._stop)

    def _read_few(self, offset: int, count: int) -> bytes:
        group, skipped = divmod(offset, 3)
        groups = (skipped + count + 2) // 3
        decoded = pybase64.b64decode(self._slice(group * 4, (group + groups) * 4))
        return decoded[skipped : skipped + count]

    @property
    def fingerprint(self) -> int:
        """A hash of the decoded bytes, whether or not the text is wrapped: see `fingerprint_of`."""
        if self.decoded_size is None or not self._pieces:
            part = self._slice(0, len(self))
            return hash(part.encode() if isinstance(part, str) else part)
        compact = (self._compact(piece.start)[0] for piece in self._pieces)
        return hash(b"".join(compact))

    def decode(self) -> bytes | None:
        """Return all decoded bytes, or None if the text is not strict base64."""
        if self.decoded_size is None:
            return None
        if not self._pieces:
            return pybase64.b64decode(self._slice(0, len(self)))
        return b"".join(self._decoded(number) for number in range(len(self._pieces)))

    def _slice(self, start: int, stop: int) -> bytes | str:
        first, last = self._start + start, min(self._start + stop, self._stop)
        if isinstance(self._source, str):
            return self._source[first:last]
        return memoryview(self._source)[first:last]  # type: ignore[return-value] # as good as bytes

    def _check_plain(self) -> int | None:
        """Return the decoded size of strict base64 without white space, None for other text."""
        length = len(self)
        if length % 4:
            return None
        size = 0
        try:
            for start in range(0, length, _PIECE):
                if size * 4 != start * 3:
                    return None  # padding before the end
                decoded = pybase64.b64decode(self._slice(start, start + _PIECE), validate=True)
                size += len(decoded)
                if not start:
                    self._head = decoded
                if length <= _KEPT:
                    self._kept.append(decoded)
        except ValueError:
            self._kept.clear()
            return None
        # Without padding there are no unused bits.
        padded = size * 4 != length * 3
        return size if not padded or _is_canonical(self.text(length - 4).encode()) else None

    def _check_spaced(self) -> int | None:
        """Return the decoded size of strict base64 with white space, and note its pieces."""
        size = characters = line_feeds = carriage_returns = 0
        before = last = b""
        pieces = []
        try:
            for start in range(0, len(self), _PIECE):
                compact, feeds, returns = self._compact(start)
                line_feeds += feeds
                carriage_returns += returns
                if not compact:
                    continue
                if size * 4 != characters * 3:
                    return None  # padding before the end
                pieces.append(_Piece(start, before, size))
                groups, before = _whole_groups(before, compact)
                decoded = pybase64.b64decode(groups, validate=True)
                size += len(decoded)
                characters += len(groups)
                if len(pieces) == 1:
                    self._head = decoded
                last = bytes(groups[-4:]) or last
        except ValueError:
            return None
        if before or not _is_canonical(last):
            return None
        self._pieces, self._line_feeds, self._carriage_returns = (
            pieces,
            line_feeds,
            carriage_returns,
        )
        return size

    def _compact(self, start: int) -> tuple[bytes, int, int]:
        """Return a piece without white space, its number of LF and its number of CR.

        Raises:
            ValueError: A character is not ASCII.
        """
        stop = min(self._start + start + _PIECE, self._stop)
        piece = self._source[self._start + start : stop]
        raw = piece.encode("ascii") if isinstance(piece, str) else piece
        # Wrapped lines are the common case; `replace` needs a third of `translate`'s time for them.
        joined = raw.replace(b"\n", b"")
        line_feeds = len(raw) - len(joined)
        without_returns = joined.replace(b"\r", b"")
        carriage_returns = len(joined) - len(without_returns)
        if b" " in without_returns or b"\t" in without_returns:
            self._has_blanks = True
            return without_returns.translate(None, WHITE_SPACE), line_feeds, carriage_returns
        return without_returns, line_feeds, carriage_returns

    def _locate(self, offset: int) -> tuple[int, int]:
        """Return the number of the piece with that decoded byte, and the offset inside it."""
        if not self._pieces:
            return divmod(offset, _PIECE // 4 * 3)
        number = bisect_right(self._pieces, offset, key=lambda piece: piece.offset) - 1
        return number, offset - self._pieces[number].offset

    def _decoded(self, number: int) -> bytes:
        if self._kept:
            return self._kept[number]
        if self._last[0] != number:
            groups: bytes | str
            if self._pieces:
                piece = self._pieces[number]
                groups, _ = _whole_groups(piece.before, self._compact(piece.start)[0])
            else:
                groups = self._slice(number * _PIECE, (number + 1) * _PIECE)
            # Validating is faster, and the text is known to be valid.
            self._last = (number, pybase64.b64decode(groups, validate=True))
        return self._last[1]


def fingerprint_of(data: bytes) -> int:
    """Return a number that is the same for other bytes with a chance of only 1 in 2**64.

    It is Python's hash, keyed per process, of the strict base64 text: a text of megabytes is
    neither decoded nor copied for it, and any digest of `hashlib` takes at least twice as long.
    """
    return hash(pybase64.b64encode(data))


def _whole_groups(before: bytes, compact: bytes) -> tuple[bytes, bytes]:
    """Return the whole groups of four characters, and the rest."""
    characters = before + compact if before else compact
    rest = len(characters) % 4
    if not rest:
        return characters, b""
    return memoryview(characters)[:-rest], characters[-rest:]  # type: ignore[return-value]


def _is_canonical(group: bytes) -> bool:
    """Whether the last group's unused bits are zero, as XSD 1.0 requires."""
    padding = group.count(b"=")
    return not padding or group[-padding - 1] in _BEFORE_PADDING.get(padding, b"")
