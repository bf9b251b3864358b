"""`soblob rules`: the catalogue on a terminal and for programs."""

import json

from pytest_soblob.cli import main
from pytest_soblob.judge.catalogue import RULES
from tests.command import all_output, runner


def run(*arguments: str) -> tuple[int, str]:
    result = runner().invoke(main, ["rules", *arguments])
    return result.exit_code, all_output(result)


def test_every_rule_in_a_line() -> None:
    code, text = run()
    assert code == 0
    assert [rule for rule in RULES if f"  {rule}" not in text] == []


def test_a_family_in_lines() -> None:
    code, text = run("fault")
    assert code == 0
    assert "fault.code-dotted (warning): " in text
    assert "body." not in text


def test_a_rule_in_full() -> None:
    code, text = run("body.child-out-of-order")
    assert code == 0
    assert "server    ignores it silently" in text
    assert text.count("<e:Envelope") == 2


def test_for_programs() -> None:
    code, text = run("--format", "json", "body.empty", "xml")
    assert code == 0
    assert {item["family"] for item in json.loads(text)} == {"body", "xml"}
    assert len(json.loads(run("--format", "json")[1])) == len(RULES)


def test_a_rule_that_there_is_not() -> None:
    code, text = run("body.child-unknwn")
    assert code == 2
    assert "did you mean 'body.child-unknown'?" in text
