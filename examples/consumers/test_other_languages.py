"""Uploaders in other languages, by `soblob consumer`. Those without an interpreter are skipped."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
GIVEN = "{url} {type} {image} {description}"
# What is played and fails, and why.
PATTERNS = "a shell reads one spelling of XML, by patterns"
READS_PATTERNS = {
    "answer.cdata": PATTERNS,
    "answer.comments": PATTERNS,
    "answer.no-prefix": PATTERNS,
    "answer.no-succeeded-block": PATTERNS,
    "answer.other-version": PATTERNS,
    "answer.plus-sign-id": PATTERNS,
    "answer.references": PATTERNS,
    "answer.succeeded-1": PATTERNS,
    "answer.two-body-children": PATTERNS,
    "answer.utf16": PATTERNS,
    "answer.white-space-in-id": PATTERNS,
}
# Found in node-soap 1; `soblob scenario ID` says what each costs.
NODE_SOAP = {
    "description.cdata-like": "node-soap takes such a text for XML",
    "answer.utf16": "node-soap reads UTF-8 alone",
    "answer.doctype": "node-soap reads a document type",
    "answer.other-version": "node-soap looks at local names",
}


def run(kind: str, command: str, timeout_s: float, deselected: dict[str, str]) -> list[str]:
    """Return the scenarios that are red."""
    words = ["-c", "from pytest_soblob.cli import main; main()", "consumer", f"--{kind}", command]
    words += ["--format", "json", "--timeout", "60", "--jobs", "4"]
    words += ["--ability", f"timeout_s={timeout_s}"]
    for name, reason in deselected.items():
        words += ["--deselect", f"{name}:{reason}"]
    ended = subprocess.run([sys.executable, *words], capture_output=True, check=False, timeout=3000)
    assert ended.returncode in (0, 1), ended.stderr.decode()
    report = json.loads(ended.stdout)
    return [
        f"{one['scenario']}: {one['reason']}"
        for one in report
        if one["outcome"] in ("failed", "not-run") and one["level"] == "must"
    ]


def needs(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


def test_shell_with_curl() -> None:
    needs("curl")
    assert run("command", f"{needs('sh')} {HERE / 'upload.sh'} {GIVEN}", 1.0, READS_PATTERNS) == []


def test_php() -> None:
    assert run("command", f"{needs('php')} {HERE / 'upload.php'} {GIVEN}", 1.0, {}) == []


def test_java(tmp_path: Path) -> None:
    subprocess.run([needs("javac"), "-d", str(tmp_path), str(HERE / "Upload.java")], check=True)
    command = f"{needs('java')} -XX:TieredStopAtLevel=1 -cp {tmp_path} Upload {GIVEN}"
    assert run("command", command, 5.0, {}) == []


def test_node_soap() -> None:
    node = needs("node")
    found = subprocess.run([node, "-e", "require('soap')"], capture_output=True, check=False)
    if found.returncode:
        pytest.skip("the package soap is not installed")
    assert run("worker", f"{node} {HERE / 'node_worker.js'}", 4.0, NODE_SOAP) == []
