"""Markup whose values are masked, and that is otherwise kept as it is.

It is read leniently: what a tool or a server has cut off is redacted as well.
"""

import re
from collections.abc import Iterator
from html import unescape
from itertools import islice
from typing import Final, NamedTuple

from pytest_soblob._text import (
    ELLIPSIS,
    KnownSecrets,
    find_suspects,
    is_secret_name,
    mask,
    redact,
)
from pytest_soblob.conformance.encodings import TooManySecretsError
from pytest_soblob.contract import (
    COMPLEX_TYPES,
    OPERATIONS,
    OTHER_OPERATIONS,
    BlobLinkType,
)
from pytest_soblob.names import NETSERVER, SERVICE_PATHS, SOAP11, SOAP12, XSD, XSI

LONGEST_SECRET: Final = 5_000
MOST_SECRETS: Final = 500
_TOO_MANY: Final = f"it has over {MOST_SECRETS} secrets"
_MOST_TOKENS: Final = 50_000
_TOKEN: Final = re.compile(
    r"(?P<comment><!--.*?-->)|<!\[CDATA\[(?P<cdata>.*?)\]\]>|(?P<pi><\?.*?\?>)"
    r"|<(?P<end>/)?(?P<name>[^\s<>/!?=\"']++)(?P<rest>(?:[^<>\"']|\"[^\"<]*+\"|'[^'<]*+')*+)>",
    re.DOTALL,
)
_ENVELOPE: Final = re.compile(r"<(?:[\w.-]{1,99}:)?Envelope[\s>]")
_ATTRIBUTE: Final = re.compile(r"(?<![^\s\"'])([^\s=\"'/]++)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)')")
_ATTRIBUTES: Final = re.compile(r"(?:\s++[^\s=\"'/]++\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'))*+\s*+/?")
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
# Names of secrets in messages of other systems; in prose these words mean something else.
_OF_OTHERS: Final = re.compile(
    r"(?:.*[-_.])?(?:pin|pincode|nonce|sid|sig|signature|assertion|samlart|session)", re.IGNORECASE
)
# A list of names and values, such as `<Key>password</Key><Value>...</Value>`.
_NAMING: Final = re.compile(r"(?:\w*(?:name|key)|id)", re.IGNORECASE)
_VALUED: Final = re.compile(r"\w*(?:value|val|text|content)", re.IGNORECASE)
_SIMPLE_NAME: Final = re.compile(r"[\w.:-]{1,100}")
_BETWEEN_WORDS: Final = re.compile(r"[\s<>\"']++")
_PREFIX: Final = re.compile(r"[\w.-]{0,20}")
_TARGET: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,20}\s")
_WORD: Final = re.compile(r"[^\s<>\"'=&;]++")
# Of markup that is not well-formed: how far it is searched, and how many words follow a name.
_LOOKED_THROUGH: Final = 200_000
_WORDS_AFTER_NAME: Final = 4
_LONGEST_NAME: Final = 100
_NAMES: Final = frozenset(
    (
        *(particle.name for operation in OPERATIONS.values() for particle in operation.parts),
        *(block.name for one in OPERATIONS.values() for block in one.request_blocks),
        *(block.name for one in OPERATIONS.values() for block in one.response_blocks),
        *(particle.name for members in COMPLEX_TYPES.values() for particle in members),
        *(str(link) for link in BlobLinkType),
        *("Envelope", "Header", "Body", "Fault", "faultcode", "faultstring", "Response"),
        *(NETSERVER, SOAP11, SOAP12, XSI, XSD),
    )
)
# What a message must have to be judged as it was: whatever is a part of it is nobody's secret.
_CONTRACT: Final = frozenset(
    (
        *_NAMES,
        *_WRAPPERS,
        *(one.soap_action for one in (*OPERATIONS.values(), *OTHER_OPERATIONS.values())),
        *SERVICE_PATHS.values(),
        *("Content-Type", "Content-Length", "Content-Encoding", "Transfer-Encoding", "SOAPAction"),
        *("text/xml; charset=utf-8", "application/soap+xml; charset=utf-8", "true", "false"),
        *("multipart/related", "application/xop+xml", "chunked", "gzip"),
    )
)
# What a mask leaves of a reference at the beginning of a secret; markup cannot have it.
_HALF_REFERENCE: Final = re.compile(f"&[#\\w]?{ELLIPSIS}")


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


