"""The pytest plugin: options, marker and hooks, which translate between pytest and the kit.

A test is judged at the end of its call phase, so that pytest reports it once, as failed. A
violation during teardown is an error. If a test fails for another reason, its report gets a section
with what the endpoint saw.
"""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest

from pytest_soblob._pytest_compat import (
    add_section,
    attach,
    attached,
    crash_message,
    find_fixture,
    finish_fixture,
    hidden_frames,
    is_expected_failure,
    is_hypothesis_test,
    remove_hidden_hint,
    set_crash_message,
)
from pytest_soblob.errors import ContractViolationError, is_own, summary_of
from pytest_soblob.fixtures import (
    ALIVE,
    ALLOW_WRITES,
    ALLOW_WRITES_TEXT,
    ENDPOINTS,
    EXPECTED,
    MADE,
    MARKER,
    OPTIONS,
    PROVIDER_URL,
    PROVIDER_URL_TEXT,
    SETTINGS,
    SEVERITY_OPTIONS,
    UNPLAYED,
    UNPLAYED_TEXT,
    WSDL_SOURCE,
    WSDL_SOURCE_TEXT,
    _soblob_effective_settings,
    check_options,
    configure_severities,
    expected_rules,
    given_value,
    soblob_authority,
    soblob_client,
    soblob_compatible_wsdl,
    soblob_endpoint,
    soblob_endpoint_tls,
    soblob_provider,
    soblob_settings,
    soblob_validator,
    soblob_wsdl,
)

__all__ = [
    "_soblob_effective_settings",
    "soblob_authority",
    "soblob_client",
    "soblob_compatible_wsdl",
    "soblob_endpoint",
    "soblob_endpoint_tls",
    "soblob_provider",
    "soblob_settings",
    "soblob_validator",
    "soblob_wsdl",
]

