"""An envelope as it stood in the bytes: every child, block and attribute, nothing judged.

SOAP's words: an *envelope* has an optional *Header* with *header blocks*, and a *Body*, whose one
child is the operation or a *fault*. Whatever else a message has is kept, too, since that is what
a judge looks for: a second Body, blocks beside the Header, text between elements.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from typing import TypeAlias

from lxml import etree

from pytest_soblob._base64 import Base64Text
from pytest_soblob._text import clip
from pytest_soblob._xml import Document
from pytest_soblob.names import NETSERVER, NETSERVER_FAMILY, PREFIXES, SOAP11, SOAP12

Element: TypeAlias = etree._Element

SOAP_NAMESPACES = (SOAP11, SOAP12)
WHITE_SPACE = " \t\r\n"  # XML 1.0, 2.3
_ENVELOPES = {f"{{{uri}}}Envelope": uri for uri in SOAP_NAMESPACES}
_NC_NAME = r"[^\W\d][\w.\-\u00b7]*"
_QNAME = re.compile(rf"(?:({_NC_NAME}):)?({_NC_NAME})")


def local_name(element: Element) -> str:
    """Return the name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def namespace(element: Element) -> str:
    """Return the namespace, empty where there is none."""
    # Not by lxml's QName, which refuses what a parser in the midst of its errors may hold.
    return str(element.tag).rpartition("}")[0].removeprefix("{")


def split_name(name: str) -> tuple[str, str]:
    """Return namespace (empty for none) and local name of a tag or attribute name."""
    uri, _, local = name.rpartition("}")
    return uri.removeprefix("{"), local


def is_other_version(uri: str) -> bool:
    """Whether the namespace is NetServer's, but of another version than Services86."""
    return uri.startswith(NETSERVER_FAMILY) and uri != NETSERVER


def children(element: Element) -> list[Element]:
    """Return child elements, without comments and processing instructions."""
    return [child for child in element if isinstance(child.tag, str)]


def text_of(element: Element) -> str:
    """Return the element's own text, pieces around comments joined, children left out."""
    if not len(element):
        return element.text or ""
    text = StringIO()  # not a list of pieces, of which there may be a million
    text.write(element.text or "")
    for child in element:
        text.write(child.tail or "")
    return text.getvalue()


def parse_qname(text: str) -> tuple[str | None, str] | None:
    """Return prefix (None for none) and local name; None where the text is no QName.

    Source: Namespaces in XML 1.0, section 4; white space around it is collapsed.
    """
    found = _QNAME.fullmatch(text.strip(WHITE_SPACE))
    return None if found is None else (found[1], found[2])


def stray_texts(element: Element) -> Iterator[str]:
    """Yield each text between the element's children that is not XML white space."""
    texts = [element.text, *(child.tail for child in element)]
    yield from (text for text in texts if text and not is_blank(text))


def is_blank(text: str | None) -> bool:
    """Whether there is nothing but XML's white space, to which a no-break space does not belong."""
    return text is None or not text.strip(WHITE_SPACE)


def display_name(name: str) -> str:
    """Return a tag as a reader knows it: `ns:Type`, `Type` for none, `{uri}Type` for others."""
    uri, local = split_name(name)
    if not uri:
        return clip(local, 60)
    prefix = PREFIXES.get(uri)
    return f"{prefix}:{clip(local, 60)}" if prefix else f"{{{clip(uri, 80)}}}{clip(local, 60)}"


class Paths:
    """Ways from the root to elements, as `s:Envelope/s:Body/ns:SaveImageStream`.

    A step gets an index, counted from 1, where it is not the first of that name. Siblings are
    counted once for all: a hostile message may have 100,000 of them, each of them wrong.
    """

    def __init__(self) -> None:
        self._indices: dict[Element, dict[Element, int]] = {}

    def path_of(self, element: Element) -> str:
        """Return the way from the root to the element."""
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
        in_header: False where it is a direct child of Envelope, as in the page's form.
    """

    element: Element
    in_header: bool

    @property
    def name(self) -> str:
        """The local name."""
        return local_name(self.element)

    @property
    def namespace(self) -> str:
        """The namespace, empty where there is none."""
        return namespace(self.element)

    @property
    def is_netserver(self) -> bool:
        """Whether the block is in the Services86 namespace."""
        return self.namespace == NETSERVER


@dataclass(eq=False)
class Envelope:
    """A parsed document, looked at as an envelope.

    Attributes:
        document: The bytes and the tree.
        root: The root element, whatever it is.
    """

    document: Document
    root: Element

    @classmethod
    def from_document(cls, document: Document) -> "Envelope | None":
        """Return the envelope, None where the bytes did not parse."""
        return None if document.root is None else cls(document, document.root)

    @property
    def soap_namespace(self) -> str | None:
        """SOAP 1.1's or SOAP 1.2's namespace; None where the root is no Envelope of either."""
        return _ENVELOPES.get(str(self.root.tag))

    def base64_of(self, element: Element) -> Base64Text:
        """Return an element's own text as base64, where it was cut out of the tree as well."""
        cut = self.document.cut
        if cut is not None and cut.element is element:
            return cut.text
        return Base64Text(text_of(element))

    @property
    def is_soap12(self) -> bool:
        """Whether this is a SOAP 1.2 envelope."""
        return self.soap_namespace == SOAP12

    @cached_property
    def shown(self) -> dict[Element, str]:
        """How each element is shown that has been shown."""
        return {}

    @cached_property
    def paths(self) -> Paths:
        """The ways to its elements."""
        return Paths()

    @cached_property
    def parts(self) -> tuple[tuple[str, Element], ...]:
        """Every child of Envelope with its role: `header`, `body` or `other`, in order."""
        roles = {"Header": "header", "Body": "body"}
        return tuple(
            (
                roles.get(local_name(child), "other")
                if namespace(child) in SOAP_NAMESPACES
                else "other",
                child,
            )
            for child in children(self.root)
        )

    @cached_property
    def headers(self) -> tuple[Element, ...]:
        """Every Header element, one at most in a right envelope."""
        return tuple(element for role, element in self.parts if role == "header")

    @cached_property
    def bodies(self) -> tuple[Element, ...]:
        """Every Body element, one in a right envelope."""
        return tuple(element for role, element in self.parts if role == "body")

    @property
    def body(self) -> Element | None:
        """The first Body."""
        return self.bodies[0] if self.bodies else None

    @cached_property
    def header_blocks(self) -> tuple[HeaderBlock, ...]:
        """Blocks of every Header, then NetServer's direct children of Envelope (page's form)."""
        inside = [HeaderBlock(child, True) for header in self.headers for child in children(header)]
        outside = [
            HeaderBlock(element, False)
            for role, element in self.parts
            if role == "other" and namespace(element) == NETSERVER
        ]
        return (*inside, *outside)

    def find_block(self, name: str) -> HeaderBlock | None:
        """Return the last NetServer block of that name, as WCF does; None without one."""
        found = [block for block in self.header_blocks if block.is_netserver and block.name == name]
        return found[-1] if found else None

    @cached_property
    def body_children(self) -> tuple[Element, ...]:
        """The children of the first Body."""
        return () if self.body is None else tuple(children(self.body))

    @property
    def payload_element(self) -> Element | None:
        """The first child of Body: the operation, its response or a fault."""
        return self.body_children[0] if self.body_children else None

    @property
    def fault(self) -> Element | None:
        """The first child of Body, where it is a fault of either SOAP version."""
        element = self.payload_element
        if element is None or local_name(element) != "Fault":
            return None
        return element if namespace(element) in SOAP_NAMESPACES else None