def names_secret(name: str) -> bool:
    """Whether an element, attribute, header or field of a recording with that name is secret."""
    return is_secret_name(name) or _OF_OTHERS.fullmatch(name) is not None


def secrets_in(text: str) -> tuple[str, ...]:
    """Return the secrets that the names in a text mark, and their words.

    Raises:
        TooManySecretsError: There are too many to search for each.
    """
    pieces = _pieces(text)
    if pieces is None:
        return suspects_in(text)
    found: dict[str, None] = {}
    joined: dict[int, list[str]] = {}
    for piece in pieces:
        if piece.kind == "secret" and piece.text.strip():
            if piece.element:  # a comment may divide a text
                joined.setdefault(piece.element, []).append(piece.text)
            found[piece.text.strip()[:LONGEST_SECRET]] = None
        if len(found) > MOST_SECRETS:
            raise TooManySecretsError(_TOO_MANY)
    found |= dict.fromkeys("".join(parts).strip()[:LONGEST_SECRET] for parts in joined.values())
    words = (word for one in tuple(found) for word in _BETWEEN_WORDS.split(one, 10) if word)
    return tuple(islice(dict.fromkeys((*found, *words)), 3 * MOST_SECRETS))


def is_of_contract(secret: str) -> bool:
    """Return whether a secret is a part of a word of the contract, such as `NetServer`.

    It is masked where its name marks it; masked everywhere, it would change verdicts.
    """
    return any(secret.strip() in text for text in _CONTRACT)


def is_contract_text(text: str) -> bool:
    """Return whether a whole value is a text of the contract, such as an action or a link type."""
    return text.strip(' \t\r\n"') in _CONTRACT


def suspects_in(text: str) -> tuple[str, ...]:
    """Return possible secrets in text that is not well-formed: what follows a secret name.

    Of broken markup nobody can say which value belongs to which name, so the next words are taken,
    except names of the contract, up to the Body.
    """
    found: dict[str, None] = {}
    left = 0
    for match in _WORD.finditer(text, 0, _LOOKED_THROUGH):
        word = match[0].strip("/")
        prefix, _, local = word.rpartition(":")
        if (local in _NAMES and _PREFIX.fullmatch(prefix)) or match[0] in _NAMES:
            left = 0 if local == "Body" else left
        elif left and local:
            found |= dict.fromkeys((match[0], word, local, word.partition("/")[0]))
            left -= 1
        if len(local) <= _LONGEST_NAME and is_secret_name(local) and local not in _WRAPPERS:
            left = _WORDS_AFTER_NAME
        if len(found) >= MOST_SECRETS:
            raise TooManySecretsError(_TOO_MANY)
    return (*found, *islice(find_suspects(text[:_LOOKED_THROUGH]), MOST_SECRETS))


