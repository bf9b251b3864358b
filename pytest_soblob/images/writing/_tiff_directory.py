"""TIFF's header and directories: numbers in either byte order, offsets of 32 or 64 bits."""

import struct
from dataclasses import dataclass
from typing import Final

from pytest_soblob.images.spec import ImageSpec

ASCII: Final = 2
SHORT: Final = 3
LONG: Final = 4
RATIONAL: Final = 5
UNDEFINED: Final = 7
_CODES: Final = {SHORT: "H", LONG: "I"}


@dataclass(frozen=True, slots=True)
class Tag:
    """An entry of a directory; its values are packed in the byte order of the file."""

    number: int
    kind: int
    count: int
    data: bytes


class Form:
    """How a file writes its numbers.

    Attributes:
        header_bytes: Length of the header.
        entry_bytes: Length of an entry of a directory.
        inline_bytes: Longest values that stand in their entry.
    """

    def __init__(self, spec: ImageSpec) -> None:
        is_big = "bigtiff" in spec.features
        self._order = ">" if "big-endian" in spec.features else "<"
        self._is_big = is_big
        self._offset = struct.Struct(self._order + ("Q" if is_big else "I"))
        self._entry = struct.Struct(self._order + ("HHQ" if is_big else "HHI"))
        self._count = struct.Struct(self._order + ("Q" if is_big else "H"))
        self.header_bytes = 16 if is_big else 8
        self.entry_bytes = 20 if is_big else 12
        self.inline_bytes = 8 if is_big else 4

    def header(self, first: int) -> bytes:
        """Return the header; the first directory is at that offset."""
        name = b"MM" if self._order == ">" else b"II"
        if self._is_big:
            return struct.pack(f"{self._order}2sHHHQ", name, 43, 8, 0, first)
        return struct.pack(f"{self._order}2sHI", name, 42, first)

    def tag(self, number: int, kind: int, *values: int) -> Tag:
        """Return an entry of these values; of a rational, numerator and denominator."""
        if kind == RATIONAL:
            return Tag(number, kind, 1, struct.pack(f"{self._order}2I", *values))
        data = struct.pack(f"{self._order}{len(values)}{_CODES[kind]}", *values)
        return Tag(number, kind, len(values), data)

    def directory(self, tags: list[Tag], at: int, *, is_last: bool) -> list[bytes]:
        """Return the parts of a directory that is to stand at that offset.

        Values that are too long for their entries follow in the order of `tags`, each at an even
        offset; after them the next directory, unless this is the last.
        """
        end = at + self._count.size + self.entry_bytes * len(tags) + self.inline_bytes
        entries: dict[int, bytes] = {}
        values: list[bytes] = []
        for tag in tags:
            entry = self._entry.pack(tag.number, tag.kind, tag.count)
            if len(tag.data) <= self.inline_bytes:
                entries[tag.number] = entry + tag.data.ljust(self.inline_bytes, b"\0")
                continue
            entries[tag.number] = entry + self._offset.pack(end)
            values.append(tag.data)
            end += len(tag.data)
            if len(tag.data) % 2 and not (is_last and tag is tags[-1]):
                values.append(b"\0")
                end += 1
        following = self._offset.pack(0 if is_last else end)
        in_order = (entries[number] for number in sorted(entries))
        return [self._count.pack(len(tags)), *in_order, following, *values]
