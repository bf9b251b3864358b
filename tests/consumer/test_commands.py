"""Clients in other languages: commands and workers, right ones and such as do nothing or leak."""

import json
import shlex
import sys
from pathlib import Path

import pytest

from pytest_soblob.cli import main
from pytest_soblob.consumer import Abilities, Result
from pytest_soblob.consumer.check import play_all
from pytest_soblob.consumer.choice import Choice
from pytest_soblob.consumer.command import CommandConsumer
from pytest_soblob.consumer.leaks import find_secret
from pytest_soblob.consumer.report import describe
from pytest_soblob.consumer.runner import Runner, Status
from pytest_soblob.consumer.scenarios import GATE, SCENARIOS, find_scenario
from pytest_soblob.consumer.worker import Worker, WorkerConsumer
from tests.command import runner as command
from tests.example_counts import NIGHTLY

PYTHON = shlex.quote(sys.executable)
SCRIPT = shlex.quote(str(Path(__file__).with_name("scripted.py")))
ONCE = f"{PYTHON} {SCRIPT} once {{url}} {{type}} {{image}} {{description}}"
ABILITIES = Abilities(timeout_s=1.0, max_image_bytes=2_000_000)
# What a client that does nothing may pass.
HANDFUL: set[str] = set()


def play(consumer: CommandConsumer | WorkerConsumer, *names: str) -> list[Result]:
    runner = Runner(consumer, GATE)
    return [runner.run(find_scenario(name)) for name in names]


def python(code: str) -> str:
    return f"{PYTHON} -S -c {shlex.quote(code)}"


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("false", "an upload that should work was reported as failed"),
        ("echo 0", "the client returned something that is no blob id"),
        ("echo 1", "an id was returned, and no request came"),
        ("true", "the client returned something that is no blob id"),
        ("sleep 99", "the call did not end"),
        (python("import os; os.abort()"), "the client crashed before it sent one"),
    ],
)
def test_a_command_that_does_nothing_passes_nothing(template: str, reason: str) -> None:
    results = play_all(CommandConsumer(template=template, limit_s=3.0), Choice({}, {}))
    assert {one.scenario.id for one in results if one.passed} == HANDFUL
    gate, *others = results
    assert gate.status is Status.FAILED
    assert reason in gate.reason
    assert {one.status for one in others} == {Status.NOT_RUN, Status.NOT_DUE}
    assert len(gate.exchanges) == 0


def test_the_command_is_red_and_says_what_was_not_run() -> None:
    result = command().invoke(main, ["consumer", "--command", "echo 1"])
    assert result.exit_code == 1
    assert "NOT RUN" in result.stdout
    assert "an id was returned, and no request came" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--command", "no-such-uploader {url}"], "no executable file 'no-such-uploader'"),
        (["--command", "echo {tiket}"], "unknown placeholder {tiket}; did you mean"),
        (["--command", ""], "the command is empty"),
        (["--command", "echo 'x"], "the command cannot be split"),
        (["--command", "echo", "--worker", "cat"], "one of --command and --worker"),
        ([], "one of --command and --worker"),
        (["--command", "echo", "--deselect", "x"], "has no reason"),
        (["--command", "echo", "--deselect", "answer.utf17: x"], "did you mean 'answer.utf16'"),
        (["--command", "echo", "--ability", "timeout=3"], "unknown ability 'timeout'"),
        (["--command", "echo", "--ability", "timeout_s=x"], "must be a number"),
    ],
)
def test_misuse_ends_with_2(arguments: list[str], says: str) -> None:
    result = command().invoke(main, ["consumer", *arguments])
    assert result.exit_code == 2
    assert says in " ".join(result.stderr.replace("│", "").split())


def test_what_would_be_played_is_listed() -> None:
    result = command().invoke(main, ["consumer", "--command", "echo 1", "--list"])
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == list(SCENARIOS)


