"""Family `xml`: what the parser could not take, and what it took but SOAP forbids."""

from collections.abc import Iterator

from lxml import etree

from pytest_soblob._text import clip, elide_base64, find_suspects, redact
from pytest_soblob._xml import Document
from pytest_soblob.contract import Profile
from pytest_soblob.envelope import Envelope
from pytest_soblob.names import SOAP12
from pytest_soblob.validators._context import iter_secrets, make_violation
from pytest_soblob.violations import Violation

DEEPEST = 128
_REDACTED = 10_000
_USUAL = ("utf8", "utf16", "utf16le", "utf16be", "usascii", "ascii")


def iter_unparsed(document: Document) -> Iterator[Violation]:
    """Yield why the bytes are no document; nothing where they are one."""
    problem = document.problem
    if problem is not None:
        yield make_violation(
            problem.rule,
            problem.message,
            secrets=find_suspects(document.text),
            line=problem.line,
            column=problem.column,
            got=problem.got,
            excerpt=_excerpt(document, problem.line, problem.column),
        )


def iter_violations(envelope: Envelope, profile: Profile | None) -> Iterator[Violation]:
    """Judge a parsed document: encoding, processing instructions, comments, depth."""
    document = envelope.document
    encoding = document.encoding
    if profile is Profile.WSDL and encoding.lower().replace("-", "") not in _USUAL:
        yield make_violation(
            "xml.encoding-unusual", f"the message is in {clip(encoding, 40)}", line=1
        )
    if encoding.lower().startswith("utf-16") and document.declared_encoding is None:
        yield make_violation("xml.utf16-undeclared", line=1)
    yield from _iter_outside_root(envelope)
    for node in envelope.root.iter(etree.ProcessingInstruction):
        yield _processing_instruction(node, envelope)


def find_too_deep(envelope: Envelope) -> Violation | None:
    """Return a violation where elements nest deeper than a WCF host reads."""
    depth = deepest = 0
    for event, _ in etree.iterwalk(envelope.root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    if deepest <= DEEPEST:
        return None
    return make_violation(
        "xml.too-deep",
        f"elements are nested {deepest:,} deep",
        secrets=iter_secrets(envelope),
        expected=f"at most {DEEPEST}",
        got=f"{deepest:,}",
    )


def _iter_outside_root(envelope: Envelope) -> Iterator[Violation]:
    soap12 = envelope.soap_namespace == SOAP12
    for node, _ in envelope.document.iter_outside_root():
        if isinstance(node, etree._ProcessingInstruction):
            yield _processing_instruction(node, envelope)
        elif soap12:
            yield make_violation(
                "xml.comment-outside-envelope",
                line=node.sourceline,
                got=f"<!--{clip(str(node.text or ''), 40)}-->",
            )


def _processing_instruction(node: etree._Element, envelope: Envelope) -> Violation:
    parent = node.getparent()
    target = getattr(node, "target", "")
    return make_violation(
        "xml.processing-instruction",
        f"there is a processing instruction {clip(str(target), 40)}",
        path=None if parent is None else envelope.paths.path_of(parent),
        line=node.sourceline,
        got=f"<?{clip(str(target), 40)}?>",
    )


def _excerpt(document: Document, line: int | None, column: int | None) -> tuple[str, ...]:
    """Return the line of a syntax error, and the one before it, around the column."""
    if line is None:
        return ()
    lines = document.text.split("\n", line)[:line]
    before = [f"{line - 1} | {clip(_readable(lines[-2].strip()), 90)}"] if len(lines) > 1 else []
    return (*before, f"{line} | {_window(lines[-1], (column or 1) - 1)}")


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
