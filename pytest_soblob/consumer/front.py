"""The suite's options, summary and baseline in pytest.

The plugin loads this module in each run, so it imports the suite itself only where one is played.
PYTEST_DONT_REWRITE: if it has been imported before, old versions of pytest would warn.
"""

import json
import sys
import warnings
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import pytest

from pytest_soblob._pytest_compat import remove_hidden_hint

# The name of the property on a report that carries what became of a scenario, as JSON.
PROPERTY: Final = "soblob_consumer"
DESELECT: Final = "soblob_consumer_deselect"
_XFAILS: Final = "--soblob-consumer-xfails"
_BASELINE: Final = "--soblob-consumer-write-baseline"
_SINCE: Final = "--soblob-consumer-since"
_STRICT: Final = "--soblob-consumer-strict"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the ini key of the consumer suite."""
    group = parser.getgroup("soblob-consumer", "consumer suite of soblob")
    group.addoption(
        _XFAILS,
        metavar="FILE",
        help="scenarios that are expected to fail: a line `ID: reason` for each",
    )
    group.addoption(
        _BASELINE,
        metavar="FILE",
        help="write the scenarios that fail there, as --soblob-consumer-xfails reads them",
    )
    group.addoption(
        _SINCE,
        metavar="VERSION",
        help="scenarios that are newer than this version of the kit are played and fail nothing",
    )
    group.addoption(
        _STRICT, action="store_true", help="scenarios of level `should` fail the run as well"
    )
    parser.addini(DESELECT, "scenarios that are not played: `ID: reason`", type="linelist")


def pytest_configure(config: pytest.Config) -> None:
    """Check the options, and register what collects results."""
    if any(config.getoption(name) for name in (_XFAILS, _SINCE)) or config.getini(DESELECT):
        from pytest_soblob.consumer.choice import Wishes
        from pytest_soblob.errors import SoblobError

        try:
            config.stash[WISHES] = Wishes.read(
                xfails=config.getoption(_XFAILS),
                deselected=config.getini(DESELECT),
                since=config.getoption(_SINCE),
            )
        except SoblobError as error:
            raise pytest.UsageError(f"soblob: {error}") from None
    config.pluginmanager.register(_Results(config), "soblob-consumer-results")


WISHES: Final = pytest.StashKey[Any]()


def is_strict(config: pytest.Config) -> bool:
    """Return whether scenarios of level `should` fail the run."""
    return bool(config.getoption(_STRICT))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, Any]:
    """Take secrets out of what pytest prints of a consumer's own code."""
    report = yield
    if getattr(getattr(item, "cls", None), "is_soblob_consumer_contract", False):
        from pytest_soblob.consumer.report import without_secrets

        report.sections = [(title, without_secrets(text)) for title, text in report.sections]
        remove_hidden_hint(report)
        if report.longrepr is not None and not isinstance(report.longrepr, tuple):
            shown = str(report.longrepr)
            clean = without_secrets(shown)
            if clean != shown:
                report.longrepr = clean
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_warning_recorded(warning_message: warnings.WarningMessage) -> None:
    """Take secrets out of the warnings that pytest lists, where a suite is played."""
    if "pytest_soblob.consumer.contract" in sys.modules:
        from pytest_soblob.consumer.foreign import text_of
        from pytest_soblob.consumer.report import without_secrets

        said = text_of(warning_message.message)
        clean = without_secrets(said)
        if clean != said:
            warning_message.message = clean


class _Results:
    """Collects what became of scenarios, here or in the workers of xdist.

    Args:
        config: The run's configuration.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._records: dict[str, list[dict[str, Any]]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the results that a report carries."""
        if report.when == "call":
            for name, value in report.user_properties:
                if name == PROPERTY:
                    record = json.loads(str(value))
                    self._records.setdefault(record["class"], []).append(record)

    def pytest_terminal_summary(self, terminalreporter: "pytest.TerminalReporter") -> None:
        """Write a section for each class."""
        for name, records in self._records.items():
            from pytest_soblob.consumer.report import summarize
            from pytest_soblob.consumer.runner import Result

            first = records[0]
            terminalreporter.section(
                f"soblob: consumer contract, {name} "
                f"(kit {first['kit']}, {first['profile']}, {first['installation']})"
            )
            results = [Result.from_record(record) for record in records]
            strict = is_strict(self._config)
            text = summarize(results, again=f'pytest -k "{name} and {{}}"', strict=strict)
            terminalreporter.write_line(text)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Write the baseline, in the process that has all results."""
        file = self._config.getoption(_BASELINE)
        if file and not hasattr(self._config, "workerinput"):
            rows = [
                f"{record['class']}::{record['scenario']}: {record['reason']}"
                for records in self._records.values()
                for record in records
                if record["status"] in ("failed", "expected")
            ]
            Path(file).write_text("".join(f"{row}\n" for row in sorted(rows)), encoding="utf-8")
