"""`soblob scenario` and what `soblob consumer` does without playing: lists, matrices, misuse."""

import json
from pathlib import Path

import pytest

from pytest_soblob.cli import main
from pytest_soblob.consumer.scenarios import GROUPS, SCENARIOS
from tests.command import runner as command


def lines(*arguments: str) -> list[str]:
    result = command().invoke(main, list(arguments))
    assert result.exit_code == 0, result.stderr
    return result.stdout.splitlines()


def misuse(*arguments: str) -> str:
    result = command().invoke(main, list(arguments))
    assert result.exit_code == 2
    return " ".join(result.stderr.replace("│", "").split())


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_and_its_pattern_list_the_same(group: str) -> None:
    found = lines("scenario", group)
    assert found == lines("scenario", f"{group}.*")
    assert [line.split()[0] for line in found] == [
        name for name, one in SCENARIOS.items() if one.group == group
    ]


def test_an_id_or_a_pattern_for_one_explains_it() -> None:
    explained = lines("scenario", "business.positive-id")
    assert explained[0] == "business.positive-id   must"
    assert any(line.split()[:1] == ["source"] for line in explained)
    assert lines("scenario", "*.positive-id") == explained


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("answer.utf17", "no scenario 'answer.utf17'; did you mean 'answer.utf16'?"),
        ("UTF16", "no scenario 'UTF16'; did you mean 'answer.utf16'?"),
        ("busines", "no scenario 'busines'; did you mean 'business.*'?"),
        ("busines.*", "no scenario 'busines.*'; did you mean 'business.*'?"),
        ("something else", "no scenario 'something else'; `soblob scenario` lists them"),
    ],
)
def test_an_unknown_name_gets_a_near_one_or_none(name: str, says: str) -> None:
    assert says in misuse("scenario", name)


def test_no_command_is_needed_for_a_list() -> None:
    found = lines("consumer", "--list", "--deselect", "answer.*:a gateway re-encodes")
    assert [line.split()[0] for line in found] == list(SCENARIOS)
    assert all(
        line.endswith("deselected: a gateway re-encodes") == line.startswith("answer.")
        for line in found
    )


def test_a_list_says_what_is_not_due() -> None:
    found = lines("consumer", "--list", "--command", "true", "--ability", "online=false")
    texts = {line.split()[0]: line.split(maxsplit=2)[2] for line in found}
    assert texts["auth.token-sent-online"] == "not due: abilities.online is False"
    assert texts["load.hundred-uploads"] == "not due: each call is a process of its own"
    assert texts["upload.plain"] == SCENARIOS["upload.plain"].played


@pytest.mark.parametrize("text", ["{}", "[]", "[1]", '[{"scenario": 1}]', "no JSON", "[" * 100_000])
def test_what_is_no_report_is_said(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.json"
    file.write_text(text)
    assert "a.json is no report of" in misuse("consumer", "--matrix", str(file))


def test_a_matrix_needs_reports_and_reports_a_matrix(tmp_path: Path) -> None:
    assert "--matrix needs reports" in misuse("consumer", "--matrix")
    (tmp_path / "a.json").write_text("[]")
    said = misuse("consumer", str(tmp_path / "a.json"))
    assert "reports are given with --matrix only" in said


def test_reports_of_one_name_are_told_apart(tmp_path: Path) -> None:
    files = []
    for folder, outcome in (("one", "passed"), ("two", "failed")):
        (tmp_path / folder).mkdir()
        files.append(tmp_path / folder / "report.json")
        files[-1].write_text(json.dumps([{"scenario": "upload.plain", "outcome": outcome}]))
    (row,) = [line for line in lines("consumer", "--matrix", *map(str, files)) if "upload" in line]
    assert row.split() == ["upload.plain", "passed", "failed"]
