"""Several uploads at once, and many in a row."""

from concurrent.futures import ThreadPoolExecutor
from typing import Final

from pytest_soblob.consumer.outcomes import Outcome, Saved
from pytest_soblob.consumer.pictures import png_of_size
from pytest_soblob.consumer.scenario import Need, Scenario, UnmetError
from pytest_soblob.consumer.stage import PNG, Stage
from pytest_soblob.consumer.values import Abilities, Upload

_THREADS: Final = 8
_ROUNDS: Final = 3
_MANY: Final = 100
_LEAST_BYTES: Final = 100
_LARGE_BYTES: Final = 200_000


def _unmixed(stage: Stage) -> None:
    calls = [
        Upload(image=png_of_size(_LEAST_BYTES + number), description=f"number {number}")
        for number in range(_THREADS * _ROUNDS)
    ]
    with ThreadPoolExecutor(_THREADS) as pool:
        outcomes = list(pool.map(stage.upload, calls))
    for call, outcome in zip(calls, outcomes, strict=True):
        _is_own(stage, call, outcome)


def _is_own(stage: Stage, call: Upload, outcome: Outcome) -> None:
    if not isinstance(outcome, Saved):
        raise UnmetError("an upload failed beside others", str(outcome))
    blob = stage.endpoint.blobs.get(outcome.blob_id)
    if blob is None:
        raise UnmetError(f"no blob has the id {outcome.blob_id}", str(outcome))
    if (blob.image, blob.description) != (call.image, call.description):
        raise UnmetError(
            "the values of two uploads were mixed",
            f"{blob.description!r} under the id that {call.description!r} was given",
        )


def _hundred(stage: Stage) -> None:
    for number in range(_MANY):
        outcome = stage.upload(Upload(image=PNG, description=f"number {number}"))
        if not isinstance(outcome, Saved):
            raise UnmetError(f"upload {number + 1} of {_MANY} failed", str(outcome))
    if len(stage.endpoint.blobs) != _MANY:
        raise UnmetError("not every upload was stored", f"{len(stage.endpoint.blobs)} blobs")


def _memory_is_not_due(abilities: Abilities) -> str | None:
    if not abilities.memory:
        return "abilities.memory is not set"
    limit = abilities.max_image_bytes
    is_small = limit is not None and limit < _LARGE_BYTES
    return f"abilities.max_image_bytes is {limit:,}" if is_small else None


def _memory(stage: Stage) -> None:
    import tracemalloc

    call = Upload(image=png_of_size(_LARGE_BYTES), description="memory")
    stage.upload(call)
    was_tracing = tracemalloc.is_tracing()  # by the team, which needs its traces
    if not was_tracing:
        tracemalloc.start()
    try:
        for _ in range(3):
            stage.upload(call)
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(20):
            stage.upload(call)
            stage.endpoint.blobs.clear()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        if not was_tracing:
            tracemalloc.stop()
    if after - before > 20 * len(call.image):
        raise UnmetError("memory grows with each upload", f"{(after - before) // 1024} KiB more")


SCENARIOS: Final = (
    Scenario(
        id="load.threads-8-unmixed",
        play=_unmixed,
        played=f"{_THREADS * _ROUNDS} uploads in {_THREADS} threads, with one client",
        expected="each id belongs to the image and the description of its own call",
        production="a person gets the picture of somebody else, on busy days only",
        advice="keep what belongs to one call out of the client's attributes",
        source="[inferred] one client in a web server's threads",
        needs=frozenset({Need.LIVE, Need.THREADS}),
        alone=True,
    ),
    Scenario(
        id="load.hundred-uploads",
        play=_hundred,
        played=f"{_MANY} uploads in a row, with one client",
        expected="each is stored",
        production="a nightly import stops in the middle",
        advice="close what you open for each call: connections, files, sessions",
        source="[inferred] a nightly import",
        needs=frozenset({Need.LIVE}),
        alone=True,
    ),
    Scenario(
        id="load.memory-flat",
        play=_memory,
        played="20 uploads of 200 kB",
        expected="the memory of this process does not grow with each",
        production="a long import ends for want of memory",
        advice="do not keep requests or answers of calls that are over",
        source="[inferred] a nightly import",
        needs=frozenset({Need.LIVE}),
        alone=True,
        not_due=_memory_is_not_due,
    ),
)
