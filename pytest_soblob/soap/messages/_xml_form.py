"""Writing and reading the parts that all messages share: envelope, header blocks, wrapper."""

from collections.abc import Iterable, Mapping
from typing import Any

from lxml import etree

from pytest_soblob._xml.base64_text import Base64Text
from pytest_soblob.contract import Particle, Profile
from pytest_soblob.errors import SoblobError
from pytest_soblob.names import NETSERVER, XSD, XSI
from pytest_soblob.soap.binding import (
    Spelling,
    find_child,
    is_nil,
    parse_base64,
    read,
    read_sequence,
    write,
)
from pytest_soblob.soap.envelope import Element, Envelope


def serialise(root: Element, spelling: Spelling) -> bytes:
    """Return the tree as bytes; a CR in text is written as `&#13;`, so that parsers keep it."""
    if spelling.indent:
        etree.indent(root)
    utf16 = spelling.encoding == "utf-16"
    return etree.tostring(
        root, encoding=spelling.encoding, xml_declaration=spelling.declaration or utf16
    )


def new_envelope(
    profile: Profile | str,
    spelling: Spelling,
    blocks: Iterable[Particle],
    values: Mapping[str, Any],
) -> Element:
    profile = Profile(profile)
    soap = profile.soap_namespace
    nsmap: dict[str | None, str] = {
        spelling.soap_prefix or None: soap,
        spelling.netserver_prefix or None: NETSERVER,
        "xsi": XSI,
        "xsd": XSD,
    }
    root = etree.Element(f"{{{soap}}}Envelope", nsmap=nsmap)
    _write_blocks(root, profile, tuple(blocks), values, spelling)
    return root


def _write_blocks(
    root: Element,
    profile: Profile,
    blocks: tuple[Particle, ...],
    values: Mapping[str, Any],
    spelling: Spelling,
) -> None:
    """Write header blocks where the profile puts them; an empty Header is omitted."""
    header = etree.SubElement(root, f"{{{profile.soap_namespace}}}Header")
    plain = Spelling(nil=spelling.nil, cdata=spelling.cdata)
    for block in blocks:
        beside = profile is Profile.DOCUMENTED and block.name in ("ApplicationToken", "Credentials")
        # The page shows no TimeZone beside Body.
        checked(write, root if beside else header, block, values.get(block.name), plain)
    if not len(header):
        root.remove(header)


def checked(function: Any, *arguments: Any) -> None:
    """Call a function that writes text into a tree.

    Raises:
        SoblobError: If the text has a character that XML 1.0 does not allow.
    """
    try:
        function(*arguments)
    except ValueError as error:  # lxml: "All strings must be XML compatible"
        raise SoblobError(f"a text has a character that XML 1.0 cannot carry: {error}") from None


def append_wrapper(root: Element, wrapper: str) -> Element:
    body = etree.SubElement(root, f"{{{etree.QName(root).namespace}}}Body")
    return etree.SubElement(body, f"{{{NETSERVER}}}{wrapper}")


def read_body(
    envelope: Envelope, name: str, particles: Iterable[Particle], *, image: bool = True
) -> dict[str, Any] | None:
    values = read_parts(envelope, name, particles)
    text = None if values is None else values.get("Image")
    if values is not None and isinstance(text, Base64Text):
        decoded = text.decode() if image else b""
        values["Image"] = parse_base64(text.text()) if decoded is None else decoded
    return values


def read_parts(
    envelope: Envelope, name: str, particles: Iterable[Particle]
) -> dict[str, Any] | None:
    """Return the values of the parts by name; an image that was cut out is not decoded yet.

    None if the body holds another element.
    """
    element = envelope.payload_element
    if element is None or element.tag != f"{{{NETSERVER}}}{name}":
        return None
    values = read_sequence(element, particles)
    cut = envelope.document.cut
    if "Image" not in values:  # an operation without an image, although the message has one
        return values
    if cut is not None and cut.element is find_child(element, "Image") and not is_nil(cut.element):
        values["Image"] = cut.text
    return values


def read_blocks(envelope: Envelope, particles: Iterable[Particle]) -> dict[str, Any]:
    values = {}
    for particle in particles:
        block = envelope.find_block(particle.name)
        values[particle.name] = None if block is None else read(block.element, particle.type)
    return values
