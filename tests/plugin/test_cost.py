"""A run that does not use the kit does not load it, nor any library that it needs."""

import json
import re
import sys
from pathlib import Path

import pytest

from tests.plugin.conftest import Run

# Of the standard library; of others none at all.
HEAVY = ("asyncio", "http.client", "http.server", "multiprocessing", "socketserver", "ssl")


def modules(pytester: pytest.Pytester, *options: str) -> set[str]:
    """What a run imports, by -X importtime, with every other plugin switched off."""
    import subprocess

    # -s: what a test imports would be captured with its standard error.
    command = [sys.executable, "-X", "importtime", "-m", "pytest", "-q", "-s", *options]
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    result = subprocess.run(
        command, cwd=pytester.path, env=environment, capture_output=True, text=True, check=True
    )
    assert "1 passed" in result.stdout
    return set(re.findall(r"^import time:.*\| +(\S+)$", result.stderr, re.MULTILINE))


def test_a_run_that_does_not_use_the_kit_imports_nothing_foreign(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile("def test_it(): pass")
    without = modules(pytester)
    with_ours = modules(pytester, "-p", "pytest_soblob.plugin")
    added = with_ours - without
    assert "pytest_soblob.fixtures" in added  # the plugin itself comes through importlib, unseen
    assert foreign(added) == set()
    assert not [name for name in added if name.startswith(HEAVY)]
    ours = {name.partition(".")[2] for name in added if name.startswith("pytest_soblob.")}
    # The first three are imported by pytest, which shows in some of its versions only.
    by_pytest = {"plugin", "consumer", "consumer.front"}
    assert ours - by_pytest == {"_pytest_compat", "errors", "fixtures"}


def foreign(names: set[str]) -> set[str]:
    """The modules that are neither ours nor of the standard library."""
    known = {*sys.stdlib_module_names, "pytest_soblob"}
    return {name for name in names if name.partition(".")[0] not in known}


def test_the_test_would_see_a_heavy_import(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(soblob_endpoint): pass")
    assert "lxml.etree" in foreign(modules(pytester, "-p", "pytest_soblob.plugin"))


def test_a_run_in_this_process_imports_no_module_of_the_kit_again(run: Run) -> None:
    """Else each would leave its classes behind, in caches of `typing`: 5 MB."""
    before = {name: module for name, module in sys.modules.items() if is_ours(name)}
    result = run(
        """
        import json
        import sys
        from pathlib import Path
        from client import *

        def test_right(soblob_endpoint):
            upload(soblob_endpoint)

        def test_which_modules_there_are():
            found = {name: id(module) for name, module in sys.modules.items()}
            Path("modules.json").write_text(json.dumps(found))
        """
    )
    result.assert_outcomes(passed=2)
    inside = json.loads(Path("modules.json").read_text())
    again = [name for name, module in before.items() if inside.get(name) != id(module)]
    assert again == []
    assert {name for name in inside if is_ours(name)} - set(before) <= {
        "pytest_soblob.consumer.front"  # the plugin registers it in each run
    }


def is_ours(name: str) -> bool:
    return name.partition(".")[0] == "pytest_soblob"
