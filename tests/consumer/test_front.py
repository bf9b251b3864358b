"""The suite under pytest's own options, and under its own: what runs, and what is printed."""

from pathlib import Path

import pytest

from pytest_soblob.consumer.scenarios import SCENARIOS
from tests.consumer.conftest import DELETES, Run

ITEMS = len(SCENARIOS) + 1


def test_items_are_listed_by_scenario(run: Run) -> None:
    result = run("--collect-only")
    result.stdout.fnmatch_lines(
        [
            "test_uploader.py::TestUploader::test_scenario[[]upload.plain]",
            "*::test_scenario[[]business.no-rights]",
            f"{ITEMS} tests collected*",
        ]
    )


def test_the_summary_says_what_is_wrong_and_how_to_run_it_again(run: Run) -> None:
    more = (
        'expected_failures = {"business.id-zero": "JIRA-212"}; '
        'deselected = {"answer.utf16": "our gateway re-encodes"}'
    )
    names = "positive-id or business.id-zero or answer.utf16 or flow or upload.plain"
    result = run("-k", names, more=more, before=DELETES, client="Careless")
    result.assert_outcomes(failed=1, xfailed=1, passed=1, skipped=4)
    result.stdout.fnmatch_lines(
        [
            "=* soblob: consumer contract, TestUploader (kit *, *, onsite) =*",
            "upload 1/1  business 0/2",
            "FAILED business.positive-id   must   a failure was handed on as blob id 4711",
            "   played     HTTP 200, Succeeded false, Response 4711 (SoSentryException)",
            "   production ChangePersonImage(4711) shows another person's photo",
            "   try        test that Succeeded is true before you read Response",
            '   again      pytest -k "TestUploader and business.positive-id"',
            "expected to fail  business.id-zero     JIRA-212",
            "deselected        answer.utf16         our gateway re-encodes",
            "not due           flow.* (3)           attach() is not defined",
        ]
    )
    assert all(len(line) <= 80 for line in result.outlines if line.startswith("   "))


def test_workers_of_xdist_send_their_results(run: Run) -> None:
    result = run("-n", "2", "-k", "business", before=DELETES, client="Careless")
    text = result.stdout.str()
    assert text.count("soblob: consumer contract, TestUploader") == 1
    assert "FAILED business.positive-id   must" in text


def test_what_failed_last_runs_alone(run: Run) -> None:
    names = ("-k", "business.id-negative or business.id-zero or upload.plain")
    cache = ("-p", "cacheprovider")
    run(*names, *cache, before=DELETES, client="Careless")
    result = run("--lf", *names, *cache, before=DELETES, client="Careless")
    outcomes = result.parseoutcomes()
    assert outcomes["failed"] == 2
    assert "passed" not in outcomes


def test_the_first_failure_can_end_the_run(run: Run) -> None:
    result = run("-x", "-k", "business.id", before=DELETES, client="Careless")
    assert result.parseoutcomes()["failed"] == 1


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_does_not_matter(run: Run, seed: int) -> None:
    options = ("--random-order", f"--random-order-seed={seed}")
    result = run(*options, "-k", "business or upload.plain or image.length-1")
    assert result.ret == 0, result.stdout.str()


def test_junit_has_the_result_of_each(run: Run, pytester: pytest.Pytester) -> None:
    run("--junitxml=out.xml", "-k", "positive-id", before=DELETES, client="Careless")
    text = (pytester.path / "out.xml").read_text()
    assert 'name="test_scenario[business.positive-id]"' in text
    assert "a failure was handed on as blob id 4711" in text
    assert 'property name="soblob_consumer"' in text


def test_an_xfail_mark_on_the_class_is_pytests_own(run: Run) -> None:
    marked = f"{DELETES}\n@pytest.mark.xfail(reason='being written')"
    result = run("-k", "positive-id", before=marked, client="Careless")
    result.assert_outcomes(xfailed=1)


def test_fixtures_in_the_style_of_unittest_run(run: Run) -> None:
    more = "def setup_method(self): self.made = 5"
    result = run("-k", "upload.plain", more=more, save="self.made and uploader.save(call)")
    result.assert_outcomes(passed=1)


