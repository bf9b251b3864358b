"""How far a reader comes: WCF reads on and on, and answers by where it is when XML breaks."""

from dataclasses import dataclass, field, replace
from typing import Final
from xml.parsers import expat

from lxml import etree

from pytest_soblob import _xml
from pytest_soblob.envelope import Element, children, is_blank
from pytest_soblob.names import SOAP11

DEEPEST: Final = 128
_INSTRUCTION: Final = "Processing instructions are not read."
_BODY: Final = f"{{{SOAP11}}}Body"


@dataclass(frozen=True, slots=True)
class Progress:
    """What was read of some bytes.

    Attributes:
        root: With all that came before the reader stopped; None where not even that came.
        stopped: Why it did; None where it came to the end.
        inside: The elements that it stopped in: their ends were not read.
    """

    root: Element | None
    stopped: str | None = None
    inside: frozenset[Element] = field(default_factory=frozenset)

    @property
    def has_reached_body(self) -> bool:
        """Whether something inside Body was read, be it text."""
        body = None if self.root is None else self.root.find(_BODY)
        return body is not None and (bool(children(body)) or not is_blank(first_text_of(body)))


def read_on(document: _xml.Document) -> Progress:
    """Return how far a reader comes that takes no processing instruction, and no deep nesting.

    Args:
        document: Of the bytes; its tree is cut off where the reader stops.
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
    obstacle = _find_obstacle(root)
    if obstacle is not None:
        node, why = obstacle
        inside = frozenset(node.iterancestors())
        _cut_off(node)
        return Progress(root, why, inside)
    if stopped is None and any(map(_is_instruction, root.itersiblings())):
        stopped = _INSTRUCTION
    return Progress(root, stopped, inside)


def first_text_of(element: Element) -> str:
    """Return the text before the first child element, whatever comments there are in it."""
    pieces = [element.text or ""]
    for node in element:
        if not isinstance(node, etree._Comment):
            break
        pieces.append(node.tail or "")
    return "".join(pieces)


def _read_broken(data: bytes, encoding: str) -> tuple[Element | None, frozenset[Element]]:
    """Return the tree up to where the bytes are no XML any more, and which elements are open."""
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
    """Return the offset of the first piece of markup or text that is no XML.

    expat says it exactly; libxml2 reads on where only a namespace is missing, and begins elements
    whose tags have no end.
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
    """Return the first node in the tree that the reader refuses, and why."""
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
    """Take a node of a tree, and all that follows it, out of it."""
    following = [node]
    for place in (node, *node.iterancestors()):
        following += place.itersiblings() if place.getparent() is not None else ()
    for later in following:
        parent = later.getparent()
        if parent is not None:
            parent.remove(later)
