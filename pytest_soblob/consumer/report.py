"""What a run says: a scenario that failed, one that is explained, and the whole."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from textwrap import fill
from typing import Any, Final

from pytest_soblob._text import hide
from pytest_soblob.consumer.runner import Result, Status
from pytest_soblob.consumer.scenario import Level, Scenario
from pytest_soblob.consumer.stage import SECRETS

_WIDTH: Final = 80
_LABEL: Final = 11
_VERDICT: Final = len("FAILED ")


def describe(result: Result) -> str:
    """Return what is wrong, what was played, what production does, and what to change."""
    scenario = result.scenario
    rows = [_head(f"{scenario.id}   {scenario.level}   {result.reason}")]
    for label, text in (
        ("played", scenario.played),
        ("expected", f"{scenario.expected}; got {result.got}" if result.got else scenario.expected),
        ("production", result.production),
        ("try", result.advice),
        ("source", scenario.source),
    ):
        if text:
            rows.append(_row(label, text))
    return "\n".join(rows)


def describe_not_run(result: Result) -> str:
    """Return why a scenario was not played, and what its client did instead."""
    reason = f"not run: {result.reason}"
    return f"{reason}\n{_row('got', result.got)}" if result.got else reason


def explain(scenario: Scenario) -> str:
    """Return everything that is known of a scenario."""
    rows = [f"{scenario.id}   {scenario.level}"]
    for label, text in (
        ("played", scenario.played),
        ("expected", scenario.expected),
        ("otherwise", scenario.production),
        ("try", scenario.advice),
        ("source", scenario.source),
        ("needs", ", ".join(sorted(scenario.needs))),
        ("since", scenario.since),
    ):
        if text:
            rows.append(_row(label, text))
    return "\n".join(rows)


def without_secrets(text: str) -> str:
    """Return a text without the ticket, token and password that the suite gives to clients."""
    return hide(text, SECRETS)


def summarize(results: Sequence[Result], *, again: str = "", strict: bool = False) -> str:
    """Return the report of a run.

    Args:
        results: Of all scenarios.
        again: How a single scenario is run again, with `{}` for its id; empty for nothing.
        strict: Whether scenarios of level `should` fail the run.
    """
    rows = [_counts(results)]
    not_run = [result for result in results if result.status is Status.NOT_RUN]
    if not_run:
        rows.append(_head(f"NOT RUN {len(not_run)} scenarios: {not_run[0].reason}"))
        told = {result.got for result in results if result.status is Status.FAILED}
        if not_run[0].got and not_run[0].got not in told:
            rows.append(_row("got", not_run[0].got))
    for result in results:
        if result.status in (Status.FAILED, Status.NEW):
            rows.append(f"{_verdict(result, strict=strict)} {describe(result)}")
            if again:
                rows.append(_row("again", again.format(result.scenario.id)))
    for status, title in (
        (Status.EXPECTED, "expected to fail"),
        (Status.DESELECTED, "deselected"),
        (Status.NOT_DUE, "not due"),
    ):
        rows += _listed(title, [result for result in results if result.status is status])
    return "\n".join(rows)


def matrix(reports: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Return a table of scenarios by client, of those in which clients differ.

    Args:
        reports: What `soblob consumer --format json` printed, by the name of the client.
    """
    outcomes = {
        name: {str(one["scenario"]): str(one["outcome"]) for one in report}
        for name, report in reports.items()
    }
    ids = list(dict.fromkeys(key for column in outcomes.values() for key in column))
    rows = [f"{'scenario':<36} " + " ".join(f"{name:<12.12}" for name in outcomes)]
    for key in ids:
        cells = [column.get(key, "-") for column in outcomes.values()]
        if len(set(cells)) > 1 or cells[0] not in ("passed", "not-due"):
            rows.append(f"{key:<36} " + " ".join(f"{cell:<12}" for cell in cells))
    same = len(ids) - len(rows) + 1
    rows.append(f"{same} scenarios are alike for all")
    return "\n".join(row.rstrip() for row in rows)


def _verdict(result: Result, *, strict: bool) -> str:
    is_advice = result.scenario.level is Level.SHOULD and not strict
    return "ADVICE" if result.status is Status.FAILED and is_advice else result.status.upper()


def _counts(results: Sequence[Result]) -> str:
    counted = [r for r in results if r.status not in (Status.DESELECTED, Status.NOT_DUE)]
    whole = Counter(result.scenario.group for result in counted)
    passed = Counter(result.scenario.group for result in counted if result.passed)
    idle = Counter(r.scenario.group for r in results if r.status is Status.NOT_DUE)
    parts = [
        f"{group} {passed[group]}/{count}" + (f" ({idle[group]} not due)" if idle[group] else "")
        for group, count in whole.items()
    ]
    return fill("  ".join(parts), _WIDTH, break_on_hyphens=False)


def _listed(title: str, results: Iterable[Result]) -> list[str]:
    """Return a line for each reason, with the scenarios that have it."""
    reasons: dict[str, list[str]] = {}
    for result in results:
        reasons.setdefault(result.reason, []).append(result.scenario.id)
    return [
        fill(
            f"{title:<17} {_names(ids):<20} {reason}",
            _WIDTH,
            subsequent_indent=" " * 18,
            break_on_hyphens=False,
        )
        for reason, ids in reasons.items()
    ]


def _names(ids: Sequence[str]) -> str:
    if len(ids) == 1:
        return ids[0]
    groups = sorted({name.partition(".")[0] for name in ids})
    return f"{', '.join(f'{group}.*' for group in groups)} ({len(ids)})"


def _head(text: str) -> str:
    """Return the first line, of more lines where it is long; `FAILED` or the like stands before."""
    return fill(
        text,
        _WIDTH - _VERDICT,
        subsequent_indent=" " * (3 + _LABEL),
        break_on_hyphens=False,
        break_long_words=False,
    )


def _row(label: str, text: str) -> str:
    return fill(
        text,
        _WIDTH,
        initial_indent=f"   {label:<{_LABEL}}",
        subsequent_indent=" " * (3 + _LABEL),
        break_on_hyphens=False,
        break_long_words=False,
    )
