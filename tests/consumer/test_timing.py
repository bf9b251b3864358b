"""What counts as too late: the client's own limit, and what a call takes beside its wait."""

from collections.abc import Iterator
from itertools import cycle
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_soblob.consumer import Abilities
from pytest_soblob.consumer.outcomes import Failed, Hung, Outcome, Saved
from pytest_soblob.consumer.report import describe
from pytest_soblob.consumer.runner import Runner
from pytest_soblob.consumer.scenario import UnmetError
from pytest_soblob.consumer.scenarios import GATE, SCENARIOS, find_scenario
from tests.consumer.bugs import TIME_BUGS
from tests.consumer.test_bugs import consumer

GAVE_UP = Failed("timed out")


def played(outcome: Outcome, took_s: float, *, gate_s: float, plain_s: float) -> str:
    """Return what is said of a client with a limit of 1 s, or nothing where it is in time."""
    calls = cycle([(outcome, took_s), (Saved(5), plain_s)])
    return played_calls(calls, gate_s=gate_s)


def played_calls(calls: Iterator[tuple[Outcome, float]], *, gate_s: float) -> str:
    stage: Any = SimpleNamespace(
        abilities=Abilities(timeout_s=1.0),
        endpoint=SimpleNamespace(fail=lambda name, **parameters: None, clear=lambda: None),
        timed=lambda: next(calls),
        gate_s=gate_s,
        exchanges=[None],
    )
    try:
        find_scenario("time.never-answers").play(stage)
    except UnmetError as error:
        return error.summary
    return ""


@pytest.mark.parametrize(
    ("took_s", "gate_s", "plain_s", "says"),
    [
        (1.1, 0.01, 0.01, ""),
        (2.1, 0.01, 0.01, "the client gave up after 2.1 s; the ability timeout_s says 1 s"),
        (3.0, 0.6, 0.6, ""),  # a command that starts slowly
        (3.0, 0.1, 0.6, ""),  # a command that started fast when the machine was idle
        (30.0, 0.6, 0.6, "the client gave up after 30.0 s; the ability timeout_s says 1 s"),
    ],
)
def test_the_start_of_a_command_is_no_wait(
    took_s: float, gate_s: float, plain_s: float, says: str
) -> None:
    assert played(GAVE_UP, took_s, gate_s=gate_s, plain_s=plain_s) == says


def test_a_client_that_was_late_once_is_in_time() -> None:
    calls: list[tuple[Outcome, float]] = [(GAVE_UP, 2.1), (Saved(5), 0.01), (GAVE_UP, 1.1)]
    assert played_calls(iter(calls), gate_s=0.01) == ""


def test_a_client_that_waits_on_is_told_the_limit_that_was_assumed() -> None:
    said = played(Hung(10.0), 10.0, gate_s=0.0, plain_s=0.0)
    assert said == "the client still waited after 10 s; the ability timeout_s says 1 s"


def test_a_client_with_another_limit_is_told_how_to_say_so() -> None:
    (bug,) = (one for one in TIME_BUGS if one.own == "time.slow-within-limit")
    text = " ".join(describe(Runner(consumer(bug.client()), GATE).run(SCENARIOS[bug.own])).split())
    assert "with an answer after 0.2 s; the ability timeout_s says 1 s" in text
    assert "say so: Abilities(timeout_s=...), --ability timeout_s=..." in text
