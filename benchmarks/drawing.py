"""How many examples a second a strategy gives, as a share of `integers()`, in processor time."""

import statistics
import time

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from pytest_soblob import strategies as soblob_st

EXAMPLES = 500
STRATEGIES: dict[str, st.SearchStrategy[object]] = {
    "integers": st.integers(),
    "images": soblob_st.images(),
    "descriptions": soblob_st.descriptions(),
    "requests": soblob_st.requests(),
    "request_envelopes": soblob_st.request_envelopes(),
    "malformed_requests": soblob_st.malformed_requests(),
    "integers again (null control)": st.integers(),
}
AIMS = {"images": 0.40, "requests": 0.15, "request_envelopes": 0.12, "malformed_requests": 0.12}


def run(rounds: int) -> dict[str, object]:
    """Print a table; return its figures."""
    times: dict[str, list[float]] = {name: [] for name in STRATEGIES}
    for number in range(rounds):
        for name, strategy in STRATEGIES.items():
            times[name].append(_seconds(strategy, number))
    print(f"\nprocessor time of {EXAMPLES} examples, medians of {rounds} rounds\n")
    print("| strategy | an example | of the examples of integers() | aimed at |")
    print("| --- | --- | --- | --- |")
    figures: dict[str, object] = {}
    for name, measured in times.items():
        share = statistics.median(
            base / one for base, one in zip(times["integers"], measured, strict=True)
        )
        example_us = statistics.median(measured) / EXAMPLES * 1e6
        print(f"| {name} | {example_us:.0f} us | {share:.2f} | {AIMS.get(name, '')} |")
        figures[name] = {"us": example_us, "share": share}
    return figures


def _seconds(strategy: st.SearchStrategy[object], number: int) -> float:
    @seed(number)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(value: object) -> None:
        pass

    begun_s = time.process_time()
    draw()
    return time.process_time() - begun_s
