"""Writing and reading what all messages share: envelope, header blocks, wrapper."""

from collections.abc import Iterable, Mapping
from typing import Any

from lxml import etree

from pytest_soblob.binding import (
    Spelling,
    find_child,
    is_nil,
    parse_base64,
    read,
    read_sequence,
    write,
)
from pytest_soblob.contract import Particle, Profile
from pytest_soblob.envelope import Element, Envelope
from pytest_soblob.errors import SoblobError
from pytest_soblob.names import NETSERVER, XSD, XSI


def serialise(root: Element, spelling: Spelling) -> bytes:
    """Return the tree as bytes, a CR in text as `&#13;`, so that no parser loses it."""
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
    """Write header blocks where the profile has them, and no empty Header."""
    header = etree.SubElement(root, f"{{{profile.soap_namespace}}}Header")
    plain = Spelling(nil=spelling.nil, cdata=spelling.cdata)
    for block in blocks:
        beside = profile is Profile.DOCUMENTED and block.name in ("ApplicationToken", "Credentials")
        # A nil TimeZone beside Body would be one more thing that the page does not show.
        checked(write, root if beside else header, block, values.get(block.name), plain)
    if not len(header):
        root.remove(header)


def checked(function: Any, *arguments: Any) -> None:
    try:
        function(*arguments)
    except ValueError as error:  # lxml: "All strings must be XML compatible"
        raise SoblobError(f"a text holds a character that XML 1.0 cannot carry: {error}") from None


def append_wrapper(root: Element, wrapper: str) -> Element:
    body = etree.SubElement(root, f"{{{etree.QName(root).namespace}}}Body")
    return etree.SubElement(body, f"{{{NETSERVER}}}{wrapper}")


def read_body(
    envelope: Envelope, name: str, particles: Iterable[Particle]
) -> dict[str, Any] | None:
    element = envelope.payload_element
    if element is None or element.tag != f"{{{NETSERVER}}}{name}":
        return None
    values = read_sequence(element, particles)
    cut = envelope.document.cut
    if "Image" not in values:  # another operation, in which somebody has put one
        return values
    if cut is not None and cut.element is find_child(element, "Image") and not is_nil(cut.element):
        decoded = cut.text.decode()
        values["Image"] = parse_base64(cut.text.text()) if decoded is None else decoded
    return values


def read_blocks(envelope: Envelope, particles: Iterable[Particle]) -> dict[str, Any]:
    values = {}
    for particle in particles:
        block = envelope.find_block(particle.name)
        values[particle.name] = None if block is None else read(block.element, particle.type)
    return values
