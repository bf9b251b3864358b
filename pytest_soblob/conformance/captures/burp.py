"""Burp's *Save items*: XML with an inline DTD, raw messages as base64 or as text."""

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from pytest_soblob._http import HttpSyntaxError
from pytest_soblob._xml.streaming import TooLargeError, iter_elements
from pytest_soblob.conformance.captures.decoding import PIECE_BYTES, Readable
from pytest_soblob.conformance.captures.entries import (
    NOT_HELD,
    Entry,
    Message,
    first_line,
    from_base64,
    read_raw,
)
from pytest_soblob.errors import SoblobError

# Burp's own DTD declares elements and attributes only, and no entity.
_DOCTYPE: Final = re.compile(rb"<!DOCTYPE\s+items\s*\[[^\[\]]*\]\s*>")


def read_burp(stream: Readable) -> Iterator[Entry]:
    """Yield each item.

    Raises:
        SoblobError: The file is not XML to its end, or has a DTD of another kind.
    """
    number = 0
    try:
        for number, (item, _) in enumerate(iter_elements(_without_dtd(stream), "item"), 1):
            request, response = _message(item, "request"), _message(item, "response")
            pair = [("request", request), ("response", response)]
            yield Entry(
                where=f"item {number}",
                request=request,
                response=response,
                not_held=tuple((kind, NOT_HELD) for kind, message in pair if message is None),
            )
    except TooLargeError as error:
        raise SoblobError(f"after item {number}: {error}") from None
    except etree.XMLSyntaxError as error:
        raise SoblobError(f"it is no XML after item {number}: {first_line(error)}") from None


def _without_dtd(stream: Readable) -> Iterator[bytes]:
    """Yield the file without its DTD, which the parser is never given."""
    head = stream.read(PIECE_BYTES)
    head = _DOCTYPE.sub(b"", head, count=1)
    if b"<!DOCTYPE" in head.partition(b"<items")[0]:
        raise SoblobError("its DTD is not the one that Burp writes")
    yield head
    while piece := stream.read(PIECE_BYTES):
        yield piece


def _message(item: etree._Element, name: str) -> Message | None:
    element = item.find(name)
    if element is None or not element.text:
        return None
    if element.get("base64") != "true":
        return read_raw(element.text.encode("utf-8", "surrogatepass"))
    data = from_base64(element.text)
    return HttpSyntaxError(f"the <{name}> is not base64") if data is None else read_raw(data)
