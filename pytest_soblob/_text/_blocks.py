"""Search of a text for many needles at once, in a time that does not grow with their number.

Wherever a needle of seven characters or more begins, it has one of the text's blocks of four, cut
at each fourth position. So a needle is looked for only where one of its blocks is.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

_BLOCK: Final = 4
_SHORTEST: Final = 2 * _BLOCK - 1
# Up to so many, searching one after the other takes less time.
_FEW: Final = 60


class Needles:
    """Texts to search for.

    Args:
        texts: The texts, of any length but 0.
        few: Up to how many long ones each is searched for by itself.
    """

    def __init__(self, texts: Iterable[str], few: int = _FEW) -> None:
        distinct = dict.fromkeys(texts)
        long = [text for text in distinct if len(text) >= _SHORTEST and text.isascii()]
        if len(long) <= few:
            long = []
        skipped = set(long)
        self._single = [text for text in distinct if text not in skipped]
        self._at: defaultdict[int, list[tuple[str, int]]] = defaultdict(list)
        for text in long:
            for before in range(_BLOCK):
                self._at[_blocks(text[before : before + _BLOCK])[0]].append((text, before))

    def find(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield where each is in a text, and which; in no order."""
        for needle in self._single:
            start = text.find(needle)
            while start >= 0:
                yield start, needle
                start = text.find(needle, start + len(needle))
        if not self._at:
            return
        for number in [i for i, block in enumerate(_blocks(text)) if block in self._at]:
            at = number * _BLOCK
            for needle, before in self._at[_blocks(text[at : at + _BLOCK])[0]]:
                if before <= at and text.startswith(needle, at - before):
                    yield at - before, needle

    def is_in(self, text: str) -> bool:
        """Whether one of them is in a text."""
        return next(self.find(text), None) is not None


def _blocks(text: str) -> memoryview:
    """Return each four characters of a text as a number; what is left at its end is not."""
    data = text.encode("latin-1", "replace")
    return memoryview(data)[: len(data) // _BLOCK * _BLOCK].cast("I")
