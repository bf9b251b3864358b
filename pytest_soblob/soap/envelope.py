"""An envelope as it was parsed: every child, header block and attribute, without any judgement.

In the terms of SOAP, an *envelope* has an optional *Header* with *header blocks*, and a *Body*,
whose only child is the operation or a *fault*. Everything else in a message is kept for the judge:
a second Body, header blocks beside Header, text between elements.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from typing import TypeAlias

from lxml import etree

from pytest_soblob._basics.once import once
from pytest_soblob._text import clip
from pytest_soblob._xml.base64_text import Base64Text
from pytest_soblob._xml.document import Document
from pytest_soblob.names import NETSERVER, NETSERVER_FAMILY, PREFIXES, SOAP11, SOAP12

Element: TypeAlias = etree._Element

SOAP_NAMESPACES = (SOAP11, SOAP12)
WHITE_SPACE = " \t\r\n"  # XML 1.0, 2.3
_ENVELOPES = {f"{{{uri}}}Envelope": uri for uri in SOAP_NAMESPACES}
_ROLES = {
    f"{{{uri}}}{name}": name.lower() for uri in SOAP_NAMESPACES for name in ("Header", "Body")
}
_NC_NAME = r"[^\W\d][\w.\-\u00b7]*"
_QNAME = re.compile(rf"(?:({_NC_NAME}):)?({_NC_NAME})")


def local_name(element: Element) -> str:
    """Return the name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def namespace(element: Element) -> str:
    """Return the namespace; empty if there is none."""
    # Not with lxml's QName, which rejects names that a parser may produce in recovery.
    return str(element.tag).rpartition("}")[0].removeprefix("{")


def split_name(name: str) -> tuple[str, str]:
    """Return namespace (empty for none) and local name of a tag or attribute name."""
    uri, _, local = name.rpartition("}")
    return uri.removeprefix("{"), local


def is_other_version(uri: str) -> bool:
    """Whether the namespace is that of a NetServer version other than Services86."""
    return uri.startswith(NETSERVER_FAMILY) and uri != NETSERVER


def children(element: Element) -> list[Element]:
    """Return child elements, without comments and processing instructions."""
    return [child for child in element if isinstance(child.tag, str)]


def text_of(element: Element) -> str:
    """Return the element's own text: the pieces between its children and comments, joined."""
    if not len(element):
        return element.text or ""
    text = StringIO()  # not a list: there may be a million pieces
    text.write(element.text or "")
    for child in element:
        text.write(child.tail or "")
    return text.getvalue()


def parse_qname(text: str) -> tuple[str | None, str] | None:
    """Return prefix (None for none) and local name of a QName; None if the text is not one.

    Source: Namespaces in XML 1.0, section 4. White space around the name is ignored.
    """
    found = _QNAME.fullmatch(text.strip(WHITE_SPACE))
    return None if found is None else (found[1], found[2])


def stray_texts(element: Element) -> Iterator[str]:
    """Yield each text between the element's children that is not XML white space."""
    texts = [element.text, *(child.tail for child in element)]
    yield from (text for text in texts if text and not is_blank(text))


def is_blank(text: str | None) -> bool:
    """Whether a text is empty, None or XML white space, which excludes the no-break space."""
    return text is None or not text.strip(WHITE_SPACE)


def display_name(name: str) -> str:
    """Return a tag for display: `ns:Type`, `Type` (no namespace) or `{uri}Type` (unknown one)."""
    uri, local = split_name(name)
    if not uri:
        return clip(local, 60)
    prefix = PREFIXES.get(uri)
    return f"{prefix}:{clip(local, 60)}" if prefix else f"{{{clip(uri, 80)}}}{clip(local, 60)}"


