"""Failures by name: what goes wrong in production, as data and pure functions.

Each says what the client gets, whether the server does its work first, and what the client can know
of the outcome. `endpoint.fail("reset-during-answer")` plays one; the registry is `FAILURES`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pytest_soblob._text import did_you_mean
from pytest_soblob.errors import SoblobError
from pytest_soblob.stub.failures import _answers, _business, _faults, _statuses, _transport
from pytest_soblob.stub.failures._describing import explain_failure, failure_to_json, list_failures
from pytest_soblob.stub.failures._failure import Failure, FailureContext, Knowledge
from pytest_soblob.stub.failures._faults import fault_of

FAILURES: Final[Mapping[str, Failure]] = MappingProxyType(
    {
        failure.name: failure
        for group in (_business, _faults, _statuses, _answers, _transport)
        for failure in group.FAILURES
    }
)


def find_failure(name: str) -> Failure:
    """Return the failure of that name.

    Raises:
        SoblobError: There is no such failure; the text names the most similar one.
    """
    failure = FAILURES.get(name)
    if failure is None:
        hint = did_you_mean(name, FAILURES)
        raise SoblobError(f"there is no failure {name!r}{hint} (`soblob failures` lists them)")
    return failure


__all__ = [
    "FAILURES",
    "Failure",
    "FailureContext",
    "Knowledge",
    "explain_failure",
    "failure_to_json",
    "fault_of",
    "find_failure",
    "list_failures",
]
