"""Violations as text: the only place that renders a failure.

The first violations are shown in full (path, message, expected, got, what the server does, what to
change, two lines of the judged message), the next ones on one line each, and the rest is counted:
every failure fits on a screen.
"""

import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pytest_soblob._text import ELLIPSIS, clip, clip_middle, plural
from pytest_soblob.errors import FAMILY_ERRORS, ContractViolationError
from pytest_soblob.judge.catalogue import RULES
from pytest_soblob.judge.violations import Severity, Verdict, Violation

IN_FULL = 3
ON_ONE_LINE = 12
WIDTH = 92
_SHOWN_PATH = 200
_SHORT_PATH = 60  # in a violation on one line, to leave room for its message
LONGEST_BYTES = 1024  # of a violation shown in full

_ORDER = list(Severity)
_LABEL = 10


def by_severity(violations: Iterable[Violation]) -> list[Violation]:
    """Return errors first, then warnings, then notes, each in the order found."""
    return sorted(violations, key=lambda violation: _ORDER.index(violation.severity))


def count_text(violations: Iterable[Violation]) -> str:
    """Return the counts, as `2 errors, 1 warning`, or `no findings`."""
    counts = Counter(violation.severity for violation in violations)
    shown = [plural(counts[severity], str(severity)) for severity in Severity if counts[severity]]
    return ", ".join(shown) or "no findings"


def render_violation(violation: Violation, number: int | None = None, width: int = WIDTH) -> str:
    """Return one violation in full.

    Args:
        violation: The violation.
        number: The number to print before it; None for no number.
        width: Columns at which text wraps; paths and values without a space are not broken.
    """
    indent = " " * 3
    rows = _wrap("", _heading(violation, number), width, hanging=indent)
    rows += _wrap(indent, violation.message, width)
    for label, text in (
        ("expected", violation.expected),
        ("got", violation.got),
        ("server", violation.server),
        ("change", violation.change),
        ("see", violation.reference),
    ):
        if text:
            rows += _wrap(f"{indent}{label:<{_LABEL}}", text, width)
    rows += [f"{indent}    {clip(row, max(width - 7, 40))}" for row in violation.excerpt]
    while len("\n".join(rows).encode()) > LONGEST_BYTES:
        rows.pop()  # first the excerpt, then the reference
    return "\n".join(rows)


def render_violations(violations: Sequence[Violation], width: int = WIDTH, start: int = 1) -> str:
    """Return all violations, numbered from `start`, errors first, on about one screen."""
    ordered = by_severity(violations)
    rows = [
        render_violation(violation, number, width)
        for number, violation in enumerate(ordered[:IN_FULL], start)
    ]
    short = ordered[IN_FULL : IN_FULL + ON_ONE_LINE]
    if short:
        lines: list[str] = []
        for number, violation in enumerate(short, start + IN_FULL):
            lines += _wrap("", _on_one_line(violation, number, 2 * width), width, hanging=" " * 3)
        rows.append("\n".join(lines))
    rest = ordered[IN_FULL + ON_ONE_LINE :]
    if rest:
        counts = Counter(violation.rule for violation in rest)
        named = ", ".join(f"{rule} ({count})" for rule, count in counts.most_common(5))
        rows.append(f"and {len(rest):,} more: {named}")
    return "\n\n".join(rows)


def headline(verdict: Verdict, violations: Sequence[Violation], subject: str | None = None) -> str:
    """Return the first line of a failure: the contract, the number of places and the profile.

    Args:
        verdict: The verdict on the message.
        violations: The violations to count.
        subject: The message, as the line names it; None for `the request` or `the response`.
    """
    operation = verdict.asked or verdict.operation or verdict.judged_as or "SaveImageStream"
    subject = subject or f"the {verdict.kind}"
    source = "detected" if verdict.guessed else "as given"
    profile = "" if verdict.profile is None else f" (profile {verdict.profile}, {source})"
    places = plural(len(violations), "place")
    return f"{subject} breaks the {operation} contract in {places}{profile}"


