"""What libxml2 says about bytes that are no XML document, sorted into rules and put in plain words.

The numbers are libxml2's xmlParserErrors, which have not changed since 2.6; its texts have.
"""

import re
from typing import Final, NamedTuple

from pytest_soblob._text import clip

_INVALID_CHARACTER: Final = 9
_INVALID_BYTES: Final = 81
_UNBOUND_PREFIX: Final = 201
_ENTITY: Final = 26
_NAME_REQUIRED: Final = 68
_AMPERSAND: Final = (23, _NAME_REQUIRED)
_OTHERS: Final = {
    200: ("xml.prefix-reserved", "{said}"),
    42: ("xml.attribute-doubled", "an element has the attribute {name} twice"),
    203: ("xml.attribute-doubled", "an element has the attribute {name} twice, by two prefixes"),
    5: ("xml.after-root", "the document goes on after the end of its root element"),
}
# Premature end of data; and what the end looks like from inside a tag, a value, a comment, CDATA.
_END: Final = 77
_INSIDE: Final = (4, 35, 37, 39, 40, 41, 45, 47, 63, 65, 73, 74)
_NUMBER = re.compile(r"value (0x[0-9A-Fa-f]+|\d+)")
_PREFIX = re.compile(r"prefix (\S+)")
_NAMED = re.compile(r"Attribute (\S+)")
_ENTITY_NAME = re.compile(r"Entity '([^']+)'")


class Said(NamedTuple):
    """One syntax error: the rule that names it, a sentence, and what stood there."""

    rule: str
    message: str
    got: str | None = None


def sort_error(code: int, said: str, *, is_cut: bool) -> Said:
    """Return the rule for an error of libxml2's.

    Args:
        code: Its number.
        said: Its text.
        is_cut: Whether the bytes end otherwise than a document ends, which is with `>`.
    """
    if code == _INVALID_CHARACTER:
        return _illegal_character(said)
    if code == _INVALID_BYTES:
        return Said("xml.bytes-not-in-encoding", "the bytes are not in the encoding of the message")
    if code == _UNBOUND_PREFIX:
        prefix = _find(_PREFIX, said)
        return Said("xml.prefix-unbound", f"the prefix {prefix} is not declared", prefix)
    if code == _ENTITY:
        name = _find(_ENTITY_NAME, said)
        return Said("xml.entity-undeclared", f"the entity &{name}; is not declared", f"&{name};")
    if code in _AMPERSAND and "EntityRef" in said:
        return Said("xml.ampersand-unescaped", "an & stands alone", "&")
    if code == _END or (is_cut and code in _INSIDE):
        return Said("xml.truncated", "the message ends before its root element does")
    if code in _OTHERS:
        rule, message = _OTHERS[code]
        return Said(rule, message.format(said=said, name=_find(_NAMED, said)))
    return Said("xml.too-deep" if "depth" in said.lower() else "xml.not-well-formed", said)


def _illegal_character(said: str) -> Said:
    found = _NUMBER.search(said)
    if found is None:
        return Said("xml.character-illegal", said)
    name = f"U+{int(found[1], 0):04X}"
    how = ", not even as a character reference" if "CharRef" in said else ""
    return Said("xml.character-illegal", f"{name} is no character of XML 1.0{how}", name)


def _find(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return clip(found[1], 40) if found else "?"
