"""The syntax errors of libxml2: the rule and a plain text for each.

The numbers are libxml2's xmlParserErrors, which have not changed since 2.6, unlike its texts.
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
    200: ("xml.prefix-reserved", "{text}"),
    42: ("xml.attribute-duplicate", "an element has the attribute {name} twice"),
    5: ("xml.after-root", "the document continues after the end of its root element"),
    203: ("xml.attribute-duplicate", "an element has the attribute {name} twice, by two prefixes"),
}
# Premature end of data; and the codes of an end inside a tag, a value, a comment or CDATA.
_END: Final = 77
_INSIDE: Final = (4, 35, 37, 39, 40, 41, 45, 47, 63, 65, 73, 74)
# The codes for an XML declaration that is not at the start, and for content after the root.
RESERVED_NAME: Final = 64
AFTER_ROOT: Final = 5
_DECLARED: Final = 'write the declaration as <?xml version="1.0" encoding="utf-8"?>, or omit it'
_ATTRIBUTES: Final = 'write each attribute as name="value", with white space before it'
_CHANGES: Final = {
    RESERVED_NAME: "remove the XML declaration, or what precedes it: a declaration may only be at "
    "the start of a message, not in a document that is embedded in another one",
    76: "close each element with an end tag of its own name, the innermost first",
    38: "write &lt; for a < in an attribute's value, and end the value with the quotation mark "
    "that began it",
    62: "write ]]&gt; for ]]> in text",
    _NAME_REQUIRED: "write &lt; for a < that begins no tag; a name begins with a letter or _",
    46: "remove the processing instruction: SOAP allows none",
    80: "remove -- from the comment",
    202: "use at most one prefix in a name, and no colon except the one after it",
    **dict.fromkeys((39, 41, 65), _ATTRIBUTES),
    **dict.fromkeys((32, 33, 57, 96), _DECLARED),
}
_START_TAG = re.compile(rb"<[A-Za-z_]")
_NUMBER = re.compile(r"value (0x[0-9A-Fa-f]+|\d+)")
_PREFIX = re.compile(r"prefix (\S+)")
_NAMED = re.compile(r"Attribute (\S+)")
_ENTITY_NAME = re.compile(r"Entity '([^']+)'")


class SortedError(NamedTuple):
    """A syntax error: the rule that is broken, a sentence, the text found, what to do about it.

    If `change` is None, the rule's own advice applies.
    """

    rule: str
    message: str
    got: str | None = None
    change: str | None = None


def sort_error(code: int, text: str, *, is_cut: bool) -> SortedError:
    """Return the rule for an error of libxml2.

    Args:
        code: Number of the error.
        text: Text of the error.
        is_cut: Whether the bytes do not end with `>`, as a document does.
    """
    if code == _INVALID_CHARACTER:
        return _illegal_character(text)
    if code == _INVALID_BYTES:
        return SortedError(
            "xml.bytes-not-in-encoding", "the bytes are not in the encoding of the message"
        )
    if code == _UNBOUND_PREFIX:
        prefix = _find(_PREFIX, text)
        return SortedError("xml.prefix-unbound", f"the prefix {prefix} is not declared", prefix)
    if code == _ENTITY:
        name = _find(_ENTITY_NAME, text)
        return SortedError(
            "xml.entity-undeclared", f"the entity &{name}; is not declared", f"&{name};"
        )
    if code in _AMPERSAND and "EntityRef" in text:
        return SortedError("xml.ampersand-unescaped", "an & is not escaped", "&")
    if code == _END or (is_cut and code in _INSIDE):
        return SortedError("xml.truncated", "the message ends before its root element does")
    if code in _OTHERS:
        rule, message = _OTHERS[code]
        return SortedError(rule, message.format(text=text, name=_find(_NAMED, text)))
    if "depth" in text.lower():
        return SortedError("xml.too-deep", text)
    return SortedError("xml.not-well-formed", text, change=_CHANGES.get(code))


def sort_stray(before: bytes, after: bytes, text: str, *, is_document: bool) -> SortedError:
    """Return the rule for content after a document, or an XML declaration not at its start.

    Args:
        before: The bytes before it.
        after: Its first bytes.
        text: Text of the error.
        is_document: Whether the bytes before it are a whole document.
    """
    after = after.replace(b"\0", b"")  # of UTF-16
    is_declaration = after.startswith(b"<?xml")
    if is_document and (is_declaration or _START_TAG.match(after)):
        return SortedError(
            "xml.after-root",
            "a second document begins after the first",
            change="two documents: split the file, and send one document at a time",
        )
    if is_document:
        what = "an end tag without a start tag" if after.startswith(b"</") else "content"
        return SortedError(
            "xml.after-root",
            f"{what} follows the root element",
            change="remove what follows the end tag of the root element",
        )
    blank = before.removeprefix(b"\xef\xbb\xbf").strip(b" \t\r\n\0")
    if is_declaration and not blank:
        return SortedError(
            "xml.not-well-formed",
            "white space precedes the XML declaration, which must be at the very start",
            got=repr(before[:40].decode("latin-1")),
            change="remove what precedes <?xml",
        )
    return SortedError("xml.not-well-formed", text, change=_CHANGES[RESERVED_NAME])


def _illegal_character(text: str) -> SortedError:
    found = _NUMBER.search(text)
    if found is None:
        return SortedError("xml.character-illegal", text)
    name = f"U+{int(found[1], 0):04X}"
    how = ", not even as a character reference" if "CharRef" in text else ""
    return SortedError("xml.character-illegal", f"{name} is not a character of XML 1.0{how}", name)


def _find(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return clip(found[1], 40) if found else "?"
