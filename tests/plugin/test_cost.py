"""A run that uses none of our fixtures pays for none of them."""

import re

import pytest

HEAVY = (
    "lxml", "xmlschema", "zeep", "hypothesis", "PIL", "httptools", "requests", "urllib3",
    "http.server", "http.client", "socketserver", "click", "rich", "jinja2", "pybase64",
)  # fmt: skip


def modules(pytester: pytest.Pytester, *options: str) -> set[str]:
    """What a run imports, by -X importtime, with every other plugin switched off."""
    import subprocess
    import sys

    # -s: what a test imports would be captured with its standard error.
    command = [sys.executable, "-X", "importtime", "-m", "pytest", "-q", "-s", *options]
    environment = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PATH": "/usr/bin:/bin"}
    result = subprocess.run(
        command, cwd=pytester.path, env=environment, capture_output=True, text=True, check=True
    )
    assert "1 passed" in result.stdout
    return set(re.findall(r"^import time:.*\| +(\S+)$", result.stderr, re.MULTILINE))


def test_a_run_without_our_fixtures_imports_nothing_of_weight(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(): pass")
    without = modules(pytester)
    with_ours = modules(pytester, "-p", "pytest_soblob.plugin")
    added = with_ours - without
    assert "pytest_soblob.fixtures" in added  # the plugin itself comes through importlib, unseen
    foreign = {name for name in added if not name.startswith("pytest_soblob")}
    assert len(foreign) <= 10, sorted(foreign)
    assert not [name for name in added if name.startswith(HEAVY)]


def test_the_test_would_see_a_heavy_import(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(soblob_endpoint): pass")
    assert "lxml.etree" in modules(pytester, "-p", "pytest_soblob.plugin")
