"""What is said where a client does otherwise than a scenario expects."""

from collections.abc import Sequence
from typing import Final

from pytest_soblob.consumer.diagnosis import diagnose
from pytest_soblob.consumer.outcomes import (
    Crashed,
    Failed,
    Garbled,
    Hung,
    NoId,
    Outcome,
    Refused,
    Saved,
)
from pytest_soblob.consumer.scenario import UnmetError
from pytest_soblob.judge.violations import Violation
from pytest_soblob.stub.exchange import Exchange

# What to change where the failure itself is not what the scenario is about.
TELL: Final = (
    "tell your caller of a failure by an error of your own, not by a value or by an error of your "
    "HTTP library"
)
# Of a text that arrived altered, in characters.
_LONGEST_SHOWN: Final = 60


def compare(name: str, given: bytes | str, got: bytes | str) -> None:
    """Expect that a value arrived as given.

    Raises:
        UnmetError: It did not; the summary names what probably happened to it.
    """
    if given == got:
        return
    raise UnmetError(f"the {name} arrived altered: {diagnose(given, got)}", _arrived(given, got))


def _arrived(given: bytes | str, got: bytes | str) -> str:
    """Return what arrived: a short text itself, of anything else its length."""
    if isinstance(got, str) and len(got) <= _LONGEST_SHOWN:
        return repr(got)
    unit = "bytes" if isinstance(given, bytes) else "characters"
    if len(given) == len(got):
        return f"{len(got):,} {unit}, as many as were given, but not the same"
    return f"{len(got):,} instead of {len(given):,} {unit}"


def errors_of(exchanges: Sequence[Exchange]) -> list[Violation]:
    """Return the rules of level error that requests have broken."""
    return [v for one in exchanges for v in one.violations if v.is_error]


def broken_rules(exchanges: Sequence[Exchange]) -> str:
    """Return which rules requests have broken, as the end of a text; empty for none."""
    errors = errors_of(exchanges)
    rules = sorted({violation.rule for violation in errors})
    return f"; the request broke {', '.join(rules)}: {errors[0].message}" if errors else ""


def _of(outcome: Outcome) -> dict[str, str]:
    """Return what production does with such an outcome, where that does not depend on the call."""
    match outcome:
        case NoId():
            return {"production": outcome.production}
        case Crashed():
            return {
                "production": "the caller gets an error that it does not catch, and the job stops"
            }
        case _:
            return {}


def not_saved(outcome: Outcome, summary: str = "") -> UnmetError:
    """Return what to raise where a client does not return the id of a stored image.

    Args:
        outcome: How the call ended instead.
        summary: What is wrong, or empty for what the outcome says.
    """
    return UnmetError(summary or _not_saved(outcome), str(outcome), **_of(outcome))


def not_uploaded(outcome: Outcome, exchanges: Sequence[Exchange]) -> UnmetError:
    """Return what to raise where no id came back from a plain upload.

    Args:
        outcome: How the call ended instead.
        exchanges: The requests that it made.
    """
    if isinstance(outcome, Crashed) and not exchanges:
        return UnmetError(
            "no request came: the client crashed before it sent one",
            str(outcome),
            advice="make one upload by hand, and see to this crash first",
        )
    errors = errors_of(exchanges)
    if errors:
        rules = ", ".join(sorted({violation.rule for violation in errors}))
        return UnmetError(
            f"the server declined a request that breaks the contract: {rules}",
            f"{outcome}; {errors[0].message}",
            advice=f"`soblob rules {errors[0].rule}` explains the rule",
        )
    advice = None
    if isinstance(outcome, NoId):
        advice = "return the number that stands in Response, as an integer"
    said = _not_saved(outcome)
    summary = said if exchanges else f"no request came: {said}"
    return UnmetError(summary, str(outcome), advice=advice, **_of(outcome))


def _not_saved(outcome: Outcome) -> str:
    match outcome:
        case Failed():
            return "an upload that should work was reported as failed"
        case Refused():
            return "the client refused an upload that it should send"
        case Hung():
            return "the call did not end"
        case NoId():
            return "the client returned something that is no blob id"
        case Garbled():
            return "the worker wrote a line that is no answer"
        case Saved(blob_id):
            return f"the client returned blob id {blob_id}, which is not that of the stored image"
        case _:
            return "the client crashed on a right answer"


def not_told(outcome: Outcome, summary: str | None = None, advice: str | None = None) -> UnmetError:
    """Return what to raise where a client does not tell its caller of a failure.

    Args:
        outcome: How the call ended instead.
        summary: What is wrong, or None for what the outcome says.
        advice: What to change, or None for what the scenario says.
    """
    said = summary or _not_failed(outcome)
    return UnmetError(said, str(outcome), advice=advice, **_of(outcome))


def _not_failed(outcome: Outcome) -> str:
    match outcome:
        case Saved(blob_id):
            return f"a failure was handed on as blob id {blob_id}"
        case Refused():
            return "the client says that it sent nothing, and a request came"
        case Hung():
            return "the call did not end"
        case NoId(shown):
            return f"a failure was handed on as {shown}"
        case Garbled():
            return "the worker wrote a line that is no answer"
        case _:
            return "the client crashed instead of reporting the failure"
