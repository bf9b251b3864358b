"""The only module that uses parts of pytest which its documentation does not describe.

Each function names the part that it relies on. `tests/plugin/test_pytest_compat.py` has a test for
each function, which fails if a pytest release changes that part. Nothing here is specific to SOAP.
"""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest


def find_fixture(item: pytest.Item, name: str) -> pytest.FixtureDef[Any] | None:
    """Return the definition of a fixture that applies to a test, or None if there is none.

    Relies on `Item._fixtureinfo` and `Session._fixturemanager`. pytest has no public way to ask
    which of several overrides of a fixture applies, unless the fixture is set up as well.
    """
    info = getattr(item, "_fixtureinfo", None)
    requested = None if info is None else info.name2fixturedefs.get(name)
    found = requested or item.session._fixturemanager.getfixturedefs(name, item)
    return found[-1] if found else None


def finish_fixture(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
    """Tear a fixture down, with every fixture that was set up from it.

    Relies on `FixtureDef.finish`. The next test that needs the fixture sets it up again.

    Args:
        fixturedef: The definition, as `pytest_fixture_setup` received it.
        request: The request, as `pytest_fixture_setup` received it.
    """
    fixturedef.finish(request)  # type: ignore[arg-type]  # the hook passes a SubRequest


@contextmanager
def hidden_frames(package: str) -> Generator[None, None, None]:
    """Leave the frames of a package out of tracebacks that pytest formats inside the block.

    Relies on pytest looking for `__tracebackhide__` in the globals of a frame as well as in its
    locals. Without it, `--showlocals` would print what those frames hold.
    """
    own = [m for name, m in list(sys.modules.items()) if name.partition(".")[0] == package]
    for module in own:
        vars(module)["__tracebackhide__"] = True
    try:
        yield
    finally:
        for module in own:
            vars(module).pop("__tracebackhide__", None)


def crash_message(report: pytest.TestReport) -> str | None:
    """Return the text that the short summary and JUnit show for a failure, or None without one.

    Relies on `longrepr.reprcrash.message`.
    """
    crash = getattr(report.longrepr, "reprcrash", None)
    return None if crash is None else str(crash.message)


def set_crash_message(report: pytest.TestReport, message: str) -> None:
    """Replace that text; nothing happens where `crash_message` returns None.

    Relies on `longrepr.reprcrash.message`.
    """
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        crash.message = message


def remove_hidden_hint(report: pytest.TestReport) -> None:
    """Remove the line with which pytest explains that it shows hidden frames.

    Relies on `longrepr.reprtraceback.extraline`, and on the word "hidden" in it. pytest adds the
    line if every frame of a traceback is hidden, which is always so for an error from a hook.
    """
    traceback = getattr(report.longrepr, "reprtraceback", None)
    if traceback is not None and "hidden" in (traceback.extraline or ""):
        traceback.extraline = None


def add_section(report: pytest.TestReport, title: str, text: str) -> None:
    """Append a titled section to the text of a failure, or to the report if it has no such text.

    Relies on `longrepr` being a string or having `addsection`. A section of the report itself
    (`TestReport.sections`, which is documented) is not part of JUnit's text of a failure.
    """
    if isinstance(report.longrepr, str):
        report.longrepr += f"\n{title}\n{text}"
        return
    append = getattr(report.longrepr, "addsection", None)
    if append is not None:
        append(title, text, "-")
    else:
        report.sections.append((title, text))


def is_expected_failure(report: pytest.TestReport) -> bool:
    """Whether a report counts as an expected failure (`xfail`) that failed, or that passed.

    Relies on `TestReport.wasxfail`, which pytest sets on such reports only.
    """
    return hasattr(report, "wasxfail")


def attach(report: pytest.TestReport, name: str, value: list[Any]) -> None:
    """Attach a list of plain data to a report, for `attached` in `pytest_runtest_logreport`.

    Relies on pytest serialising all attributes of a report: a worker of pytest-xdist sends it to
    the main process.
    """
    setattr(report, name, value)


def attached(report: pytest.TestReport, name: str) -> list[Any]:
    """Return what `attach` attached to a report under a name, or an empty list."""
    found: list[Any] = getattr(report, name, [])
    return found


def is_hypothesis_test(item: pytest.Item) -> bool:
    """Whether the function of a test is decorated with `@given`.

    Relies on `Function.obj`, and on `is_hypothesis_test`, which Hypothesis sets on the function.
    """
    return bool(getattr(getattr(item, "obj", None), "is_hypothesis_test", False))
