"""What the command writes, on whatever there is: any encoding, a full disk, nobody who reads.

How often something is parsed is counted in the private parser: no output shows it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import pytest

from pytest_soblob._xml import carving as _carving
from pytest_soblob._xml import document as _xml
from pytest_soblob.cli import judging, main
from pytest_soblob.cli.judging import JudgeSettings, judge_bytes
from tests import mistakes
from tests.cli.conftest import Soblob, command
from tests.command import runner
from tests.http.test_captures import ANSWERED, ASKED

FULL = Path("/dev/full")
# Two that differ most stay with those that are not slow: a byte a character, and two with a mark.
SLOW_ENCODINGS = ("latin-1", "ascii", "utf-8", "cp437")
ENCODINGS = (
    *("cp1252", "utf-16"),
    *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW_ENCODINGS),
)
# An ellipsis, a letter beyond Latin, one beyond the first plane: what excerpts and values hold.
ODD = mistakes.request(
    "<n:Type>Łódź 🙂 æ</n:Type>", mistakes.IMAGE, "<n:Descriptión>x</n:Descriptión>"
)


def run(
    folder: Path,
    *arguments: str,
    stdout: int | IO[bytes] = subprocess.PIPE,
    stderr: int | IO[bytes] = subprocess.PIPE,
    **environment: str,
) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        command(*arguments), cwd=folder, stdout=stdout, stderr=stderr,
        env=os.environ | {"COLUMNS": "92"} | environment, timeout=60, check=False,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "right.xml").write_text(mistakes.request())
    (tmp_path / "odd.xml").write_bytes(ODD.encode())
    (tmp_path / "zł🙂.xml").write_bytes(ODD.encode())
    return tmp_path


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_an_encoding_cannot_hold_is_escaped_and_nothing_is_lost(
    folder: Path, encoding: str
) -> None:
    files = ("odd.xml", "zł🙂.xml", "nł🙂.xml")
    result = run(folder, "validate", *files, PYTHONIOENCODING=encoding)
    plain = run(folder, "validate", *files, PYTHONIOENCODING="utf-8")
    assert result.returncode == plain.returncode == 2

    def escaped(data: bytes) -> str:
        return data.decode().encode(encoding, "backslashreplace").decode(encoding)

    assert result.stdout.decode(encoding).replace("\ufeff", "") == escaped(plain.stdout)
    assert result.stderr.decode(encoding).replace("\ufeff", "") == escaped(plain.stderr)
    if encoding == "cp1252":
        text = result.stdout.decode(encoding)
        assert "\\u0141ód\\u017a \\U0001f642 æ" in text
        assert "z\\u0142\\U0001f642.xml: INVALID request" in text


@pytest.mark.parametrize("output", ["json", pytest.param("jsonl", marks=pytest.mark.slow)])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_json_is_utf_8_in_any_encoding(folder: Path, encoding: str, output: str) -> None:
    arguments = ("validate", "--format", output, "odd.xml")
    result = run(folder, *arguments, PYTHONIOENCODING=encoding)
    assert (result.returncode, result.stderr) == (1, b"")
    assert result.stdout == run(folder, *arguments, PYTHONIOENCODING="utf-8").stdout
    entries = json.loads(result.stdout)
    (entry,) = entries if output == "json" else [entries]
    assert "Łódź 🙂 æ" in entry["violations"][0]["message"]


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("rules", "body.image-missing"), ("failures",), ("--help",)])
def test_other_commands_escape_as_well(folder: Path, arguments: Sequence[str]) -> None:
    result = run(folder, *arguments, PYTHONIOENCODING="ascii")
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.isascii()


full = pytest.mark.skipif(not FULL.exists(), reason="there is no device that is always full")
SAID = b"soblob: cannot write the output: No space left on device\n"


@full
@pytest.mark.parametrize(
    "arguments",
    [
        ("validate", "right.xml"),
        ("rules", "--format", "json"),
        *(pytest.param(arguments, marks=pytest.mark.slow) for arguments in (
            ("validate", "odd.xml", "missing.xml"),
            ("validate", "--format", "json", "right.xml"),
            ("validate", "--format", "jsonl", "--jobs", "2", *["right.xml"] * 200),
            ("rules",),
            ("failures",),
            ("--help",),
            ("--version",),
            ("validate", "--help"),
        )),
    ],
    ids=lambda arguments: " ".join(arguments[:4]),
)  # fmt: skip
def test_a_full_disk_is_one_line_and_2(folder: Path, arguments: Sequence[str]) -> None:
    with FULL.open("wb") as device:
        result = run(folder, *arguments, stdout=device)
    assert result.returncode == 2
    assert result.stderr == SAID


@pytest.mark.slow
@full
def test_nobody_who_hears_a_complaint_changes_no_exit_code(folder: Path) -> None:
    for arguments, code in (
        (("validate", "right.xml"), 0),
        (("validate", "odd.xml"), 1),
        (("validate", "missing.xml"), 2),
        (("validat",), 2),
    ):
        with FULL.open("wb") as device:
            assert run(folder, *arguments, stderr=device).returncode == code


@pytest.mark.slow
def test_streams_that_are_closed_change_no_exit_code(folder: Path) -> None:
    for file, code in (("right.xml", 0), ("odd.xml", 1), ("missing.xml", 2)):
        script = '"$0" -c "from pytest_soblob.cli import main; main()" validate "$1" >&- 2>&-'
        done = subprocess.run(
            ["sh", "-c", script, sys.executable, file], cwd=folder, timeout=60, check=False
        )
        assert done.returncode == code


def test_standard_input_that_is_closed_is_one_line(folder: Path) -> None:
    script = '"$0" -c "from pytest_soblob.cli import main; main()" validate - <&-'
    done = subprocess.run(
        ["sh", "-c", script, sys.executable], cwd=folder, timeout=60, check=False,
        capture_output=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (2, b"soblob: standard input: it is closed\n")


def test_a_folder_that_is_gone_is_one_line(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    script = 'rmdir "$1"; exec "$0" -c "from pytest_soblob.cli import main; main()" validate x.xml'
    gone.mkdir()
    result = subprocess.run(
        ["sh", "-c", script, sys.executable, str(gone)],
        cwd=gone, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert result.returncode == 2
    assert b"Traceback" not in result.stderr
    assert result.stderr.startswith(b"soblob: ")


def test_json_says_what_a_server_does_and_what_to_change(soblob: Soblob, folder: Path) -> None:
    (entry,) = json.loads(soblob("validate", "--format", "json", "odd.xml").stdout)
    shown = {v["rule"]: (v["server"], v["change"]) for v in entry["violations"]}
    server, change = shown["body.child-unknown"]
    assert "ignores it silently" in server
    assert change == "remove it, or correct its name"
    line = soblob("validate", "--format", "jsonl", "odd.xml").stdout
    assert json.loads(line) == entry


@pytest.mark.parametrize(
    ("text", "excerpt"),
    [
        (mistakes.request("<n:Type> PersonImage\t\n</n:Type>", mistakes.IMAGE),
         r"4 | <n:Type> PersonImage\t\n</n:Type>"),
        (mistakes.request("<n:Type>Person\u00a0Image</n:Type>", mistakes.IMAGE),
         r"4 | <n:Type>Person\xa0Image</n:Type>"),
        (mistakes.request(mistakes.TYPE, "<n:Image>AA\u00a0AA</n:Image>"),
         r"5 | <n:Image>AA\xa0AA</n:Image>"),
        (mistakes.request().replace("7T:", "\n 7T:"), r"2 | <n:Ticket>\n 7T:47…</n:Ticket>"),
        (" \n" + '<?xml version="1.0"?>' + mistakes.request(), r'1 |  \n<?xml version="1.0"?>'),
    ],
)  # fmt: skip
def test_an_excerpt_shows_the_white_space_that_is_wrong(text: str, excerpt: str) -> None:
    rows = [
        row for v in judge_bytes(text.encode(), JudgeSettings()).violations for row in v.excerpt
    ]
    assert any(row.startswith(excerpt) for row in rows), rows


@pytest.mark.parametrize(
    "data",
    [mistakes.request().encode(), mistakes.response().encode(), b"<x/>", b"{}", ASKED, ANSWERED],
    ids=["request", "response", "another", "none", "http request", "http response"],
)
def test_the_kind_is_told_by_what_is_judged(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """--kind auto parses once."""
    parsed: list[bytes] = []
    for module, name in ((_carving, "parse"), (_xml, "parse")):
        own = getattr(module, name)

        def counting(data: bytes, *more: object, own: object = own) -> object:
            parsed.append(data)
            return own(data, *more)  # type: ignore[operator]

        monkeypatch.setattr(module, name, counting)
    judge_bytes(data, JudgeSettings())
    assert judging.JudgeSettings().kind == "auto"
    # What is not cut is handed on from `_carving.parse` to `_xml.parse`: one and the same time.
    assert len(parsed) <= 2
    parsed.clear()
    judge_bytes(data, JudgeSettings(kind="request"))
    once = len(parsed)
    parsed.clear()
    judge_bytes(data, JudgeSettings())
    assert len(parsed) == once


@pytest.mark.parametrize(
    "arguments",
    [
        ("validate", "right.xml", "odd.xml", "zł🙂.xml", "missing.xml", "-"),
        ("serve", "--port", "70000"),
        *(
            pytest.param(arguments, marks=pytest.mark.slow)
            for arguments in (
                ("validate", "--format", "jsonl", "odd.xml"),
                ("rules", "body"),
                ("failures", "http-503"),
                ("--version",),
                (),
            )
        ),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_a_process_says_the_same(soblob: Soblob, folder: Path, arguments: Sequence[str]) -> None:
    """As the runner in this process, which most tests of the command use: byte for byte."""
    given = mistakes.response().encode()
    started = soblob(*arguments, stdin=given, process=True)
    here = soblob(*arguments, stdin=given)
    assert (here.returncode, here.stdout) == (started.returncode, started.stdout)
    assert here.stderr == started.stderr


def test_the_runner_of_tests_sees_what_a_terminal_does(folder: Path) -> None:
    result = runner().invoke(main, ["validate", str(folder / "odd.xml")])
    assert (result.exit_code, result.stderr) == (1, "")
    assert "Łódź 🙂 æ" in result.stdout
