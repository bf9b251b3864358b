"""Scenarios that nothing may run beside, and what they leave as they found it."""

import socket
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from pytest_soblob.consumer.check import play_all
from pytest_soblob.consumer.choice import Choice
from pytest_soblob.consumer.refusing import refusing
from pytest_soblob.consumer.runner import Result, Runner, Status
from pytest_soblob.consumer.scenario import Scenario
from pytest_soblob.consumer.scenarios import GATE, SCENARIOS, find_scenario
from tests.consumer.test_bugs import consumer
from tests.consumer.uploader import Uploader

ALONE = {name for name, scenario in SCENARIOS.items() if scenario.alone}


def test_what_closes_its_endpoint_or_listens_to_the_process_is_alone() -> None:
    assert {
        *("retry.refused-connection", "time.reset-during-request"),
        *("secrets.not-in-output", "secrets.not-in-exception", "secrets.not-in-logs"),
        *("load.threads-8-unmixed", "load.hundred-uploads", "load.memory-flat"),
        *("property.any-image", "property.any-description"),
    } == ALONE


class Noting(Choice):
    """Notes which scenario is played when, and plays none."""

    def __init__(self) -> None:
        super().__init__({}, {})
        self.order: list[str] = []

    def judge(self, scenario: Scenario, play: Callable[[], Result]) -> Result:
        self.order.append(scenario.id)
        return Result(scenario=scenario, status=Status.PASSED)


def test_they_are_played_after_all_others() -> None:
    choice = Noting()
    play_all(consumer(Uploader), choice, jobs=4)
    assert sorted(choice.order) == sorted(SCENARIOS)
    assert set(choice.order[-len(ALONE) :]) == ALONE


def connect(port: int) -> None:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=5)):
        pass


def test_a_kept_port_refuses_and_is_free_afterwards() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as first:
        port = first.getsockname()[1]
    with refusing("127.0.0.1", port), pytest.raises(ConnectionRefusedError):
        connect(port)
    with closing(socket.create_server(("127.0.0.1", port))):
        connect(port)


@pytest.fixture
def traces() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def measure() -> Status:
    return Runner(consumer(Uploader), GATE).run(find_scenario("load.memory-flat")).status


@pytest.mark.usefixtures("traces")
def test_traces_of_the_teams_own_are_left_on() -> None:
    assert measure() is Status.PASSED
    assert tracemalloc.is_tracing()


def test_no_trace_is_left_on() -> None:
    assert measure() is Status.PASSED
    assert not tracemalloc.is_tracing()