class Paths:
    """Paths from the root to elements, as `s:Envelope/s:Body/ns:SaveImageStream`.

    A step has an index, counted from 1, if it is not the first sibling with its name. The children
    of an element are counted only once: a hostile message may have 100,000 invalid siblings.
    """

    def __init__(self) -> None:
        self._indices: dict[Element, dict[Element, int]] = {}

    def path_of(self, element: Element) -> str:
        """Return the path from the root to the element."""
        steps = []
        node: Element | None = element
        while node is not None:
            parent = node.getparent()
            index = 1 if parent is None else self._indices_in(parent)[node]
            steps.append(display_name(str(node.tag)) + (f"[{index}]" if index > 1 else ""))
            node = parent
        return clip("/".join(reversed(steps)), 300)

    def _indices_in(self, parent: Element) -> dict[Element, int]:
        indices = self._indices.get(parent)
        if indices is None:
            counts: Counter[str] = Counter()
            indices = {}
            for child in children(parent):
                counts[str(child.tag)] += 1
                indices[child] = counts[str(child.tag)]
            self._indices[parent] = indices
        return indices


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """One header block, in Header or beside it.

    Attributes:
        element: The block itself.
        in_header: False if it is a direct child of Envelope, as in the page's form.
    """

    element: Element
    in_header: bool

    @property
    def name(self) -> str:
        """The local name."""
        return local_name(self.element)

    @property
    def namespace(self) -> str:
        """The namespace; empty if there is none."""
        return namespace(self.element)

    @property
    def is_netserver(self) -> bool:
        """Whether the block is in the Services86 namespace."""
        return self.namespace == NETSERVER


@dataclass(eq=False)
class Envelope:
    """A parsed document, read as an envelope.

    Attributes:
        document: The bytes and the tree.
        root: The root element, which need not be an Envelope.
    """

    document: Document
    root: Element

    @classmethod
    def from_document(cls, document: Document) -> "Envelope | None":
        """Return the envelope; None if the bytes did not parse."""
        return None if document.root is None else cls(document, document.root)

    @property
    def soap_namespace(self) -> str | None:
        """The namespace of SOAP 1.1 or SOAP 1.2; None if the root is not an Envelope of either."""
        return _ENVELOPES.get(str(self.root.tag))

    def base64_of(self, element: Element) -> Base64Text:
        """Return an element's own text as base64, also if it was cut out of the tree."""
        cut = self.document.cut
        if cut is not None and cut.element is element:
            return cut.text
        return Base64Text(text_of(element))

    @property
    def is_soap12(self) -> bool:
        """Whether this is a SOAP 1.2 envelope."""
        return self.soap_namespace == SOAP12

    @once
    def shown(self) -> dict[Element, str]:
        """The start of each element that an excerpt has shown, as text."""
        return {}

    @once
    def paths(self) -> Paths:
        """The paths to its elements."""
        return Paths()

    @once
    def parts(self) -> tuple[tuple[str, Element], ...]:
        """Every child of Envelope with its role: `header`, `body` or `other`, in order."""
        return tuple((_ROLES.get(str(child.tag), "other"), child) for child in children(self.root))

    @once
    def headers(self) -> tuple[Element, ...]:
        """Every Header element; at most one in a valid envelope."""
        return tuple(element for role, element in self.parts if role == "header")

    @once
    def bodies(self) -> tuple[Element, ...]:
        """Every Body element; exactly one in a valid envelope."""
        return tuple(element for role, element in self.parts if role == "body")

    @property
    def body(self) -> Element | None:
        """The first Body; None if there is none."""
        return self.bodies[0] if self.bodies else None

    @once
    def header_blocks(self) -> tuple[HeaderBlock, ...]:
        """The blocks in every Header, then NetServer's children of Envelope (the page's form)."""
        inside = [HeaderBlock(child, True) for header in self.headers for child in children(header)]
        outside = [
            HeaderBlock(element, False)
            for role, element in self.parts
            if role == "other" and namespace(element) == NETSERVER
        ]
        return (*inside, *outside)

    def find_block(self, name: str) -> HeaderBlock | None:
        """Return the last NetServer block of that name, as WCF does; None if there is none."""
        found = [block for block in self.header_blocks if block.is_netserver and block.name == name]
        return found[-1] if found else None

    @once
    def body_children(self) -> tuple[Element, ...]:
        """The children of the first Body; empty if there is none."""
        return () if self.body is None else tuple(children(self.body))

    @property
    def payload_element(self) -> Element | None:
        """The first child of Body: the operation, its response or a fault; None if it is empty."""
        return self.body_children[0] if self.body_children else None

    @property
    def fault(self) -> Element | None:
        """The first child of Body if it is a fault of either SOAP version, else None."""
        element = self.payload_element
        if element is None or local_name(element) != "Fault":
            return None
        return element if namespace(element) in SOAP_NAMESPACES else None
