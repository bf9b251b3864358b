"""ZIP files of any origin, read within bounds and without unpacking them to the disk."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Final

from pytest_soblob._text import clip
from pytest_soblob.errors import SoblobError

ZIP: Final = b"PK\x03\x04"
# `zipfile` reads the whole directory at once, and needs about ten times its size.
_LARGEST_DIRECTORY: Final = 5_000_000
_END: Final = b"PK\x05\x06"
_END_BYTES: Final = 22
_LONGEST_COMMENT: Final = 65_535


@contextmanager
def open_zip(source: Path | IO[bytes], name: str) -> Iterator[zipfile.ZipFile]:
    """Open a ZIP, and report whatever is wrong with it or with its entries.

    Args:
        source: The file, as a path or as a seekable stream.
        name: The name of the file, for errors.

    Raises:
        SoblobError: It cannot be read, is damaged or encrypted, or has too many entries.
    """
    try:
        with source.open("rb") if isinstance(source, Path) else nullcontext(source) as file:
            _check_directory(file, name)
            with zipfile.ZipFile(file) as package:
                yield package
    except (zipfile.BadZipFile, OSError, RuntimeError, ValueError, EOFError) as error:
        raise SoblobError(f"{name} cannot be read as a ZIP: {clip(str(error), 200)}") from None
    except Exception as error:  # of a decompressor, such as zlib.error or lzma.LZMAError
        if isinstance(error, SoblobError) or type(error).__module__ not in ("zlib", "_lzma"):
            raise
        raise SoblobError(f"{name} cannot be unpacked: {clip(str(error), 200)}") from None


def read_entry(package: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    """Return an entry unpacked.

    Raises:
        SoblobError: It has more than `most` bytes.
    """
    with package.open(entry) as stream:
        data = stream.read(most + 1)
    if len(data) > most:
        raise SoblobError(f"{clip(entry.filename, 100)!r} unpacks to more than {most:,} bytes")
    return data


def _check_directory(file: IO[bytes], name: str) -> None:
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_BYTES - _LONGEST_COMMENT))
    tail = file.read()
    file.seek(0)
    at = tail.rfind(_END)
    directory = int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0
    if directory > _LARGEST_DIRECTORY:  # of a ZIP64 too: its field here has the largest value
        raise SoblobError(f"{name} has a directory of more than {_LARGEST_DIRECTORY:,} bytes")
