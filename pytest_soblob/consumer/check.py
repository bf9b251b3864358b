"""`check_consumer`: the whole suite without pytest."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import nullcontext
from typing import Any

from pytest_soblob.consumer.choice import Choice
from pytest_soblob.consumer.client import Consumer
from pytest_soblob.consumer.foreign import repr_of
from pytest_soblob.consumer.python import PythonConsumer
from pytest_soblob.consumer.runner import Result, Runner
from pytest_soblob.consumer.scenario import Scenario
from pytest_soblob.consumer.scenarios import GATE, SCENARIOS
from pytest_soblob.consumer.values import Abilities, Target, Upload
from pytest_soblob.errors import SoblobError
from pytest_soblob.settings import SoblobSettings


def check_consumer(
    upload: Callable[[Target, Upload], object],
    *,
    failures: Sequence[type[BaseException]],
    abilities: Abilities | None = None,
    settings: SoblobSettings | None = None,
    expected_failures: dict[str, str] | None = None,
    deselected: dict[str, str] | None = None,
) -> list[Result]:
    """Play all scenarios with a client, and return what became of each.

    Args:
        upload: Uploads one image to a target, and returns the blob id. May be a coroutine function.
        failures: The exceptions by which it tells that a call failed; any other one is a crash.
        abilities: What the client can do; None for the defaults of `Abilities`.
        settings: Profile and installation; None for the defaults of `SoblobSettings`.
        expected_failures: Reasons by scenario id, or by a pattern such as `answer.*`: these are
            played and must fail.
        deselected: Likewise: these are not played.

    Returns:
        A result for each scenario, in the order of `soblob scenario`.

    Raises:
        SoblobError: An argument is invalid, or a scenario id or pattern matches nothing.
    """
    if not callable(upload):
        raise SoblobError(f"upload must be a function, not a {type(upload).__name__}")
    consumer = PythonConsumer(
        connect_to=nullcontext,
        upload=upload,
        failures=exception_classes(failures),
        abilities=Abilities() if abilities is None else abilities,
        settings=SoblobSettings() if settings is None else settings,
    )
    choice = Choice(
        {} if expected_failures is None else expected_failures,
        {} if deselected is None else deselected,
    )
    return play_all(consumer, choice)


def play_all(
    consumer: Consumer,
    choice: Choice,
    *,
    jobs: int = 1,
    tell: Callable[[str], object] | None = None,
) -> list[Result]:
    """Play all scenarios, and return the results in their order.

    Those that wait for the client's own time limit are played beside the others from the start;
    those that must be alone come last, one after the other.

    Args:
        consumer: The code under test.
        choice: What the team says about scenarios.
        jobs: How many of the other scenarios are played at the same time.
        tell: Called with a line on how long it will take; None for nothing.
    """
    runner = Runner(consumer, GATE)

    def play(scenario: Scenario) -> Result:
        return choice.judge(scenario, lambda: runner.run(scenario))

    gate = runner.gate()
    if tell is not None and gate.passed:
        tell(f"one upload takes {gate.seconds:.2f} s; {len(SCENARIOS)} scenarios")
    scenarios = SCENARIOS.values() if gate.passed else ()
    waiting = [scenario for scenario in scenarios if scenario.waits]
    others = [scenario for scenario in scenarios if not (scenario.waits or scenario.alone)]
    with (
        ThreadPoolExecutor(max(1, len(waiting))) as background,
        ThreadPoolExecutor(jobs) as pool,
    ):
        begun = {one.id: background.submit(play, one) for one in waiting}
        begun |= {one.id: pool.submit(play, one) for one in others}
        try:
            wait(begun.values())
        except BaseException:  # an interrupt: what has not begun is not played
            for executor in (background, pool):
                executor.shutdown(wait=False, cancel_futures=True)
            raise
    return [begun[one.id].result() if one.id in begun else play(one) for one in SCENARIOS.values()]


def exception_classes(failures: Any) -> tuple[type[BaseException], ...]:
    """Return a team's `failures` as a tuple.

    Raises:
        SoblobError: One is no exception class.
    """
    wrong = failures
    if isinstance(failures, type):
        failures = (failures,)
    if isinstance(failures, Iterable) and not isinstance(failures, str | Mapping):
        classes = tuple(failures)
        bad = [x for x in classes if not (isinstance(x, type) and issubclass(x, BaseException))]
        if not bad:
            return classes
        wrong = bad[0]
    raise SoblobError(f"failures must be exception classes, not {repr_of(wrong):.60}")
