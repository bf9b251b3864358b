"""Texts that a report shows, without secrets: masked where that can be done, else left out."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from pytest_soblob._text import ELLIPSIS, KnownSecrets, hide, redact, views_of
from pytest_soblob.conformance.encodings import NotRedactableError
from pytest_soblob.conformance.redacting import BodyText

WHY_NOT: Final = "it holds a secret in a form that cannot be masked"
_TAG: Final = re.compile(r"<!\[CDATA\[|\]\]>|<[^<>]*+>")
_MASKED: Final = "\x01"
_SPACE: Final = re.compile(r"\s++")


def holds_secret(text: str, secrets: Iterable[str]) -> bool:
    """Return whether a text has a secret that masking would leave readable: divided, or in base64.

    NULs (of UTF-16 and UTF-32 read as another encoding), comments, tags and white space are left
    out, and escapes are undone. A secret in one piece does not count: it is masked.

    Args:
        text: Text; the time taken is linear in its length.
        secrets: The secrets; those shorter than four characters are ignored.
    """
    given = tuple(secrets)
    known = KnownSecrets((*given, *(_SPACE.sub("", one) for one in given)))
    return any(next(known.find(one), None) is not None for one in _joined(text, known))


def _joined(text: str, known: KnownSecrets) -> Iterator[str]:
    for view in views_of(text):
        left = view.text.replace(ELLIPSIS, _MASKED)
        for secret in known:
            left = left.replace(secret, _MASKED)
        left = left.replace("\0", "")
        first, *others = left.split("<!--")
        after = (one.partition("-->")[2] if "-->" in one else one for one in others)
        for one in (left, _TAG.sub("", "".join((first, *after)))):
            yield one
            yield _SPACE.sub("", one)


def hidden_line(text: str, secrets: Iterable[str]) -> str:
    """Return text that is not markup without secrets, or a remark in its place."""
    return f"(not shown: {WHY_NOT})" if holds_secret(text, secrets) else hide(text, secrets)


def hidden_head(text: str, secrets: Iterable[str]) -> str:
    """Return the head of an HTTP message without secrets, or a remark in its place."""
    return f"(head not shown: {WHY_NOT})" if holds_secret(text, secrets) else redact(text, secrets)


def hidden_body(data: bytes, content_type: str, secrets: Iterable[str], *, most: int) -> str:
    """Return the text of a body without secrets, or a remark in its place.

    Only the values are masked: the markup around them is kept.

    Args:
        data: The body, without content codings.
        content_type: Value of Content-Type, or an empty text.
        secrets: The secrets that are known; those that names in the body mark are found.
        most: Number of bytes that are looked at; what follows is not shown.
    """
    try:
        body = BodyText(data[:most], content_type)
        known = KnownSecrets((*secrets, *body.secrets))
        text = body.text(known).encode("utf-8", "replace").decode()
    except NotRedactableError as error:
        return f"({len(data):,} bytes, not shown: {error})"
    if holds_secret(body.original, secrets):
        return f"({len(data):,} bytes, not shown: {WHY_NOT})"
    # Where the body is cut off, a secret may be, too.
    return hide(text + ELLIPSIS, known) if len(data) > most else text
