"""The catalogue as text and as JSON: `soblob rules` and `docs/rules.md`."""

import textwrap
from base64 import b64encode
from collections.abc import Iterable
from difflib import unified_diff
from itertools import groupby

from pytest_soblob._text import ELLIPSIS, ascii_controls, clip
from pytest_soblob.judge.catalogue import RULES
from pytest_soblob.judge.catalogue.examples import Example, example_of
from pytest_soblob.judge.violations import Rule, Severity

# Of longer examples only the two ends are shown: some rules are about the size of a message.
LONGEST_SHOWN_LINES = 24
LONGEST_SHOWN_LINE = 400
_LABEL = 10


def list_rules(rules: Iterable[Rule], width: int) -> str:
    """Return a line for each rule, by family: id, severity unless it is an error, and meaning."""
    lines: list[str] = []
    for family, members in groupby(rules, key=lambda rule: rule.family):
        lines += ["", family] if lines else [family]
        for rule in members:
            grade = "" if rule.severity is Severity.ERROR else f" ({rule.severity})"
            lines += textwrap.wrap(
                f"{rule.id}{grade}: {rule.meaning}",
                width,
                initial_indent="  ",
                subsequent_indent="      ",
                break_on_hyphens=False,
            )
    return "\n".join(lines)


def explain_rule(rule: Rule, width: int) -> str:
    """Return a rule in full, with a valid message and one that breaks it."""
    lines = [f"{rule.id} ({rule.severity})", f"  {rule.meaning}"]
    for label, text in _facts(rule):
        lines += textwrap.wrap(
            text,
            width,
            initial_indent=f"  {label:<{_LABEL}}",
            subsequent_indent=" " * (_LABEL + 2),
            break_on_hyphens=False,
            break_long_words=False,
        )
    example = example_of(rule.id)
    what = "sequence" if example.is_sequence else "message"
    lines += ["", f"  a valid {what} ({_judged_as(example)})", *_indented(example.valid)]
    lines += ["", f"  a {what} that breaks the rule", *_indented(example.invalid)]
    return "\n".join(lines)


def rule_to_json(rule: Rule) -> dict[str, object]:
    """Return a rule as `soblob rules --format json` prints it.

    `valid` and `invalid` are strings; an example that is not UTF-8 is `{"base64": ...}`. If
    `is_sequence` is true, they are several messages, each after a line that gives its answer.
    `judged_as` holds the settings with which to judge the example: `kind` and `profile`, and
    `installation`, `operation` and `max_message_size` if they are not the defaults.
    """
    example = example_of(rule.id)
    return {
        "id": rule.id,
        "family": rule.family,
        "severity": str(rule.severity),
        "meaning": rule.meaning,
        "reference": rule.reference,
        "change": rule.change,
        "server": rule.server,
        "side": rule.side,
        "kinds": list(rule.kinds),
        "profiles": list(rule.profiles),
        "is_sequence": example.is_sequence,
        "valid": _json_text(example.valid),
        "invalid": _json_text(example.invalid),
        "judged_as": _settings(example),
    }


def render_rules() -> str:
    """Return the text of `docs/rules.md`."""
    parts = [_HEAD]
    for family, members in groupby(RULES.values(), key=lambda rule: rule.family):
        parts.append(f"## {family}\n")
        parts += [_section(rule) for rule in members]
    return "\n".join(parts)


def _section(rule: Rule) -> str:
    rows = "".join(f"| {label} | {_cell(text)} |\n" for label, text in _facts(rule))
    text = (
        f"### {rule.id}\n\n{_cell(rule.meaning)}.\n\n| {rule.severity} | |\n| --- | --- |\n{rows}"
    )
    example = example_of(rule.id)
    return f"{text}\n```diff\n{_difference(example)}\n```\n"


def _facts(rule: Rule) -> list[tuple[str, str]]:
    rows = [
        ("scope", f"{' and '.join(rule.kinds)}; {', '.join(rule.profiles)}"),
        ("change", rule.change),
        ("server", rule.server or "unknown, or no effect"),
        ("see", rule.reference),
    ]
    if rule.side is not None:
        rows.append(("side", rule.side))
    rows.append(("example", _judged_as(example_of(rule.id))))
    return rows


def _judged_as(example: Example) -> str:
    settings = _settings(example)
    kind = settings.pop("kind")
    what = f"{kind}s in sequence" if example.is_sequence else f"a {kind}"
    return f"{what}; " + ", ".join(f"{k} {v}" for k, v in settings.items())


def _settings(example: Example) -> dict[str, object]:
    """Return kind and profile of an example, and its other settings unless they are defaults."""
    settings: dict[str, object] = {"kind": example.kind, "profile": example.profile}
    if example.installation != "onsite":
        settings["installation"] = example.installation
    if example.operation != "SaveImageStream":
        settings["operation"] = example.operation
    if example.max_message_size is not None:
        settings["max_message_size"] = example.max_message_size
    return settings


def _difference(example: Example) -> str:
    """Return the difference between the valid and the invalid message."""
    right, wrong = _lines(example.valid), _lines(example.invalid)
    rows = list(unified_diff(right, wrong, lineterm="", n=1))[2:]
    return "\n".join(_shorten([ELLIPSIS if row.startswith("@@") else row for row in rows]))


def _indented(data: bytes) -> list[str]:
    return [f"    {line}" for line in _shorten(_lines(data))]


def _shorten(lines: list[str]) -> list[str]:
    shown = [clip(line, LONGEST_SHOWN_LINE) for line in lines]
    if len(shown) <= LONGEST_SHOWN_LINES:
        return shown
    half = LONGEST_SHOWN_LINES // 2
    return [*shown[:half], f"{ELLIPSIS} {len(shown) - 2 * half:,} lines", *shown[-half:]]


def _lines(data: bytes) -> list[str]:
    """Return printable lines: bytes that are not UTF-8 and control characters are escaped."""
    text = data.decode("utf-8", "backslashreplace").removesuffix("\n")
    return [ascii_controls(line.removesuffix("\r")) for line in text.split("\n")]


def _json_text(data: bytes) -> str | dict[str, str]:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(data).decode()}


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


_HEAD = """# The rules

The rules of `EnvelopeValidator`, by family. `soblob rules` prints the same, `--format json` as
data.

A rule is an *error* if a real server could reject or lose the message, or if the contract forbids
it; a *warning* if the message is legal but causes problems in practice; a *note* if it is legal and
worth knowing. `soblob_severity` overrides the severity for your project.

In each table, *scope* lists the kinds of messages and the profiles it applies to, *server*
is what a WCF host does with such a message, and *side* is the source that the rule follows where
page, WSDL and specifications disagree or are silent. Each example shows the difference between a
valid message and one that breaks the rule; `soblob rules RULE` prints both in full. Unprintable
characters are escaped. Rules of family *flow* are about a sequence of messages: a line of three
dashes gives the endpoint's answer to the message after it.

This file is generated from `pytest_soblob/judge/catalogue`; a test keeps the two equal.
"""
