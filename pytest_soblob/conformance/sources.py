"""The documents of a WSDL: from a file, a folder, a ZIP or a URL, with what they import.

Imports stay inside the folder, the ZIP or the origin of the first document. The parser itself
expands and loads nothing.
"""

import re
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO, Final
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from lxml import etree

from pytest_soblob._text import ascii_controls, clip, plural, quote
from pytest_soblob._xml import document as _xml
from pytest_soblob._xml.prolog import MOST_ELEMENTS
from pytest_soblob.conformance.archives import is_zip, open_zip, read_entry
from pytest_soblob.conformance.fetching import LARGEST_BYTES, fetcher, origin
from pytest_soblob.conformance.opening import STANDARD_INPUT, opened
from pytest_soblob.contract import OPERATIONS
from pytest_soblob.errors import SoblobError
from pytest_soblob.names import WSDL, XSD

MOST_DOCUMENTS: Final = 100
# Of all documents together, as the bytes are. The vendor's largest WSDL has 2,400 tags, and
# 134,000 bytes. A document of fewer tags has fewer elements than the parser accepts.
MOST_TAGS: Final = MOST_ELEMENTS
_MOST_FILES: Final = 10_000
_LONGEST_LOCATION: Final = 2_000
_SUFFIXES: Final = (".wsdl", ".xml", ".xsd", ".svc")
_ZIP: Final = "zip:///"
_OTHER_URL: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]++://|(?:file|ftp|mailto|urn):", re.IGNORECASE
)
_IMPORTS: Final = (
    (f"{{{WSDL}}}import", "location"),
    (f"{{{XSD}}}import", "schemaLocation"),
    (f"{{{XSD}}}include", "schemaLocation"),
    (f"{{{XSD}}}redefine", "schemaLocation"),
)
_KNOWN: Final = tuple(name.encode() for name in OPERATIONS)

# A URL without its scheme, as a browser shows it.
_BARE_URL: Final = re.compile(
    r"[\w.-]{1,253}:\d{1,5}(?:/.*)?|\w[\w.-]{0,252}\.[\w-]{1,63}/.*\.svc(?:\?.*)?", re.IGNORECASE
)

