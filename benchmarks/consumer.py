"""What the consumer suite costs beside what the client itself waits: in process, worker, command.

Waits are those of the scenarios that wait for the client's own time limit; they are played side by
side, so that the longest of them counts once. The client is the right one of the tests.
"""

import shlex
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final

from pytest_soblob.consumer import Abilities, Result
from pytest_soblob.consumer.check import play_all
from pytest_soblob.consumer.choice import Choice
from pytest_soblob.consumer.command import CommandConsumer
from pytest_soblob.consumer.python import PythonConsumer
from pytest_soblob.consumer.runner import Runner, Status
from pytest_soblob.consumer.scenarios import GATE
from pytest_soblob.consumer.worker import Worker, WorkerConsumer
from tests.consumer.uploader import Uploader, UploadFailed

# The client's own time limit.
LIMIT_S: Final = 1.0
IN_PROCESS_S: Final = 5.0
WORKER_S: Final = 10.0
COMMAND_S: Final = 20.0
SCRIPT: Final = Path(__file__).parents[1] / "tests" / "consumer" / "scripted.py"
ABILITIES: Final = Abilities(timeout_s=LIMIT_S)


class _Uploader(Uploader):
    timeout_s = LIMIT_S


def run(rounds: int) -> Mapping[str, Any]:
    """Measure each way, as often as asked for, but the command once; print a table."""
    figures = {
        "in process": _best(min(rounds, 3), _in_process, lambda results: IN_PROCESS_S),
        "worker": _best(min(rounds, 3), _worker, lambda results: WORKER_S),
        "command": _best(1, _command, _command_budget),
    }
    print(f"{'':<12}{'scenarios':>10}{'red':>5}{'waits':>8}{'beside':>9}{'budget':>9}")
    for name, one in figures.items():
        print(
            f"{name:<12}{one['scenarios']:>10}{one['red']:>5}{one['waits_s']:>6.1f} s"
            f"{one['beside_s']:>7.1f} s{one['budget_s']:>7.1f} s"
        )
    return figures


def _best(
    rounds: int, play: Callable[[], list[Result]], budget: Callable[[list[Result]], float]
) -> dict[str, Any]:
    """Return the figures of the fastest of some runs."""
    best: dict[str, Any] = {}
    for _ in range(rounds):
        begun = time.perf_counter()
        results = play()
        took = time.perf_counter() - begun
        waits = max((one.seconds for one in results if one.scenario.waits), default=0.0)
        beside = max(took - waits, 0.0)
        if not best or beside < best["beside_s"]:
            red = (Status.FAILED, Status.NOT_RUN)
            best = {
                "scenarios": len(results),
                "red": sum(one.status in red for one in results),
                "waits_s": waits,
                "beside_s": beside,
                "budget_s": budget(results),
            }
    return best


def _in_process() -> list[Result]:
    consumer = PythonConsumer(
        connect_to=lambda target: nullcontext(_Uploader(target)),
        upload=lambda uploader, call: uploader.save(call),
        failures=(UploadFailed,),
        abilities=ABILITIES,
    )
    return play_all(consumer, Choice({}, {}))


def _worker() -> list[Result]:
    worker = Worker(f"{shlex.quote(sys.executable)} {shlex.quote(str(SCRIPT))} worker")
    try:
        consumer = WorkerConsumer(process=worker, abilities=ABILITIES)
        return play_all(consumer, Choice({}, {}), jobs=2)
    finally:
        worker.close()


def _command_consumer() -> CommandConsumer:
    template = (
        f"{shlex.quote(sys.executable)} {shlex.quote(str(SCRIPT))} once "
        "{url} {type} {image} {description} {ticket} {token}"
    )
    return CommandConsumer(template=template, abilities=ABILITIES, limit_s=60.0)


def _command() -> list[Result]:
    return play_all(_command_consumer(), Choice({}, {}), jobs=2)


def _command_budget(results: list[Result]) -> float:
    """Return the budget by the time of one upload, which is mostly the start of the command."""
    once = Runner(_command_consumer(), GATE).gate().seconds
    return len(results) * once + COMMAND_S
