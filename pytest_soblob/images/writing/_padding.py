"""Padding: bytes that a format lets stand in a file without a meaning."""

from collections.abc import Callable

Assemble = Callable[[int], bytes]


class GapError(ValueError):
    """So few bytes of padding cannot be written.

    Attributes:
        least: The least number of bytes that can, from the one that was asked for.
    """

    def __init__(self, least: int) -> None:
        super().__init__(least)
        self.least = least


def blanks(count: int) -> bytes:
    """Return so many bytes of text. A megabyte of anything else would cost a second copy."""
    return b" " * count


def require(count: int, least: int) -> None:
    """Raise `GapError` if there are fewer bytes than a padding needs."""
    if count < least:
        raise GapError(least)
