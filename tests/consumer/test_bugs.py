"""Each planted bug is named by its own scenario, and each scenario names a bug."""

from collections.abc import Sequence
from contextlib import nullcontext

import pytest

from pytest_soblob.consumer import Abilities, Result, Upload
from pytest_soblob.consumer.check import play_all
from pytest_soblob.consumer.choice import Choice
from pytest_soblob.consumer.python import PythonConsumer
from pytest_soblob.consumer.runner import Runner, Status
from pytest_soblob.consumer.scenarios import GATE, SCENARIOS, find_scenario
from pytest_soblob.consumer.stage import open_ground
from tests.consumer.bugs import Bug
from tests.consumer.bugs_of_use import ALL_BUGS
from tests.consumer.uploader import Uploader, UploadFailed
from tests.example_counts import BUG_STEP, at_length

EXAMPLES = 25
MOST_OTHERS = 3
PLAYED = ALL_BUGS[::BUG_STEP]
# What a client that sends nothing passes behind an open gate: it was to refuse, or to fail.
SENDS_NOTHING = {
    *("description.not-xml", "image.empty", "image.over-own-limit", "retry.refused-connection"),
}


def consumer(kind: type[Uploader], *, examples: int = EXAMPLES) -> PythonConsumer:
    """A client with every method, so that each scenario is due."""
    abilities = Abilities(
        timeout_s=1.0, max_image_bytes=2_000_000, property_examples=examples, memory=True
    )
    limited = type(kind.__name__, (kind,), {"timeout_s": min(kind.timeout_s, 1.0)})
    if "timeout_s" in vars(kind):
        limited = kind
    return PythonConsumer(
        connect_to=lambda target: nullcontext(limited(target)),
        upload=lambda uploader, call: uploader.save(call),
        failures=(UploadFailed,),
        abilities=abilities,
        attach=lambda uploader, call, person_id: uploader.attach(call, person_id),
        authenticate=lambda uploader, user, password: uploader.authenticate(user, password),
        logs=lambda uploader: "",
    )


def reds(results: Sequence[Result]) -> list[str]:
    return [one.scenario.id for one in results if one.status is Status.FAILED]


def test_the_right_client_is_green_in_every_scenario() -> None:
    results = play_all(consumer(Uploader), Choice({}, {}), jobs=2)
    assert [(one.scenario.id, one.reason) for one in results if not one.passed] == []
    assert len(results) == len(SCENARIOS)


@pytest.mark.parametrize("bug", ALL_BUGS, ids=lambda bug: bug.name)
def test_a_bug_is_named_by_its_scenario(bug: Bug) -> None:
    runner = Runner(consumer(bug.client()), GATE)
    result = runner.run(find_scenario(bug.own))
    assert result.status is Status.FAILED, (result.status, result.reason)
    assert result.reason
    assert result.production
    assert result.advice


def test_bugs_have_names_of_their_own() -> None:
    assert len({bug.name for bug in ALL_BUGS}) == len(ALL_BUGS) >= 80


def test_each_scenario_has_a_bug_of_its_own() -> None:
    """With the test above: each scenario catches something."""
    assert set(SCENARIOS) - {bug.own for bug in ALL_BUGS} == set()


@at_length
@pytest.mark.slow
@pytest.mark.parametrize("bug", PLAYED, ids=lambda bug: bug.name)
def test_a_bug_is_red_in_few_scenarios(bug: Bug) -> None:
    examples = EXAMPLES if bug.own.startswith("property") else 2
    results = play_all(consumer(bug.client(), examples=examples), Choice({}, {}), jobs=4)
    red = reds(results)
    others = [name for name in red if name != bug.own]
    print(f"{bug.own:<36} {bug.name}: {', '.join(others[:6])} {bug.wide}")  # noqa: T201 -- the table
    assert bug.own in red
    assert len(others) <= MOST_OTHERS or bug.wide, others


@pytest.mark.parametrize("name", [one for one in SCENARIOS if not SCENARIOS[one].waits])
def test_a_client_that_stops_sending_is_red_and_ends_no_run(name: str) -> None:
    """After the gate it sends nothing any more, whatever it is asked."""

    class Stops(Uploader):
        def save(self, call: Upload) -> int:
            raise UploadFailed("it has stopped")

        def attach(self, call: Upload, person_id: int) -> None:
            raise UploadFailed("it has stopped")

        def authenticate(self, user: str, password: str) -> None:
            raise UploadFailed("it has stopped")

    played = consumer(Stops)
    with open_ground(played.settings, SCENARIOS[name].settings) as ground:
        result = Runner(played, GATE).play(SCENARIOS[name], ground)
    assert (result.status is Status.PASSED) == (name in SENDS_NOTHING), result
