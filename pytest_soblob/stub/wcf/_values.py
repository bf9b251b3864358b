"""How .NET reads the parts: enums by exact name, base64 leniently, text unchanged."""

import re
from typing import Any, Final

import pybase64

from pytest_soblob._text import clip
from pytest_soblob._xml.base64_text import Base64Text
from pytest_soblob.contract import COMPLEX_TYPES, BlobLinkType, Particle
from pytest_soblob.names import NETSERVER, XSD
from pytest_soblob.soap.binding import NIL, XSI_TYPE, parse_boolean, parse_int
from pytest_soblob.soap.envelope import (
    WHITE_SPACE,
    Element,
    children,
    display_name,
    local_name,
    parse_qname,
    stray_texts,
    text_of,
)

_ALPHABET: Final = re.compile(r"[A-Za-z0-9+/=]*")
_GROUPS: Final = re.compile(r"(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)*+")
_PIECES: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")

_NETSERVERS_OWN: Final = frozenset({"BlobLinkType", *COMPLEX_TYPES})


class UnreadableError(ValueError):
    """The reader cannot read a value; the text is that of the reader."""


def read_part(
    element: Element, part: Particle, cut: Base64Text | None = None
) -> BlobLinkType | bytes | Base64Text | str | int | None:
    """Return the value of a part, or None if it is nil.

    Args:
        element: Element of the part.
        part: Declaration of the part.
        cut: Text of the element if it was cut out of the tree, or None. If it can be decoded, it is
            returned undecoded.

    Raises:
        UnreadableError: The value cannot be read.
    """
    if reads_as_nil(element, part.type):
        return None
    inside = children(element)
    if inside:
        raise UnreadableError(
            f"End element '{part.name}' from namespace '{NETSERVER}' expected. Found element "
            f"'{display_name(str(inside[0].tag))}'."
        )
    if cut is not None and cut.decoded_size is not None:
        return cut
    text = text_of(element) if cut is None else cut.text()
    match part.type:
        case "BlobLinkType":
            return read_enum(text)
        case "base64Binary":
            return read_base64(text)
        case "string":
            return text
    value = parse_int(text)
    if value is None:
        raise UnreadableError(f"The value '{_clipped(text)}' cannot be parsed as the type 'Int32'.")
    return value


def read_members(element: Element, type_name: str) -> dict[str, Any] | None:
    """Return the members of a complex type, the first of each name, or None if it is nil.

    Raises:
        UnreadableError: A member cannot be read, or xsi:type names another type.
    """
    if reads_as_nil(element, type_name):
        return None
    if next(stray_texts(element), None) is not None:
        raise UnreadableError(f"'{local_name(element)}' holds text.")
    members = {f"{{{NETSERVER}}}{member.name}": member for member in COMPLEX_TYPES[type_name]}
    values: dict[str, Any] = {}
    for child in children(element):
        member = members.get(str(child.tag))
        if member is not None and member.name not in values:
            values[member.name] = read_part(child, member)
    return values


def reads_as_nil(element: Element, declared: str) -> bool:
    """Return True if an element is nil; the reader checks this first, together with the type.

    Raises:
        UnreadableError: xsi:type names another type, or xsi:nil is not a boolean [inferred].
    """
    _check_type(element, declared)
    value = element.get(NIL)
    nil = False if value is None else parse_boolean(value)
    if nil is None:
        raise UnreadableError(f"The string '{_clipped(value or '')}' is not a valid Boolean value.")
    return nil


def read_enum(text: str) -> BlobLinkType:
    """Return the link type of that exact name.

    Raises:
        UnreadableError: There is no such link type.
    """
    if text not in BlobLinkType.__members__:
        raise UnreadableError(
            f"Invalid enum value '{_clipped(text)}' cannot be deserialized into type "
            "'BlobLinkType'. Ensure that the necessary enum values are present and are marked with "
            "EnumMemberAttribute attribute if the type has DataContractAttribute attribute."
        )
    return BlobLinkType[text]


def read_base64(text: str) -> bytes:
    """Return decoded base64; white space, several padded pieces and any unused bits are accepted.

    Raises:
        UnreadableError: A character or the length is wrong.
    """
    compact = text
    for character in WHITE_SPACE:  # that of XML: a no-break space is a wrong character
        compact = compact.replace(character, "")
    if len(compact) % 4 and _ALPHABET.fullmatch(compact):
        raise UnreadableError(
            f"Base64 sequence length ({len(compact)}) not valid. Must be a multiple of 4."
        )
    good = _GROUPS.match(compact).end()  # type: ignore[union-attr]  # it matches anything
    if good < len(compact):
        raise UnreadableError(
            f"The characters '{compact[good : good + 4]}' at offset {good} are not a valid Base64 "
            "sequence."
        )
    return b"".join(pybase64.b64decode(piece) for piece in _PIECES.findall(compact))


def _clipped(text: str) -> str:
    """Shorten a value to 2,000 characters; a real host repeats all of it."""
    return clip(text, 2_000)


def _check_type(element: Element, declared: str) -> None:
    raw = element.get(XSI_TYPE)
    if raw is None:
        return
    name = parse_qname(raw)
    uri = element.nsmap.get(name[0]) if name else None
    expected = NETSERVER if declared in _NETSERVERS_OWN else XSD
    if name is None or uri != expected or name[1] != declared:
        raise UnreadableError(
            f"Element '{NETSERVER}:{local_name(element)}' contains data from a type that maps to "
            f"the name '{_clipped(raw)}'. The deserializer knows no type that maps to it."
        )
