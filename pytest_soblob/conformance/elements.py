"""From XML Schema to the parts of a message: types followed, groups flattened."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final

from lxml import etree

from pytest_soblob._text import quote
from pytest_soblob.conformance.description import ANY, Part
from pytest_soblob.conformance.sources import Documents
from pytest_soblob.errors import SoblobError
from pytest_soblob.names import WSDL, XSD

_X: Final = f"{{{XSD}}}"
_GROUPS: Final = {f"{_X}{name}": name for name in ("sequence", "choice", "all")}
# Types may hold each other in many places: the parts are a tree, whose size has to end somewhere.
_MOST_PARTS: Final = 20_000
_MOST_NESTED: Final = 50
_DEEPEST: Final = 50
_LONGEST_NUMBER: Final = 9
_FACETS: Final = frozenset(
    f"{_X}{name}"
    for name in (
        *("length", "minLength", "maxLength", "pattern", "whiteSpace", "totalDigits"),
        *("fractionDigits", "minInclusive", "minExclusive", "maxInclusive", "maxExclusive"),
    )
)


@dataclass(slots=True)
class Index:
    """Named parts of all documents, by kind and qualified name.

    Args:
        level: Replaces the version of the WSDL in a namespace.
    """

    level: Callable[[str], str]
    named: dict[tuple[str, str], etree._Element] = field(default_factory=dict)
    parts: int = 0

    def add(self, documents: Documents) -> None:
        """Add what documents define."""
        for root in documents.definitions:
            self._add(root, WSDL, ("message", "portType", "binding"))
        for schema in documents.schemas:
            self._add(schema, XSD, ("element", "complexType", "simpleType", "group"))

    def _add(self, root: etree._Element, uri: str, kinds: Iterable[str]) -> None:
        space = root.get("targetNamespace") or ""
        for kind in kinds:
            for element in root.iterchildren(f"{{{uri}}}{kind}"):
                name = element.get("name")
                if name is not None:
                    self.named.setdefault((kind, f"{{{space}}}{name}"), element)

    def find(self, kind: str, holder: etree._Element, name: str) -> etree._Element:
        """Return what a name refers to.

        Raises:
            SoblobError: Nothing has that name, or its prefix is not declared.
        """
        found = self.named.get((kind, _qualified(holder, name)))
        if found is None:
            raise SoblobError(f"the {kind} {quote(name)} is referred to and is not defined")
        return found

    def element(self, holder: etree._Element, name: str) -> Part:
        """Return a global element, with what is inside it.

        Raises:
            SoblobError: It is not defined, or something in it is not as XML Schema has it.
        """
        return _element(self, self.find("element", holder, name), ())

    def count(self) -> None:
        """Count one more part.

        Raises:
            SoblobError: There are too many.
        """
        self.parts += 1
        if self.parts > _MOST_PARTS:
            raise SoblobError(f"the messages have more than {_MOST_PARTS:,} elements")


def _qualified(holder: etree._Element, name: str) -> str:
    prefix, _, local = name.strip().rpartition(":")
    uri = holder.nsmap.get(prefix or None)
    if prefix and uri is None:
        raise SoblobError(f"the prefix of {quote(name)} is not declared")
    return f"{{{uri or ''}}}{local}"


# The types inside which an element stands, the outermost first.
_Path = tuple[etree._Element, ...]


def _element(index: Index, element: etree._Element, path: _Path) -> Part:
    """Return an element with what is inside it; of a type inside itself the name only."""
    index.count()
    occurs = element
    reference = element.get("ref")
    if reference is not None:
        element = index.find("element", element, reference)
    type_, content = _type_of(index, element)
    order = ""
    children: tuple[Part, ...] = ()
    if content is not None and content not in path:
        order, children = _content(index, content, (*path, content))
    fixed = element.get("fixed")
    facets = () if content is None else _facets(content)
    return Part(
        name=element.get("name") or "",
        namespace=index.level(_namespace(element)),
        type=type_,
        min_occurs=_number(occurs, "minOccurs"),
        max_occurs=_most(occurs),
        nillable=(element.get("nillable") or "").strip() in ("true", "1"),
        values=None if content is None else _values(content),
        facets=facets if fixed is None else (*facets, f"fixed {fixed}"),
        children=children,
        order=order,
    )


def _number(element: etree._Element, attribute: str) -> int:
    text = element.get(attribute, "1").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        raise SoblobError(f"{attribute} is {quote(text)}, which is no number from 0 to 999,999,999")
    return int(text)


def _most(element: etree._Element) -> int | None:
    if element.get("maxOccurs", "").strip() == "unbounded":
        return None
    return _number(element, "maxOccurs")


def _namespace(element: etree._Element) -> str:
    """Return the namespace of an element's name on the wire."""
    schema = next(element.iterancestors(f"{_X}schema"), None)
    if schema is None:
        return ""
    is_global = element.getparent() is schema
    form = element.get("form") or schema.get("elementFormDefault") or "unqualified"
    return schema.get("targetNamespace") or "" if is_global or form == "qualified" else ""


