"""How far WCF's reader gets: its answer depends on where the XML stops being well-formed."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final
from xml.parsers import expat

from lxml import etree

from pytest_soblob._xml import document as _xml
from pytest_soblob.names import SOAP11
from pytest_soblob.soap.envelope import Element, children, is_blank

DEEPEST: Final = 128
_INSTRUCTION: Final = "Processing instructions are not read."
_BODY: Final = f"{{{SOAP11}}}Body"


@dataclass(frozen=True, slots=True)
class Progress:
    """The part of a document that was read.

    Attributes:
        root: Tree of what was read before the reader stopped, or None if no element was.
        stopped: Text saying why the reader stopped, or None if it reached the end.
        inside: Elements that were open when it stopped.
    """

    root: Element | None
    stopped: str | None = None
    inside: frozenset[Element] = field(default_factory=frozenset)

    @property
    def has_reached_body(self) -> bool:
        """True if an element or text inside Body was read."""
        body = None if self.root is None else self.root.find(_BODY)
        return body is not None and (bool(children(body)) or not is_blank(first_text_of(body)))


def read_on(document: _xml.Document, anew: Callable[[], _xml.Document]) -> Progress:
    """Return how far a reader gets that stops at processing instructions and at deep nesting.

    Args:
        document: Parsed document, which is not changed.
        anew: Parses the same bytes again, for a tree that can be cut off where the reader stops.
    """
    if document.problem is None:
        root, stopped, inside = document.root, None, frozenset[Element]()
    else:
        root, inside = _read_broken(document.data, document.encoding)
        stopped = document.problem.message
    if root is None:
        return Progress(None, stopped)
    for node, is_before in replace(document, root=root).iter_outside_root():
        if is_before and _is_instruction(node):
            return Progress(None, _INSTRUCTION)
    if _find_obstacle(root) is not None:
        return _stop_at_obstacle(root if document.problem is not None else anew().root)
    if stopped is None and any(map(_is_instruction, root.itersiblings())):
        stopped = _INSTRUCTION
    return Progress(root, stopped, inside)


def _stop_at_obstacle(root: Element | None) -> Progress:
    obstacle = None if root is None else _find_obstacle(root)
    if obstacle is None:
        return Progress(root)
    node, why = obstacle
    inside = frozenset(node.iterancestors())
    _cut_off(node)
    return Progress(root, why, inside)


def first_text_of(element: Element) -> str:
    """Return the text before the first child element, across comments."""
    pieces = [element.text or ""]
    for node in element:
        if not isinstance(node, etree._Comment):
            break
        pieces.append(node.tail or "")
    return "".join(pieces)


def _read_broken(data: bytes, encoding: str) -> tuple[Element | None, frozenset[Element]]:
    """Return the tree up to the first syntax error, and the elements open there."""
    root: Element | None = None
    inside: list[Element] = []
    for event, node in _xml.iter_events(data[: _find_break(data, encoding)]):
        if event == "end":
            inside.pop()
            continue
        root = node if root is None else root
        inside.append(node)
    return root, frozenset(inside)


def _find_break(data: bytes, encoding: str) -> int:
    """Return the offset of the first piece of markup or text that is not well-formed.

    expat reports it exactly. libxml2 continues if only a namespace is missing, and starts elements
    whose tags are incomplete.
    """
    parser = expat.ParserCreate(encoding if encoding.isascii() else None, " ")
    try:
        parser.Parse(data, True)
    except expat.ExpatError:
        return parser.ErrorByteIndex
    except (ValueError, LookupError):
        return 0
    return len(data)


def _find_obstacle(root: Element) -> tuple[Element, str] | None:
    """Return the first node at which the reader stops, and why, or None."""
    depth = 0
    for event, node in etree.iterwalk(root, events=("start", "end", "pi")):
        if event == "pi":
            return node, _INSTRUCTION
        depth += 1 if event == "start" else -1
        if depth > DEEPEST:
            return node, f"The maximum read depth ({DEEPEST}) has been exceeded."
    return None


def _is_instruction(node: Element) -> bool:
    return isinstance(node, etree._ProcessingInstruction)


def _cut_off(node: Element) -> None:
    """Remove a node, and all that follows it, from its tree."""
    following = [node]
    for place in (node, *node.iterancestors()):
        following += place.itersiblings() if place.getparent() is not None else ()
    for later in following:
        parent = later.getparent()
        if parent is not None:
            parent.remove(later)
