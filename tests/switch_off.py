"""Would the tests miss a rule? Each is switched off in turn, and a test has to fail.

`python -m tests.switch_off [RULE...]`; exit code 1 where a rule is missed by no test. Each rule has
a process of its own, so that nothing stays switched off.
"""

import contextlib
import multiprocessing
import os
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from pytest_soblob.judge.catalogue import RULES, check_rule_ids
from pytest_soblob.judge.severities import Severities
from pytest_soblob.judge.violations import Violation

# The quickest first; the last one is asked where the others have seen nothing.
TESTS = (
    "tests/judge/test_mistakes.py",
    "tests/properties/test_two_way_oracle.py",
    "tests/stub/test_endpoint.py",
    "tests/judge/test_catalogue.py",
)
# The package is imported before pytest could rewrite it, which this run has no need of.
OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")


class _FirstFailure:
    """A pytest plugin that remembers which test was the first to fail."""

    def __init__(self) -> None:
        self.name = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.name:
            self.name = report.nodeid


def switch_off(rule: str) -> None:
    """Make this process blind for a rule, wherever violations pass."""
    apply = Severities.apply

    def without(self: Severities, violations: Iterable[Violation]) -> tuple[Violation, ...]:
        return tuple(v for v in apply(self, violations) if v.rule != rule)

    Severities.apply = without  # type: ignore[method-assign]


def first_failure(rule: str) -> tuple[str, str]:
    """Return the rule and the first test that fails without it, empty where none does."""
    switch_off(rule)
    seen = _FirstFailure()
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        for file in TESTS:
            pytest.main([*OPTIONS, file], plugins=[seen])
            if seen.name:
                break
    return rule, seen.name


def main(rules: tuple[str, ...]) -> int:
    """Ask for each rule; print what was found."""
    missed = []
    context = multiprocessing.get_context("fork")
    with context.Pool(os.cpu_count(), maxtasksperchild=1) as pool:
        for rule, test in pool.imap(first_failure, rules):
            sys.stdout.write(f"{rule:45} {test or 'NO TEST FAILS'}\n")
            sys.stdout.flush()
            if not test:
                missed.append(rule)
    sys.stdout.write(f"{len(rules)} rules switched off, {len(missed)} missed by no test\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(check_rule_ids(sys.argv[1:]) or tuple(RULES)))
