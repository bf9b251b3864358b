"""The folder that `soblob generate` writes: each file as it is made, and a manifest in the end."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TextIO

from pytest_soblob.errors import SoblobError
from pytest_soblob.images.contact_sheet import ContactSheet

_MANIFEST: Final = "manifest.json"
# Until all files are written: a run that was broken off leaves no manifest.
_PARTIAL: Final = f"{_MANIFEST}.part"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One file to write.

    Attributes:
        path: Its path below the folder.
        data: Its bytes.
        facts: What the manifest says about it.
    """

    path: str
    data: bytes
    facts: Mapping[str, object]


class Corpus:
    """Writes files to a new folder; a context manager, which completes the manifest at its end.

    Nothing that exists is overwritten. In the manifest each file is a line.

    Args:
        folder: The folder; it is created and must be empty.
        facts: What the manifest says of all files.
        sheet_path: File for a contact sheet of all images, or None. It must not exist, and its
            folder must, unless that is `folder`.
        count: How many files will be written at most.

    Attributes:
        written: How many files have been written.
        sheet: The contact sheet, or None.

    Raises:
        SoblobError: The folder is not empty, or something exists or cannot be written.
    """

    def __init__(
        self, folder: Path, facts: Mapping[str, object], sheet_path: Path | None, count: int
    ) -> None:
        self.written = 0
        self.sheet = None if sheet_path is None else ContactSheet(count)
        self._folder = folder
        self._facts = facts
        self._sheet_path = sheet_path
        self._manifest = self._open()

    def _open(self) -> TextIO:
        """Check everything before anything is made, and begin the manifest."""
        folder, sheet = self._folder, self._sheet_path
        with _reported(folder):
            if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
                raise SoblobError(
                    f"{folder} is not empty; name a new folder, or empty this one"
                    if folder.is_dir()
                    else f"{folder} is a file; name a new folder"
                )
            if sheet is not None and (sheet.exists() or sheet.is_symlink()):
                raise SoblobError(f"{sheet} exists; name a new file for the contact sheet")
            if sheet is not None and not (
                sheet.parent.is_dir() or sheet.parent.resolve() == folder.resolve()
            ):
                raise SoblobError(f"{sheet.parent}, for the contact sheet, is no folder")
            folder.mkdir(parents=True, exist_ok=True)
        with _reported(folder / _PARTIAL):
            manifest = (folder / _PARTIAL).open("x", encoding="utf-8", newline="\n")
        with _reported(folder / _PARTIAL):
            head = json.dumps({**self._facts, "files": []}, ensure_ascii=False)
            manifest.write(head.removesuffix("]}"))
        return manifest

    def write(self, made: Made) -> None:
        """Write one file, and its line of the manifest.

        Raises:
            SoblobError: It exists or cannot be written.
        """
        path = self._folder / made.path
        with _reported(path):
            path.parent.mkdir(exist_ok=True)
            with path.open("xb") as file:
                file.write(made.data)
        entry = {
            "file": made.path,
            "bytes": len(made.data),
            "sha256": hashlib.sha256(made.data).hexdigest(),
            **made.facts,
        }
        with _reported(self._folder / _PARTIAL):
            line = json.dumps(entry, ensure_ascii=False)
            self._manifest.write(f",\n{line}" if self.written else f"\n{line}")
        self.written += 1
        if self.sheet is not None:
            self.sheet.add(made.data)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with _reported(self._folder / _PARTIAL), self._manifest:
            self._manifest.write("\n]}\n")
        if kind is not None:
            return
        if self.sheet is not None and self._sheet_path is not None:
            with _reported(self._sheet_path), self._sheet_path.open("xb") as file:
                file.write(self.sheet.to_png())
        with _reported(self._folder / _MANIFEST):
            (self._folder / _PARTIAL).rename(self._folder / _MANIFEST)


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    """Turn an error of the file system into one that names the path."""
    try:
        yield
    except FileExistsError:
        raise SoblobError(f"{path} exists, and nothing is overwritten") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise SoblobError(f"{error.filename or path} cannot be written: {reason}") from None
