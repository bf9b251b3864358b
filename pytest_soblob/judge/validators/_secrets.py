"""Secrets in a message: tickets, tokens, passwords, and everything inside Credentials."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from pytest_soblob._text import KnownSecrets, credentials_in, find_suspects, is_secret_name
from pytest_soblob._xml.carving import is_part
from pytest_soblob.names import XSI
from pytest_soblob.soap.envelope import (
    SOAP_NAMESPACES,
    Element,
    Envelope,
    local_name,
    split_name,
    text_of,
)
from pytest_soblob.wire import HttpRequest, HttpResponse

_MOST: Final = 50
# No shown text is longer, so of a longer secret only the beginning is searched for.
_LONGEST: Final = 5_000
_MOST_ATTRIBUTES: Final = 10
_NOT_SECRET: Final = (XSI, *SOAP_NAMESPACES)


def find_secrets(envelope: Envelope) -> KnownSecrets:
    """Return the texts of elements and attributes whose names mark them as secret.

    The image is never a secret, in whichever element it is. Each element is visited once.
    """
    return KnownSecrets(islice(_iter_secrets(envelope), _MOST))


def find_http_secrets(message: HttpRequest | HttpResponse) -> KnownSecrets:
    """Return the secrets in headers whose names mark them as secret, and in the target."""
    found: list[str] = []
    for name, value in message.headers:
        if is_secret_name(name):
            found += credentials_in(value[:_LONGEST])
    if isinstance(message, HttpRequest):
        found += find_suspects(message.target[:_LONGEST])
    return KnownSecrets(found[:_MOST])


def _iter_secrets(envelope: Envelope) -> Iterator[str]:
    outside = [element for role, element in envelope.parts if role != "body"]
    for part in (*outside, *envelope.body_children):
        held: set[Element] = set()  # elements with such a name, and their descendants
        for element in part.iter("{*}*"):
            if element.getparent() in held or is_secret_name(local_name(element)):
                held.add(element)
                if local_name(element) != "Image" or not is_part(element, envelope.root):
                    yield from _words(text_of(element)[:_LONGEST])
            yield from _attributes(element, all_of_them=element in held)


def _words(text: str) -> Iterator[str]:
    """Yield a text as a whole and word by word."""
    stripped = text.strip()
    if stripped:
        yield stripped
        words = stripped.split(maxsplit=10)
        yield from words if len(words) > 1 else ()


def _attributes(element: Element, *, all_of_them: bool) -> Iterator[str]:
    """Yield the values of an element's attributes: all, or those whose names mark a secret."""
    for name in element.keys()[:_MOST_ATTRIBUTES]:
        uri, local = split_name(str(name))
        if uri not in _NOT_SECRET and (all_of_them or is_secret_name(local)):
            yield str(element.get(name))[:_LONGEST]
