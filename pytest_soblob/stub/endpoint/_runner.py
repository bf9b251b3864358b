"""The hooks of an endpoint for its runner: the pytest plugin, the fixtures, `soblob serve`.

They are not public; tests use `StubEndpoint`.
"""

from pytest_soblob._text import redact
from pytest_soblob.judge.rendering import render_findings, summarise
from pytest_soblob.judge.violations import Violation
from pytest_soblob.stub.endpoint._blocks import Blocks
from pytest_soblob.stub.endpoint._journal import CALLS, SAW, journal
from pytest_soblob.stub.endpoint._ledger import Ledger
from pytest_soblob.stub.endpoint._listener import Listener
from pytest_soblob.stub.endpoint._observing import Observing
from pytest_soblob.stub.endpoint._view import titled


class Runner:
    """Takes an endpoint from one test to the next, and provides the texts for reports.

    Args:
        ledger: Exchanges, findings, expected rules and calls.
        listener: The socket.
        blocks: Context managers that were created and not yet entered.
        observing: The endpoint's verdict.
    """

    def __init__(
        self, ledger: Ledger, listener: Listener, blocks: Blocks, observing: Observing
    ) -> None:
        self._ledger = ledger
        self._listener = listener
        self._blocks = blocks
        self._observing = observing

    @property
    def has_ended(self) -> bool:
        """True if the server has ended by itself, because the stub failed; `check` says why."""
        return self._listener.has_ended

    def revive(self) -> None:
        """Listen again on the same address, if a test has stopped the endpoint.

        Raises:
            SoblobError: The address is no longer available.
        """
        self._listener.revive()

    def begin(self, after: str | None) -> None:
        """Start anew for the next test.

        Findings that arrived since the last test was judged are reported in the next one, as are
        calls on connections that were open then. A server that has ended by itself is restarted.

        Args:
            after: Name of the test that has ended, or None before the first.

        Raises:
            SoblobError: The address is no longer available.
        """
        self._listener.settle()
        if after is None:
            self._observing.reset()
        else:
            self._listener.eras.end(after, self._listener.accepted)
            self._ledger.begin(after)
            self._blocks.take()
        self._listener.restart_if_ended()

    def expect_rules(self, *rules: str) -> None:
        """Expect these rules to be broken, until the endpoint is reset.

        Raises:
            SoblobError: There is no such rule, or none is named.
        """
        self._ledger.expect_rules(*rules)

    def met(self) -> set[str]:
        """Return the expected rules that were broken since the last reset."""
        self._listener.settle()
        return self._ledger.met()

    def generate(self) -> None:
        """Expect many examples in the running test; only the last that fails is reported."""
        self._ledger.generate()

    def end_calls(self) -> None:
        """Expect no calls from now on: the test is over."""
        self._ledger.missed_calls(mark_reported=True)

    def unreported(self, *, mark_reported: bool = False) -> str | None:
        """Return what `check` would raise, without failures of the stub, or None.

        Args:
            mark_reported: True to count it as reported from now on.
        """
        self._listener.settle()
        findings = self._ledger.findings(mark_reported=mark_reported)
        missed = self._ledger.missed_calls(mark_reported=mark_reported)
        raised = self._ledger.raised(mark_reported=mark_reported)
        said = [
            None if raised is None else redact(raised.text),
            render_findings(titled(findings)) if findings else None,
            missed,
        ]
        return "\n\n".join(text for text in said if text) or None

    def summary(self) -> str | None:
        """Return the worst unreported finding in one line, or None."""
        self._listener.settle()
        findings = self._ledger.findings(mark_reported=False)
        return summarise(titled(findings)) if findings else None

    def journal(self) -> str | None:
        """Return one line with the calls, and one for each unfinished request, or None."""
        rows = [journal(*self._ledger.calls()), *self._observing.unfinished()]
        return "\n".join(row for row in rows if row is not None) or None

    def take_sections(self) -> list[tuple[str, str]]:
        """Return the titled sections for the report of a failed test, marking findings reported."""
        sections = ((SAW, self.unreported(mark_reported=True)), (CALLS, self.journal()))
        return [(title, text) for title, text in sections if text is not None]

    def unplayed(self) -> list[str]:
        """Return the scripted answers that were never used, as the test wrote them."""
        return self._ledger.unplayed()

    def not_entered(self) -> list[str]:
        """Return the methods whose blocks were created since the last test and not entered."""
        return self._blocks.take()

    @property
    def calls_outside_examples(self) -> int:
        """Number of calls outside `example()`."""
        return self._ledger.view.count

    def remarks(self) -> list[Violation]:
        """Return the warnings and notes since the last reset."""
        return self._ledger.remarks()
