"""What a mutation is, and the tree it edits."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from lxml import etree

from pytest_soblob.contract import Installation, Profile
from pytest_soblob.envelope import Element, children
from pytest_soblob.names import NETSERVER

EVERY = frozenset({Profile.WSDL, Profile.SOAP12, Profile.DOCUMENTED})
IN_HEADER = frozenset({Profile.WSDL, Profile.SOAP12})
SOAP_1_2 = frozenset({Profile.SOAP12, Profile.DOCUMENTED})
ONLY_WSDL = frozenset({Profile.WSDL})
REQUEST, RESPONSE = frozenset({"request"}), frozenset({"response"})
BOTH = REQUEST | RESPONSE


class Tree:
    """A right envelope's tree, with a name for each place that mutations touch."""

    def __init__(self, root: Element) -> None:
        self.root = root
        self.soap = str(etree.QName(root).namespace)

    @property
    def header(self) -> Element:
        """The Header; made where there is none."""
        found = self.root.find(f"{{{self.soap}}}Header")
        if found is None:
            found = etree.Element(f"{{{self.soap}}}Header")
            self.root.insert(0, found)
        return found

    @property
    def body(self) -> Element:
        """The Body."""
        return self._get(self.root, f"{{{self.soap}}}Body")

    @property
    def wrapper(self) -> Element:
        """The Body's child: operation, response or fault."""
        return children(self.body)[0]

    def child(self, name: str) -> Element:
        """A child of the wrapper, in NetServer's namespace."""
        return self._get(self.wrapper, f"{{{NETSERVER}}}{name}")

    def block(self, name: str) -> Element:
        """A header block, wherever it stands."""
        return self._get(self.root, f".//{{{NETSERVER}}}{name}")

    def to_bytes(self) -> bytes:
        """The tree as UTF-8, without a declaration, with what stands beside the root."""
        return etree.tostring(self.root.getroottree(), encoding="utf-8", xml_declaration=False)

    @staticmethod
    def _get(parent: Element, path: str) -> Element:
        found = parent.find(path)
        if found is None:
            raise LookupError(path)
        return found


Edit: TypeAlias = Callable[[Tree], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One way to break one rule.

    Attributes:
        name: What is done, for people.
        rule: The rule that is broken.
        edit: Changes the tree in place; None where the bytes are edited.
        edit_bytes: Changes the bytes of the envelope (UTF-8 or UTF-16).
        kinds: Of messages.
        profiles: In which it breaks the rule.
        needs: Attributes of the message that must not be None (or empty).
        message: The types of message in which it can be done.
        also: Error rules that follow from it.
        installation: By which it must be judged.
        is_http: Whether what comes out is a whole raw HTTP message, not an envelope.
    """

    name: str
    rule: str
    edit: Edit | None = None
    edit_bytes: Callable[[bytes], bytes] | None = None
    kinds: frozenset[str] = REQUEST
    profiles: frozenset[Profile] = EVERY
    needs: tuple[str, ...] = ()
    message: type | tuple[type, ...] = object
    also: frozenset[str] = field(default_factory=frozenset)
    installation: Installation = Installation.ONSITE
    is_http: bool = False

    def applies_to(self, message: object) -> bool:
        """Whether the message has what the mutation changes."""
        if not isinstance(message, self.message):
            return False
        return all(getattr(message, name, None) not in (None, "", b"") for name in self.needs)

    def __repr__(self) -> str:
        return f"<Mutation {self.name}: {self.rule}>"


def rename(element: Element, namespace: str, local: str | None = None) -> None:
    """Give an element another namespace (empty for none) and, if asked, another name."""
    local = local or etree.QName(element).localname
    element.tag = f"{{{namespace}}}{local}" if namespace else local


def remove(element: Element) -> None:
    """Take an element out of its parent."""
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)