def redact_markup(text: str, known: KnownSecrets) -> str | None:
    """Return markup with masked values, or None if it is not well-formed.

    Args:
        text: The markup.
        known: Secrets; each is masked in all values, in whatever escapes.
    """
    pieces = _pieces(text)
    if pieces is None:
        return None
    split = _split_secrets(pieces, known)
    pieces = [p._replace(kind="secret") if p.element in split else p for p in pieces]
    # A secret that begins as such a text does is masked in others only.
    pieces = [p._replace(kind="markup") if is_contract_text(p.text) and p.kind == "value" else p
              for p in pieces]  # fmt: skip
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
    shown = mask(unescape(stripped))  # a reference may spell the prefix of a ticket
    return before + (ELLIPSIS if any(char in shown for char in "<&") else shown) + after


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
    """Return the parts of a text: of markup, or of what is around an envelope, as in MIME parts.

    None if it is not well-formed, but for a missing end, or has too many parts.
    """
    found = _pieces_of_markup(text)
    begins = None if found is not None else _ENVELOPE.search(text)
    if begins is None:
        return found
    ends = text.rfind("Envelope>") + len("Envelope>")
    if ends < begins.end():
        return None
    inside = _pieces_of_markup(text[begins.start() : ends])
    if inside is None:
        return None
    before, after = _Piece(text[: begins.start()], "value"), _Piece(text[ends:], "value")
    return [before, *inside, after]


def _pieces_of_markup(text: str) -> list[_Piece] | None:
    found: list[_Piece] = []
    named = False  # whether the last element was a name, and its text that of a secret
    own_text: set[int] = set()  # elements whose text is secret, but not their children
    # Name, whether its content is secret, number.
    stack: list[tuple[str, bool, int]] = [("", False, 0)]
    at = number = 0
    while at < len(text):
        begins = text.find("<", at)
        begins = len(text) if begins < 0 else begins
        _, is_secret, own = stack[-1]
        kind = "secret" if is_secret or own in own_text else "value"
        if begins > at:
            found.append(_Piece(text[at:begins], kind, own))
            named = named or (
                _NAMING.fullmatch(_local(stack[-1][0])) is not None
                and _is_name_of_secret(text[at:begins])
            )
        if begins == len(text):
            break
        token = _TOKEN.match(text, begins)
        if token is None and ">" not in text[begins:]:
            tail = text[begins:]  # cut off inside a tag
            found.append(_Piece(tail, "secret" if is_secret_name(tail) else kind))
            break
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
        elif _ATTRIBUTES.fullmatch(token["rest"]) is None:
            return None
        else:
            local = _local(token["name"])
            inside = is_secret or (local not in _WRAPPERS and names_secret(local))
            inside = inside or (named and _VALUED.fullmatch(local) is not None)
            named = False
            rest = token["rest"]
            is_named = "=" in rest and not inside and _has_naming_attribute(rest)
            found += _of_start_tag(token[0], inside, is_named=is_named)
            if not token["rest"].endswith("/"):
                number += 1
                stack.append((token["name"], inside, number))
                own_text |= {number} if is_named else set()
    return found


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
        text = token["pi"][2:-2]
        target = _TARGET.match(text) if kind == "secret" else None
        at = 0 if target is None else target.end()
        yield _Piece("<?")
        yield _Piece(text[:at], "value")  # what is no name would not be well-formed
        yield _Piece(text[at:], kind)
        yield _Piece("?>")


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _is_name_of_secret(text: str) -> bool:
    stripped = text.strip()
    return _SIMPLE_NAME.fullmatch(stripped) is not None and names_secret(stripped)


def _has_naming_attribute(rest: str) -> bool:
    """Whether an attribute says that the value is secret: `key` in `key="password"`."""
    return any(
        _NAMING.fullmatch(_local(found[1])) and _is_name_of_secret(found[found.lastindex or 1])
        for found in _ATTRIBUTE.finditer(rest)
    )


def _of_start_tag(tag: str, is_secret: bool, *, is_named: bool = False) -> Iterator[_Piece]:
    """Yield the parts of a start tag: the values of its attributes, and what is around them."""
    at = 0
    for found in _ATTRIBUTE.finditer(tag):
        start, end = found.span(found.lastindex or 1)
        name = found[1]
        if _OF_XML.fullmatch(name):
            continue
        secret = is_secret or names_secret(_local(name))
        secret = secret or (is_named and _VALUED.fullmatch(_local(name)) is not None)
        yield _Piece(tag[at:start])
        yield _Piece(tag[start:end], "secret" if secret else "value")
        at = end
    yield _Piece(tag[at:])
