"""Timing in turn: A B C A B C ..., so that a machine that slows down slows everything down."""

import statistics
import time
from collections.abc import Callable, Mapping


def medians(
    calls: Mapping[str, Callable[[], object]],
    rounds: int,
    repeat: Mapping[str, int] | int = 1,
) -> dict[str, float]:
    """Return the median seconds of one call of each.

    Args:
        calls: What to time, by name; each is called once before.
        rounds: How often each has its turn.
        repeat: Calls in a row in one turn, for what is too short to time alone.
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
