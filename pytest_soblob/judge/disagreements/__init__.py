"""Where schema libraries disagree with the judge, as data: on what, who is right, and why.

`cross_check` looks up each difference in this table, and `docs/verdicts.md` is generated from it.
`tests/judge/test_cross_check.py` has a message for every row.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from pytest_soblob.judge.disagreements._laxer import LAXER
from pytest_soblob.judge.disagreements._row import DECODERS, JUDGES, LibraryError, Row
from pytest_soblob.judge.disagreements._stricter import STRICTER

__all__ = [
    "DECODERS",
    "JUDGES",
    "ROWS",
    "LibraryError",
    "Row",
    "find_rows",
    "ids",
    "render_verdicts",
]

ROWS: Final = (*STRICTER, *LAXER)


def find_rows(
    judge: str, *, rules: AbstractSet[str] = frozenset(), errors: Sequence[LibraryError] = ()
) -> tuple[Row, ...]:
    """Return the rows that explain a difference; empty if any part of it is unexplained.

    Args:
        judge: The library that differs.
        rules: Our error rules, if the library accepts the message; a row must name each of them.
        errors: The library's errors, if we accept the message; a row must explain each of them.
    """
    known = [row for row in ROWS if judge in row.judges]
    found = [row for row in known if rules & row.rules]
    below = {family for row in found for family in row.below}
    named = {rule for row in found for rule in row.rules}
    if any(rule not in named and rule.partition(".")[0] not in below for rule in rules):
        return ()
    for error in errors:
        row = next((row for row in known if row.explains(error)), None)
        if row is None:
            return ()
        found.append(row)
    return tuple(dict.fromkeys(found))


def render_verdicts() -> str:
    """Return the text of `docs/verdicts.md`."""
    parts = [_HEAD]
    for row in ROWS:
        rules = ", ".join(f"`{rule}`" for rule in sorted(row.rules)) or "none: we accept"
        parts.append(
            f"## {row.id}\n\n"
            f"| | |\n| --- | --- |\n"
            f"| who differs | {', '.join(row.judges)} |\n"
            f"| they | {row.they} |\n"
            f"| we | {row.we} |\n"
            f"| the specification | {_cell(row.why)} |\n"
            f"| who is right | {row.right} |\n"
            f"| our rules | {rules} |\n"
        )
    return "\n".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def ids(rows: Iterable[Row]) -> tuple[str, ...]:
    """Return the ids of the rows."""
    return tuple(row.id for row in rows)


_HEAD = """# Where libraries disagree

No single library gives the correct verdict on these messages. `soblob validate --cross-check`
validates each message with libxml2's XML Schema (through lxml) and with xmlschema as well, against
the kit's own XSDs. Where one of them accepts what the kit rejects, or rejects what it accepts, one
of the rows below has to explain the difference. A difference that no row explains is a bug: exit
code 1.

This file is generated from `pytest_soblob/judge/disagreements`; a test keeps the two equal.
"""
