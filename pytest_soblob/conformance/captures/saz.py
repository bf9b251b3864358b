"""Fiddler's archive of sessions (SAZ): a ZIP with each raw request and response in a file."""

import re
import shutil
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import Final

from pytest_soblob.conformance.archives import open_zip, read_entry
from pytest_soblob.conformance.captures.decoding import Readable
from pytest_soblob.conformance.captures.entries import NOT_HELD, Entry, Message, read_raw
from pytest_soblob.conformance.opening import FREE_BYTES, MOST_TIMES

LARGEST_MESSAGE: Final = 100_000_000
_RAW: Final = re.compile(r"(?:.*/)?raw/0*(\d{1,9})_([cs])\.txt", re.IGNORECASE)
_SIDES: Final = {"c": "request", "s": "response"}


def read_saz(stream: Readable) -> Iterator[Entry]:
    """Yield each session.

    Raises:
        SoblobError: The file is damaged, encrypted, or larger inside than it may be.
    """
    with TemporaryFile() as file:  # a ZIP is read from its end
        shutil.copyfileobj(stream, file)
        file.seek(0)
        with open_zip(file, "it") as package:
            sessions: dict[int, dict[str, str]] = {}
            for entry in package.infolist():
                found = _RAW.fullmatch(entry.filename.replace("\\", "/"))
                if found is not None:
                    sides = sessions.setdefault(int(found[1]), {})
                    sides[_SIDES[found[2].lower()]] = entry.filename
            left = FREE_BYTES + MOST_TIMES * file.seek(0, 2)
            for number in sorted(sessions):
                messages: dict[str, Message | None] = {}
                for side, name in sessions[number].items():
                    most = min(LARGEST_MESSAGE, left)
                    data = read_entry(package, package.getinfo(name), most)
                    left -= len(data)
                    messages[side] = read_raw(data)
                lacking = [side for side in _SIDES.values() if messages.get(side) is None]
                yield Entry(
                    where=f"session {number}",
                    request=messages.get("request"),
                    response=messages.get("response"),
                    not_held=tuple((side, NOT_HELD) for side in lacking),
                )
