"""Family `xml`: what the parser rejects, and what it accepts but SOAP forbids."""

from collections.abc import Callable, Iterator
from functools import cache

from lxml import etree

from pytest_soblob._text import KnownSecrets, clip, elide_base64, find_suspects, redact
from pytest_soblob._xml.document import Document
from pytest_soblob._xml.encodings import common_name, is_of_dotnet, is_utf, is_utf16
from pytest_soblob.contract import Profile
from pytest_soblob.judge.validators._context import make_violation
from pytest_soblob.judge.validators._secrets import find_secrets
from pytest_soblob.judge.violations import Severity, Violation
from pytest_soblob.names import SOAP12
from pytest_soblob.soap.envelope import Envelope

DEEPEST = 128
# Resolving a prefix reads all declarations in scope.
MOST_NAMESPACES = 100
_REDACTED = 10_000
_SHOWN_BLANK = 60
_BLOCK = 1 << 16


def iter_unparsed(document: Document) -> Iterator[Violation]:
    """Yield the violation for bytes that do not parse; nothing if they do."""
    problem = document.problem
    if problem is not None:
        yield make_violation(
            problem.rule,
            problem.message,
            secrets=find_suspects(_nearby(document, problem.line, problem.column)),
            line=problem.line,
            column=problem.column,
            got=problem.got,
            change=problem.change,
            excerpt=_excerpt(document, problem.line, problem.column),
        )


def iter_violations(envelope: Envelope, profile: Profile | None) -> Iterator[Violation]:
    """Judge a parsed document: encoding, processing instructions, comments, depth."""
    document = envelope.document
    declared = document.declared_encoding
    if profile is Profile.WSDL and declared is not None and not is_of_dotnet(declared):
        yield _unusual(declared)
    if declared is None and is_utf16(document.encoding):
        severity = Severity.ERROR if profile is Profile.WSDL else Severity.WARNING
        yield make_violation("xml.utf16-undeclared", severity=severity, line=1)
    secrets = cache(lambda: find_secrets(envelope))  # once, and only if a text is read
    yield from _iter_outside_root(envelope, secrets)
    for node in envelope.root.iter(etree.ProcessingInstruction):
        yield _processing_instruction(node, envelope, secrets)


def _unusual(declared: str) -> Violation:
    meant = common_name(declared)
    is_respelt = is_utf(meant)
    return make_violation(
        "xml.encoding-unusual",
        f"the XML declaration names the encoding {clip(declared, 40)}"
        + (f", a spelling of {meant} that .NET does not know" if is_respelt else ""),
        line=1,
        column=1,
        expected=f"{meant}, in this spelling" if is_respelt else "utf-8 or utf-16",
        got=f"encoding='{clip(declared, 40)}'",
        change=f"write encoding='{meant}'" if is_respelt else None,
    )


def find_too_deep(envelope: Envelope) -> Violation | None:
    """Return a violation if elements nest too deeply, or too many namespaces are in scope.

    None if neither is the case.
    """
    deepest, most = _depths(envelope)
    if most > MOST_NAMESPACES:
        return make_violation(
            "xml.too-many-nodes",
            f"{most:,} namespace declarations are in scope of one element",
            secrets=lambda: find_secrets(envelope),
            expected=f"at most {MOST_NAMESPACES}",
            got=f"{most:,}",
        )
    if deepest <= DEEPEST:
        return None
    return make_violation(
        "xml.too-deep",
        f"elements are nested {deepest:,} levels deep",
        secrets=lambda: find_secrets(envelope),
        expected=f"at most {DEEPEST}",
        got=f"{deepest:,}",
    )


def _depths(envelope: Envelope) -> tuple[int, int]:
    """Return the greatest depth of elements, and the most declarations in scope of one."""
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
    envelope: Envelope, secrets: Callable[[], KnownSecrets]
) -> Iterator[Violation]:
    soap12 = envelope.soap_namespace == SOAP12
    for node, _ in envelope.document.iter_outside_root():
        if isinstance(node, etree._ProcessingInstruction):
            yield _processing_instruction(node, envelope, secrets)
        elif soap12:
            yield make_violation(
                "xml.comment-outside-envelope",
                secrets=secrets,
                line=node.sourceline,
                got=f"<!--{clip(str(node.text or ''), 40)}-->",
            )


def _processing_instruction(
    node: etree._Element, envelope: Envelope, secrets: Callable[[], KnownSecrets]
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
    """Return the line of a syntax error around its column, and the line before it."""
    if line is None:
        return ()
    text = document.text
    start = _start_of_line(text, line)
    end = text.find("\n", start)
    row = text[start : len(text) if end < 0 else end]
    if column == 1 and not row.strip():  # the white space is the error: show what follows, too
        row = text[start : start + len(row) + _SHOWN_BLANK]
    before = text[text.rfind("\n", 0, max(start - 1, 0)) + 1 : max(start - 1, 0)]
    shown = [f"{line - 1} | {clip(_readable(before.strip()), 90)}"] if line > 1 else []
    return (*shown, f"{line} | {_window(row, (column or 1) - 1)}")


def _nearby(document: Document, line: int | None, column: int | None) -> str:
    """Return the text around a place, to find the secrets in it that an excerpt could show."""
    text = document.text
    place = _start_of_line(text, line or 1) + (column or 1)
    return text[max(place - 4 * _REDACTED, 0) : place + 4 * _REDACTED]


def _start_of_line(text: str, line: int) -> int:
    """Return the offset of a line, counted in blocks since there may be millions of lines."""
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
    """Return the text around an offset; redacted before it is cut, since that needs the names."""
    mark = "\x00"
    nearby = text[max(0, offset - _REDACTED) : offset] + mark + text[offset : offset + _REDACTED]
    shown = _readable(nearby)
    centre = max(shown.find(mark), 0)
    start = max(0, centre - 60)
    return ("…" if start else "") + shown[start : centre + 60].replace(mark, "").rstrip(" \r\n")


def _readable(text: str) -> str:
    return elide_base64(redact(text[: 2 * _REDACTED + 1]))
