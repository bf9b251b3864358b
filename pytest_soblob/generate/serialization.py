"""The same message in every legal form: `serialize(message, profile, Serialization(...))`.

XML has many ways to write one message, and clients and servers use them all. The message is first
written plainly, then its tree is changed where XML's infoset may differ (blocks, attributes), and
then written out by rules of its own.
"""

from dataclasses import dataclass, fields
from random import Random
from typing import Any, Final, Protocol

from lxml import etree

from pytest_soblob.contract import Profile
from pytest_soblob.errors import SoblobError
from pytest_soblob.generate._writer import Writer
from pytest_soblob.names import NETSERVER, SOAP12
from pytest_soblob.soap.binding import Spelling
from pytest_soblob.soap.envelope import Element, children, namespace

FOREIGN: Final = "urn:example:trace"
_CHOICES: Final[dict[str, tuple[object, ...]]] = {
    "prefixes": ("usual", "soap default", "netserver default", "odd"),
    "declarations": ("root", "local"),
    "space": ("", "\n", "\r\n", "\t ", "\n\n    "),
    "comments": (False, True),
    "cdata": (False, True),
    "references": ("", "decimal", "hexadecimal"),
    "xsi_type": (False, True),
    "nil": ("", "true", "1"),
    "blocks": ("in order", "reversed", "shuffled"),
    "must_understand": (False, True),
    "foreign": ("", "first", "last"),
    "encoding": ("utf-8", "utf-8-sig", "utf-16-le", "utf-16-be"),
    "declaration": ("", "plain", "apostrophes", "standalone"),
    "wrap": (0, 76, 64, 60),
    "line_end": ("\n", "\r\n"),
    "numbers": ("canonical", "short", "padded"),
    "tags": ("tight", "loose"),
}


class Writable(Protocol):
    """A typed message."""

    def to_bytes(self, profile: Profile | str, spelling: Spelling | None = None) -> bytes:
        """Return the envelope in that form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serialization:
    """One of the legal ways to write a message; the default is the plainest.

    Attributes:
        prefixes: `usual`; `soap default` or `netserver default` for a default namespace; `odd`.
        declarations: Namespaces are declared at the `root`, or `local`, where they are used.
        space: White space between elements.
        comments: Whether there are comments between elements.
        cdata: Whether text is written as CDATA.
        references: Whether some characters are `decimal` or `hexadecimal` references; empty for
            none.
        xsi_type: Whether the children of the operation name their types.
        nil: The value of xsi:nil where there is no value; empty leaves the element out.
        blocks: Header blocks `in order`, `reversed` or `shuffled`.
        must_understand: Whether NetServer's header blocks have a mustUnderstand.
        foreign: Whether a block of another namespace stands `first` or `last` in Header; empty for
            none.
        encoding: `utf-8`, `utf-8-sig` (with a byte order mark), `utf-16-le` or `utf-16-be` (which
            always have one, and a declaration).
        declaration: How the XML declaration is written; empty for none.
        wrap: Columns at which base64 is wrapped; 0 for one line.
        line_end: Of wrapped base64.
        numbers: `canonical`, `short` (Succeeded as 1 or 0) or `padded` (the same, and integers
            with white space, sign and leading zeros).
        tags: Whether tags have white space in them, and empty elements an end tag.
        seed: Where comments, references and white space stand, 0 or more.

    Raises:
        SoblobError: An attribute has none of these values.
    """

    prefixes: str = "usual"
    declarations: str = "root"
    space: str = ""
    comments: bool = False
    cdata: bool = False
    references: str = ""
    xsi_type: bool = False
    nil: str = ""
    blocks: str = "in order"
    must_understand: bool = False
    foreign: str = ""
    encoding: str = "utf-8"
    declaration: str = ""
    wrap: int = 0
    line_end: str = "\n"
    numbers: str = "canonical"
    tags: str = "tight"
    seed: int = 0

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise SoblobError(f"{name}={getattr(self, name)!r:.60} must be one of {allowed}")
        if type(self.seed) is not int or self.seed < 0:
            raise SoblobError(f"seed={self.seed!r:.60} must be a whole number, 0 or more")

    def __repr__(self) -> str:
        shown = (
            f"{one.name}={getattr(self, one.name)!r}"
            for one in fields(self)
            if getattr(self, one.name) != one.default
        )
        return f"Serialization({', '.join(shown)})"


def choices_of(name: str) -> tuple[Any, ...]:
    """Return the values of an attribute of `Serialization`, plainest first."""
    return _CHOICES[name]


def serialize(message: Writable, profile: Profile | str, how: Serialization) -> bytes:
    """Return the envelope of that form, written like that."""
    plain = Spelling(xsi_type=how.xsi_type, nil=bool(how.nil))
    root = etree.fromstring(message.to_bytes(profile, plain))  # noqa: TID251 -- our own bytes
    rng = Random(how.seed)  # noqa: S311 -- nothing secret
    _change_blocks(root, how, rng)
    text = Writer(how, rng).document(root)
    declaration = _declaration(how)
    if how.encoding.startswith("utf-16"):
        return ("\ufeff" + declaration + text).encode(how.encoding)
    return (declaration + text).encode(how.encoding)


def _declaration(how: Serialization) -> str:
    is_utf16 = how.encoding.startswith("utf-16")
    name = "utf-16" if is_utf16 else "utf-8"
    match how.declaration or ("plain" if is_utf16 else ""):
        case "plain":
            return f'<?xml version="1.0" encoding="{name}"?>'
        case "apostrophes":
            return f"<?xml version='1.0'  encoding='{name.upper()}' ?>\n"
        case "standalone":
            return f'<?xml version="1.0" encoding="{name}" standalone="yes"?>\r\n'
        case _:
            return ""


def _change_blocks(root: Element, how: Serialization, rng: Random) -> None:
    """Order the header blocks, mark them, and put one of another namespace among them."""
    soap = namespace(root)
    header = root.find(f"{{{soap}}}Header")
    beside = [child for child in children(root) if namespace(child) == NETSERVER]
    inside = [] if header is None else children(header)
    for parent, blocks in ((root, beside), (header, inside)):
        if parent is not None and blocks:
            place = parent.index(blocks[0])
            ordered = _ordered(blocks, how, rng)
            for offset, block in enumerate(ordered):
                parent.insert(place + offset, block)
    if how.must_understand:
        value = "true" if soap == SOAP12 else "1"
        for block in (*beside, *inside):
            block.set(f"{{{soap}}}mustUnderstand", value)
    if how.foreign:
        if header is None:
            header = etree.Element(f"{{{soap}}}Header")
            root.insert(0, header)
        block = etree.Element(f"{{{FOREIGN}}}Trace")
        block.text = "1"
        block.set(f"{{{soap}}}mustUnderstand", "0")
        header.insert(0 if how.foreign == "first" else len(header), block)


def _ordered(blocks: list[Element], how: Serialization, rng: Random) -> list[Element]:
    if how.blocks == "reversed":
        return blocks[::-1]
    return rng.sample(blocks, len(blocks)) if how.blocks == "shuffled" else blocks
