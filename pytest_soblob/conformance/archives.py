"""ZIP files of any origin, read within bounds and without unpacking them to the disk."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any, Final, cast

from pytest_soblob._text import ascii_controls, clip
from pytest_soblob.errors import SoblobError

# Of its first entry, or of its end if it has none.
_BEGINNINGS: Final = (b"PK\x03\x04", b"PK\x05\x06")
# `zipfile` reads the whole directory at once, and needs about ten times its size.
_LARGEST_DIRECTORY: Final = 5_000_000
# What tools write. The others need memory that the file chooses (LZMA), or much time (bzip2).
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


class _TooLargeError(Exception):
    """More is to be read at once than a directory may have."""


class _Bounded:
    """A file whose directory `zipfile` reads, wherever it finds one, within a bound.

    The file says in several places where its directory is and how large, and only `zipfile` knows
    which of them it believes.

    Args:
        file: A seekable file.

    Attributes:
        most: The largest number of bytes that one read may ask for, or None for any.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.most: int | None = _LARGEST_DIRECTORY

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes.

        Raises:
            _TooLargeError: It asks for more than the bound.
        """
        if self.most is not None and size > self.most:
            raise _TooLargeError
        return self._file.read(size)


def is_zip(data: bytes) -> bool:
    """Return whether a file is a ZIP, by its beginning."""
    return data.startswith(_BEGINNINGS)


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
            bounded = _Bounded(file)
            with zipfile.ZipFile(cast("IO[bytes]", bounded)) as package:
                bounded.most = None
                yield package
    except _TooLargeError:
        most = f"{_LARGEST_DIRECTORY:,}"
        raise SoblobError(f"{name} has a directory of more than {most} bytes") from None
    except (zipfile.BadZipFile, OSError, RuntimeError, ValueError, EOFError) as error:
        said = clip(ascii_controls(str(error)), 200)
        raise SoblobError(f"{name} cannot be read as a ZIP: {said}") from None
    except Exception as error:  # of the decompressor: zlib.error
        if isinstance(error, SoblobError) or type(error).__module__ != "zlib":
            raise
        raise SoblobError(f"{name} cannot be unpacked: {clip(str(error), 200)}") from None


def read_entry(package: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    """Return an entry unpacked.

    Raises:
        SoblobError: It has more than `most` bytes, or is packed by another method than deflate.
    """
    name = repr(clip(ascii_controls(entry.filename), 100))
    if entry.compress_type not in _METHODS:
        raise SoblobError(
            f"{name} is packed by method {entry.compress_type}, which is not read: "
            "pack the ZIP with deflate"
        )
    with package.open(entry) as stream:
        data = stream.read(most + 1)
    if len(data) > most:
        raise SoblobError(f"{name} unpacks to more than {most:,} bytes")
    return data
