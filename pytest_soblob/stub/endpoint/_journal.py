"""One line with the calls of a test, for the report of its failure."""

from collections.abc import Sequence
from typing import Final

from pytest_soblob._text import clip, plural
from pytest_soblob.judge.rendering import by_severity
from pytest_soblob.stub.exchange import Exchange

# Titles of the two sections of a failed test.
SAW: Final = "soblob: what the endpoint saw"
CALLS: Final = "soblob: what was called"
_FIRST: Final = 4
_LAST: Final = 8
_RULES: Final = 3
_LONGEST: Final = 100


def journal(exchanges: Sequence[Exchange], forgotten: int = 0) -> str | None:
    """Return `3 calls: 1 SaveImageStream 503 (http-503); 2 ...`, or None if there were none.

    Of more than 12 calls the first 4 and the last 8 are listed.

    Args:
        exchanges: Exchanges in the order answered.
        forgotten: Number of earlier exchanges that are no longer kept.
    """
    total = len(exchanges) + forgotten
    if not total:
        return None
    said = [_call(number, exchange) for number, exchange in enumerate(exchanges, forgotten + 1)]
    if len(said) > _FIRST + _LAST:
        said = [*said[:_FIRST], "…", *said[-_LAST:]]
    return f"{plural(total, 'call')}: {'; '.join(said)}"


def _call(number: int, exchange: Exchange) -> str:
    status = "no answer" if exchange.response is None else str(exchange.response.status)
    rules = list(dict.fromkeys(v.rule for v in by_severity(exchange.violations) if v.is_error))
    more = [f"and {len(rules) - _RULES} more"] if len(rules) > _RULES else []
    stored = [] if exchange.blob_id is None else [f"blob {exchange.blob_id}"]
    why = [
        clip(text, _LONGEST)
        for text in (exchange.failure_name, exchange.business_failure_text)
        if text
    ]
    beside = ", ".join((*why, *rules[:_RULES], *more, *stored))
    said = f"{number} {exchange.operation or 'unknown operation'} {status}"
    return f"{said} ({beside})" if beside else said