def _type_of(index: Index, element: etree._Element) -> tuple[str, etree._Element | None]:
    """Return the name of an element's type, and its definition where the documents have it."""
    name = element.get("type")
    if name is None:
        inner = [element.find(f"{_X}{kind}") for kind in ("complexType", "simpleType")]
        return "", next((one for one in inner if one is not None), None)
    qualified = _qualified(element, name)
    local = qualified.rpartition("}")[2]
    if qualified.startswith(_X):
        return f"xs:{local}", None
    for kind in ("complexType", "simpleType"):
        found = index.named.get((kind, qualified))
        if found is not None:
            return local, found
    return local, None  # of the serialisation namespace, which some WSDLs do not define


def _content(index: Index, content: etree._Element, path: _Path) -> tuple[str, tuple[Part, ...]]:
    """Return the order of a complex type's content, and its elements and attributes."""
    if len(path) > _DEEPEST:
        raise SoblobError(f"types are nested more than {_DEEPEST} deep")
    derived = next(content.iterfind(f"{_X}complexContent/*"), None)
    holder = content if derived is None else derived
    order = ""
    inherited: tuple[Part, ...] = ()
    if derived is not None and derived.tag == f"{_X}extension":
        base = index.named.get(("complexType", _qualified(derived, derived.get("base") or "")))
        if base is not None and base not in path:
            order, inherited = _content(index, base, (*path, base))
    own: list[Part] = []
    for particle in holder.iterchildren(*_GROUPS, f"{_X}group"):
        order = _GROUPS.get(str(particle.tag), "sequence")
        own += _particles(index, particle, path, 0)
    own += _attributes(index, holder)
    return order, (*inherited, *own)


def _particles(index: Index, group: etree._Element, path: _Path, nested: int) -> Iterator[Part]:
    """Yield the elements of a group, those of groups inside it in their place.

    What an outer group allows to be missing or repeated is allowed for each element in it.
    """
    if nested > _MOST_NESTED:
        raise SoblobError(f"groups are nested more than {_MOST_NESTED} deep")
    least = 0 if group.tag == f"{_X}choice" else min(1, _number(group, "minOccurs"))
    most = _most(group)
    if group.tag == f"{_X}group":
        definition = index.find("group", group, group.get("ref") or "")
        inner = list(definition.iterchildren(*_GROUPS))
        each = (_particles(index, one, path, nested + 1) for one in inner)
        found: Iterator[Part] = chain.from_iterable(each)
    else:
        found = _inside(index, group, path, nested)
    for part in found:
        most_of_part = part.max_occurs
        product = None if most is None or most_of_part is None else most * most_of_part
        yield replace(part, min_occurs=part.min_occurs * least, max_occurs=product)


def _inside(index: Index, group: etree._Element, path: _Path, nested: int) -> Iterator[Part]:
    for particle in group.iterchildren("{*}*"):
        if particle.tag == f"{_X}element":
            yield _element(index, particle, path)
        elif particle.tag == f"{_X}any":
            least, most = _number(particle, "minOccurs"), _most(particle)
            yield Part(name=ANY, min_occurs=least, max_occurs=most)
        elif particle.tag in _GROUPS or particle.tag == f"{_X}group":
            yield from _particles(index, particle, path, nested + 1)


def _attributes(index: Index, holder: etree._Element) -> Iterator[Part]:
    for attribute in holder.iterchildren(f"{_X}attribute"):
        index.count()
        name = attribute.get("name") or attribute.get("ref") or ""
        required = attribute.get("use") == "required"
        yield Part(name=f"@{name}", min_occurs=int(required))


def _values(content: etree._Element) -> tuple[str, ...] | None:
    found = content.findall(f"{_X}restriction/{_X}enumeration")
    return tuple(one.get("value") or "" for one in found) if found else None


def _facets(content: etree._Element) -> tuple[str, ...]:
    """Return what restricts a simple type beside an enumeration."""
    found = []
    for restriction in content.iterchildren(f"{_X}restriction"):
        base = restriction.get("base")
        if base is not None:
            qualified = _qualified(restriction, base)
            local = qualified.rpartition("}")[2]
            found.append(f"of xs:{local}" if qualified.startswith(_X) else f"of {local}")
        for facet in restriction.iterchildren(*_FACETS):
            found.append(f"{etree.QName(facet).localname} {facet.get('value') or ''}")
    return tuple(found)
