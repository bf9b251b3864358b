"""TIFF, BigTIFF, and EXIF, which is a TIFF without a picture: the first directory of tags."""

from operator import add
from struct import Struct
from typing import Final, NamedTuple

from pytest_soblob._picture._reading import MOST_READ_BYTES, Part, Picture, Reader

_EXIF_NAME: Final = b"Exif\0\0"
_EXIF_HEAD_BYTES: Final = 512

_WIDTH, _HEIGHT, _PHOTOMETRIC, _ORIENTATION = 256, 257, 262, 274
# Where the data is: offsets and byte counts, and what the two call a piece.
_PIECES: Final = ((273, 279, "strip"), (324, 325, "tile"))
# Bits of each sample, and the palette: no picture without them, and they may stand at the end.
_NEEDED: Final = (258, 320)
_WANTED: Final = frozenset(
    (_WIDTH, _HEIGHT, _PHOTOMETRIC, _ORIENTATION, *_NEEDED, 273, 279, 324, 325)
)
_SEPARATED: Final = 5
# Field types that are whole numbers, with the letter that `struct` has for them: BYTE, SHORT, LONG,
# IFD, LONG8, IFD8.
_TYPES: Final = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_TYPE_BYTES: Final = {"B": 1, "H": 2, "I": 4, "Q": 8}
# The last pieces are looked at, since a file is cut at its end.
_MOST_PIECES: Final = 4_096


class _Layout(NamedTuple):
    """How a kind of TIFF writes its numbers."""

    order: str
    header: Struct  # the place of the first directory
    header_at: int
    number: Struct  # how many tags there are
    entry: Struct  # tag, type, count, value or its place
    place: Struct


def _layout(order: str, header_at: int, count: str, place: str, value: str) -> _Layout:
    one = Struct(order + place)
    entry = Struct(f"{order}HH{place}{value}")
    return _Layout(order, one, header_at, Struct(order + count), entry, one)


_LAYOUTS: Final = {
    b"II*\0": _layout("<", 4, "H", "I", "4s"),
    b"MM\0*": _layout(">", 4, "H", "I", "4s"),
    b"II+\0": _layout("<", 8, "Q", "Q", "8s"),
    b"MM\0+": _layout(">", 8, "Q", "Q", "8s"),
}


class _Field(NamedTuple):
    letter: str
    length: int
    value: bytes


class _Directory(NamedTuple):
    layout: _Layout
    fields: dict[int, _Field]
    truncated: str | None


def inspect_tiff(reader: Reader, head: bytes) -> Picture | None:
    """Look whether the pieces that the first directory names lie in the file."""
    directory = _read_directory(reader, head)
    if directory is None:
        return None
    return Picture(
        "TIFF",
        None,
        _first(directory, _WIDTH),
        _first(directory, _HEIGHT),
        directory.truncated or _find_missing_piece(reader, directory),
        1,
        _first(directory, _PHOTOMETRIC) == _SEPARATED,
        _orientation(directory),
    )


def find_exif_orientation(reader: Reader, start: int, size: int) -> int | None:
    """Return the orientation, 2 to 8, from the EXIF block there; None: upright, or not said."""
    if size <= 0:  # As a length says that has no room for the name before the block.
        return None
    head = reader.read(start, min(size, _EXIF_HEAD_BYTES))
    if head.startswith(_EXIF_NAME):  # Of right in JPEG only, but written in others as well.
        start, size, head = start + len(_EXIF_NAME), size - len(_EXIF_NAME), head[6:]
    directory = _read_directory(Part(reader, start, size), head)
    return None if directory is None else _orientation(directory)


def _read_directory(reader: Reader, head: bytes) -> _Directory | None:
    """Return the wanted tags of the first directory; None: this is no TIFF."""
    layout = _LAYOUTS.get(head[:4])
    if layout is None:
        return None
    size = reader.size
    needed = layout.header_at + layout.header.size
    if len(head) < needed:
        return _Directory(layout, {}, f"a TIFF header has {needed} bytes, there are {len(head)}")
    at = layout.header.unpack_from(head, layout.header_at)[0]
    entries_at = at + layout.number.size
    if entries_at > size:
        what = f"the TIFF's directory is at byte {at:,}, there are {size:,}"
        return _Directory(layout, {}, what)
    count = layout.number.unpack(_read(reader, head, at, layout.number.size))[0]
    entry_bytes = layout.entry.size
    missing = None
    if entries_at + count * entry_bytes > size:
        missing = (
            f"the TIFF's directory at byte {at:,} has {count:,} tags of {entry_bytes} bytes, "
            f"{size - entries_at:,} are left"
        )
    most = min(count, MOST_READ_BYTES // entry_bytes, (size - entries_at) // entry_bytes)
    entries = _read(reader, head, entries_at, most * entry_bytes)
    fields: dict[int, _Field] = {}
    for tag, kind, number, value in layout.entry.iter_unpack(entries):
        if tag in _WANTED and kind in _TYPES and tag not in fields:
            fields[tag] = _Field(_TYPES[kind], number, value)
    return _Directory(layout, fields, missing)


def _read(reader: Reader, head: bytes, offset: int, count: int) -> bytes:
    end = offset + count
    return head[offset:end] if end <= len(head) else reader.read(offset, count)


def _first(directory: _Directory, tag: int) -> int | None:
    """Return the number of a tag that has one."""
    field = directory.fields.get(tag)
    if field is None or field.length != 1:
        return None
    letter = field.letter
    if _TYPE_BYTES[letter] > len(field.value):
        return None
    number: int = Struct(directory.layout.order + letter).unpack_from(field.value)[0]
    return number


def _orientation(directory: _Directory) -> int | None:
    number = _first(directory, _ORIENTATION)
    return number if number is not None and 2 <= number <= 8 else None


def _find_missing_piece(reader: Reader, directory: _Directory) -> str | None:
    size, fields = reader.size, directory.fields
    for tag in _NEEDED:
        if tag in fields and _end_of_value(directory.layout, fields[tag]) > size:
            return f"the value of the TIFF's tag {tag} goes on past the end"
    for offsets_tag, counts_tag, name in _PIECES:
        offsets, counts = fields.get(offsets_tag), fields.get(counts_tag)
        if offsets is None or not offsets.length:
            continue
        starts = _last_numbers(reader, directory.layout, offsets)
        lengths = (
            _last_numbers(reader, directory.layout, counts)
            if counts is not None and counts.length == offsets.length
            else (0,) * min(offsets.length, _MOST_PIECES)
        )
        if starts is None or lengths is None:
            return f"the list of the TIFF's {name}s goes on past the end"
        end = max(map(add, starts, lengths))
        if end > size:
            return f"a {name} of the TIFF ends at byte {end:,}, there are {size:,}"
    return None


def _last_numbers(reader: Reader, layout: _Layout, field: _Field) -> tuple[int, ...] | None:
    """Return the last numbers of a tag that has several; None: they are not in the file."""
    taken = min(field.length, _MOST_PIECES)
    numbers = Struct(f"{layout.order}{taken}{field.letter}")
    end = _end_of_value(layout, field)
    if end == 0:
        return numbers.unpack_from(field.value)
    if end > reader.size:
        return None
    return numbers.unpack(reader.read(end - numbers.size, numbers.size))


def _end_of_value(layout: _Layout, field: _Field) -> int:
    """Return where the value ends that stands outside the directory; 0: it stands in it."""
    size = field.length * _TYPE_BYTES[field.letter]
    if size <= len(field.value):
        return 0
    place: int = layout.place.unpack(field.value)[0]
    return place + size
