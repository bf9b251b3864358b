"""The pytest plugin: options, markers, hooks. It translates, and holds no logic of its own.

When a test is judged: at the end of its call phase, so that pytest reports it as failed, once.
Traffic that comes later, during teardown, is an error. A test that fails for another reason gets
what the endpoint saw as a section of its own.
"""

from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest

from pytest_soblob.fixtures import (
    ENDPOINTS,
    EXPECTED,
    MADE,
    OPTIONS,
    SETTINGS,
    SEVERITY_OPTIONS,
    _soblob_effective_settings,
    soblob_authority,
    soblob_client,
    soblob_endpoint,
    soblob_endpoint_tls,
    soblob_settings,
    soblob_validator,
    soblob_wsdl,
)

__all__ = [
    "_soblob_effective_settings",
    "soblob_authority",
    "soblob_client",
    "soblob_endpoint",
    "soblob_endpoint_tls",
    "soblob_settings",
    "soblob_validator",
    "soblob_wsdl",
]

MARKER = "soblob_expects"
SECTION = "soblob: what the endpoint saw"
SUMMARY = "soblob: warnings and notes"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add an option and an ini key for each setting."""
    group = parser.getgroup("soblob", "SuperOffice SaveImageStream contract tests")
    texts = {name: text for name, (_, text) in OPTIONS.items()} | SEVERITY_OPTIONS
    for name, text in texts.items():
        group.addoption(f"--{name.replace('_', '-')}", dest=name, default=None, help=text)
        parser.addini(name, text, default=None)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and the collector of warnings."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(*rules): the test breaks these rules of the SaveImageStream contract on "
        "purpose, and fails if it does not",
    )
    config.pluginmanager.register(Remarks(), "soblob-remarks")
    _configure_severities(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing in force for another run in this process."""
    if any(config.getini(name) or config.getoption(name) for name in SEVERITY_OPTIONS):
        from pytest_soblob.severities import Severities, put_in_force

        put_in_force(Severities())


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a parameter of ours by its `repr`: pytest would put all bytes of an image there."""
    ours = type(val).__module__.startswith("pytest_soblob.")
    return repr(val) if ours and isinstance(val, bytes) else None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Give the test a clean endpoint, before any fixture of its own runs."""
    _end_what_was_made_for_others(item)
    item.config.stash[SETTINGS] = _settings_of(item)
    rules = _expected_rules(item)
    item.config.stash[EXPECTED] = rules
    for endpoint in _endpoints(item):
        endpoint.reset()
        if rules:
            endpoint.expect(*rules)


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> None:
    """Remember what the session's fixtures are made from, and for which `soblob_settings`."""
    if fixturedef.argname == "_soblob_effective_settings":
        stash = request.config.stash
        stash.setdefault(ENDPOINTS, []).clear()  # those of other settings have been judged
        stash[MADE] = (stash[SETTINGS], fixturedef, request)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Judge the test at the end of its call phase."""
    __tracebackhide__ = True
    result = yield
    for endpoint in _endpoints(item):
        endpoint.check()
    rules = item.config.stash[EXPECTED]
    if rules:
        from pytest_soblob.endpoint import raise_unmet

        raise_unmet(rules, {rule for endpoint in _endpoints(item) for rule in endpoint.met()})
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, Any, Any]:
    """Judge traffic that comes during teardown; all that came before has been told."""
    __tracebackhide__ = True
    for endpoint in _endpoints(item):
        endpoint.tick_off()
    result = yield
    if nextitem is not None:
        _end_what_was_made_for_others(nextitem)
    for endpoint in _endpoints(item):
        endpoint.check()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, Any]:
    """Show what the endpoint saw in a failure that it did not raise; hand warnings on."""
    report = yield
    _tidy(report, call)
    for endpoint in _endpoints(item):
        untold = endpoint.untold() if report.failed else None
        if untold is not None:
            report.sections.append((SECTION, untold))
        if call.when == "teardown":
            # Plain data on the report itself: so it crosses from a worker of xdist, too.
            report.soblob_remarks = [[str(v.severity), v.rule] for v in endpoint.remarks()]
    return report


class Remarks:
    """Counts warnings and notes of all tests, and lists them in the terminal summary."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect what one test's report carries."""
        self._counts.update((s, rule) for s, rule in getattr(report, "soblob_remarks", ()))

    def pytest_terminal_summary(self, terminalreporter: "pytest.TerminalReporter") -> None:
        """Write a section, where there is something to say."""
        if self._counts:
            from pytest_soblob.rendering import render_remarks

            terminalreporter.section(SUMMARY)
            terminalreporter.write_line(render_remarks(self._counts))


def _configure_severities(config: pytest.Config) -> None:
    """Put ini and command line in force, where they say anything."""
    fail_on, own = (config.getoption(n) or config.getini(n) for n in SEVERITY_OPTIONS)
    if fail_on or own:
        from pytest_soblob.errors import SoblobError
        from pytest_soblob.severities import Severities, put_in_force

        try:
            put_in_force(Severities.parse(own or "", fail_on or "error"))
        except SoblobError as error:
            raise pytest.UsageError(f"soblob: {error}") from None


def _settings_of(item: pytest.Item) -> Any:
    """Return the definition of `soblob_settings` that a test is under; None before there is one.

    There is no public way to ask which override that is.
    """
    info = getattr(item, "_fixtureinfo", None)
    own = None if info is None else info.name2fixturedefs.get("soblob_settings")
    found = own or item.session._fixturemanager.getfixturedefs("soblob_settings", item)
    return found[-1] if found else None


def _end_what_was_made_for_others(item: pytest.Item) -> None:
    """End the session's fixtures if the test to come is under another `soblob_settings`.

    Of itself pytest makes a session's fixture once, by the settings of the test that came first:
    the next directory's `conftest.py` would be ignored, and nothing would say so.
    """
    stash = item.config.stash
    made_for, effective, request = stash.get(MADE, (None, None, None))
    if effective is not None and made_for is not _settings_of(item):
        del stash[MADE]
        effective.finish(request)  # and, as pytest has it, all that was made from it


def _endpoints(item: pytest.Item) -> list[Any]:
    return item.config.stash.get(ENDPOINTS, [])


def _tidy(report: Any, call: pytest.CallInfo[None]) -> None:
    """Keep a failure of ours to one telling, whatever pytest adds to it.

    What a hook raises has hidden frames only, and pytest's hint at them misleads; and where CI is
    set, the short summary repeats a whole message instead of its first line.
    """
    error = None if call.excinfo is None else call.excinfo.value
    if type(error).__module__ != "pytest_soblob.errors":
        return
    traceback = getattr(report.longrepr, "reprtraceback", None)
    if traceback is not None and "hidden" in (traceback.extraline or ""):
        traceback.extraline = None
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        crash.message = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


def _expected_rules(item: pytest.Item) -> tuple[str, ...]:
    """Return the rules of the test's markers; a wrong one is an error of the test's setup."""
    markers = list(item.iter_markers(MARKER))
    if not markers:
        return ()
    from pytest_soblob.catalogue import check_rule_ids
    from pytest_soblob.errors import SoblobError

    rules = [rule for marker in markers for rule in marker.args]
    if not all(marker.args for marker in markers):
        pytest.fail(f"{MARKER} needs at least one rule id", pytrace=False)
    try:
        return check_rule_ids(rules)
    except SoblobError as error:
        pytest.fail(f"{MARKER}: {error}", pytrace=False)
