r"""Text with its escapes undone, and the original position of each character.

`%3A`, `&amp;`, `&#58;`, `\u003a` and similar escapes hide a secret from a literal search.
"""

import codecs
import re
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Final, Self

_ESCAPE: Final = re.compile(
    r"(?P<percent>(?:%[0-9A-Fa-f]{2})++)"
    r"|&(?:#0*+(?P<decimal>\d{1,7})|#[xX]0*+(?P<hex>[0-9A-Fa-f]{1,6})|(?P<name>amp|lt|gt|quot|apos));"
    r"|(?P<pair>\\u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2})"
    r"|\\(?:u(?P<u>[0-9A-Fa-f]{4})|U(?P<U>[0-9A-Fa-f]{8})|x(?P<x>[0-9A-Fa-f]{2}))"
    r"|(?P<same>(?:\\[\"'/\\])++)"
)
_NAMED: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_UTF_16: Final = codecs.getdecoder("utf-16-be")
# Escapes can be nested: a query in an attribute in JSON.
_DEEPEST: Final = 3


class View:
    """A text, and the position of each of its characters in the original text."""

    __slots__ = ("_starts", "text")

    def __init__(self, text: str, starts: list[int] | None = None) -> None:
        self.text = text
        self._starts = starts

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the original text that `[start:end]` was made from."""
        return (start, end) if self._starts is None else (self._starts[start], self._starts[end])

    def unescaped(self) -> Self | None:
        """Return the text with its escapes undone, or None if it has none."""
        if not ("%" in self.text or "&" in self.text or "\\" in self.text):
            return None
        pieces: list[str] = []
        starts: list[int] = []
        at = 0
        for match in _ESCAPE.finditer(self.text):
            pieces.append(self.text[at : match.start()])
            starts.extend(range(at, match.start()))
            read, offsets = _undo(match)
            pieces.append(read)
            starts.extend(match.start() + offset for offset in offsets)
            at = match.end()
        if not pieces:
            return None
        pieces.append(self.text[at:])
        starts.extend(range(at, len(self.text) + 1))
        if self._starts is not None:
            starts = [self._starts[start] for start in starts]
        return type(self)("".join(pieces), starts)


def views_of(text: str) -> Iterator[View]:
    """Yield the text as it is, and with its escapes undone, up to three levels deep."""
    view: View | None = View(text)
    for _ in range(_DEEPEST + 1):
        if view is None:
            return
        yield view
        view = view.unescaped()


def _undo(match: re.Match[str]) -> tuple[str, Iterable[int]]:
    """Return the text of an escape, or a run of them, and the offset of each character in it."""
    kind, written = str(match.lastgroup), match[0]
    if kind == "percent":
        return _undo_percent(bytes.fromhex(written.replace("%", "")))
    if kind == "same":
        return written[1::2], range(0, len(written), 2)
    if kind == "name":
        return _NAMED[match[kind]], (0,)
    if kind == "pair":
        units = bytes.fromhex(written.replace("\\u", ""))
        return _UTF_16(units)[0], (0,)
    number = int(match[kind], 10 if kind == "decimal" else 16)
    if number > 0x10FFFF:  # not a code point
        return written, range(len(written))
    return chr(number), (0,)


def _undo_percent(data: bytes) -> tuple[str, Iterable[int]]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("latin-1")
        return text, range(0, 3 * len(text), 3)
    lengths = (3 * len(char.encode()) for char in text[:-1])
    return text, accumulate(lengths, initial=0)
