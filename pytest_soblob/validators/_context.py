"""What every family needs to judge a message, and the one way in which a violation is made."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from pytest_soblob._base64 import Base64Text
from pytest_soblob._text import ascii_controls, clip, clip_middle, elide_base64, redact
from pytest_soblob.binding import NIL, XSI_TYPE
from pytest_soblob.catalogue import RULES
from pytest_soblob.contract import Installation, Operation, Profile
from pytest_soblob.envelope import (
    Element,
    Envelope,
    display_name,
    namespace,
    split_name,
)
from pytest_soblob.names import XSI
from pytest_soblob.validators._secrets import find_secrets
from pytest_soblob.violations import LONGEST_PATH, LONGEST_TEXT, Severity, Violation

_LONGEST_LINE = 100
_LONGEST_TEXT = 2000
_SHOWN_FIRST = (NIL, XSI_TYPE)
# Of one element: listing the attributes of an element takes as long as it has many.
MOST_ATTRIBUTES = 20


def make_violation(
    rule_id: str,
    message: str | None = None,
    *,
    secrets: Iterable[str] = (),
    severity: Severity | None = None,
    path: str | None = None,
    line: int | None = None,
    column: int | None = None,
    expected: str | None = None,
    got: str | None = None,
    change: str | None = None,
    server: str | None = None,
    excerpt: tuple[str, ...] = (),
) -> Violation:
    """Return a violation of that rule, with what the rule itself says where a case does not.

    Every text is redacted, free of control characters and at most `LONGEST_TEXT` characters long.
    """
    rule = RULES[rule_id]
    known = tuple(secrets)

    def safe(text: str | None, limit: int = LONGEST_TEXT) -> str | None:
        if text is None:
            return None
        # Cut before it is looked through as well: a name may have megabytes.
        return clip(ascii_controls(redact(text[: 4 * limit], known)), limit)

    return Violation(
        rule=rule.id,
        severity=severity or rule.severity,
        message=safe(message) or rule.meaning,
        path=safe(path, LONGEST_PATH),
        line=line,
        column=column,
        expected=safe(expected),
        got=safe(got),
        reference=rule.reference,
        change=safe(change) or rule.change,
        server=safe(server) or rule.server,
        excerpt=tuple(clip(ascii_controls(redact(row, known)), _LONGEST_LINE) for row in excerpt),
    )


def without_secrets(violation: Violation, secrets: Iterable[str]) -> Violation:
    """Return a violation none of whose texts holds one of these."""
    known = tuple(secrets)

    def safe(text: str | None) -> str | None:
        return None if text is None else redact(text, known)

    return replace(
        violation,
        message=redact(violation.message, known),
        expected=safe(violation.expected),
        got=safe(violation.got),
    )


@dataclass(eq=False)
class Context:
    """One message and how it is judged.

    Attributes:
        envelope: The message.
        kind: `request` or `response`.
        profile: Resolved: never `auto`.
        installation: Whether an application token is needed.
        operation: The operation that is judged; None takes any of `contract.OPERATIONS`.
        actual: The operation that the body names; None where it names none that is known.
    """

    envelope: Envelope
    kind: str
    profile: Profile
    installation: Installation
    operation: Operation | None
    actual: Operation | None

    @cached_property
    def secrets(self) -> frozenset[str]:
        """What nobody may read."""
        return find_secrets(self.envelope)

    def violation(
        self,
        rule_id: str,
        element: Element,
        message: str | None = None,
        *,
        severity: Severity | None = None,
        expected: str | None = None,
        got: str | None = None,
        change: str | None = None,
        server: str | None = None,
    ) -> Violation:
        """Return a violation at that element, with its path, line and excerpt."""
        line, column = self.envelope.document.position_of(element)
        return make_violation(
            rule_id,
            message,
            secrets=self.secrets,
            severity=severity,
            path=self.envelope.paths.path_of(element),
            line=line,
            column=column,
            expected=expected,
            got=got,
            change=change,
            server=server,
            excerpt=excerpt_of(element, self.envelope),
        )


def line_of(element: Element, envelope: Envelope) -> int | None:
    """Return the line on which the element begins, counted from 1."""
    return envelope.document.position_of(element)[0]


def excerpt_of(element: Element, envelope: Envelope) -> tuple[str, ...]:
    """Return the element as it is written, after the element (or parent) that comes before it."""
    before = next(element.itersiblings("{*}*", preceding=True), None)
    if before is None:
        before = element.getparent()
    rows = [element] if before is None else [before, element]
    numbers = [str(line_of(row, envelope) or "?") for row in rows]
    width = max(map(len, numbers))
    return tuple(
        f"{number:>{width}} | {_start_of(row, envelope)}"
        for number, row in zip(numbers, rows, strict=True)
    )


def _start_of(element: Element, envelope: Envelope) -> str:
    """Return how an element begins, put together but once: a thousand violations may show it."""
    shown = envelope.shown
    if element not in shown:
        shown[element] = _put_together(element, envelope)
    return shown[element]


def _put_together(element: Element, envelope: Envelope) -> str:
    tag = _source_name(element, str(element.tag))
    # Not element.items(): lxml needs quadratic time for it.
    names = sorted(element.keys()[:MOST_ATTRIBUTES], key=lambda name: name not in _SHOWN_FIRST)
    attributes = "".join(
        f' {_source_name(element, str(name))}="{clip(str(element.get(name)), 40)}"'
        for name in names[:4]
    )
    attributes += _new_namespace(element)
    if next(element.iterchildren("{*}*"), None) is not None:
        # Not all the text between the children, of which there may be any number.
        text = " ".join((element.text or "")[:_LONGEST_TEXT].split())
        return f"<{tag}{attributes}>{clip(text, 40)}…"
    shown_text = _abbreviated(envelope.base64_of(element))
    return f"<{tag}{attributes}>{clip_middle(shown_text, 60)}</{tag}>"


def _new_namespace(element: Element) -> str:
    """Return the declaration of an element's namespace where it is not the one around it."""
    parent = element.getparent()
    uri = namespace(element)
    if parent is None or parent.nsmap.get(element.prefix) == uri or not uri:
        return ""
    name = f"xmlns:{clip(element.prefix, 20)}" if element.prefix else "xmlns"
    return f' {name}="{clip_middle(uri, 60)}"'


def _abbreviated(text: Base64Text) -> str:
    """Return the text on one line; of a long one its two ends and its length."""
    if len(text) <= _LONGEST_TEXT:
        return elide_base64(" ".join(text.text().split()))
    head, tail = "", ""
    for size in (200, 20_000, len(text)):  # more of it where most of it is white space
        head = "".join(text.text(0, size).split())[:12]
        tail = "".join(text.text(max(len(text) - size, 0)).split())[-8:]
        if len(head) == 12 and len(tail) == 8:
            break
    return f"{head}…({text.characters:,} characters)…{tail}"


def _source_name(element: Element, name: str) -> str:
    """Return a name with the prefix that the message itself uses."""
    uri, local = split_name(name)
    if not uri:
        return clip(local, 40)
    if uri == XSI:
        return display_name(name)
    prefix = next((p for p, bound in element.nsmap.items() if bound == uri), None)
    return f"{clip(prefix, 20)}:{clip(local, 40)}" if prefix else clip(local, 40)
