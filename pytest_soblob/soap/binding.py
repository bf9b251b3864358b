"""Conversion of elements to Python values and back, by the particles of `contract`.

Values are `str`, `bytes` (base64Binary), `int` and `bool`. A complex type is a dict from child name
to value, with a list for a child that may repeat; an open type is a dict from child name to text.
None means nil or absent. Reading is lenient: it finds the first child of each name, and a text that
is not valid for its type gives None (a BlobLinkType keeps its text).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pybase64
from lxml import etree

from pytest_soblob._basics.numbers import LARGEST_INT, SMALLEST_INT
from pytest_soblob.contract import COMPLEX_TYPES, OPEN_TYPES, BlobLinkType, Particle
from pytest_soblob.names import NETSERVER, XSD, XSI
from pytest_soblob.soap.envelope import WHITE_SPACE, Element, children, local_name, text_of

NIL = f"{{{XSI}}}nil"
XSI_TYPE = f"{{{XSI}}}type"

_INT = re.compile(r"[+-]?[0-9]+")
WHITE_SPACE_BYTES = WHITE_SPACE.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """The XML form in which an envelope is written.

    Attributes:
        soap_prefix: Prefix of the envelope's namespace; empty for a default namespace.
        netserver_prefix: Prefix of NetServer's namespace; empty for a default namespace.
        xsi_type: True to write xsi:type on each child of the operation, as the page does.
        nil: True to write None as a nil element where the schema allows it, False to omit it.
        wrap: Columns at which base64 text is wrapped; 0 for one line.
        cdata: True to write text as CDATA where possible.
        indent: True to write each element on a line of its own.
        declaration: True to write an XML declaration.
        encoding: `utf-8` or `utf-16`; UTF-16 always has a declaration and a byte order mark.
    """

    soap_prefix: str = "s"
    netserver_prefix: str = "ns"
    xsi_type: bool = False
    nil: bool = False
    wrap: int = 0
    cdata: bool = False
    indent: bool = False
    declaration: bool = False
    encoding: str = "utf-8"

    def __repr__(self) -> str:
        default = Spelling()
        changed = (
            f"{name}={getattr(self, name)!r}"
            for name in self.__slots__
            if getattr(self, name) != getattr(default, name)
        )
        return f"Spelling({', '.join(changed)})"


def parse_int(text: str) -> int | None:
    """Return the value of an xs:int; None if the text is not one (XML Schema part 2, 3.3.17)."""
    stripped = text.strip(WHITE_SPACE)
    # Leading zeros are legal; more than 40 other digits are out of range and slow to convert.
    if not _INT.fullmatch(stripped) or len(stripped.lstrip("+-0")) > 40:
        return None
    value = int(stripped.lstrip("+-0") or "0") * (-1 if stripped.startswith("-") else 1)
    return value if SMALLEST_INT <= value <= LARGEST_INT else None


def parse_boolean(text: str) -> bool | None:
    """Return the value of an xs:boolean; None if the text is not one (part 2, 3.2.2)."""
    return {"true": True, "1": True, "false": False, "0": False}.get(text.strip(WHITE_SPACE))


def parse_base64(text: str) -> bytes | None:
    """Return the decoded bytes, ignoring white space; None if the text cannot be decoded."""
    try:
        compact = text.encode("ascii").translate(None, WHITE_SPACE_BYTES)
        return pybase64.b64decode(compact, validate=True)
    except ValueError:
        return None


def is_nil(element: Element) -> bool:
    """Whether xsi:nil is true."""
    return parse_boolean(element.get(NIL, "")) is True


def find_child(element: Element, name: str) -> Element | None:
    """Return the first child of that name in NetServer's namespace; None if there is none."""
    return element.find(f"{{{NETSERVER}}}{name}")


def read(element: Element | None, type_name: str) -> Any:
    """Return the value of an element by its declared type.

    None if the element is absent or nil, or if its text is not valid for the type.
    """
    if element is None or is_nil(element):
        return None
    if type_name in COMPLEX_TYPES:
        return read_sequence(element, COMPLEX_TYPES[type_name])
    if type_name in OPEN_TYPES:
        return {local_name(child): text_of(child) for child in children(element)}
    text = text_of(element)
    match type_name:
        case "int":
            return parse_int(text)
        case "boolean":
            return parse_boolean(text)
        case "base64Binary":
            return parse_base64(text)
        case "BlobLinkType":
            return BlobLinkType.__members__.get(text, text)
        case _:
            return text


def read_sequence(element: Element, particles: Iterable[Particle]) -> dict[str, Any]:
    """Return the values of the children by name; None for those that are nil or absent."""
    values: dict[str, Any] = {}
    for particle in particles:
        if particle.max_occurs is None:
            found = element.findall(f"{{{NETSERVER}}}{particle.name}")
            values[particle.name] = [read(child, particle.type) for child in found]
        else:
            values[particle.name] = read(find_child(element, particle.name), particle.type)
    return values


def write_sequence(
    parent: Element, particles: Iterable[Particle], values: Mapping[str, Any], spelling: Spelling
) -> None:
    """Append a child for each particle with a value, and nil children as the spelling requires."""
    for particle in particles:
        value = values.get(particle.name)
        items = value if particle.max_occurs is None and value is not None else [value]
        for item in items:
            write(parent, particle, item, spelling)


def write(parent: Element, particle: Particle, value: Any, spelling: Spelling) -> Element | None:
    """Append an element with that value and return it; None if nothing is written."""
    required = particle.min_occurs > 0
    if value is None and not (particle.nillable and (spelling.nil or required)):
        return None
    element = etree.SubElement(parent, f"{{{NETSERVER}}}{particle.name}")
    if value is None:
        element.set(NIL, "true")
    elif particle.type in COMPLEX_TYPES:
        write_sequence(element, COMPLEX_TYPES[particle.type], value, spelling)
    elif particle.type in OPEN_TYPES:
        for name, inside in value.items():
            _write_text(etree.SubElement(element, f"{{{NETSERVER}}}{name}"), inside, Spelling())
    else:
        if spelling.xsi_type:
            element.set(XSI_TYPE, _type_qname(element, particle.type))
        _write_text(element, value, spelling)
    return element


def _write_text(element: Element, value: Any, spelling: Spelling) -> None:
    match value:
        case bytes():
            text = _wrap(pybase64.b64encode(value).decode(), spelling.wrap)
        case bool():
            text = "true" if value else "false"
        case _:
            text = str(value)
    # CDATA cannot contain its own end, and a parser would replace a CR in it by a line feed.
    if spelling.cdata and text and "]]>" not in text and "\r" not in text:
        element.text = etree.CDATA(text)
    else:
        element.text = text


def _wrap(text: str, columns: int) -> str:
    if not columns:
        return text
    return "\n".join(text[start : start + columns] for start in range(0, len(text), columns))


def _type_qname(element: Element, type_name: str) -> str:
    """Return the declared type as a QName with a prefix that is in scope here."""
    uri = NETSERVER if type_name == "BlobLinkType" else XSD
    prefix = next((p for p, bound in element.nsmap.items() if bound == uri), None)
    return f"{prefix}:{type_name}" if prefix else type_name
