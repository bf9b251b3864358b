"""SoapUI and ReadyAPI projects: envelopes of requests, of mock responses and of saved answers."""

from collections.abc import Iterator
from functools import partial
from typing import Final, NamedTuple

from lxml import etree

from pytest_soblob._xml.streaming import TooLargeError, iter_elements
from pytest_soblob.conformance.captures.decoding import PIECE_BYTES, Readable
from pytest_soblob.conformance.captures.entries import (
    Entry,
    encoded,
    first_line,
    named,
    short,
)
from pytest_soblob.conformance.captures.variables import OF_SOAPUI, fill_in
from pytest_soblob.errors import SoblobError

_REQUESTS: Final = ("request",)
# Copies of WSDLs, which may be most of a project.
_COPIES: Final = ("content",)
_SCOPES: Final = {"Project": 0, "TestSuite": 1, "TestCase": 2}
_RESPONSES: Final = ("responseContent", "response")


# Texts with variables are kept to the end of a project, where its properties are.
_MOST_KEPT: Final = 40_000_000


class _Found(NamedTuple):
    """An envelope: its place, what it stands in, what it is, and its text."""

    where: str
    path: tuple[str, ...]
    is_request: bool
    text: str

    def entry(self, why: str = "") -> Entry:
        """Return its entry; `why` says why it cannot be judged."""
        message = encoded(self.text, "")
        kind = "request" if self.is_request else "response"
        return Entry(
            where=self.where,
            request=message if self.is_request else None,
            response=None if self.is_request else message,
            not_held=((kind, why),) if why else (),
        )


# By what they stand in, from the outside, and name.
_Properties = dict[tuple[tuple[str, ...], str], str]


def read_soapui(stream: Readable) -> Iterator[Entry]:
    """Yield each envelope of a project; those with variables last.

    Raises:
        SoblobError: The file is not XML to its end.
    """
    properties: _Properties = {}
    kept: list[_Found] = []
    size = 0
    for found in _iter_found(stream, properties):
        if OF_SOAPUI.search(found.text) is None:
            yield found.entry()
            continue
        size += len(found.text)
        if size > _MOST_KEPT:
            raise SoblobError(f"its messages with variables are over {_MOST_KEPT:,} characters")
        kept.append(found)
    for found in kept:
        text, why = fill_in(found.text, OF_SOAPUI, partial(_value_of, properties, found.path))
        yield found._replace(text=text).entry(why)


def _value_of(properties: _Properties, path: tuple[str, ...], name: str) -> str | None:
    """Return the value of `#Project#name`, `#TestSuite#name` or `#TestCase#name`."""
    begins, scope, inner = [*name.split("#", 2), "", ""][:3]
    depth = _SCOPES.get(scope)
    return None if begins or depth is None else properties.get((path[:depth], inner))


def _iter_found(stream: Readable, properties: _Properties) -> Iterator[_Found]:
    """Yield each envelope, and add the properties that are found to `properties`."""
    pieces = iter(lambda: stream.read(PIECE_BYTES), b"")
    number = 0
    try:
        wanted = (*_REQUESTS, *_RESPONSES, *_COPIES, "property")
        for element, path in iter_elements(pieces, *wanted):
            name = str(element.tag).rpartition("}")[2]
            if name == "property":
                key, value = (element.findtext(f"{{*}}{one}") or "" for one in ("name", "value"))
                properties[(tuple(path[1:-1]), key)] = value
                continue
            text = _text(element)
            if not text or name == "content":
                continue
            number += 1
            where = named([short(one) for one in path[1:] if one] or [f"message {number}"])
            yield _Found(where, tuple(path[1:]), name == "request", text)
    except TooLargeError as error:
        raise SoblobError(f"after message {number}: {error}") from None
    except etree.XMLSyntaxError as error:
        raise SoblobError(f"it is no XML after message {number}: {first_line(error)}") from None


def _text(element: etree._Element) -> str:
    """Return the envelope in an element, without the escaped CR that SoapUI writes at line ends."""
    text = (element.text or "").strip()
    if not text.startswith("<"):
        return ""
    return text.replace("\\r\n", "\n").removesuffix("\\r")
