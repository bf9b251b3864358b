"""Family `xml`: what the parser could not take, and what it took but SOAP forbids."""

from collections.abc import Callable, Iterator
from functools import cache

from lxml import etree

from pytest_soblob._text import clip, elide_base64, find_suspects, redact
from pytest_soblob._xml import Document
from pytest_soblob.contract import Profile
from pytest_soblob.envelope import Envelope
from pytest_soblob.names import SOAP12
from pytest_soblob.validators._context import make_violation
from pytest_soblob.validators._secrets import find_secrets
from pytest_soblob.violations import Severity, Violation

DEEPEST = 128
# Whoever asks what a prefix stands for goes through all of them.
MOST_NAMESPACES = 100
_REDACTED = 10_000
_BLOCK = 1 << 16
_USUAL = ("utf-8", "utf-16", "utf-16le", "utf-16be", "utf-16-le", "utf-16-be", "us-ascii")


def iter_unparsed(document: Document) -> Iterator[Violation]:
    """Yield why the bytes are no document; nothing where they are one."""
    problem = document.problem
    if problem is not None:
        yield make_violation(
            problem.rule,
            problem.message,
            secrets=find_suspects(_nearby(document, problem.line, problem.column)),
            line=problem.line,
            column=problem.column,
            got=problem.got,
            excerpt=_excerpt(document, problem.line, problem.column),
        )


def iter_violations(envelope: Envelope, profile: Profile | None) -> Iterator[Violation]:
    """Judge a parsed document: encoding, processing instructions, comments, depth."""
    document = envelope.document
    encoding = document.encoding
    named = document.declared_encoding or encoding
    if profile is Profile.WSDL and named.lower() not in _USUAL:
        yield make_violation("xml.encoding-unusual", f"the message is in {clip(named, 40)}", line=1)
    if encoding.lower().startswith("utf-16") and document.declared_encoding is None:
        severity = Severity.ERROR if profile is Profile.WSDL else Severity.WARNING
        yield make_violation("xml.utf16-undeclared", severity=severity, line=1)
    secrets = cache(lambda: find_secrets(envelope))  # once, and only if there is something to say
    yield from _iter_outside_root(envelope, secrets)
    for node in envelope.root.iter(etree.ProcessingInstruction):
        yield _processing_instruction(node, envelope, secrets())


def find_too_deep(envelope: Envelope) -> Violation | None:
    """Return a violation where elements nest deeper than a WCF host reads."""
    deepest, most = _depths(envelope)
    if most > MOST_NAMESPACES:
        return make_violation(
            "xml.too-many-nodes",
            f"{most:,} namespace declarations hold for one element",
            secrets=find_secrets(envelope),
            expected=f"at most {MOST_NAMESPACES}",
            got=f"{most:,}",
        )
    if deepest <= DEEPEST:
        return None
    return make_violation(
        "xml.too-deep",
        f"elements are nested {deepest:,} deep",
        secrets=find_secrets(envelope),
        expected=f"at most {DEEPEST}",
        got=f"{deepest:,}",
    )


def _depths(envelope: Envelope) -> tuple[int, int]:
    """Return how deep elements nest at most, and how many declarations hold for one at most."""
    depth = deepest = declared = most = 0
    for event, _ in etree.iterwalk(envelope.root, events=("start", "end", "start-ns", "end-ns")):
        if event == "start":
            depth += 1
            deepest = max(deepest, depth)
        elif event == "end":
            depth -= 1
        else:
            declared += 1 if event == "start-ns" else -1
            most = max(most, declared)
    return deepest, most


def _iter_outside_root(
    envelope: Envelope, secrets: Callable[[], frozenset[str]]
) -> Iterator[Violation]:
    soap12 = envelope.soap_namespace == SOAP12
    for node, _ in envelope.document.iter_outside_root():
        if isinstance(node, etree._ProcessingInstruction):
            yield _processing_instruction(node, envelope, secrets())
        elif soap12:
            yield make_violation(
                "xml.comment-outside-envelope",
                secrets=secrets(),
                line=node.sourceline,
                got=f"<!--{clip(str(node.text or ''), 40)}-->",
            )


def _processing_instruction(
    node: etree._Element, envelope: Envelope, secrets: frozenset[str]
) -> Violation:
    parent = node.getparent()
    target = getattr(node, "target", "")
    return make_violation(
        "xml.processing-instruction",
        f"there is a processing instruction {clip(str(target), 40)}",
        secrets=secrets,
        path=None if parent is None else envelope.paths.path_of(parent),
        line=node.sourceline,
        got=f"<?{clip(str(target), 40)}?>",
    )


def _excerpt(document: Document, line: int | None, column: int | None) -> tuple[str, ...]:
    """Return the line of a syntax error, and the one before it, around the column."""
    if line is None:
        return ()
    text = document.text
    start = _start_of_line(text, line)
    end = text.find("\n", start)
    row = text[start : len(text) if end < 0 else end]
    before = text[text.rfind("\n", 0, max(start - 1, 0)) + 1 : max(start - 1, 0)]
    shown = [f"{line - 1} | {clip(_readable(before.strip()), 90)}"] if line > 1 else []
    return (*shown, f"{line} | {_window(row, (column or 1) - 1)}")


def _nearby(document: Document, line: int | None, column: int | None) -> str:
    """Return the text around a place, in which the secrets are looked for that could be shown."""
    text = document.text
    place = _start_of_line(text, line or 1) + (column or 1)
    return text[max(place - 4 * _REDACTED, 0) : place + 4 * _REDACTED]


def _start_of_line(text: str, line: int) -> int:
    """Return where a line begins; counted in blocks, since there may be millions of them."""
    start = 0
    missing = line - 1
    for block in range(0, len(text), _BLOCK):
        count = text.count("\n", block, block + _BLOCK)
        if count >= missing:
            start = block
            break
        missing -= count
    for _ in range(missing):
        start = text.find("\n", start) + 1
    return start


def _window(text: str, offset: int) -> str:
    """Return the text around an offset, redacted before it is cut: a cut would hide the name."""
    mark = "\x00"
    nearby = text[max(0, offset - _REDACTED) : offset] + mark + text[offset : offset + _REDACTED]
    shown = _readable(nearby)
    centre = max(shown.find(mark), 0)
    start = max(0, centre - 60)
    return ("…" if start else "") + shown[start : centre + 60].replace(mark, "").strip()


def _readable(text: str) -> str:
    return elide_base64(redact(text[: 2 * _REDACTED + 1]))
