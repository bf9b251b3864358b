"""What a test scripts: the answers to come, and the calls that it expects."""

from typing import Any

from pytest_soblob.errors import SoblobError
from pytest_soblob.stub.endpoint._expected_calls import ExpectedCall
from pytest_soblob.stub.endpoint._ledger import Ledger
from pytest_soblob.stub.endpoint._replies import Reply
from pytest_soblob.stub.endpoint._script import Scripted, When
from pytest_soblob.stub.failures import find_failure


class Scripting:
    """Changes the script and the expected calls of the current view.

    Args:
        ledger: Has the view.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def reply(self, reply: Reply, *, operation: str | None, **when: Any) -> None:
        """Add an answer.

        Args:
            reply: The answer.
            operation: As for `When`.
            **when: As for `When`.

        Raises:
            SoblobError: The answer does not suit the operation, or a value is invalid.
        """
        if operation is not None and not reply.suits(operation):
            raise SoblobError(f"blob_id is in the answer to SaveImageStream, not to {operation}")
        self._add(reply, When(operation=operation, **when))

    def fail(
        self, name: str, parameters: dict[str, Any], *, operation: str | None, **when: Any
    ) -> None:
        """Add a failure by name.

        Args:
            name: Name of the failure.
            parameters: Parameters of the failure.
            operation: As for `When`.
            **when: As for `When`.

        Raises:
            SoblobError: There is no such failure or parameter, or a value is invalid.
        """
        failure = find_failure(name)
        failure.check_operation(operation)
        self._add(failure.with_parameters(parameters), When(operation=operation, **when))

    def _add(self, what: Scripted, when: When) -> None:
        with self._ledger.lock:
            self._ledger.view.script.add(when, what)

    def clear(self) -> None:
        """Remove all scripted answers that are still waiting."""
        with self._ledger.lock:
            self._ledger.view.script.clear()

    def expect_calls(self, calls: tuple[object, ...], *, in_order: bool, only: bool) -> None:
        """Add a group of expected calls.

        Raises:
            SoblobError: One of them is not an `ExpectedCall`.
        """
        expected: list[ExpectedCall] = []
        for call in calls:
            if not isinstance(call, ExpectedCall):
                said = f"{call!r:.60}"
                raise SoblobError(f"expect_calls takes ExpectedCall(...), one by one, not {said}")
            expected.append(call)
        with self._ledger.lock:
            self._ledger.view.expected_calls.add(expected, in_order=in_order, only=only)
