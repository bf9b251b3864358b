"""Elements to Python values and back, by the particles of `contract`.

Values: `str`, `bytes` (base64Binary), `int`, `bool`; a complex type is a dict from child name to
value, a child that may repeat a list; of an open type a dict from child name to text. None means
nil or absent. Reading is lenient and loses nothing that can be read: it finds children by name, the
first of each; what cannot be read as its type is None (a BlobLinkType keeps its text).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pybase64
from lxml import etree

from pytest_soblob._numbers import LARGEST_INT, SMALLEST_INT
from pytest_soblob.contract import COMPLEX_TYPES, OPEN_TYPES, BlobLinkType, Particle
from pytest_soblob.envelope import WHITE_SPACE, Element, children, local_name, text_of
from pytest_soblob.names import NETSERVER, XSD, XSI

NIL = f"{{{XSI}}}nil"
XSI_TYPE = f"{{{XSI}}}type"

_INT = re.compile(r"[+-]?[0-9]+")
WHITE_SPACE_BYTES = WHITE_SPACE.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """One of the many ways to write the same envelope.

    Attributes:
        soap_prefix: Prefix of the envelope's namespace.
        netserver_prefix: Prefix of NetServer's namespace; empty for a default namespace.
        xsi_type: Whether each child of the operation names its type, as the page does.
        nil: Whether a None is written as a nil element (where that is allowed) or left out.
        wrap: Columns at which base64 is wrapped; 0 for one line.
        cdata: Whether text is written as CDATA where it can be.
        indent: Whether elements stand on lines of their own.
        declaration: Whether there is an XML declaration.
        encoding: `utf-8` or `utf-16`; the latter always has a declaration and a BOM.
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
    """Return the value of an xs:int, None where the text is none (XML Schema part 2, 3.3.17)."""
    stripped = text.strip(WHITE_SPACE)
    # 40 digits: leading zeros are legal, but nobody needs the value of a megabyte of them.
    if not _INT.fullmatch(stripped) or len(stripped.lstrip("+-0")) > 40:
        return None
    value = int(stripped.lstrip("+-0") or "0") * (-1 if stripped.startswith("-") else 1)
    return value if SMALLEST_INT <= value <= LARGEST_INT else None


def parse_boolean(text: str) -> bool | None:
    """Return the value of an xs:boolean, None where the text is none (part 2, 3.2.2)."""
    return {"true": True, "1": True, "false": False, "0": False}.get(text.strip(WHITE_SPACE))


def parse_base64(text: str) -> bytes | None:
    """Return the decoded bytes, white space allowed; None where the text cannot be decoded."""
    try:
        compact = text.encode("ascii").translate(None, WHITE_SPACE_BYTES)
        return pybase64.b64decode(compact, validate=True)
    except ValueError:
        return None


def is_nil(element: Element) -> bool:
    """Whether xsi:nil is true."""
    return parse_boolean(element.get(NIL, "")) is True


def find_child(element: Element, name: str) -> Element | None:
    """Return the first child of that name in NetServer's namespace."""
    return element.find(f"{{{NETSERVER}}}{name}")


def read(element: Element | None, type_name: str) -> Any:
    """Return the element's value as the declared type says; None for nil or absent."""
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
    """Return the children's values by name, None for those that are nil or absent."""
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
    """Append a child for each particle that has a value, and nil ones as the spelling says."""
    for particle in particles:
        value = values.get(particle.name)
        items = value if particle.max_occurs is None and value is not None else [value]
        for item in items:
            write(parent, particle, item, spelling)


def write(parent: Element, particle: Particle, value: Any, spelling: Spelling) -> Element | None:
    """Append one element with that value; None where nothing is written."""
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
    # CDATA cannot hold its own end, and a parser would turn a CR in it into a line feed.
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
