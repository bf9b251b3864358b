"""The directories of tags of a TIFF or BigTIFF, and of EXIF, which is a TIFF without a picture."""

from struct import Struct
from typing import Final, NamedTuple

from pytest_soblob.images.inspection._reading import MOST_READ_BYTES, Reader

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
ORIENTATION, SAMPLES, ROWS_PER_STRIP, PLANES, COLOURS = 274, 277, 278, 284, 320
TILE_WIDTH, TILE_HEIGHT, EXTRA_SAMPLES = 322, 323, 338
# Field types that are whole numbers, with their letter in `struct`: BYTE, SHORT, LONG, their signed
# variants, IFD, LONG8, IFD8. A tag of another type is ignored, as it is by decoders.
_TYPES: Final = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 18: "Q"}
_TYPE_BYTES: Final = {"B": 1, "b": 1, "H": 2, "h": 2, "I": 4, "i": 4, "Q": 8}
# Bytes of one value of each type; RATIONAL is two numbers, DOUBLE and the LONG8 eight bytes.
_SIZES: Final = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
} | dict.fromkeys((16, 17, 18), 8)
# The tags that a decoder needs besides the pieces, or that this package reads: fill order, fax
# options, predictor, palette, kinds of samples, JPEG tables, YCbCr.
_WANTED: Final = frozenset(
    (WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, 266, 273, ORIENTATION, SAMPLES, ROWS_PER_STRIP)
) | {
    *(
        279,
        PLANES,
        292,
        293,
        317,
        COLOURS,
        TILE_WIDTH,
        TILE_HEIGHT,
        324,
        325,
        EXTRA_SAMPLES,
        339,
        347,
    ),
    *(529, 530, 531, 532),
}


class Layout(NamedTuple):
    """The encoding of numbers in a kind of TIFF."""

    order: str
    header: Struct  # offset of the first directory
    header_at: int
    number: Struct  # number of tags
    entry: Struct  # tag, type, count, value or its offset
    offset: Struct


def _layout(order: str, header_at: int, count: str, offset: str, value: str) -> Layout:
    one = Struct(order + offset)
    entry = Struct(f"{order}HH{offset}{value}")
    return Layout(order, one, header_at, Struct(order + count), entry, one)


LAYOUTS: Final = {
    b"II*\0": _layout("<", 4, "H", "I", "4s"),
    b"MM\0*": _layout(">", 4, "H", "I", "4s"),
    b"II+\0": _layout("<", 8, "Q", "Q", "8s"),
    b"MM\0+": _layout(">", 8, "Q", "Q", "8s"),
}


class Field(NamedTuple):
    """An entry of a directory: its type, the number of values, and the values or their offset."""

    kind: int
    length: int
    value: bytes


class Directory(NamedTuple):
    """The wanted tags of a directory.

    Attributes:
        layout: Encoding of the numbers.
        at: Offset of the directory.
        fields: Entries by tag; the first one of a repeated tag.
        truncated: How it is known that the file ends before the entries do; None if it does not.
        is_ordered: Whether each tag is higher than the previous one, as required; entries that a
            wrong count adds are not.
        wrong: What is wrong with the entries: a value past the end of the file, or a repeated tag;
            None if nothing is.
        next_at: Offset of the directory of the next page; 0 if there is none.
    """

    layout: Layout
    at: int
    fields: dict[int, Field]
    truncated: str | None
    is_ordered: bool = True
    wrong: str | None = None
    next_at: int = 0

    def first(self, tag: int) -> int | None:
        """Return the value of a tag that has exactly one number, or None."""
        field = self.fields.get(tag)
        letter = None if field is None or field.length != 1 else _TYPES.get(field.kind)
        if field is None or letter is None or _TYPE_BYTES[letter] > len(field.value):
            return None
        number: int = Struct(self.layout.order + letter).unpack_from(field.value)[0]
        return number

    def numbers(self, tag: int, reader: Reader, most: int) -> tuple[int, ...] | None:
        """Return at most so many of the last numbers of a tag; None if they are past the end."""
        field = self.fields.get(tag)
        letter = None if field is None else _TYPES.get(field.kind)
        if field is None or letter is None:
            return ()
        taken = min(field.length, most)
        numbers = Struct(f"{self.layout.order}{taken}{letter}")
        end = self.end_of_value(tag)
        if end == 0:
            return numbers.unpack_from(field.value)
        if end > reader.size:
            return None
        return numbers.unpack(reader.read(end - numbers.size, numbers.size))

    def end_of_value(self, tag: int) -> int:
        """Return where the value of a tag ends if it is outside the directory, else 0."""
        return _end_of_value(self.layout, self.fields[tag])

    def to_bytes(self) -> bytes:
        """Return a directory of these tags only, without the orientation."""
        kept = sorted((tag, field) for tag, field in self.fields.items() if tag != ORIENTATION)
        entries = b"".join(self.layout.entry.pack(tag, *field) for tag, field in kept)
        return self.layout.number.pack(len(kept)) + entries + bytes(self.layout.offset.size)


def _end_of_value(layout: Layout, field: Field) -> int:
    size = field.length * _SIZES.get(field.kind, 0)
    if size <= len(field.value):
        return 0
    offset: int = layout.offset.unpack(field.value)[0]
    return offset + size


def read_directory(reader: Reader, head: bytes, at: int | None = None) -> Directory | None:
    """Return the wanted tags of a directory, or None if the file is not a TIFF.

    Args:
        reader: The file, or the block of EXIF.
        head: Its first bytes.
        at: Offset of the directory; None for the first one, which the header gives.
    """
    layout = LAYOUTS.get(head[:4])
    if layout is None:
        return None
    size = reader.size
    needed = layout.header_at + layout.header.size
    if len(head) < needed:
        return Directory(layout, 0, {}, f"a TIFF header has {needed} bytes, there are {len(head)}")
    if at is None:
        at = int(layout.header.unpack_from(head, layout.header_at)[0])
    entries_at = at + layout.number.size
    if entries_at > size:
        what = f"the TIFF's directory is at byte {at:,}, there are {size:,}"
        return Directory(layout, at, {}, what)
    count = layout.number.unpack(_read(reader, head, at, layout.number.size))[0]
    entry_bytes = layout.entry.size
    missing = None
    if entries_at + count * entry_bytes > size:
        missing = (
            f"the TIFF's directory at byte {at:,} has {count:,} tags of {entry_bytes} bytes, "
            f"{size - entries_at:,} are left"
        )
    most = min(count, MOST_READ_BYTES // entry_bytes, (size - entries_at) // entry_bytes)
    fields: dict[int, Field] = {}
    last, is_ordered, wrong = 0, True, None
    for tag, kind, number, value in layout.entry.iter_unpack(
        _read(reader, head, entries_at, most * entry_bytes)
    ):
        is_ordered = is_ordered and tag > last
        last = tag
        field = Field(kind, number, value)
        if _end_of_value(layout, field) > size:
            wrong = wrong or f"the value of the TIFF's tag {tag} extends past the end"
        if tag in _WANTED and fields.setdefault(tag, field) is not field:
            wrong = wrong or f"the TIFF has the tag {tag} twice"
    end = entries_at + count * entry_bytes
    following = _read(reader, head, end, layout.offset.size) if missing is None else b""
    next_at = layout.offset.unpack(following)[0] if len(following) == layout.offset.size else 0
    return Directory(layout, at, fields, missing, is_ordered, wrong, next_at)


def _read(reader: Reader, head: bytes, offset: int, count: int) -> bytes:
    end = offset + count
    return head[offset:end] if end <= len(head) else reader.read(offset, count)
