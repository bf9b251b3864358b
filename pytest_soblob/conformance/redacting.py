"""Redaction of whole messages, so that a recording can be shared and still be judged.

A shown text may lose whatever stands beside a secret. A recorded body must stay what the server or
the client has written, so only the values are masked: the markup around them is kept, and with it
the encoding, the prefixes and the line ends. What is not well-formed markup is redacted as text.
"""

import re
from collections.abc import Iterable
from secrets import token_hex
from typing import Any, Final
from urllib.parse import unquote

from pytest_soblob._text import (
    ELLIPSIS,
    KnownSecrets,
    credentials_in,
    find_suspects,
    hide,
    mask,
    redact,
)
from pytest_soblob.conformance.encodings import Codec, NotRedactableError, is_text, read_text
from pytest_soblob.conformance.markup import (
    LONGEST_SECRET,
    MOST_SECRETS,
    names_secret,
    redact_markup,
    secrets_in,
)
from pytest_soblob.conformance.parts import searched
from pytest_soblob.wire import HttpRequest, HttpResponse

# A field of a query; ASP.NET's session in a path, as in `/(S(value))/`.
_IN_TARGET: Final = re.compile(r"(?<=[?&;])([\w.%-]{1,100})=([^&;#]+)|(?<=[/)(])[A-Z]\(([^()/]+)\)")
# What declares entities or attributes; the DOCTYPE of a page of HTML does not.
_DECLARATION: Final = re.compile(r"<!(?:ENTITY|ATTLIST)|<!DOCTYPE[^>]*\[", re.IGNORECASE)
# Text beside long base64 that is redacted; a body with more is not kept.
LARGEST_TEXT: Final = 1024 * 1024
# Base64 of an image, in one piece or in lines; it is longer than any secret.
_RUN: Final = re.compile(
    r"[A-Za-z0-9+/_-]{60,}+(?:(?:\s|&#(?:13|10|[xX]0?[aAdD]);)++[A-Za-z0-9+/_-]{60,}+)*+"
    r"(?:(?:\s|&#(?:13|10|[xX]0?[aAdD]);)++[A-Za-z0-9+/_-]++)?={0,2}"
)
_BETWEEN_LINES: Final = re.compile(r"\s|&#(?:13|10|[xX]0?[aAdD]);")
_SHORTEST_RUN: Final = 2_000
_KEPT_OF_RUN: Final = 64  # at either end, so that its place decides as that of a short one
_STEMS: Final = (
    b"tick",
    b"toke",
    b"passw",
    b"secret",
    b"creden",
    b"author",
    b"cookie",
    b"7T:",
    b"8A:",
)
_NARROW: Final = re.compile(b"|".join(_STEMS), re.IGNORECASE)
_WIDE: Final = re.compile(
    b"|".join(b"\\0{1,3}".join(bytes((byte,)) for byte in stem) for stem in _STEMS), re.IGNORECASE
)


def secrets_of_head(message: HttpRequest | HttpResponse) -> tuple[str, ...]:
    """Return the secrets in headers whose names mark them as secret, and in the target."""
    found: list[str] = []
    for name, value in message.headers:
        if names_secret(name):
            text = value[:LONGEST_SECRET]
            cookies = _cookies_in(name, text)
            found += (text, *cookies) if cookies else credentials_in(text)
    if isinstance(message, HttpRequest):
        target = message.target[:LONGEST_SECRET]
        found += find_suspects(target)
        found += (one[2] or one[3] for one in _IN_TARGET.finditer(target) if _is_secret(one))
    return tuple(found[:MOST_SECRETS])


def _is_secret(found: re.Match[str]) -> bool:
    """Whether a part of a target is a session in its path, or a field with the name of a secret."""
    return found[3] is not None or names_secret(unquote(found[1]))


def _cookies_in(name: str, value: str) -> list[str]:
    """Return the values in a Cookie or Set-Cookie header (RFC 6265, 4); none for others."""
    pairs = {"cookie": value.split(";")[:MOST_SECRETS], "set-cookie": value.split(";")[:1]}
    return [pair.partition("=")[2].strip(' "') for pair in pairs.get(name.lower(), ())]


