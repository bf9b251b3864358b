"""Interleaved timing, A B C A B C ..., so that a slower machine slows all candidates equally."""

import statistics
import time
from collections.abc import Callable, Mapping


def medians(
    calls: Mapping[str, Callable[[], object]],
    rounds: int,
    repeat: Mapping[str, int] | int = 1,
) -> dict[str, float]:
    """Return the median duration of one call of each candidate, in seconds.

    Args:
        calls: Candidates by name; each is called once to warm up.
        rounds: Number of rounds; each candidate has one turn per round.
        repeat: Calls in one turn, for candidates too fast to time alone.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(rounds):
        for name, call in calls.items():
            count = repeat if isinstance(repeat, int) else repeat.get(name, 1)
            start = time.perf_counter()
            for _ in range(count):
                call()
            times[name].append((time.perf_counter() - start) / count)
    return {name: statistics.median(measured) for name, measured in times.items()}
