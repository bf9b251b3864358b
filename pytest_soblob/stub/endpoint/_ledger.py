"""The current view, unreported findings, expected rules and remarks, under one lock.

The lock is needed since requests are handled in the server's thread and in those of clients.
"""

import threading
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from pytest_soblob._text import plural
from pytest_soblob.errors import ContractViolationError, SoblobError
from pytest_soblob.judge.catalogue import check_rule_ids
from pytest_soblob.judge.severities import Severities
from pytest_soblob.judge.violations import Verdict, Violation
from pytest_soblob.stub.endpoint._expected_calls import ExpectedCalls
from pytest_soblob.stub.endpoint._script import Script
from pytest_soblob.stub.endpoint._user_code import Raised
from pytest_soblob.stub.endpoint._view import Finding, View
from pytest_soblob.stub.exchange import Exchange


@dataclass(slots=True)
class ExpectedRules:
    """Rules that a test breaks on purpose.

    Attributes:
        rules: Ids of the rules.
        met: Ids of those that have been broken so far.
    """

    rules: tuple[str, ...]
    met: set[str] = field(default_factory=set)


class Ledger:
    """The state of one endpoint between one reset and the next.

    Args:
        severities: Severities that decide which violations fail a test.
        view: The first view, a clean one.

    Attributes:
        lock: Held while the view is read or changed in more than one step.
        view: View of the running test or example.
    """

    def __init__(self, severities: Severities, view: View) -> None:
        self._severities = severities
        self.lock = threading.Lock()
        self.view = view
        self._expected_rules: list[ExpectedRules] = []
        self._in_example = False
        self._interrupted: list[Finding] = []
        # Findings of the last generated example that had any. They are reported if the test passes,
        # because Hypothesis did not take the exception that ended the example for a failure.
        self._passed_over: list[Finding] = []
        self._raised: Raised | None = None  # in an interrupted example
        self._failed: View | None = None
        self._remarks: list[Violation] = []
        self._unplayed: set[str] = set()
        self._played: set[str] = set()
        self._is_generated = False

    def reset(self) -> None:
        """Start with a clean view, no expected rules and nothing to report."""
        with self.lock:
            self._renew()

    def begin(self, after: str) -> None:
        """Start anew for the next test, keeping the findings since the last one was judged.

        Args:
            after: Name of the test that has ended.
        """
        with self.lock:
            late = [replace(f, after=f.after or after) for f in self.view.findings]
            raised = self.view.raised
            self._renew()
            self.view.findings, self.view.raised = late, raised

    def generate(self) -> None:
        """Expect many examples; only the last one that fails is reported."""
        self._is_generated = True

    def _renew(self) -> None:
        self.view = self.view.renewed()
        self._expected_rules.clear()
        self._interrupted, self._raised, self._failed, self._remarks = [], None, None, []
        self._passed_over = []
        self._unplayed, self._played = set(), set()
        self._is_generated = False

    def note(
        self, verdict: Verdict, view: View, number: int | None, after: str | None = None
    ) -> None:
        """Keep unexpected violations: errors as findings, others for the summary.

        The caller must hold the lock.

        Args:
            verdict: Verdict on one request.
            view: View in which it came.
            number: Number of its exchange, or None if the bytes were not a request.
            after: Name of the ended test in which its connection was opened, or None if it belongs
                to the running test.
        """
        if not verdict.violations:
            return
        unexpected = []
        for violation in verdict.violations:
            matching = [e for e in self._expected_rules if violation.rule in e.rules]
            for expected in matching:
                expected.met.add(violation.rule)
            if not matching:
                unexpected.append(violation)
        remarks = [v for v in unexpected if not self._severities.fails(v)]
        errors = self._severities.failing(unexpected)
        finding = Finding(number, verdict, errors, after, was_open=after is not None)
        view.note(finding if errors else None, remarks)

    def findings(self, *, mark_reported: bool, is_passing: bool = False) -> list[Finding]:
        """Return the unreported findings; inside an example only those of the example.

        Args:
            mark_reported: True to count them as reported from now on.
            is_passing: True if nothing else fails; then earlier examples count as well.
        """
        with self.lock:
            interrupted: list[Finding] = []
            if not self._in_example:
                interrupted = self._interrupted or (self._passed_over if is_passing else [])
            findings = [*interrupted, *self.view.findings]
            if mark_reported:
                self.view.findings = []
                if not self._in_example:
                    self._interrupted, self._passed_over = [], []
        return findings

    def note_raised(self, raised: Raised, view: View) -> None:
        """Keep the first error raised by code of the test."""
        with self.lock:
            view.raised = view.raised or raised

    def raised(self, *, mark_reported: bool) -> Raised | None:
        """Return the unreported error raised by code of the test, or None.

        Args:
            mark_reported: True to count it as reported from now on.
        """
        with self.lock:
            interrupted = None if self._in_example else self._raised
            raised = interrupted or self.view.raised
            if mark_reported:
                self.view.raised = None
                self._raised = self._raised if self._in_example else None
        return raised

    def missed_calls(self, *, mark_reported: bool) -> str | None:
        """Return a text about the calls that were not as expected, or None.

        Args:
            mark_reported: True to drop the expected calls; later ones concern later calls only.
        """
        with self.lock:
            view = self.view
            expected = view.expected_calls.copied()
            exchanges, count = list(view.exchanges), view.count
            if mark_reported:
                view.expected_calls = ExpectedCalls(since=count)
        return expected.report(
            exchanges, count
        )  # without the lock: this compares values of the test

    def remarks(self) -> list[Violation]:
        """Return the warnings and notes since the last reset."""
        with self.lock:
            return [*self._remarks, *self.view.remarks]

    @contextmanager
    def example(self) -> Iterator[None]:
        """Use a view of its own inside the block; standing scripted answers hold there as well."""
        with self.lock:
            outer, was_in_example = self.view, self._in_example
            self.view = inner = outer.renewed(Script(outer.script))
            self._in_example = True
        try:
            yield
        except BaseException:
            # Of generated examples only the last is kept: Hypothesis ends with the smallest, and
            # the findings of earlier ones would mislead.
            with self.lock:
                before = self._interrupted
                if self._is_generated:
                    before, self._passed_over = [], inner.findings or self._passed_over
                self._interrupted, self._failed = [*before, *inner.findings], inner
            raise
        else:
            with self.lock:
                self._unplayed |= set(inner.script.unplayed)
        finally:
            with self.lock:
                self.view, self._in_example = outer, was_in_example
                self._remarks += inner.remarks
                self._raised = inner.raised or self._raised
                self._played |= inner.script.played

    def calls(self) -> tuple[list[Exchange], int]:
        """Return the exchanges, and the number of earlier ones that are no longer kept.

        If all calls were made in examples, they are those of the last example that failed.
        """
        with self.lock:
            view = self.view
            if not view.count and self._failed is not None:
                view = self._failed
            return list(view.exchanges), view.count - len(view.exchanges)

    def unplayed(self) -> list[str]:
        """Return the scripted answers that were never used, as the test wrote them.

        An answer scripted in each example counts as used if it was used in one of them.
        """
        with self.lock:
            script = self.view.script
            waiting = {*self._unplayed, *script.unplayed}
            return sorted(waiting - self._played - script.played)

    def expect_rules(self, *rules: str) -> ExpectedRules:
        """Expect rules to be broken from now on.

        Raises:
            SoblobError: There is no such rule, or no rule is given.
        """
        if not rules:
            raise SoblobError("name at least one rule that is to be broken")
        expected = ExpectedRules(check_rule_ids(rules))
        with self.lock:
            self._expected_rules.append(expected)
        return expected

    def withdraw(self, expected: ExpectedRules) -> None:
        """Expect these rules no longer."""
        with self.lock:
            self._expected_rules.remove(expected)

    def met(self) -> set[str]:
        """Return the expected rules that were broken since the last reset."""
        with self.lock:
            return {rule for expected in self._expected_rules for rule in expected.met}


def raise_unmet(rules: Sequence[str], met: AbstractSet[str]) -> None:
    """Raise if an expected rule was not broken.

    Raises:
        ContractViolationError: A rule was not broken; the text names all expected rules.
    """
    __tracebackhide__ = True
    missing = [rule for rule in rules if rule not in met]
    if missing:
        verb = "was" if len(missing) == 1 else "were"
        raise ContractViolationError(
            f"{plural(len(missing), 'rule')} that this test expects to be broken {verb} not: "
            f"{', '.join(missing)} (broken as expected: {', '.join(sorted(met)) or 'none'})"
        )
