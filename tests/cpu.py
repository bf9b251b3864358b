"""What work costs, in the processor's seconds of the thread that does it.

Another process is not counted, but what it does to caches is felt: so what is too much is measured
again. Costs that grow too fast do so each time.
"""

import gc
import time
from collections.abc import Callable
from typing import Final

MOST_GROWTH: Final = 2.5  # of what twice as much may cost
_ROUNDS: Final = 4


def spent_s(work: Callable[[], object], times: int = 3) -> float:
    """Return the least of several; to collect what others left is not what is measured."""
    spent = []
    for _ in range(times):
        gc.disable()
        try:
            started = time.thread_time()
            work()
            spent.append(time.thread_time() - started)
        finally:
            gc.enable()
    return min(spent)


def growth(cost_s: Callable[[int], float], count: int, *, spare_s: float = 0.01) -> float:
    """Return how many times as much twice as much costs: 2 is in proportion, 4 quadratic.

    Measured again as long as it is over `MOST_GROWTH`, a few times; the least of them.

    Args:
        cost_s: From how much there is to the seconds that it costs.
        count: How much there is at first.
        spare_s: Seconds that are too few to say anything, and are not counted.
    """
    least = float("inf")
    for _ in range(_ROUNDS):
        once, twice = cost_s(count), cost_s(2 * count)
        least = min(least, max(0, twice - spare_s) / max(once, 1e-6))
        if least <= MOST_GROWTH:
            break
    return least
