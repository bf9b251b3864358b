"""What a worker writes, and leaves in its folder for temporary files, is searched for secrets."""

import json
import shlex
import sys
from pathlib import Path

import pytest

from pytest_soblob.consumer import Abilities
from pytest_soblob.consumer.leaks import find_secret
from pytest_soblob.consumer.report import describe
from pytest_soblob.consumer.runner import Runner, Status
from pytest_soblob.consumer.scenarios import GATE, find_scenario
from pytest_soblob.consumer.worker import Worker, WorkerConsumer

SCRIPT = Path(__file__).with_name("scripted.py")
PLACES = ("secrets.not-in-output", "secrets.not-in-exception", "secrets.not-in-logs")


@pytest.mark.parametrize(
    ("leak", "wanted"),
    [
        ("", (Status.PASSED, Status.NOT_DUE, Status.PASSED)),
        ("output", (Status.FAILED, Status.NOT_DUE, Status.PASSED)),
        ("error", (Status.FAILED, Status.NOT_DUE, Status.PASSED)),
        ("temporary file", (Status.PASSED, Status.NOT_DUE, Status.FAILED)),
    ],
)
def test_a_leaky_worker_is_red_where_it_leaks(leak: str, wanted: tuple[Status, ...]) -> None:
    worker = Worker(shlex.join([sys.executable, str(SCRIPT), "worker", leak]))
    consumer = WorkerConsumer(process=worker, abilities=Abilities(timeout_s=1.0), limit_s=60.0)
    try:
        runner = Runner(consumer, GATE)
        results = [runner.run(find_scenario(name)) for name in PLACES]
    finally:
        worker.close()
    assert tuple(one.status for one in results) == wanted, results
    for result in results:
        assert find_secret(describe(result) + json.dumps(result.to_json())) is None
