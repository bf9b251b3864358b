"""Describes failures as text and as JSON, for `soblob failures` and `docs/failures.md`."""

import textwrap
from collections.abc import Iterable
from itertools import groupby
from typing import Any, Final

from pytest_soblob.stub.failures._failure import Failure, Knowledge

GROUPS: Final = {
    "business": "business failures: HTTP 200, Succeeded false, an exception class",
    "fault": "SOAP faults",
    "status": "bare HTTP statuses",
    "answer": "wrong answers",
    "transport": "failures of the transport",
}
_KNOWN: Final = {
    Knowledge.ANSWERED: "the client gets its answer",
    Knowledge.BUSINESS_FAILURE: "nothing was done, and the answer says so",
    Knowledge.REJECTED: "nothing was done, and the client can know it",
    Knowledge.UNKNOWN: "the client cannot know whether it was done",
}


def what_is_known(failure: Failure) -> str:
    """Return the outcome of the call, and what the client can know of it."""
    if failure.knowledge is not Knowledge.UNKNOWN:
        return _KNOWN[failure.knowledge]
    done = "it was done" if failure.works else "nothing was done"
    return f"{done}; {_KNOWN[failure.knowledge]}"


def list_failures(failures: Iterable[Failure], width: int) -> str:
    """Return one line for each failure, by group."""
    lines: list[str] = []
    for group, members in groupby(failures, key=lambda failure: failure.group):
        lines += ["", GROUPS[group]] if lines else [GROUPS[group]]
        for failure in members:
            lines += textwrap.wrap(
                f"{failure.name}: {failure.sentence}",
                width,
                initial_indent="  ",
                subsequent_indent="      ",
                break_on_hyphens=False,
            )
    return "\n".join(lines)


def explain_failure(failure: Failure, width: int) -> str:
    """Return the full description of a failure."""
    rows = [
        ("what", failure.sentence),
        ("then", what_is_known(failure)),
        ("for", ", ".join(sorted(failure.operations)) or "every operation"),
        ("example", failure.example),
    ]
    lines = [f"{failure.name} ({failure.group})"]
    for label, text in rows:
        lines += textwrap.wrap(
            text,
            width,
            initial_indent=f"  {label:<9}",
            subsequent_indent=" " * 11,
            break_on_hyphens=False,
            break_long_words=False,
        )
    return "\n".join(lines)


def failure_to_json(failure: Failure) -> dict[str, Any]:
    """Return a failure as `soblob failures --format json` prints it."""
    return {
        "name": failure.name,
        "group": failure.group,
        "sentence": failure.sentence,
        "does_its_work": failure.works,
        "knowledge": str(failure.knowledge),
        "parameters": dict(failure.parameters),
        "operations": sorted(failure.operations),
        "example": failure.example,
    }
