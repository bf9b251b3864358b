"""Redaction of whole messages, so that a recording can be shared and still be judged.

A shown text may lose whatever stands beside a secret. A recorded body must stay what the server or
the client has written, so only the values are masked: the markup around them is kept, and with it
the encoding, the prefixes and the line ends. What is not well-formed markup is redacted as text.
"""

import codecs
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from secrets import token_hex
from typing import Any, Final, NamedTuple

from pytest_soblob._text import (
    ELLIPSIS,
    KnownSecrets,
    credentials_in,
    find_suspects,
    hide,
    is_secret_name,
    mask,
    redact,
)
from pytest_soblob.contract import OPERATIONS, OTHER_OPERATIONS
from pytest_soblob.wire import HttpRequest, HttpResponse

# Text beside long base64 that is redacted; a body with more is not kept.
LARGEST_TEXT: Final = 1024 * 1024
_LONGEST_SECRET: Final = 5_000
_MOST_SECRETS: Final = 50
_MOST_TOKENS: Final = 50_000
# Base64 of an image, in one piece or in lines; it is longer than any secret.
_RUN: Final = re.compile(
    r"[A-Za-z0-9+/_-]{60,}+(?:(?:\s|&#(?:13|10|[xX]0?[aAdD]);)++[A-Za-z0-9+/_-]{60,}+)*+"
    r"(?:(?:\s|&#(?:13|10|[xX]0?[aAdD]);)++[A-Za-z0-9+/_-]++)?={0,2}"
)
_BETWEEN_LINES: Final = re.compile(r"\s|&#(?:13|10|[xX]0?[aAdD]);")
# Characters of base64, times secrets: each is searched for in all of it.
_MOST_SEARCHED: Final = 300_000_000
_SHORTEST_RUN: Final = 2_000
_KEPT_OF_RUN: Final = 64  # at either end, so that its place decides as that of a short one
_TOKEN: Final = re.compile(
    r"(?P<comment><!--.*?-->)|<!\[CDATA\[(?P<cdata>.*?)\]\]>|(?P<pi><\?.*?\?>)"
    r"|<(?P<end>/)?(?P<name>[^\s<>/!?=\"']++)(?P<rest>(?:[^<>\"']|\"[^\"<]*+\"|'[^'<]*+')*+)>",
    re.DOTALL,
)
_ATTRIBUTE: Final = re.compile(r"([^\s=\"'/]++)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)')")
_OF_XML: Final = re.compile(
    r"xmlns(?::.*)?|(?:.*:)?(?:nil|type|schemaLocation|mustUnderstand|actor|role|relay|"
    r"encodingStyle|lang|space)",
    re.DOTALL,
)
# Between values that are redacted together; no value in markup has a `<` beside a NUL.
_SEPARATOR: Final = "\n<\0>\n"
_WRAPPERS: Final = frozenset(
    name
    for operation in (*OPERATIONS.values(), *OTHER_OPERATIONS.values())
    for name in (operation.name, operation.response_element, f"{operation.name}Result")
)
# What a mask leaves of a reference at the beginning of a secret; markup cannot have it.
_HALF_REFERENCE: Final = re.compile(f"&[#\\w]?{ELLIPSIS}")
_DECLARED: Final = re.compile(rb"""\A\s*<\?xml[^>]{1,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""")
_CHARSET: Final = re.compile(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class NotRedactableError(ValueError):
    """A body in which secrets cannot be found; the text gives the reason in one line."""


def secrets_of_head(message: HttpRequest | HttpResponse) -> tuple[str, ...]:
    """Return the secrets in headers whose names mark them as secret, and in the target."""
    found: list[str] = []
    for name, value in message.headers:
        if is_secret_name(name):
            found += credentials_in(value[:_LONGEST_SECRET])
    if isinstance(message, HttpRequest):
        found += find_suspects(message.target[:_LONGEST_SECRET])
    return tuple(found[:_MOST_SECRETS])


class BodyText:
    """A body as text, without the middle of its long base64, which may be large.

    Args:
        data: The body, without content codings.
        content_type: Value of Content-Type, or an empty text.

    Raises:
        NotRedactableError: It is in no known encoding, or too large.

    Attributes:
        secrets: The secrets that the names in it mark.
    """

    def __init__(self, data: bytes, content_type: str = "") -> None:
        text, self._codec = _decode(data, content_type)
        self._text, self._middles = _elided(text)
        if len(self._text) > LARGEST_TEXT:
            raise NotRedactableError(
                f"its text, without long base64, is over {LARGEST_TEXT:,} characters"
            )
        self.secrets = _secrets_in(self._text)

    def redacted(self, known: KnownSecrets) -> bytes:
        """Return the body without a readable secret, in its encoding.

        Args:
            known: Its own secrets, and others.

        Raises:
            NotRedactableError: It has too many secrets for so much base64.
        """
        if sum(map(len, self._middles.values())) * len(known.values) > _MOST_SEARCHED:
            raise NotRedactableError(f"it has {len(known.values)} secrets and long base64")
        text = _redact_markup(self._text, known)
        if text is None:
            text = redact(self._text, known | find_suspects(self._text[:100_000]))
        if not self._middles:
            return self._codec.encode(text)
        mark = re.compile("|".join(map(re.escape, self._middles)))
        return self._codec.encode(mark.sub(lambda found: self._middle(found[0], known), text))

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
        if is_secret_name(name):
            scheme, blank, rest = value.partition(" ")
            masked = f"{scheme} {mask(rest)}" if blank and scheme.isalpha() else mask(value)
            shown.append((hide(name, known), masked))
        else:
            shown.append((hide(name, known), redact(value, known)))
    return shown


def redact_target(target: str, known: KnownSecrets) -> str:
    """Return the target of a request line without secrets."""
    return redact(target, known)


def scrub(value: Any, known: KnownSecrets) -> Any:
    """Return a value of JSON, in all of whose texts no known secret is left."""
    if isinstance(value, str):
        return hide(value, known)
    if isinstance(value, list | tuple):
        return [scrub(item, known) for item in value]
    if isinstance(value, dict):
        return {key: scrub(item, known) for key, item in value.items()}
    return value


# -- markup ----------------------------------------------------------------------------------------


class _Piece(NamedTuple):
    """A part of a text.

    Attributes:
        text: The text.
        kind: `markup`, which is kept; `value`; or `secret`, a value that is masked as a whole.
        element: Number of the element whose own text it is; 0 for others.
    """

    text: str
    kind: str = "markup"
    element: int = 0


def _secrets_in(text: str) -> tuple[str, ...]:
    pieces = _pieces(text)
    if pieces is None:
        return tuple(islice(find_suspects(text[:100_000]), _MOST_SECRETS))
    found: dict[str, None] = {}
    joined: dict[int, str] = {}
    for piece in pieces:
        if piece.kind == "secret" and piece.text.strip() and len(found) < _MOST_SECRETS:
            found[piece.text.strip()[:_LONGEST_SECRET]] = None
            if piece.element:
                joined[piece.element] = joined.get(piece.element, "") + piece.text
    words = [word for one in (*found, *joined.values()) for word in one.split(maxsplit=10)]
    whole = (one.strip()[:_LONGEST_SECRET] for one in joined.values())
    return tuple(dict.fromkeys((*found, *whole, *words)))


def _redact_markup(text: str, known: KnownSecrets) -> str | None:
    """Return markup with masked values, or None if it is not well-formed."""
    pieces = _pieces(text)
    if pieces is None:
        return None
    split = _split_secrets(pieces, known)
    pieces = [p._replace(kind="secret") if p.element in split else p for p in pieces]
    values = [piece.text for piece in pieces if piece.kind == "value"]
    redacted = redact(_SEPARATOR.join(values), known).split(_SEPARATOR)
    if len(redacted) != max(len(values), 1):
        return None
    following = (_HALF_REFERENCE.sub(ELLIPSIS, value) for value in redacted)
    made = []
    for piece in pieces:
        if piece.kind == "value":
            made.append(next(following))
        elif piece.kind == "secret":
            made.append(_masked(piece.text))
        else:
            made.append(piece.text)
    return "".join(made)


def _masked(text: str) -> str:
    """Return a value masked, with the white space around it."""
    stripped = text.strip()
    if not stripped:
        return text
    before, _, after = text.partition(stripped)
    shown = ELLIPSIS if any(char in stripped for char in "<&") else mask(stripped)
    return before + shown + after


def _split_secrets(pieces: list[_Piece], known: KnownSecrets) -> set[int]:
    """Return the elements whose text has a secret only when a comment inside it is left out."""
    texts: dict[int, list[str]] = {}
    for piece in pieces:
        if piece.element and piece.kind == "value":
            texts.setdefault(piece.element, []).append(piece.text)
    return {
        number
        for number, parts in texts.items()
        if len(parts) > 1 and next(known.find("".join(parts)), None) is not None
    }


def _pieces(text: str) -> list[_Piece] | None:
    """Return the parts of a text, or None if it is not well-formed or has too many of them."""
    found: list[_Piece] = []
    # Name, whether its content is secret, number.
    stack: list[tuple[str, bool, int]] = [("", False, 0)]
    at = number = 0
    while at < len(text):
        begins = text.find("<", at)
        begins = len(text) if begins < 0 else begins
        _, is_secret, own = stack[-1]
        kind = "secret" if is_secret else "value"
        if begins > at:
            found.append(_Piece(text[at:begins], kind, own))
        if begins == len(text):
            break
        token = _TOKEN.match(text, begins)
        if token is None or len(found) > _MOST_TOKENS:
            return None
        at = token.end()
        if token["name"] is None:
            found += _of_other(token, kind, own)
        elif token["end"]:
            if stack[-1][0] != token["name"] or token["rest"].strip():
                return None
            stack.pop()
            found.append(_Piece(token[0]))
        else:
            local = token["name"].rpartition(":")[2]
            inside = is_secret or (local not in _WRAPPERS and is_secret_name(local))
            found += _of_start_tag(token[0], inside)
            if not token["rest"].endswith("/"):
                number += 1
                stack.append((token["name"], inside, number))
    return found if len(stack) == 1 else None


def _of_other(token: re.Match[str], kind: str, own: int) -> Iterator[_Piece]:
    """Yield the parts of a comment, a CDATA section or a processing instruction."""
    if token["cdata"] is not None:
        yield _Piece("<![CDATA[")
        yield _Piece(token["cdata"], kind, own)
        yield _Piece("]]>")
    elif token["comment"] is not None:
        yield _Piece("<!--")
        yield _Piece(token["comment"][4:-3], kind)
        yield _Piece("-->")
    elif token["pi"][:6].lower() == "<?xml " and token.start() == 0:
        yield _Piece(token["pi"])
    else:
        yield _Piece("<?")
        yield _Piece(token["pi"][2:-2], kind)
        yield _Piece("?>")


def _of_start_tag(tag: str, is_secret: bool) -> Iterator[_Piece]:
    """Yield the parts of a start tag: the values of its attributes, and what is around them."""
    at = 0
    for found in _ATTRIBUTE.finditer(tag):
        start, end = found.span(found.lastindex or 1)
        name = found[1]
        if _OF_XML.fullmatch(name):
            continue
        secret = is_secret or is_secret_name(name.rpartition(":")[2])
        yield _Piece(tag[at:start])
        yield _Piece(tag[start:end], "secret" if secret else "value")
        at = end
    yield _Piece(tag[at:])


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


class _Codec(NamedTuple):
    """How a text becomes bytes again."""

    name: str
    errors: str = "strict"

    def encode(self, text: str) -> bytes:
        if self.errors == "strict":  # a mask has a character that small encodings lack
            return text.encode(self.name, "xmlcharrefreplace")
        return text.encode(self.name, self.errors)


def _decode(data: bytes, content_type: str) -> tuple[str, _Codec]:
    """Return a body as text that becomes the same bytes again.

    Raises:
        NotRedactableError: There is no such text.
    """
    name = _wide_encoding(data)
    if name is not None:
        codec = _Codec(name, "surrogatepass")
    else:
        codec = _Codec(_declared(data, content_type))
        if codec.name == "utf-8":
            codec = _Codec("utf-8", "surrogateescape")
    try:
        text = data.decode(codec.name, codec.errors)
        if text.encode(codec.name, codec.errors) == data:
            return text, codec
    except (UnicodeError, LookupError):
        pass
    if name is not None or b"\0" in data[:1000]:
        raise NotRedactableError(f"it is not valid {name or codec.name}")
    codec = _Codec("utf-8", "surrogateescape")
    return data.decode(codec.name, codec.errors), codec


def _wide_encoding(data: bytes) -> str | None:
    """Return the encoding of a body whose characters have two or four bytes, or None."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    zeros = [byte == 0 for byte in data[:4]]
    if len(zeros) < 2 or not any(zeros):
        return None
    if zeros[:3] == [True] * 3:
        return "utf-32-be"
    if zeros[1:] == [True] * 3:
        return "utf-32-le"
    return "utf-16-be" if zeros[0] else "utf-16-le"


def _declared(data: bytes, content_type: str) -> str:
    declared = _DECLARED.match(data[:1000])
    named = _CHARSET.search(content_type[:1000])
    for name in (declared and declared[1].decode("latin-1"), named and named[1]):
        try:
            found = codecs.lookup(name or "")
            if found._is_text_encoding and "utf-16" not in found.name:
                return found.name
        except (LookupError, ValueError):
            continue
    return "utf-8"
