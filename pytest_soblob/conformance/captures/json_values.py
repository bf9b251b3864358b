"""JSON of any origin, value by value: how deep it nests and how much is held at once is bounded."""

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import ijson
from ijson.common import JSONError, ObjectBuilder

from pytest_soblob._text import ascii_controls, clip
from pytest_soblob.conformance.captures.decoding import PIECE_BYTES, Readable

DEEPEST: Final = 100
# Of a document of which only the texts are held.
MOST_TEXTS: Final = 1_000_000
# A value takes some hundred bytes, whatever the JSON for it takes. An exchange of a browser has
# some three hundred values.
MOST_VALUES: Final = 200_000
ERRORS: Final = (JSONError, ValueError, ArithmeticError)

_LARGEST_PIECE: Final = 64 * 1024 * 1024
_ESCAPE: Final = re.compile(rb"\\.", re.DOTALL)
_HEX: Final = rb"[0-9a-fA-F]"
_HIGH: Final = rb"[dD][89abAB]%b{2}" % _HEX
_LOW: Final = rb"[dD][c-fC-F]%b{2}" % _HEX
# Complete escapes, and a high surrogate only if what follows is there as well.
_COMPLETE: Final = re.compile(
    rb"(?:[^\\]++|\\[^u]|\\u(?!%b)%b{4}|\\u%b(?=.{6})|\\u(?!%b{4})(?=.{4}))*+"
    % (_HIGH, _HEX, _HIGH, _HEX),
    re.DOTALL,
)
_SURROGATE: Final = re.compile(rb"\\[^u]|\\u%b\\u%b|(\\u[dD][89a-fA-F]%b{2})" % (_HIGH, _LOW, _HEX))
# Python reads integers of up to 4,300 digits; after a longer one ijson ends the process.
_LONG_NUMBER: Final = re.compile(rb"(?:\A|[:,\[]\s*+)-?\d{2000}")


class Place(NamedTuple):
    """A place in a document, as a list that is linked: places share what they have in common.

    Attributes:
        key: Key in an object, or number in a list.
        above: Where that object or list is, or None for the document itself.
    """

    key: str | int
    above: "Place | None"

    def __str__(self) -> str:
        keys = []
        one: Place | None = self
        while one is not None:
            is_number = isinstance(one.key, int)
            keys.append(f"[{one.key}]" if is_number else f".{clip(str(one.key), 100)}")
            one = one.above
        return ascii_controls("".join(reversed(keys)).removeprefix("."))


def iter_texts(stream: Readable) -> Iterator[tuple[Place | None, str]]:
    """Yield each text of a document, with its place; nothing else is held.

    Raises:
        ValueError: It is not JSON, or nests too deep. `ERRORS` are all that may be raised.
    """
    keys: list[str | int] = []  # of the objects and lists that are open
    places: list[Place | None] = []
    for count, (event, value) in enumerate(_events(stream)):
        if count > 2 * MOST_TEXTS:
            raise ValueError(f"more than {MOST_TEXTS:,} values: split it")
        if event == "map_key":
            keys[-1] = value
            continue
        if event in ("end_map", "end_array"):
            keys.pop()
            places.pop()
            continue
        is_opened = event in ("start_map", "start_array")
        if is_opened or event == "string":
            place = Place(keys[-1], places[-1]) if keys else None
        if event == "string":
            yield place, value
        if keys and isinstance(keys[-1], int):
            keys[-1] += 1
        if is_opened:
            places.append(place)
            keys.append("" if event == "start_map" else 0)


def iter_values(stream: Readable, *path: str, most: int = MOST_VALUES) -> Iterator[Any]:
    """Yield the document, or each item of the list at a path of keys.

    `ijson.items` would do the same, but takes time that grows with the square of the depth.

    Args:
        stream: The document.
        path: Keys that lead to a list; without them the whole document is the value.
        most: Largest number of values inside one that is yielded, and between two of them.

    Raises:
        ValueError: It is not JSON, nests too deep, or one value is too large. `ERRORS` are all that
            may be raised.
    """
    keys = [""] * (DEEPEST + 1)
    wanted = len(path) + 1 if path else 0
    builder: Any = None
    depth = count = 0
    for event, value in _events(stream):
        begins = builder is None and depth == wanted and keys[1:wanted] == list(path)
        if event in ("start_map", "start_array"):
            depth += 1
            if begins:
                builder = ObjectBuilder()
        elif event in ("end_map", "end_array"):
            depth -= 1
        elif event == "map_key":
            keys[depth] = value
        elif begins:
            count = 0
            yield value
        count += 1
        if count > 2 * most:  # a key, and a value or the end of one
            raise ValueError(f"more than {most:,} values in one place")
        if builder is not None:
            builder.event(event, value)
            if depth == wanted:
                count = 0
                yield builder.value
                builder = None


def _events(stream: Readable) -> Iterator[tuple[str, Any]]:
    depth = 0
    for event, value in ijson.basic_parse(_Cleaned(stream)):
        if event in ("start_map", "start_array"):
            depth += 1
            if depth > DEEPEST:
                raise ValueError(f"nested more than {DEEPEST} deep")
        elif event in ("end_map", "end_array"):
            depth -= 1
        yield event, value


class _Cleaned:
    r"""JSON without what yajl or ijson does not read as it is.

    U+FFFF, which XML does not allow either, stands for each lone surrogate: yajl would make them
    question marks, and so make a message valid that is not.

    Args:
        stream: The document.
    """

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._left = b""
        self._size = PIECE_BYTES
        self._is_in_text = False

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, as many as yajl reads at once best, and none only at the end."""
        if size == 0:  # as ijson asks what `read` returns
            return b""
        while True:
            piece = self._stream.read(self._size)
            data, self._left = self._left + piece, b""
            if piece:
                found = _COMPLETE.match(data)
                end = found.end() if found else 0
                data, self._left = data[:end], data[end:]
            if data or not piece:
                break
        # With each piece yajl begins the text anew that has not ended: they have to grow with it,
        # and with nothing else, since all events of a piece are held.
        quotes = (_ESCAPE.sub(b"", data) if b"\\" in data else data).count(b'"')
        self._is_in_text ^= quotes % 2 == 1
        is_long = self._is_in_text and not quotes
        self._size = min(2 * self._size, _LARGEST_PIECE) if is_long else PIECE_BYTES
        if _LONG_NUMBER.search(data):
            raise ValueError("a number of more than 2,000 digits")
        if b"\\ud" in data or b"\\uD" in data:
            return _SURROGATE.sub(lambda found: rb"\uffff" if found[1] else found[0], data)
        return data