def test_a_baseline_lets_a_team_begin_with_reds(run: Run, pytester: pytest.Pytester) -> None:
    names = ("-k", "business.id or business.positive-id")
    red = {"before": DELETES, "client": "Careless"}
    first = run(*names, "--soblob-consumer-write-baseline=reds.txt", **red)
    count = first.parseoutcomes()["failed"]
    lines = (pytester.path / "reds.txt").read_text().splitlines()
    assert len(lines) == count
    assert lines[-1].startswith("TestUploader::business.positive-id: a failure was handed on")
    second = run(*names, "--soblob-consumer-xfails=reds.txt", **red)
    second.assert_outcomes(xfailed=count)
    third = run(*names, "--soblob-consumer-xfails=reds.txt")  # the client was mended
    third.assert_outcomes(failed=count)
    third.stdout.fnmatch_lines(["*it was expected to fail (a failure*", "*, and passed"])


def test_a_scenario_newer_than_what_was_agreed_fails_nothing(run: Run) -> None:
    red = {"before": DELETES, "client": "Careless"}
    new = run("-k", "positive-id", "--soblob-consumer-since=0.0", **red)
    new.assert_outcomes(xfailed=1)
    new.stdout.fnmatch_lines(["NEW business.positive-id   must   a failure was handed on *"])
    run("-k", "positive-id", "--soblob-consumer-since=9.0", **red).assert_outcomes(failed=1)


SLOW = """
class Patient(Uploader):
    limits_whole_call = False
"""


def test_a_scenario_that_should_be_met_fails_under_strict_alone(run: Run) -> None:
    more = {"before": SLOW, "client": "Patient"}
    lax = run("-k", "time.dribble", **more)
    lax.assert_outcomes(xfailed=1)
    lax.stdout.fnmatch_lines(["ADVICE time.dribble   should   *"])
    strict = run("-k", "time.dribble", "--soblob-consumer-strict", **more)
    strict.assert_outcomes(failed=1)
    strict.stdout.fnmatch_lines(["FAILED time.dribble   should   *"])


def test_the_configuration_can_deselect(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nsoblob_consumer_deselect =\n    answer.*: a gateway re-encodes\n")
    result = run("-k", "answer.bom or answer.utf16 or upload.plain", "-rs")
    result.assert_outcomes(passed=1, skipped=2)
    result.stdout.fnmatch_lines(["deselected        answer.* (2)         a gateway re-encodes"])


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("answer.utf17: x", "no scenario 'answer.utf17'; did you mean 'answer.utf16'?"),
        ("answer.utf16", "'answer.utf16' has no reason: write ID: reason"),
    ],
)
def test_a_wrong_line_ends_the_run_at_once(
    run: Run, pytester: pytest.Pytester, line: str, says: str
) -> None:
    Path(pytester.path / "reds.txt").write_text(f"# what we know\n\n{line}\n")
    result = run("--soblob-consumer-xfails=reds.txt")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*reds.txt: {says}"])


@pytest.mark.parametrize("option", ["--soblob-consumer-since=new", "--soblob-consumer-xfails=no"])
def test_a_wrong_option_ends_the_run_at_once(run: Run, option: str) -> None:
    assert run(option).ret == pytest.ExitCode.USAGE_ERROR


LEAKY = """
import logging

class Leaky(Uploader):
    def build(self, call):
        data = super().build(call)
        print(data)
        logging.getLogger("leaky").warning("%s", data)
        return data
    def read(self, status, kind, body):
        if status != 200:
            raise RuntimeError(f"ticket {self.ticket} failed")
        return super().read(status, kind, body)
"""


def test_what_a_leaky_client_writes_is_printed_without_secrets(run: Run) -> None:
    result = run("-k", "secrets or http.502", "-rA", before=LEAKY, client="Leaky")
    text = result.stdout.str() + result.stderr.str()
    assert "FAILED secrets.not-in-output" in text
    assert "FAILED secrets.not-in-exception" in text
    assert "FAILED secrets.not-in-logs" in text
    assert "c29ibG9iQ29uc3VtZXJUaWNrZXQ" not in text
    assert "soblob-consumer-application-token" not in text


def test_a_run_without_a_suite_loads_its_front_alone(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import sys\n"
        "def test_it():\n"
        "    own = {n for n in sys.modules if n.startswith('pytest_soblob.consumer')}\n"
        "    assert own == {'pytest_soblob.consumer', 'pytest_soblob.consumer.front'}\n"
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