def failure(
    findings: Sequence[tuple[str, Sequence[Violation]]], appendix: str | None = None
) -> ContractViolationError:
    """Return the error to raise for messages that break the contract.

    Its class is that of the family of the first violation with the highest severity.

    Args:
        findings: For each message a headline and its violations; none of them empty.
        appendix: Text to add at the end; None for none.
    """
    violations = [violation for _, found in findings for violation in found]
    error = FAMILY_ERRORS[by_severity(violations)[0].family]
    text = render_findings(findings)
    text = f"{text}\n\n{appendix}" if appendix else text
    return error(text, violations, summarise(findings))


def summarise(findings: Sequence[tuple[str, Sequence[Violation]]]) -> str:
    """Return the most severe violation on one line, and the number of others.

    An example is `header.ticket-missing: the ticket is missing (request 1), and 2 more`.

    Args:
        findings: For each message a headline and its violations; none of them empty.
    """
    placed = [(title, violation) for title, found in findings for violation in found]
    worst = by_severity(violation for _, violation in placed)[0]
    title = next(title for title, violation in placed if violation is worst)
    subject = title.partition(" breaks the ")[0].replace(" (", ", ").removesuffix(")")
    more = f", and {len(placed) - 1} more" if len(placed) > 1 else ""
    return f"{worst.rule}: {worst.message} ({subject}){more}"


def render_findings(findings: Sequence[tuple[str, Sequence[Violation]]]) -> str:
    """Return the violations of several messages, numbered throughout, two messages in full."""
    blocks = []
    number = 1
    for index, (title, found) in enumerate(findings):
        if index < 2:
            blocks.append(f"{title}\n\n{render_violations(found, start=number)}")
        else:
            rules = ", ".join(sorted({violation.rule for violation in found}))
            blocks.append(clip(f"{title}: {rules}", 2 * WIDTH))
        number += len(found)
        if index == ON_ONE_LINE and len(findings) > index + 1:
            blocks.append(f"and {plural(len(findings) - index - 1, 'more message')}")
            break
    return "\n\n".join(blocks)


def summary_line(violations: Sequence[Violation], longest: int | None = None) -> str:
    """Return the first five violations as a phrase each, for the reason of a fault or for a log.

    Args:
        violations: The violations of one message.
        longest: Limit of a phrase in characters; None for no limit.
    """
    ordered = by_severity(violations)
    shown = [_sentence(violation) for violation in ordered[:5]]
    if longest is not None:
        shown = [clip(sentence, longest) for sentence in shown]
    more = f"; and {len(ordered) - 5} more" if len(ordered) > 5 else ""
    return "; ".join(shown) + more


def _sentence(violation: Violation) -> str:
    graded = "" if violation.is_error else f" ({violation.severity})"
    place = f" [{violation.path}]" if violation.path else ""
    return f"{violation.rule}{graded}: {violation.message}{place}"


def render_remarks(counts: Mapping[tuple[str, str], int]) -> str:
    """Return a line for each rule that was broken without failing a test.

    Args:
        counts: The number of violations by severity and rule id.
    """
    order = sorted(counts, key=lambda key: (_ORDER.index(Severity(key[0])), key[1]))
    return "\n".join(
        f"{counts[key]:>6,} x {key[0]:<7} {key[1]}: {RULES[key[1]].meaning}" for key in order
    )


def _on_one_line(violation: Violation, number: int, longest: int) -> str:
    """Return rule, path and message: of a long path the end, of a long message both ends."""
    path = violation.path or ""
    if len(path) > _SHORT_PATH:
        path = ELLIPSIS + path[1 - _SHORT_PATH :]
    heading = _heading(replace(violation, path=path), number)
    return f"{heading}: {clip_middle(violation.message, longest - len(heading) - 2)}"


def _heading(violation: Violation, number: int | None) -> str:
    parts = [f"{number}. " if number is not None else "", violation.rule]
    if not violation.is_error:
        parts.append(f" ({violation.severity})")
    where = [clip_middle(violation.path, _SHOWN_PATH)] if violation.path else []
    if violation.line is not None:
        column = f", column {violation.column}" if violation.column is not None else ""
        where.append(f"line {violation.line}{column}")
    if where:
        parts.append("   " + ", ".join(where))
    return "".join(parts)


def _wrap(label: str, text: str, width: int, hanging: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        width=width,
        initial_indent=label,
        subsequent_indent=" " * len(label) if hanging is None else hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
