"""The context in which a message is judged, and the construction of violations."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from pytest_soblob._basics.once import once
from pytest_soblob._text import (
    KnownSecrets,
    ascii_controls,
    clip,
    clip_middle,
    elide_base64,
    hide,
    redact,
)
from pytest_soblob._xml.base64_text import Base64Text
from pytest_soblob.contract import Installation, Operation, Profile
from pytest_soblob.judge.catalogue import RULES
from pytest_soblob.judge.validators._secrets import find_secrets
from pytest_soblob.judge.violations import (
    LONGEST_PATH,
    LONGEST_TEXT,
    Rule,
    Severity,
    Violation,
    deferred,
    texts_of,
)
from pytest_soblob.names import XML, XSI
from pytest_soblob.soap.binding import NIL, XSI_TYPE
from pytest_soblob.soap.envelope import (
    Element,
    Envelope,
    display_name,
    namespace,
    split_name,
)

_LONGEST_LINE = 100
_LONGEST_TEXT = 2000
_SHOWN_FIRST = (NIL, XSI_TYPE)
# Attributes of one element that are read: reading all of them takes time in proportion.
MOST_ATTRIBUTES = 20


# A value, or a function that finds it in the message when the texts are built.
Text: TypeAlias = str | Callable[[], str]
Secrets: TypeAlias = Iterable[str] | Callable[[], Iterable[str]]


def make_violation(
    rule_id: str,
    message: Text | None = None,
    *,
    secrets: Secrets = (),
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
    """Return a violation of a rule; texts that are not given are those of the rule.

    When the first text is read, every text is redacted, freed of control characters and clipped to
    `LONGEST_TEXT` characters. `secrets` must not appear in any text; it may be a callable that
    finds them in the message at that time.
    """
    rule = RULES[rule_id]
    known = secrets if callable(secrets) else tuple(secrets)

    def build() -> dict[str, object]:
        said = _Texts(message, path, expected, got, change, server, excerpt)
        return {"line": line, "column": column, **_readable_texts(rule, said, known)}

    return deferred(rule.id, severity or rule.severity, build)


def violation_at(
    element: Element,
    envelope: Envelope,
    rule_id: str,
    message: Text | None = None,
    *,
    secrets: Secrets,
    severity: Severity | None = None,
    expected: str | None = None,
    got: str | None = None,
    change: str | None = None,
    server: str | None = None,
) -> Violation:
    """Return a violation at an element, with its path, line and excerpt; see `make_violation`."""
    rule = RULES[rule_id]

    def build() -> dict[str, object]:
        line, column = envelope.document.position_of(element)
        path, excerpt = envelope.paths.path_of(element), excerpt_of(element, envelope)
        said = _Texts(message, path, expected, got, change, server, excerpt)
        return {"line": line, "column": column, **_readable_texts(rule, said, secrets)}

    return deferred(rule.id, severity or rule.severity, build)


class _Texts(NamedTuple):
    """The texts of a violation before they are redacted and clipped."""

    message: Text | None
    path: str | None
    expected: str | None
    got: str | None
    change: str | None
    server: str | None
    excerpt: tuple[str, ...]


def _readable_texts(rule: Rule, said: _Texts, secrets: Secrets) -> dict[str, object]:
    """Return the texts redacted and clipped."""
    known = KnownSecrets.of(secrets() if callable(secrets) else secrets)

    def safe(text: str | None, limit: int = LONGEST_TEXT) -> str | None:
        if text is None:
            return None
        # Cut first: a name may have megabytes, and redaction reads all of them.
        return clip(ascii_controls(redact(text[: 4 * limit], known)), limit)

    return {
        "message": safe(said.message() if callable(said.message) else said.message) or rule.meaning,
        "path": safe(said.path, LONGEST_PATH),
        "expected": safe(said.expected),
        "got": safe(said.got),
        "reference": rule.reference,
        "change": safe(said.change) or rule.change,
        "server": safe(said.server) or rule.server,
        "excerpt": tuple(
            clip(ascii_controls(redact(row, known)), _LONGEST_LINE) for row in said.excerpt
        ),
    }


def without_secrets(violation: Violation, find: Callable[[], Iterable[str]]) -> Violation:
    """Return the violation with the secrets hidden in its texts.

    The texts of the rule itself are unchanged, since nothing in them comes from the message.
    """

    def build() -> dict[str, object]:
        known = KnownSecrets.of(find())
        texts = texts_of(violation)
        for name in ("message", "path", "expected", "got"):
            text = texts[name]
            texts[name] = text if text is None else hide(str(text), known)
        rows = violation.excerpt
        return {**texts, "excerpt": tuple(hide(row, known) for row in rows)}

    return deferred(violation.rule, violation.severity, build)


@dataclass(eq=False)
class Context:
    """One message and the settings by which it is judged.

    Attributes:
        envelope: The message.
        kind: `request` or `response`.
        profile: The resolved profile, never `auto`.
        installation: The installation; `online` requires an application token.
        operation: The expected operation; None for any of `contract.OPERATIONS`.
        actual: The operation that the body names; None if it names no known operation.
    """

    envelope: Envelope
    kind: str
    profile: Profile
    installation: Installation
    operation: Operation | None
    actual: Operation | None

    @once
    def secrets(self) -> KnownSecrets:
        """The secrets in the message, which no text may contain."""
        return find_secrets(self.envelope)

    def violation(
        self,
        rule_id: str,
        element: Element,
        message: Text | None = None,
        *,
        severity: Severity | None = None,
        expected: str | None = None,
        got: str | None = None,
        change: str | None = None,
        server: str | None = None,
    ) -> Violation:
        """Return a violation at an element, with its path, line and excerpt."""
        return violation_at(
            element,
            self.envelope,
            rule_id,
            message,
            secrets=lambda: self.secrets,
            severity=severity,
            expected=expected,
            got=got,
            change=change,
            server=server,
        )


def line_of(element: Element, envelope: Envelope) -> int | None:
    """Return the line on which the element begins, from 1; None if unknown."""
    return envelope.document.position_of(element)[0]


def excerpt_of(element: Element, envelope: Envelope) -> tuple[str, ...]:
    """Return the start of the element, preceded by that of its previous sibling or parent."""
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
    """Return how an element begins; kept, since a thousand violations may show the same one."""
    shown = envelope.shown
    if element not in shown:
        shown[element] = _render_start(element, envelope)
    return shown[element]


def _render_start(element: Element, envelope: Envelope) -> str:
    tag = _source_name(element, str(element.tag))
    # Not element.items(): it takes lxml quadratic time.
    names = sorted(element.keys()[:MOST_ATTRIBUTES], key=lambda name: name not in _SHOWN_FIRST)
    attributes = "".join(
        f' {_source_name(element, str(name))}="{clip(str(element.get(name)), 40)}"'
        for name in names[:4]
    )
    attributes += _new_namespace(element)
    if next(element.iterchildren("{*}*"), None) is not None:
        # Not the text between the children, of which there may be any number.
        text = " ".join((element.text or "")[:_LONGEST_TEXT].split())
        return f"<{tag}{attributes}>{clip(text, 40)}…"
    shown_text = _abbreviated(envelope.base64_of(element))
    return f"<{tag}{attributes}>{clip_middle(shown_text, 60)}</{tag}>"


def _new_namespace(element: Element) -> str:
    """Return the declaration of an element's namespace if it differs from that of its parent."""
    parent = element.getparent()
    uri = namespace(element)
    if parent is None or parent.nsmap.get(element.prefix) == uri or not uri:
        return ""
    name = f"xmlns:{clip(element.prefix, 20)}" if element.prefix else "xmlns"
    return f' {name}="{clip_middle(uri, 60)}"'


def _abbreviated(text: Base64Text) -> str:
    """Return the text on one line; of a long text the two ends and the length.

    White space is kept, since it may be the violation; indentation is dropped.
    """
    if len(text) <= _LONGEST_TEXT:
        written = text.text()
        return "" if written.isspace() and "\n" in written else elide_base64(written)
    head, tail = "", ""
    for size in (200, 20_000, len(text)):  # more of it if most of it is white space
        head = "".join(text.text(0, size).split())[:12]
        tail = "".join(text.text(max(len(text) - size, 0)).split())[-8:]
        if len(head) == 12 and len(tail) == 8:
            break
    return f"{head}…({text.characters:,} characters)…{tail}"


def _source_name(element: Element, name: str) -> str:
    """Return a name with the prefix that the message uses for its namespace."""
    uri, local = split_name(name)
    if not uri:
        return clip(local, 40)
    if uri in (XSI, XML):
        return display_name(name)
    prefix = next((p for p, bound in element.nsmap.items() if bound == uri), None)
    return f"{clip(prefix, 20)}:{clip(local, 40)}" if prefix else clip(local, 40)
