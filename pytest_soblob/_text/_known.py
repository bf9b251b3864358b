"""Known secrets, and where a text contains them, literally or in base64.

Base64 is searched for each of the three positions in a group of bytes at which a value can begin,
so that a value encoded after other text (`user:password` in a Basic header) is found as well.
"""

import codecs
import re
from base64 import b64encode
from binascii import Error, a2b_base64
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Final

from pytest_soblob._text._blocks import Needles
from pytest_soblob._text._escapes import views_of
from pytest_soblob._text._masking import SHORTEST_REPLACED, mask
from pytest_soblob._text._showing import ELLIPSIS

Span = tuple[int, int]

# Of a value that was cut off, its beginning is searched for.
_SHORTEST_BEGINNING: Final = 12
_LONGEST_NEEDLE: Final = 8
_SHORTEST_NESTED: Final = 6
_TICKET_PREFIXES: Final = ("7T:", "8A:")
_SHORTEST_BARE: Final = 8
_MOST_CUTS: Final = 20
_MOST_WORDS: Final = 20
_RUN: Final = re.compile(r"[A-Za-z0-9+/]++(?:\r?\n[ \t]*+[A-Za-z0-9+/]++)*+={0,2}")
# Looked up at import: Python reads a file on the first use of an encoding.
_encode: Final = codecs.getencoder("utf-8")
# With how many bytes of a value in each are searched for.
_ENCODERS: Final = (
    (_encode, 8),
    (codecs.getencoder("utf-16-le"), 8),
    (codecs.getencoder("utf-32-le"), 16),
)
_LINE_END: Final = re.compile(r"\r?\n[ \t]*+")
_URL_SAFE: Final = str.maketrans("-_", "+/")


