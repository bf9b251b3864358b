"""A mutation, and the tree that it edits."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from lxml import etree

from pytest_soblob.contract import Installation, Profile
from pytest_soblob.names import NETSERVER
from pytest_soblob.soap.envelope import Element, children

EVERY = frozenset({Profile.WSDL, Profile.SOAP12, Profile.DOCUMENTED})
IN_HEADER = frozenset({Profile.WSDL, Profile.SOAP12})
SOAP_1_2 = frozenset({Profile.SOAP12, Profile.DOCUMENTED})
ONLY_WSDL = frozenset({Profile.WSDL})
REQUEST, RESPONSE = frozenset({"request"}), frozenset({"response"})
BOTH = REQUEST | RESPONSE


class Tree:
    """The tree of a valid envelope, with a name for each place that mutations edit."""

    def __init__(self, root: Element) -> None:
        self.root = root
        self.soap = str(etree.QName(root).namespace)

    @property
    def header(self) -> Element:
        """The Header; created if there is none."""
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
        """The child of Body: operation, response or fault."""
        return children(self.body)[0]

    def child(self, name: str) -> Element:
        """Return a child of the wrapper, in NetServer's namespace.

        Raises:
            LookupError: If there is none.
        """
        return self._get(self.wrapper, f"{{{NETSERVER}}}{name}")

    def block(self, name: str) -> Element:
        """Return a header block, or an element in one, in Header or beside Body.

        Raises:
            LookupError: If there is none.
        """
        return self._get(self.root, f".//{{{NETSERVER}}}{name}")

    def to_bytes(self) -> bytes:
        """Return the tree in UTF-8, without a declaration, with the siblings of the root."""
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
        name: Description of the change.
        rule: Id of the rule that it breaks.
        edit: Function that changes the tree in place; None if it edits the bytes.
        edit_bytes: Function from the bytes of the envelope (UTF-8 or UTF-16) to the changed bytes;
            None if it edits the tree.
        kinds: Kinds of messages it applies to.
        profiles: Profiles in which it breaks the rule.
        needs: Attributes of the message that must not be None or empty.
        message: Types of message it applies to.
        also: Ids of error rules that are broken as a consequence.
        installation: Installation for which the result must be judged.
        is_http: True if the result is a raw HTTP message instead of an envelope.
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
        """Whether the message has the type and the attributes that the mutation needs."""
        if not isinstance(message, self.message):
            return False
        return all(getattr(message, name, None) not in (None, "", b"") for name in self.needs)

    def __repr__(self) -> str:
        return f"<Mutation {self.name}: {self.rule}>"


def rename(element: Element, namespace: str, local: str | None = None) -> None:
    """Set the namespace (empty for none) and, unless `local` is None, the name of an element."""
    local = local or etree.QName(element).localname
    element.tag = f"{{{namespace}}}{local}" if namespace else local


def remove(element: Element) -> None:
    """Remove an element from its parent."""
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)
