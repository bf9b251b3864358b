"""What in a message nobody may read: tickets, tokens, passwords, and whatever Credentials hold."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from pytest_soblob._carving import is_part
from pytest_soblob.envelope import (
    SOAP_NAMESPACES,
    Element,
    Envelope,
    local_name,
    split_name,
    text_of,
)
from pytest_soblob.names import XSI

_NAME: Final = re.compile(r"tick|tok|passw|secret|creden", re.IGNORECASE)
_MOST: Final = 50
# No text that is shown is longer; of a longer secret the beginning is looked for.
_LONGEST: Final = 5_000
_NOT_SECRET: Final = (XSI, *SOAP_NAMESPACES)


def find_secrets(envelope: Envelope) -> frozenset[str]:
    """Return what stands in elements that are named like a secret, outside the image."""
    return frozenset(islice(_iter_secrets(envelope), _MOST))


def _iter_secrets(envelope: Envelope) -> Iterator[str]:
    outside = [element for role, element in envelope.parts if role != "body"]
    for part in (*outside, *envelope.body_children):
        for element in part.iter("{*}*"):
            if _NAME.search(local_name(element)):
                for inside in element.iter("{*}*"):
                    if local_name(inside) != "Image" or not is_part(inside, envelope.root):
                        yield from _words(inside)
                    yield from _attributes(inside)


def _words(element: Element) -> Iterator[str]:
    """Yield an element's own text, whole and in words."""
    text = text_of(element)[:_LONGEST].strip()
    if text:
        yield text
        words = text.split(maxsplit=10)
        yield from words if len(words) > 1 else ()


def _attributes(element: Element) -> Iterator[str]:
    """Yield the values of an element's attributes."""
    for name in element.keys()[:10]:
        if split_name(str(name))[0] not in _NOT_SECRET:
            yield str(element.get(name))[:_LONGEST]