class BodyText:
    """A body as text, without the middle of its long base64, which may be large.

    Args:
        data: The body, without content codings.
        content_type: Value of Content-Type, or an empty text.

    Raises:
        NotRedactableError: It is in no known encoding, not text, or too large.

    Attributes:
        secrets: The secrets that the names in it mark.
    """

    def __init__(self, data: bytes, content_type: str = "") -> None:
        text, self._codec = read_text(data, content_type)
        _check_width(data, self._codec)
        self._text, self._middles = _elided(text)
        if not is_text(self._searched(data, content_type)):
            raise NotRedactableError("it is not text: it may be compressed or in another encoding")
        if len(self._text) > LARGEST_TEXT:
            raise NotRedactableError(
                f"its text, without long base64, is over {LARGEST_TEXT:,} characters"
            )
        if _DECLARATION.search(self._text) is not None:
            raise NotRedactableError("it has a DTD, whose entities can be a secret")
        self.secrets = secrets_in(self._text)

    def _searched(self, data: bytes, content_type: str) -> str:
        """Return what must be text: all but pictures in parts, and long base64."""
        checked = data if self._codec.is_wide else searched(data, content_type)
        if checked is data:
            return self._text
        return checked.decode(self._codec.name, "surrogateescape")

    def redacted(self, known: KnownSecrets) -> bytes:
        """Return the body without a readable secret, in its encoding.

        Args:
            known: Its own secrets, and others.

        Raises:
            NotRedactableError: A known secret is in it in another encoding.
        """
        text = self.text(known)
        data = self._codec.encode(text)
        if b"\0" in data:
            others = ("utf-8",) if self._codec.is_wide else ("utf-16-le", "utf-16-be")
            if any(one.encode(name, "ignore") in data for one in known for name in others):
                raise NotRedactableError(f"it is {self._codec.name}, but not all of it")
        return data

    @property
    def original(self) -> str:
        """The body as text, with a mark for the middle of each long base64."""
        return self._text

    def text(self, known: KnownSecrets) -> str:
        """Return the body without a readable secret, as text.

        Args:
            known: Its own secrets, and others.
        """
        text = redact_markup(self._text, known)
        if text is None:
            text = redact(self._text, known)
        if self._middles:
            mark = re.compile("|".join(map(re.escape, self._middles)))
            text = mark.sub(lambda found: self._middle(found[0], known), text)
        return text

    def _middle(self, mark: str, known: KnownSecrets) -> str:
        """Return what a mark stands for, or an ellipsis if it has a secret."""
        run = self._middles[mark]
        flat = _BETWEEN_LINES.sub("", run) if _BETWEEN_LINES.search(run) else run
        has_secret = next(known.find(flat), None) is not None
        return ELLIPSIS if has_secret else run[_KEPT_OF_RUN:-_KEPT_OF_RUN]


def redact_headers(
    headers: Iterable[tuple[str, str]], known: KnownSecrets
) -> list[tuple[str, str]]:
    """Return headers without secrets; of a secret one the scheme is kept."""
    shown = []
    for name, value in headers:
        if names_secret(name):
            scheme, blank, rest = value.partition(" ")
            masked = f"{scheme} {mask(rest)}" if blank and scheme.isalpha() else mask(value)
            shown.append((hide(name, known), masked))
        else:
            shown.append((hide(name, known), redact(value, known)))
    return shown


def redact_target(target: str, known: KnownSecrets) -> str:
    """Return the target of a request line without secrets."""
    begun = redact(target, known)
    return _IN_TARGET.sub(_masked_in_target, begun)


def _masked_in_target(found: re.Match[str]) -> str:
    if not _is_secret(found) or ELLIPSIS in found[0]:
        return found[0]
    number = 2 if found[3] is None else 3
    start, end = (at - found.start() for at in found.span(number))
    return found[0][:start] + mask(found[number]) + found[0][end:]


def scrub(value: Any, known: KnownSecrets) -> Any:
    """Return a value of JSON, in all of whose texts no known secret is left."""
    if isinstance(value, str):
        return hide(value, known)
    if isinstance(value, list | tuple):
        return [scrub(item, known) for item in value]
    if isinstance(value, dict):
        return {key: scrub(item, known) for key, item in value.items()}
    return value


# -- long base64 and encodings ---------------------------------------------------------------------


def _elided(text: str) -> tuple[str, dict[str, str]]:
    """Return a text with a mark for the middle of each long base64, and the base64 by mark."""
    nonce = token_hex(8)
    middles: dict[str, str] = {}

    def elide(run: re.Match[str]) -> str:
        start, end = run.span()
        if end - start < _SHORTEST_RUN:
            return run[0]
        mark = f"Z{nonce}{len(middles):06d}Z"
        middles[mark] = run[0]
        return text[start : start + _KEPT_OF_RUN] + mark + text[end - _KEPT_OF_RUN : end]

    return _RUN.sub(elide, text), middles


def _check_width(data: bytes, codec: Codec) -> None:
    """Raise `NotRedactableError` for a body in two encodings, of which only one is searched."""
    if b"\0" in data and (_NARROW if codec.is_wide else _WIDE).search(data) is not None:
        raise NotRedactableError(f"it is {codec.name}, but not all of it")
