"""Redaction of known secrets, and of those recognised by a name or by their shape."""

import re
from binascii import Error, a2b_base64
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from pytest_soblob._text._escapes import views_of
from pytest_soblob._text._known import KnownSecrets, Span
from pytest_soblob._text._masking import mask_spans
from pytest_soblob._text._names import find_named

_TICKET: Final = re.compile(r"\b(?:7T|8A):[^\s<>\"'&;,)\]}]++")
_USER_INFO: Final = re.compile(r"(?<=://)[^\s/?#@\"'<>]++(?=@)")
_TOKEN_SCHEMES: Final = ("bearer", "negotiate", "ntlm", "soticket")
_TOKEN: Final = re.compile(rf"\b(?i:{'|'.join(_TOKEN_SCHEMES)})\s++([\w.~+/=:-]{{8,}}+)")
_BASIC: Final = re.compile(r"\b(?i:basic)\s++([A-Za-z0-9+/_-]{4,}+={0,2})")
_SUSPECT: Final = re.compile(r"<!\[CDATA\[|\]\]>|<!--|-->|<[^<>]*+>|[\s<>\"']++")
_LONGEST_SECRET: Final = 1_000
_MOST_SUSPECTS: Final = 50


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` without a readable secret.

    Args:
        text: Text to be shown. The time taken is linear in its length.
        secrets: Values known to be secret. Each occurrence of at least four characters is masked,
            also percent-encoded, in character references, in base64 and truncated.

    Tickets and credentials are also recognised by their shape, and secrets by the name of the
    element, attribute or field that holds them, so that bytes that do not parse reveal nothing.
    """
    known = KnownSecrets.of(secrets)
    spans = [
        view.original_span(*span)
        for view in views_of(text)
        for spans in (known.find(view.text), find_named(view.text), _find_shaped(view.text))
        for span in spans
    ]
    return mask_spans(text, spans)


def hide(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` without these secrets, and without text that has the shape of one.

    For text that is not markup, in which a name does not mark a secret.
    """
    known = KnownSecrets.of(secrets)
    spans = [
        view.original_span(*span)
        for view in views_of(text)
        for spans in (known.find(view.text), _find_shaped(view.text))
        for span in spans
    ]
    return mask_spans(text, spans)


def find_suspects(text: str) -> set[str]:
    """Return possible secrets in text that does not parse: the values after secret names."""
    suspects = set()
    for start, end in islice(find_named(text), _MOST_SUSPECTS):
        for word in _SUSPECT.split(text[start:end][:_LONGEST_SECRET])[:10]:
            suspects |= {word, word.rstrip("="), word.rpartition(":")[2].rstrip("=")}
    return suspects - {""}


def _find_shaped(text: str) -> Iterator[Span]:
    """Yield the spans of tickets, of credentials in a URL and of those with a known scheme."""
    if "7T:" in text or "8A:" in text:
        yield from (match.span() for match in _TICKET.finditer(text))
    if "://" in text:
        yield from (match.span() for match in _USER_INFO.finditer(text))
    lowered = text.lower()
    if any(scheme in lowered for scheme in _TOKEN_SCHEMES):
        yield from (match.span(1) for match in _TOKEN.finditer(text))
    if "basic" in lowered:
        yield from (match.span(1) for match in _BASIC.finditer(text) if _has_colon(match[1]))


def _has_colon(encoded: str) -> bool:
    """Whether base64 decodes to `user:password`; the prose `Basic authentication` does not."""
    try:
        flat = encoded.rstrip("=").replace("-", "+").replace("_", "/")
        return b":" in a2b_base64(flat[: len(flat) // 4 * 4])
    except Error:
        return False
