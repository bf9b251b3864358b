"""What `_pytest_compat` relies on in pytest: each test fails if a release changes that part.

The inner runs have plugins of their own and none of ours, so that a failure points at pytest.
"""

import ast
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

import pytest_soblob
from pytest_soblob import _pytest_compat as compat

PACKAGE = Path(str(pytest_soblob.__file__)).parent
FAILING = "def test_it():\n    assert 1 == 2\n"


class Reports:
    """Keeps the reports of an inner run, and changes each where it is made."""

    def __init__(self, change: Any = lambda report, item: None) -> None:
        self.change = change
        self.made: list[pytest.TestReport] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, Any, Any]:
        report: Any = yield
        self.change(report, item)
        self.made.append(report)
        return report

    @property
    def of_call(self) -> pytest.TestReport:
        return next(report for report in self.made if report.when == "call")


def run(pytester: pytest.Pytester, source: str, plugin: object, *options: str) -> pytest.RunResult:
    pytester.makepyfile(test_inner=source)
    return pytester.runpytest_inprocess("-p", "no:randomly", *options, plugins=[plugin])


OVERRIDES = {
    "conftest": "import pytest\n@pytest.fixture(scope='session')\ndef asked(): return 'root'\n",
    "test_1": "def test_root(): pass\n",
    "test_2": (
        "import pytest\n@pytest.fixture(scope='session')\ndef asked(): return 'module'\n"
        "def test_unused(): pass\ndef test_used(asked): assert asked == 'module'\n"
        "@pytest.mark.parametrize('asked', ['x'])\ndef test_parameter(asked): pass\n"
    ),
}
# An item that is no function, one for each text file.
LINES = """
import pytest

class Line(pytest.Item):
    def runtest(self):
        assert self.path.read_text() != "wrong"

    def repr_failure(self, excinfo):
        return "a failure in words"

class Lines(pytest.File):
    def collect(self):
        yield Line.from_parent(self, name="line")

def pytest_collect_file(parent, file_path):
    if file_path.suffix == ".txt":
        return Lines.from_parent(parent, path=file_path)
"""


@pytest.mark.parametrize("name", ["asked", "missing"])
def test_find_fixture_needs_fixtureinfo_and_fixturemanager(
    pytester: pytest.Pytester, name: str
) -> None:
    """`Item._fixtureinfo.name2fixturedefs`, `Session._fixturemanager.getfixturedefs`."""
    found: dict[str, str | None] = {}

    class Plugin:
        def pytest_runtest_setup(self, item: pytest.Item) -> None:
            fixture = compat.find_fixture(item, name)
            found[item.name] = None if fixture is None else fixture.func.__module__

    pytester.makepyfile(**OVERRIDES)
    pytester.runpytest_inprocess(plugins=[Plugin()]).assert_outcomes(passed=4)
    wanted = {
        "test_root": "conftest",
        "test_unused": "test_2",
        "test_used": "test_2",
        "test_parameter[x]": "test_2",
    }
    if name == "asked":  # a fixture that pytest makes for the parameter
        assert str(found.pop("test_parameter[x]")).startswith("_pytest.")
        del wanted["test_parameter[x]"]
    assert found == (wanted if name == "asked" else dict.fromkeys(wanted))


def test_find_fixture_of_an_item_that_is_no_function(pytester: pytest.Pytester) -> None:
    """`Session._fixturemanager.getfixturedefs` takes any item, such as that of a text file."""
    found = []

    class Plugin:
        def pytest_runtest_setup(self, item: pytest.Item) -> None:
            found.append(compat.find_fixture(item, "asked"))

    pytester.makeconftest(OVERRIDES["conftest"] + LINES)
    pytester.makefile(".txt", one="a line")
    pytester.runpytest_inprocess(plugins=[Plugin()]).assert_outcomes(passed=1)
    (fixture,) = found
    assert fixture is not None
    assert fixture.func() == "root"


def test_finish_fixture_needs_finish(pytester: pytest.Pytester) -> None:
    """`FixtureDef.finish` tears a session's fixture down, and those that were set up from it."""

    class Plugin:
        made: tuple[Any, Any] | None = None

        @pytest.hookimpl(tryfirst=True)
        def pytest_fixture_setup(
            self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
        ) -> None:
            if fixturedef.argname == "base":
                self.made = (fixturedef, request)

        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_setup(self, item: pytest.Item) -> None:
            if item.name == "test_second":
                assert self.made is not None
                compat.finish_fixture(*self.made)
                events = item.module.EVENTS  # type: ignore[attr-defined]  # a function's
                assert events == ["base up", "derived up", "derived down", "base down"]

    source = """
        import pytest
        EVENTS = []

        @pytest.fixture(scope="session")
        def base():
            EVENTS.append("base up")
            yield
            EVENTS.append("base down")

        @pytest.fixture(scope="session")
        def derived(base):
            EVENTS.append("derived up")
            yield
            EVENTS.append("derived down")

        def test_first(derived): pass
        def test_second(derived): assert EVENTS[-2:] == ["base up", "derived up"]
    """
    run(pytester, source, Plugin()).assert_outcomes(passed=2)


