"""One row of the table of disagreements, and one error that a library reports."""

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

JUDGES: Final = ("libxml2", "xmlschema")
DECODERS: Final = ("base64.b64decode(validate=True)", "pybase64.b64decode(validate=True)")
LIBXML2: Final = ("libxml2",)
XMLSCHEMA: Final = ("xmlschema",)


class LibraryError(NamedTuple):
    """One error that a library reports.

    Attributes:
        message: The library's own message.
        path: The path of the element, written as in a violation.
        kind: Of the judged message: `request` or `response`.
    """

    message: str
    path: str
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One known disagreement.

    Attributes:
        id: Short name.
        judges: The libraries that differ from us.
        they: What they do.
        we: What we do.
        why: What the specification says, paraphrased, with its section.
        right: Who is right: `we`, `they`, or `both` if each answers a different question.
        rules: Our rules that the libraries do not check: errors, or warnings where they are silent.
        pattern: Regular expression for the library's message where it rejects what we accept; empty
            if it does not.
        path: Regular expression for the path of the element; empty for any path.
        kind: Kind of message that the row applies to; empty for both.
        below: Families of our rules that apply inside an element which the libraries accept without
            checking its content.
    """

    id: str
    judges: tuple[str, ...] = JUDGES
    they: str
    we: str
    why: str
    right: str = "we"
    rules: frozenset[str] = frozenset()
    pattern: str = ""
    path: str = ""
    kind: str = ""
    below: tuple[str, ...] = ()

    def explains(self, error: LibraryError) -> bool:
        """Whether this row explains the error."""
        return (
            bool(self.pattern)
            and re.search(self.pattern, error.message) is not None
            and (not self.path or re.fullmatch(self.path, error.path) is not None)
            and self.kind in ("", error.kind)
        )