Getter = Callable[[str], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """All documents of one source.

    Attributes:
        definitions: Root elements of the WSDLs.
        schemas: Root elements of the XML Schemas, those inside WSDLs included.
        names: Names of the documents, in the order in which they were read.
    """

    definitions: list[etree._Element] = field(default_factory=list)
    schemas: list[etree._Element] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


def load(source: str | Path | bytes) -> Documents:
    """Return the documents of a WSDL.

    Args:
        source: Path of a file, a folder or a ZIP; an http or https URL; or the bytes of a ZIP, or
            of a WSDL that imports nothing.

    Raises:
        SoblobError: The source cannot be read, is no WSDL, imports from elsewhere, or is too large.
    """
    if isinstance(source, bytes):
        if is_zip(source):
            return _of_zip(BytesIO(source), "the ZIP")
        return _collect(["the WSDL"], lambda _: source, "")
    try:
        if isinstance(source, str) and urlsplit(source).scheme in ("http", "https"):
            return _collect([source], fetcher(), origin(source))
        if isinstance(source, str) and _OTHER_URL.match(source):
            raise SoblobError(
                f"{quote(source)} cannot be read: only http and https URLs are fetched; "
                "save the WSDL and give its path"
            )
        if isinstance(source, str) and _BARE_URL.fullmatch(source) and not Path(source).exists():
            raise SoblobError(
                f"{quote(source)} cannot be read: no such file; "
                "a URL begins with http:// or https://"
            )
        return _of_path(Path(source))
    except ValueError as error:  # a malformed URL, a NUL in a path
        raise SoblobError(f"{quote(str(source))} cannot be read: {error}") from None


def read_standard_input() -> bytes:
    """Return a WSDL or a ZIP from standard input.

    Raises:
        SoblobError: It is closed, cannot be read, or is too large.
    """
    try:
        with opened(STANDARD_INPUT, sys.maxsize - 1) as source:
            data = source.read(LARGEST_BYTES + 1)
    except SoblobError as error:
        raise SoblobError(f"standard input cannot be read: {error}") from None
    if len(data) > LARGEST_BYTES:
        raise SoblobError(f"standard input has more than {LARGEST_BYTES:,} bytes")
    return data


def load_with(url: str, get: Getter) -> Documents:
    """Return the documents of a WSDL at a URL, each fetched by the caller.

    Args:
        url: An http or https URL.
        get: Returns what a URL of the same origin serves.

    Raises:
        SoblobError: It is no WSDL, imports from elsewhere, or is too large; or `get` raises it.
    """
    return _collect([url], get, origin(url))


def _of_path(path: Path) -> Documents:
    if path.is_dir():
        return _of_folder(path)
    data = _read(path)
    if is_zip(data):
        return _of_zip(path, str(path))
    uri = path.resolve().as_uri()
    folder = path.resolve().parent.as_uri()
    return _collect([uri], lambda name: data if name == uri else _read_uri(name), f"{folder}/")


def _of_folder(folder: Path) -> Documents:
    files = list(islice(folder.rglob("*"), _MOST_FILES + 1))
    if len(files) > _MOST_FILES:
        raise SoblobError(f"{folder} has more than {_MOST_FILES:,} files: give one with WSDLs only")
    wsdls = [file for file in sorted(files) if file.suffix.lower() == ".wsdl" and file.is_file()]
    if not wsdls:
        raise SoblobError(f"{folder} has no file *.wsdl")
    inside = f"{folder.resolve().as_uri()}/"
    names = []
    for wsdl in wsdls:
        name = wsdl.resolve().as_uri()
        if not name.startswith(inside):
            raise SoblobError(f"{_short(str(wsdl))} is a link out of {_short(str(folder))}")
        names.append(name)
    return _collect(_with_known(names, _read_uri), _read_uri, inside)


def _of_zip(file: Path | IO[bytes], path: str) -> Documents:
    """Read a package of proxies, as the vendor publishes it."""
    with open_zip(file, path) as package:
        entries = {
            f"{_ZIP}{one.filename}": one
            for one in package.infolist()
            if one.filename.lower().endswith(_SUFFIXES) and not one.is_dir()
        }

        def get(name: str) -> bytes:
            if name not in entries:
                raise SoblobError(f"{quote(_short(name))} is imported and is not in {path}")
            return read_entry(package, entries[name], LARGEST_BYTES)

        wsdls = [name for name in entries if name.lower().endswith((".wsdl", ".svc"))]
        if not wsdls:
            raise SoblobError(f"{path} has no file *.wsdl in it")
        return _collect(_with_known(wsdls, get), get, _ZIP)


def _with_known(names: Sequence[str], get: Getter) -> list[str]:
    """Return the WSDLs that name an operation of the contract, since others are of no interest."""
    if len(names) == 1:
        return list(names)
    read = 0
    found = []
    for name in names:
        data = get(name).replace(b"\0", b"")  # UTF-16 as well
        read += len(data)
        if read > 10 * LARGEST_BYTES:
            raise SoblobError(f"the WSDLs have more than {10 * LARGEST_BYTES:,} bytes together")
        if any(known in data for known in _KNOWN):
            found.append(name)
    if not found:
        raise SoblobError(f"none of {plural(len(names), 'WSDL')} has an operation of the contract")
    return found


def _collect(begin: Iterable[str], get: Getter, inside: str) -> Documents:
    """Parse documents, and those that they import, each once."""
    found = Documents()
    # Of those that are read and of those that wait, each with what imports it.
    names: dict[str, str] = dict.fromkeys(begin, "")
    waiting = deque(names)
    size = tags = 0
    while waiting:
        name = waiting.popleft()
        try:
            data = get(name)
        except SoblobError as error:
            if not names[name]:
                raise
            raise SoblobError(f"{error}; {names[name]}") from None
        size, tags = size + len(data), tags + data.count(b"<")
        if size > LARGEST_BYTES or tags > MOST_TAGS or len(names) > MOST_DOCUMENTS:
            raise _too_large(name)
        root = _parse(data, name)
        found.names.append(name)
        _sort(root, name, found)
        for location in _locations(root):
            imported = _resolve(name, location, inside)
            if imported not in names:
                names[imported] = (
                    f"{_short(name)} imports it as {quote(location)}: put it there, or give a WSDL "
                    "with everything in it, as ?singleWsdl serves it"
                )
                waiting.append(imported)
            if len(names) > MOST_DOCUMENTS:
                raise _too_large(name)
    if not found.definitions:
        raise SoblobError(f"{_short(found.names[0])} is no WSDL")
    return found


def _too_large(name: str) -> SoblobError:
    return SoblobError(
        f"{_short(name)} is too large, with all that is imported: the limits are "
        f"{LARGEST_BYTES:,} bytes, {MOST_TAGS:,} tags and {MOST_DOCUMENTS} documents"
    )


def _sort(root: etree._Element, name: str, found: Documents) -> None:
    if root.tag == f"{{{WSDL}}}definitions":
        found.definitions.append(root)
        found.schemas.extend(root.iterfind(f"{{{WSDL}}}types/{{{XSD}}}schema"))
    elif root.tag == f"{{{XSD}}}schema":
        found.schemas.append(root)
    else:
        raise SoblobError(f"{_short(name)} is no WSDL and no XML Schema: {quote(str(root.tag))}")


def _parse(data: bytes, name: str) -> etree._Element:
    parsed = _xml.parse(data)
    if parsed.root is None:
        why = "it is no XML" if parsed.problem is None else parsed.problem.message
        raise SoblobError(f"{_short(name)} cannot be parsed: {clip(ascii_controls(why), 200)}")
    return parsed.root


def _locations(root: etree._Element) -> Iterable[str]:
    for tag, attribute in _IMPORTS:
        for element in root.iter(tag):
            location = element.get(attribute)
            if location:
                yield location


def _resolve(name: str, location: str, inside: str) -> str:
    """Return the name of an import; it has to lie where the first document lies."""
    if not inside:
        raise SoblobError(f"the WSDL imports {quote(location)}: give its file or URL instead")
    if len(location) > _LONGEST_LOCATION:
        raise SoblobError(f"{_short(name)} imports {quote(location)}, which is no usual address")
    try:
        if name.startswith(_ZIP):
            resolved = _in_zip(name, location)
        else:
            resolved = urldefrag(urljoin(name, location)).url
            if resolved.startswith("file:"):
                resolved = _path(resolved).resolve().as_uri()
            elif inside == origin(resolved):
                return resolved
        if resolved.startswith(inside):
            return resolved
    except (ValueError, OSError):
        pass
    raise SoblobError(f"{_short(name)} imports {quote(location)}, which lies elsewhere")


def _in_zip(name: str, location: str) -> str:
    """Return the entry that a location names; a climb over the top is refused."""
    if urlsplit(location).scheme or location.startswith("/"):
        raise ValueError(location)
    kept: list[str] = []
    written = unquote(location).replace("\\", "/")
    for part in (PurePosixPath(name.removeprefix(_ZIP)).parent / written).parts:
        if part == "..":
            kept.pop() if kept else _climb(location)
        elif part != ".":
            kept.append(part)
    return _ZIP + "/".join(kept)


def _climb(location: str) -> None:
    raise ValueError(location)


def _read_uri(uri: str) -> bytes:
    return _read(_path(uri), regular=True)


def _path(uri: str) -> Path:
    from urllib.request import url2pathname  # takes 50 ms, which a ZIP or bytes need not

    return Path(url2pathname(urlsplit(uri).path))


def _read(path: Path, *, regular: bool = False) -> bytes:
    """Return the beginning of a file, one byte more than is allowed."""
    try:
        if regular and path.exists() and not path.is_file():
            raise SoblobError(f"{path} is no regular file")
        with path.open("rb") as file:
            return file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise SoblobError(f"{path} cannot be read: {error.strerror}") from None


def _short(name: str) -> str:
    """Return a name on one line, for errors."""
    return clip(ascii_controls(unquote(name.removeprefix("file://").removeprefix(_ZIP))), 200)