@pytest.mark.parametrize("hidden", [True, False])
def test_hidden_frames_needs_tracebackhide_in_globals(
    pytester: pytest.Pytester, hidden: bool
) -> None:
    """`__tracebackhide__` in a module's globals, where the frames' locals do not have it."""

    class Plugin:
        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_makereport(self) -> Generator[None, Any, Any]:
            with compat.hidden_frames("library" if hidden else "libraries"):
                return (yield)

    pytester.makepyfile(library="def fail(secret):\n    raise ValueError('no')\n")
    source = "import library\ndef test_it():\n    library.fail('unseen')\n"
    result = run(pytester, source, Plugin(), "--showlocals")
    result.assert_outcomes(failed=1)
    assert ("unseen'\n" in result.stdout.str()) is not hidden
    assert ("library.py:2: ValueError" in result.stdout.str()) is not hidden


def test_crash_message_needs_reprcrash(pytester: pytest.Pytester) -> None:
    """`longrepr.reprcrash.message` is what the short summary and JUnit show."""

    def change(report: pytest.TestReport, _: pytest.Item) -> None:
        if report.failed:
            assert compat.crash_message(report) == "assert 1 == 2"
            compat.set_crash_message(report, "another text")
            assert compat.crash_message(report) == "another text"
        else:
            compat.set_crash_message(report, "of no failure")
            assert compat.crash_message(report) is None

    result = run(pytester, FAILING, Reports(change), "--junitxml=junit.xml")
    result.stdout.fnmatch_lines(["FAILED test_inner.py::test_it - another text"])
    assert 'message="another text"' in (pytester.path / "junit.xml").read_text()


@pytest.mark.parametrize("removed", [True, False])
def test_remove_hidden_hint_needs_extraline(pytester: pytest.Pytester, removed: bool) -> None:
    """`longrepr.reprtraceback.extraline` says that all frames are hidden."""

    def change(report: pytest.TestReport, _: pytest.Item) -> None:
        if removed:
            compat.remove_hidden_hint(report)

    class Hook(Reports):
        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_call(self) -> Generator[None, Any, Any]:
            __tracebackhide__ = True
            yield
            raise ValueError("from a hook")

    result = run(pytester, "def test_it(): pass", Hook(change))
    result.assert_outcomes(failed=1)
    assert ("entries are hidden" in result.stdout.str()) is not removed
    result.stdout.fnmatch_lines(["*ValueError: from a hook*"])


@pytest.mark.parametrize(
    ("body", "is_in_junit"),
    [
        ("assert 1 == 2", True),  # longrepr.addsection
        ("pytest.fail('by hand', pytrace=False)", True),
        ("pass", False),  # the report's own sections
    ],
)
def test_add_section_needs_longrepr(
    pytester: pytest.Pytester, body: str, is_in_junit: bool
) -> None:
    """`longrepr` has `addsection`, and is the text of a failure in JUnit."""

    def change(report: pytest.TestReport, _: pytest.Item) -> None:
        if report.when == "call":
            compat.add_section(report, "A title", "a text of the section")

    reports = Reports(change)
    source = f"import pytest\ndef test_it():\n    {body}\n"
    result = run(pytester, source, reports, "--junitxml=junit.xml", "-rP")
    result.stdout.fnmatch_lines(["*A title*", "a text of the section"])
    text = (pytester.path / "junit.xml").read_text()
    assert ("a text of the section" in text.partition("</failure>")[0]) is is_in_junit


def test_add_section_to_a_failure_that_is_a_string(pytester: pytest.Pytester) -> None:
    """`longrepr` is the string that the `repr_failure` of an item returns."""

    def change(report: pytest.TestReport, _: pytest.Item) -> None:
        if report.failed:
            compat.add_section(report, "A title", "a text of the section")

    pytester.makeconftest(LINES)
    pytester.makefile(".txt", one="wrong")
    result = pytester.runpytest_inprocess(plugins=[Reports(change)])
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["a failure in words", "A title", "a text of the section"])


