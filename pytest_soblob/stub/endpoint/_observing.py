"""What a test sees of an endpoint: verdicts on all that clients have sent, and orphans."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

from pytest_soblob.errors import ContractViolationError
from pytest_soblob.judge.rendering import failure
from pytest_soblob.soap.messages import SaveImageStreamRequest
from pytest_soblob.stub.endpoint._blocks import Blocks
from pytest_soblob.stub.endpoint._breakdowns import Breakdowns
from pytest_soblob.stub.endpoint._ledger import Ledger, raise_unmet
from pytest_soblob.stub.endpoint._listener import Listener
from pytest_soblob.stub.endpoint._user_code import Raised
from pytest_soblob.stub.endpoint._view import titled
from pytest_soblob.stub.netserver import Blob

T = TypeVar("T")


class Observing:
    """Waits for what clients have sent, then reports from the ledger.

    Args:
        ledger: Exchanges, findings, expected rules and calls.
        listener: Waits for the clients.
        breakdowns: Errors of the stub itself.
        blocks: Context managers that were created and not yet entered.
    """

    def __init__(
        self, ledger: Ledger, listener: Listener, breakdowns: Breakdowns, blocks: Blocks
    ) -> None:
        self._ledger = ledger
        self._listener = listener
        self._breakdowns = breakdowns
        self._blocks = blocks

    @property
    def last_request(self) -> SaveImageStreamRequest | None:
        """The newest SaveImageStream request, or None."""
        messages = (exchange.message for exchange in reversed(self._ledger.view.exchanges))
        return next((m for m in messages if isinstance(m, SaveImageStreamRequest)), None)

    @property
    def orphans(self) -> list[Blob]:
        """Stored images whose id was in no answer."""
        self._listener.settle()  # a client may have hung up a moment ago
        view = self._ledger.view
        return [
            blob for number, blob in view.netserver.blobs.items() if number in view.flow.orphan_ids
        ]

    def unfinished(self) -> list[str]:
        """Return one line for each request that was begun and not sent completely."""
        self._listener.settle()
        with self._ledger.lock:
            broken_off = list(self._ledger.view.unfinished)
        return broken_off + self._listener.unfinished

    def check(self) -> None:
        """Raise what has not been reported; see `StubEndpoint.check`."""
        __tracebackhide__ = True
        self._listener.settle()
        missed = self._ledger.missed_calls(mark_reported=True)
        findings = self._ledger.findings(mark_reported=True, is_passing=True)
        raised = self._ledger.raised(mark_reported=True)
        broken = self._breakdowns.take()
        failed = None if broken is None else broken.in_words()
        beside = "\n\n".join(text for text in (missed, failed) if text is not None)
        if raised is not None and not isinstance(raised.error, Exception):
            # Such as pytest's own for a skipped test: it must not take the place of a failure.
            said = "\n\n".join(filter(None, (beside, raised.text)))
            if findings:
                raise failure(titled(findings), said) from raised.error
            if beside:
                raise ContractViolationError(said) from raised.error
        if raised is not None:
            said = str(failure(titled(findings), beside)) if findings else beside
            raise _noted(raised, said)
        if findings:
            raise failure(titled(findings), beside)
        if missed:
            raise ContractViolationError(beside)
        if broken is not None:
            raise broken.as_error()

    def expecting(self, given: T, rules: tuple[str, ...]) -> AbstractContextManager[T]:
        """Return a context manager that returns `given`; its block must break these rules."""
        return self._blocks.add("expecting", self._expecting(given, rules))

    @contextmanager
    def _expecting(self, given: T, rules: tuple[str, ...]) -> Iterator[T]:
        __tracebackhide__ = True
        expected = self._ledger.expect_rules(*rules)
        try:
            yield given
        finally:
            self._listener.settle()
            self._ledger.withdraw(expected)
        raise_unmet(expected.rules, expected.met)

    def example(self, given: T) -> AbstractContextManager[T]:
        """Return a context manager that returns `given`; its block has a view of its own."""
        return self._blocks.add("example", self._example(given))

    @contextmanager
    def _example(self, given: T) -> Iterator[T]:
        __tracebackhide__ = True
        self._listener.settle()
        with self._ledger.example():
            try:
                yield given
            except BaseException:
                self._listener.settle()
                raise
            self.check()

    def reset(self) -> None:
        """Start with a clean view, no expected rules or calls, and nothing to report."""
        self._listener.settle()
        self._ledger.reset()
        self._breakdowns.clear()
        self._blocks.take()

    def discard_findings(self) -> None:
        """Drop unreported findings, errors of the user's code, and expected calls."""
        self._listener.settle()
        self._ledger.findings(mark_reported=True)
        self._ledger.raised(mark_reported=True)
        self._ledger.missed_calls(mark_reported=True)


def _noted(raised: Raised, beside: str) -> BaseException:
    """Return an error of the user's code, with notes: what raised it, and what else is wrong."""
    error = raised.error
    error.add_note(f"raised by {raised.what}, which the endpoint called")
    if beside:
        error.add_note(beside)
    return error