def test_the_json_report_and_the_matrix_of_two(tmp_path: Path) -> None:
    for name in ("false", "true"):
        run = ["consumer", "--command", name, "--format", "json"]
        result = command().invoke(main, run)
        (tmp_path / f"{name}.json").write_text(result.stdout)
    report = json.loads((tmp_path / "true.json").read_text())
    assert [one["scenario"] for one in report] == list(SCENARIOS)
    assert set(report[0]) == {
        *("scenario", "passed", "reason", "group", "level", "outcome", "source"),
        *("seconds", "exchanges"),
    }
    files = [str(tmp_path / f"{name}.json") for name in ("false", "true")]
    result = command().invoke(main, ["consumer", "--matrix", *files])
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].split() == ["scenario", "false", "true"]
    assert "upload.plain" in result.stdout


SOME = (
    *("upload.plain", "image.every-byte", "description.none", "description.empty"),
    *("description.cr", "business.positive-id", "description.not-xml", "image.over-own-limit"),
)


def test_a_right_command_is_green_in_some_scenarios() -> None:
    template = f"{ONCE} {{ticket}} {{token}}"
    results = play(CommandConsumer(template=template, abilities=ABILITIES, limit_s=60.0), *SOME)
    assert [(one.scenario.id, one.reason) for one in results if not one.passed] == []


def test_without_a_placeholder_the_environment_carries_ticket_and_token() -> None:
    consumer = CommandConsumer(template=ONCE, abilities=ABILITIES, limit_s=60.0)
    results = play(consumer, "auth.token-sent-online", "auth.ticket-with-plus-and-slash")
    assert [(one.scenario.id, one.reason) for one in results if not one.passed] == []


@pytest.mark.skipif(not NIGHTLY, reason="190 processes: SOBLOB_NIGHTLY=1")
@pytest.mark.slow
def test_a_right_command_is_green() -> None:
    template = f"{ONCE} {{ticket}} {{token}}"
    consumer = CommandConsumer(template=template, abilities=ABILITIES, limit_s=60.0)
    results = play_all(consumer, Choice({}, {}), jobs=2)
    red = {Status.FAILED, Status.NOT_RUN}
    assert [(one.scenario.id, one.reason) for one in results if one.status in red] == []


@pytest.mark.slow
def test_a_right_worker_is_green() -> None:
    worker = Worker(f"{PYTHON} {SCRIPT} worker")
    consumer = WorkerConsumer(process=worker, abilities=ABILITIES, limit_s=60.0)
    try:
        results = play_all(consumer, Choice({}, {}), jobs=2)
    finally:
        worker.close()
    red = {Status.FAILED, Status.NOT_RUN}
    assert [(one.scenario.id, one.reason) for one in results if one.status in red] == []


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("pass", "crashed"),
        ("import time; time.sleep(99)", "did not end"),
        ("print('hello', flush=True); import time; time.sleep(99)", "did not end"),
        (
            "import json, sys\nfor line in sys.stdin:\n"
            "    print(json.dumps({'call': json.loads(line)['call'], 'saved': 1}), flush=True)",
            "an id was returned, and no request came",
        ),
        (
            "import json, sys\nfor line in sys.stdin:\n"
            "    print(json.dumps({'call': json.loads(line)['call']}), flush=True)",
            "the worker wrote a line that is no answer",
        ),
    ],
)
def test_a_worker_that_does_nothing_passes_nothing(code: str, reason: str) -> None:
    worker = Worker(python(code))
    try:
        results = play_all(WorkerConsumer(process=worker, limit_s=3.0), Choice({}, {}))
    finally:
        worker.close()
    assert not any(one.passed for one in results)
    assert reason in results[0].reason


@pytest.mark.parametrize(
    ("leak", "where"),
    [
        ("output", "output"),
        ("error", "output"),
        ("file", "log"),
        ("temporary file", "log"),
        ("file name", "log"),
    ],
)
def test_a_leaky_command_is_red_and_its_report_shows_no_secret(leak: str, where: str) -> None:
    template = f"{ONCE} {{ticket}} {{token}} {shlex.quote(leak)}"
    consumer = CommandConsumer(template=template, abilities=ABILITIES, limit_s=60.0)
    name = "secrets.not-in-output" if where == "output" else "secrets.not-in-logs"
    (result,) = play(consumer, name)
    assert result.status is Status.FAILED, result
    assert "the ticket stands in the" in result.reason
    shown = describe(result) + json.dumps(result.to_json())
    assert find_secret(shown) is None