class KnownSecrets:
    """Values known to be secret; built once per message and used for each of its texts.

    Args:
        values: Secrets. Those shorter than four characters are ignored, since masking them would
            make any text unreadable.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        stripped = {value.strip() for value in values}
        # A client may lose the prefix that marks a ticket; the rest is as valuable.
        bare = {value[3:] for value in stripped if value.startswith(_TICKET_PREFIXES)}
        stripped |= {value for value in bare if len(value) >= _SHORTEST_BARE}
        maskable = (v for v in stripped if len(v) >= SHORTEST_REPLACED and mask(v) != v)
        self.values = tuple(sorted(maskable, key=len, reverse=True))

    @classmethod
    def of(cls, values: Iterable[str]) -> "KnownSecrets":
        """Return the values as `KnownSecrets`, unchanged if they are that already."""
        return values if isinstance(values, cls) else cls(values)

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)

    def __or__(self, others: Iterable[str]) -> "KnownSecrets":
        return KnownSecrets((*self, *others))

    def find(self, text: str) -> Iterator[Span]:
        """Yield the spans of the text that hold one of them, whole or cut off; in no order."""
        if not self.values:
            return
        for start, head in self._heads.find(text):
            for spelling in self._spellings[head]:
                yield start, start + _common(text, start, spelling)
        cut, cuts = text.find(ELLIPSIS), 0
        while cut >= 0 and cuts < _MOST_CUTS:
            yield from self._at_cut(text, cut)
            cut, cuts = text.find(ELLIPSIS, cut + 1), cuts + 1
        yield from self._find_base64(text)

    @cached_property
    def _spellings(self) -> dict[str, list[str]]:
        """Each value as it may appear in text without escapes, by how that begins."""
        read = self._read
        # In a form a space is written as a plus.
        plus = [text.replace(" ", "+") for text in read if " " in text]
        # A final backslash is read as one escape with the quotation mark that follows.
        ends = [text.rstrip("\\") for text in read if text.endswith("\\")]
        digits = [_encode(text, "surrogatepass")[0].hex() for text in read]
        digits = [one for one in digits if len(one) >= _SHORTEST_BEGINNING]
        by_head: dict[str, list[str]] = {}
        for one in {*read, *plus, *ends, *digits, *map(str.upper, digits)}:
            if len(one) >= SHORTEST_REPLACED:
                by_head.setdefault(one[:_SHORTEST_BEGINNING], []).append(one)
        return by_head

    @cached_property
    def _heads(self) -> Needles:
        return Needles(self._spellings)

    @cached_property
    def _read(self) -> list[str]:
        """Each value as it is, and with its own escapes undone, as for one from a target."""
        read = (view.text.strip() for value in self.values for view in views_of(value))
        return [text for text in read if len(text) >= SHORTEST_REPLACED]

    @cached_property
    def _beginnings(self) -> frozenset[str]:
        lengths = range(SHORTEST_REPLACED, _SHORTEST_BEGINNING)
        return frozenset(value[:n] for value in self.values for n in lengths if n < len(value))

    @cached_property
    def _needles(self) -> Needles:
        return Needles(needle for value in self._read for needle in _needles_of(value))

    def _at_cut(self, text: str, cut: int) -> Iterator[Span]:
        """Yield the remains of a secret on either side of an ellipsis."""
        for length in range(SHORTEST_REPLACED, _SHORTEST_BEGINNING):
            if length <= cut and text[cut - length : cut] in self._beginnings:
                yield cut - length, cut
        after = cut + len(ELLIPSIS)
        head = text[after : after + SHORTEST_REPLACED]
        for value in self.values if len(head) == SHORTEST_REPLACED else ():
            begins = value.find(head, 1)
            if begins > 0 and text.startswith(value[begins:], after):
                yield after, after + len(value) - begins

    def _find_base64(self, text: str) -> Iterator[Span]:
        flat = text.translate(_URL_SAFE) if "-" in text or "_" in text else text
        joined = _LINE_END.sub("", flat)  # a line may end inside a needle
        if not self._needles.is_in(joined):
            return
        # If there is one, each run is searched: a needle may be in many.
        for run in _RUN.finditer(flat):
            if self._needles.is_in(_LINE_END.sub("", run[0])):
                yield run.span()


def _common(text: str, start: int, value: str) -> int:
    """Return how many characters of the value the text has at `start`."""
    if text.startswith(value, start):
        return len(value)
    low, high = 0, min(len(value), len(text) - start)
    while low < high:
        middle = (low + high + 1) // 2
        if text.startswith(value[:middle], start):
            low = middle
        else:
            high = middle - 1
    return low


def _needles_of(value: str) -> Iterator[str]:
    """Yield what any base64 that encodes this value contains, for UTF-8, UTF-16 and UTF-32.

    Also the base64 of base64 of UTF-8, if the value is long enough for both.
    """
    for encode, count in _ENCODERS:
        data = encode(value, "surrogatepass")[0][:count]
        for own in _own_base64(data):
            yield own[:count]
    if len(value) >= _SHORTEST_NESTED:
        for own in _own_base64(_encode(value, "surrogatepass")[0][:_LONGEST_NEEDLE]):
            for nested in _own_base64(own.encode("ascii")):
                yield nested[:_LONGEST_NEEDLE]


def _own_base64(data: bytes) -> Iterator[str]:
    """Yield the characters that depend on nothing but these bytes, whatever comes before them."""
    for before in range(3):
        encoded = b64encode(bytes(before) + data).decode("ascii")
        yield encoded[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]


def credentials_in(value: str) -> Iterator[str]:
    """Yield a header's value, its words except the scheme, and the password of a Basic header."""
    yield value
    scheme, _, rest = value.strip().partition(" ")
    yield from rest.split()[:_MOST_WORDS]
    if scheme.lower() == "basic":
        try:
            # What is no base64 is skipped, as lenient decoders do.
            decoded = a2b_base64(rest.encode("ascii", "ignore") + b"==")
            yield decoded.decode("utf-8", "replace").partition(":")[2]
        except Error:
            return