pytest_plugins = ("pytest_soblob.consumer.front",)
SUMMARY = "soblob: warnings and notes"
HINTS = "soblob: hints"
_MOST_HINTS = 20
_REMARKS, _HINTS = "soblob_remarks", "soblob_hints"  # attachments of a report
# Hints about the running test.
HINTED = pytest.StashKey[list[str]]()
# The name of the previous test, for the text about calls that arrive after its end.
LAST = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and ini keys."""
    group = parser.getgroup("soblob", "SuperOffice SaveImageStream contract tests")
    texts = {name: text for name, (_, text) in OPTIONS.items()} | SEVERITY_OPTIONS
    texts[UNPLAYED] = UNPLAYED_TEXT
    texts |= {
        WSDL_SOURCE: WSDL_SOURCE_TEXT,
        PROVIDER_URL: PROVIDER_URL_TEXT,
        ALLOW_WRITES: ALLOW_WRITES_TEXT,
    }
    for name, text in texts.items():
        group.addoption(f"--{name.replace('_', '-')}", dest=name, default=None, help=text)
        parser.addini(name, text, default=None)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker and the summary, and check the options."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(*rules): the test breaks these rules of the SaveImageStream contract on "
        "purpose, and fails if it does not",
    )
    config.pluginmanager.register(Summary(), "soblob-remarks")
    check_options(config)
    configure_severities(config)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Return the `repr` of an image or envelope, of which pytest would show all bytes."""
    return repr(val) if _is_ours(val) and isinstance(val, bytes) else None


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Return the differences between two values of the kit, without their secrets."""
    if op != "==" or type(left) is not type(right) or not _is_ours(left):
        return None
    from pytest_soblob._redacted import Redacted, explain_difference

    if not (isinstance(left, Redacted) and isinstance(right, Redacted)):
        return None
    return [f"{left!r} == {right!r}", *explain_difference(left, right)]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Give the test a clean endpoint, before any of its fixtures is set up."""
    _finish_fixtures_of_other_settings(item)
    item.config.stash[SETTINGS] = find_fixture(item, "soblob_settings")
    rules = expected_rules(item)
    item.config.stash[EXPECTED] = rules
    for endpoint in item.config.stash.get(ALIVE, []):
        endpoint._runner.revive()
    for endpoint in _endpoints(item):
        endpoint._runner.begin(after=item.config.stash.get(LAST, None))
        if rules:
            endpoint._runner.expect_rules(*rules)
    item.config.stash[LAST] = item.name


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> None:
    """Remember the fixture on which the others depend, and the `soblob_settings` that it uses."""
    if fixturedef.argname == "_soblob_effective_settings":
        stash = request.config.stash
        stash.setdefault(ENDPOINTS, []).clear()  # endpoints of other settings, judged by now
        stash[MADE] = (stash[SETTINGS], fixturedef, request)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Judge the test at the end of its call phase."""
    __tracebackhide__ = True
    hints = item.stash[HINTED] = []
    with _watched_examples(item, hints):
        result = yield
    for endpoint in _endpoints(item):
        endpoint.check()
    rules = item.config.stash[EXPECTED]
    if rules:
        from pytest_soblob.stub.endpoint import raise_unmet

        met = {rule for endpoint in _endpoints(item) for rule in endpoint._runner.met()}
        raise_unmet(rules, met)
    hints += _judge_unplayed(item)
    hints += _find_not_entered(item)
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, Any, Any]:
    """Judge the calls that arrive after the call phase."""
    __tracebackhide__ = True
    for endpoint in _endpoints(item):
        endpoint._runner.end_calls()
    result = yield
    if nextitem is not None:
        _finish_fixtures_of_other_settings(nextitem)
    for endpoint in _endpoints(item):
        endpoint.check()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, Any]:
    """Add what the endpoint saw to a failure; attach warnings, notes and hints to the report."""
    with hidden_frames("pytest_soblob"):
        report = yield
    _tidy(report, call)
    for endpoint in _endpoints(item):
        # An expected failure may be that of the violations: they count as reported.
        if report.failed or is_expected_failure(report):
            _add_what_was_seen(report, endpoint)
        if call.when == "teardown":
            attach(
                report, _REMARKS, [[str(v.severity), v.rule] for v in endpoint._runner.remarks()]
            )
    if call.when == "call":
        hints = item.stash.get(HINTED, [])
        attach(report, _HINTS, [f"{item.nodeid}: {hint}" for hint in hints])
    return report


def _is_ours(value: object) -> bool:
    """Whether the class of a value is one of the kit, without importing the kit."""
    return type(value).__module__.startswith("pytest_soblob.")


def _add_what_was_seen(report: Any, endpoint: Any) -> None:
    """Add unreported violations and the calls to a failure.

    They are added to the text of the failure, not as sections of the report: JUnit shows only that.
    """
    summary, message = endpoint._runner.summary(), crash_message(report)
    if summary is not None and message is not None:
        set_crash_message(report, f"{summary} | {message}")
    for title, text in endpoint._runner.take_sections():
        add_section(report, title, text)


@contextmanager
def _watched_examples(item: pytest.Item, hints: list[str]) -> Generator[None, None, None]:
    """Add a hint if a test under `@given` calls the endpoint outside `example()`."""
    if not is_hypothesis_test(item):
        yield
        return
    for endpoint in _endpoints(item):
        endpoint._runner.generate()
    before = [endpoint._runner.calls_outside_examples for endpoint in _endpoints(item)]
    try:
        yield
    finally:
        after = (endpoint._runner.calls_outside_examples for endpoint in _endpoints(item))
        calls = sum(after) - sum(before)
        if calls > 0:
            hints.append(
                f"{calls:,} calls outside example(): each example of @given sees what earlier "
                "examples sent and stored; put its calls into `with soblob_endpoint.example():`"
            )


def _find_not_entered(item: pytest.Item) -> list[str]:
    """Return a hint for each context manager that was created and not entered."""
    return [
        f"{method}(...) was called but not entered, so it had no effect: use it as "
        f"`with soblob_endpoint.{method}(...):`"
        for endpoint in _endpoints(item)
        for method in endpoint._runner.not_entered()
    ]


def _judge_unplayed(item: pytest.Item) -> list[str]:
    """Return a hint for each scripted answer that was never played.

    Raises:
        ContractViolationError: There is one, and `soblob_unplayed` is `error`.
    """
    wanted, _ = given_value(item.config, UNPLAYED)
    if wanted == "off":
        return []
    unplayed = [text for endpoint in _endpoints(item) for text in endpoint._runner.unplayed()]
    hints = [f"a scripted answer was never played: {text}" for text in unplayed]
    if hints and wanted == "error":
        raise ContractViolationError("\n".join(hints))
    return hints


class Summary:
    """The sections of the terminal summary: the numbers of warnings and notes, and the hints."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._hints: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect the attachments of a report."""
        self._counts.update((severity, rule) for severity, rule in attached(report, _REMARKS))
        self._hints += attached(report, _HINTS)

    def pytest_terminal_summary(self, terminalreporter: "pytest.TerminalReporter") -> None:
        """Write the sections that have content."""
        if self._counts:
            from pytest_soblob.judge.rendering import render_remarks

            terminalreporter.section(SUMMARY)
            terminalreporter.write_line(render_remarks(self._counts))
        if self._hints:
            terminalreporter.section(HINTS)
            for hint in self._hints[:_MOST_HINTS]:
                terminalreporter.write_line(hint)
            if len(self._hints) > _MOST_HINTS:
                terminalreporter.write_line(f"and {len(self._hints) - _MOST_HINTS:,} more")


def _finish_fixtures_of_other_settings(item: pytest.Item) -> None:
    """Tear the session's fixtures down if the next test has another `soblob_settings`.

    pytest sets a session fixture up once, with the settings of the first test, and would silently
    ignore those of the next directory's `conftest.py`.
    """
    stash = item.config.stash
    if MADE not in stash:
        return
    made_for, effective, request = stash[MADE]
    if made_for is not find_fixture(item, "soblob_settings"):
        del stash[MADE]
        finish_fixture(effective, request)


def _endpoints(item: pytest.Item) -> list[Any]:
    return item.config.stash.get(ENDPOINTS, [])


def _tidy(report: Any, call: pytest.CallInfo[None]) -> None:
    """Shorten what pytest shows for an error of the kit, so that nothing is shown twice.

    If CI is set, the short summary has the whole message instead of its first line. An error from a
    hook has hidden frames only, about which pytest adds a misleading hint.
    """
    error = None if call.excinfo is None else call.excinfo.value
    if (summary := summary_of(error)) is not None:
        set_crash_message(report, summary)
    if is_own(error):
        remove_hidden_hint(report)