def test_is_expected_failure_needs_wasxfail(pytester: pytest.Pytester) -> None:
    """`TestReport.wasxfail` is set for `xfail` alone, whether the test failed or passed."""
    source = """
        import pytest

        @pytest.mark.xfail
        def test_fails(): assert False
        @pytest.mark.xfail(strict=False)
        def test_passes(): pass
        def test_by_hand(): pytest.xfail("no")
        def test_skips(): pytest.skip("no")
        def test_right(): pass
        def test_wrong(): assert False
    """
    reports = Reports()
    run(pytester, source, reports)
    found = {
        report.nodeid.partition("::test_")[2]
        for report in reports.made
        if compat.is_expected_failure(report)
    }
    assert found == {"fails", "passes", "by_hand"}


@pytest.mark.parametrize("options", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_attach_needs_reports_that_carry_attributes(
    pytester: pytest.Pytester,
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
) -> None:
    """All attributes of a report are serialised: pytest-xdist sends them to the main process."""
    monkeypatch.setenv("PYTHONPATH", str(checkout))  # where nothing is installed
    pytester.makeconftest(
        """
        import pytest
        from pytest_soblob._pytest_compat import attach, attached

        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_makereport(item, call):
            report = yield
            if call.when == "call":
                attach(report, "soblob_tried", [["a", 1], "b"])
            return report

        class Collector:
            def pytest_runtest_logreport(self, report):
                print(report.when, "has", attached(report, "soblob_tried"))

        def pytest_configure(config):
            if not hasattr(config, "workerinput"):
                config.pluginmanager.register(Collector())
        """
    )
    pytester.makepyfile("def test_it(): pass")
    result = pytester.runpytest_subprocess("-s", *options)
    result.assert_outcomes(passed=1)
    assert "setup has []" in result.stdout.str()
    assert "call has [['a', 1], 'b']" in result.stdout.str()


def test_is_hypothesis_test_needs_obj_and_the_mark(pytester: pytest.Pytester) -> None:
    """`Function.obj` is the test's function, on which Hypothesis sets `is_hypothesis_test`."""
    found: dict[str, bool] = {}

    class Plugin:
        def pytest_runtest_setup(self, item: pytest.Item) -> None:
            found[item.name] = compat.is_hypothesis_test(item)

    source = """
        from hypothesis import given, strategies as st

        @given(number=st.just(1))
        def test_given(number): pass
        def test_plain(): pass
        class TestThem:
            @given(number=st.just(1))
            def test_method(self, number): pass
    """
    run(pytester, source, Plugin()).assert_outcomes(passed=3)
    assert found == {"test_given": True, "test_plain": False, "test_method": True}


PRIVATE_NAMES = {
    "_fixtureinfo",
    "_fixturemanager",
    "addsection",
    "extraline",
    "finish",
    "is_hypothesis_test",
    "reprcrash",
    "reprtraceback",
    "wasxfail",
}


def touched(source: str) -> set[str]:
    """The private parts of others that a module uses."""
    tree = ast.parse(source)
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("_pytest"):
            found.add(str(node.module))
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names if name.name.startswith("_pytest")}
        elif isinstance(node, ast.Attribute):
            own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            private = node.attr.startswith("_") and not node.attr.startswith("__")
            own |= node.attr == "_runner"  # what an endpoint has for the plugin
            if (private and not own) or node.attr in PRIVATE_NAMES:
                found.add(node.attr)
        elif isinstance(node, ast.Constant) and node.value in PRIVATE_NAMES:
            found.add(str(node.value))
    return found


def test_no_other_module_touches_private_parts_of_pytest() -> None:
    users = {
        file.relative_to(PACKAGE).as_posix()
        for file in sorted(PACKAGE.rglob("*.py"))
        if "import pytest\n" in file.read_text() or "_pytest." in file.read_text()
    }
    assert users == {
        "_pytest_compat.py",
        "fixtures.py",
        "plugin.py",
        "consumer/contract.py",
        "consumer/front.py",
    }
    for name in users - {"_pytest_compat.py"}:
        assert touched((PACKAGE / name).read_text()) == set(), name
    seen = touched((PACKAGE / "_pytest_compat.py").read_text())
    assert seen == PRIVATE_NAMES


def test_each_function_of_it_has_a_test() -> None:
    tree = ast.parse((PACKAGE / "_pytest_compat.py").read_text())
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert len(functions) > 8
    tested = ast.parse(Path(__file__).read_text())
    called = {
        node.attr
        for node in ast.walk(tested)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        if node.value.id == "compat"
    }
    assert functions - called == {"attach", "attached"}  # which an inner conftest.py imports
