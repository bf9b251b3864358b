"""SoapUI and ReadyAPI projects: envelopes of requests, of mock responses and of saved answers."""

from collections.abc import Iterator
from typing import Final

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
from pytest_soblob.errors import SoblobError

_REQUESTS: Final = ("request",)
# Copies of WSDLs, which may be most of a project.
_COPIES: Final = ("content",)
_RESPONSES: Final = ("responseContent", "response")


def read_soapui(stream: Readable) -> Iterator[Entry]:
    """Yield each envelope of a project.

    Raises:
        SoblobError: The file is not XML to its end.
    """
    pieces = iter(lambda: stream.read(PIECE_BYTES), b"")
    number = 0
    try:
        for element, path in iter_elements(pieces, *_REQUESTS, *_RESPONSES, *_COPIES):
            name = str(element.tag).rpartition("}")[2]
            text = _text(element)
            if not text or name == "content":
                continue
            number += 1
            is_request = name == "request"
            where = named([short(one) for one in path[1:] if one] or [f"message {number}"])
            message = encoded(text, "")
            yield Entry(
                where=where,
                request=message if is_request else None,
                response=None if is_request else message,
            )
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
