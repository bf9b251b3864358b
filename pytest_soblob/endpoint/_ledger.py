"""What a test is to be told: findings nobody has heard of, expectations, remarks; and the view.

One lock guards all of it, since requests come in the server's threads.
"""

import threading
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field

from pytest_soblob._text import plural
from pytest_soblob.catalogue import check_rule_ids
from pytest_soblob.endpoint._expectations import Expectations
from pytest_soblob.endpoint._script import Script
from pytest_soblob.endpoint._view import Finding, View
from pytest_soblob.errors import ContractViolationError, SoblobError
from pytest_soblob.severities import Severities
from pytest_soblob.violations import Verdict, Violation


@dataclass(slots=True)
class Expectation:
    """Rules that a test breaks on purpose.

    Attributes:
        rules: Their ids.
        met: Those that were broken so far.
    """

    rules: tuple[str, ...]
    met: set[str] = field(default_factory=set)


class Ledger:
    """The state of one endpoint between one reset and the next.

    Args:
        severities: What a violation must be to fail a test.
        view: A clean one, to begin with.

    Attributes:
        lock: Held while the view is read or changed by more than one step.
        view: What the running test, or example, sees.
    """

    def __init__(self, severities: Severities, view: View) -> None:
        self._severities = severities
        self.lock = threading.Lock()
        self.view = view
        self._expectations: list[Expectation] = []
        self._in_example = False
        self._interrupted: list[Finding] = []
        self._remarks: list[Violation] = []

    def reset(self) -> None:
        """Start anew: a clean view, no expectations, nothing to tell."""
        with self.lock:
            self.view = self.view.renewed()
            self._expectations.clear()
            self._interrupted, self._remarks = [], []

    def note(self, verdict: Verdict, view: View, number: int | None) -> None:
        """Keep what nobody expected: errors to be told, the rest for the summary.

        The caller holds the lock.

        Args:
            verdict: Of one request.
            view: In which it came.
            number: Of its exchange; None where the bytes were no request.
        """
        if not verdict.violations:
            return
        unexpected = []
        for violation in verdict.violations:
            takers = [e for e in self._expectations if violation.rule in e.rules]
            for expectation in takers:
                expectation.met.add(violation.rule)
            if not takers:
                unexpected.append(violation)
        remarks = [v for v in unexpected if not self._severities.fails(v)]
        errors = self._severities.failing(unexpected)
        view.note(Finding(number, verdict, errors) if errors else None, remarks)

    def pending(self, *, tick_off: bool) -> list[Finding]:
        """Return what nobody was told of; inside an example only what the example saw.

        Args:
            tick_off: Whether it counts as told from now on.
        """
        with self.lock:
            interrupted = [] if self._in_example else self._interrupted
            findings = [*interrupted, *self.view.findings]
            if tick_off:
                self.view.findings = []
                self._interrupted = self._interrupted if self._in_example else []
        return findings

    def missed_calls(self, *, tick_off: bool) -> str | None:
        """Return what calls were not as expected; None where all were.

        Args:
            tick_off: Whether they are expected no longer, and other ones look at later calls only.
        """
        with self.lock:
            view = self.view
            report = view.expectations.report(view.exchanges, view.count)
            if tick_off:
                view.expectations = Expectations(since=view.count)
        return report

    def remarks(self) -> list[Violation]:
        """Return the warnings and notes since the last reset."""
        with self.lock:
            return [*self._remarks, *self.view.remarks]

    @contextmanager
    def example(self) -> Iterator[None]:
        """Put a view of its own in place; scripts for all calls stay in force."""
        with self.lock:
            outer, was_in_example = self.view, self._in_example
            self.view = inner = outer.renewed(Script(outer.script.standing))
            self._in_example = True
        try:
            yield
        finally:
            with self.lock:
                self.view, self._in_example = outer, was_in_example
                self._remarks += inner.remarks
                # The block was left by an exception, and nobody was told. Of many such examples
                # only the last is worth telling: Hypothesis ends with the smallest.
                self._interrupted = inner.findings or self._interrupted

    def expect(self, *rules: str) -> Expectation:
        """Expect rules to be broken from now on.

        Raises:
            SoblobError: There is no such rule, or none is named.
        """
        if not rules:
            raise SoblobError("name at least one rule that is to be broken")
        expectation = Expectation(check_rule_ids(rules))
        with self.lock:
            self._expectations.append(expectation)
        return expectation

    def withdraw(self, expectation: Expectation) -> None:
        """Expect them no longer."""
        with self.lock:
            self._expectations.remove(expectation)

    def met(self) -> set[str]:
        """Return the expected rules that were broken since the last reset."""
        with self.lock:
            return {rule for expectation in self._expectations for rule in expectation.met}


def raise_unmet(rules: Sequence[str], met: AbstractSet[str]) -> None:
    """Raise where a rule was to be broken and was not.

    Raises:
        ContractViolationError: Naming those rules, and those that were broken.
    """
    __tracebackhide__ = True
    missing = [rule for rule in rules if rule not in met]
    if missing:
        verb = "was" if len(missing) == 1 else "were"
        raise ContractViolationError(
            f"{plural(len(missing), 'rule')} that this test expects to be broken {verb} not: "
            f"{', '.join(missing)} (broken as expected: {', '.join(sorted(met)) or 'none'})"
        )
