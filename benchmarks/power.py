"""What one default run finds: clients with one planted bug each, and 100 examples.

The draws of `@given(images(), descriptions())` are recorded, two seeds a round, and each bug of
`benchmarks.planted` is applied to them: it is found at the first example that it changes. What
finds nothing draws the same whether the test fails later or not, so that one run serves all bugs.
"""

import statistics
import time

from hypothesis import HealthCheck, given, seed, settings

from benchmarks.planted import BUGS
from pytest_soblob import strategies as soblob_st

EXAMPLES = 100
AIM = 0.9
Example = tuple[float, bytes, str | None]


def run(rounds: int) -> dict[str, object]:
    """Print a table; return its figures."""
    runs = [_drawn(number) for number in range(2 * rounds)]
    print(f"\n{len(runs)} runs of {EXAMPLES} examples of images() and descriptions()\n")
    print("| bug | found in | examples to find it | seconds |")
    print("| --- | --- | --- | --- |")
    figures: dict[str, object] = {}
    for name, bug in BUGS.items():
        found: list[tuple[int, float]] = []
        for examples in runs:
            for number, (after_s, image, description) in enumerate(examples, 1):
                if bug(image, description) != (image, description):
                    found.append((number, after_s))
                    break
        share = len(found) / len(runs)
        examples_s = [statistics.median(column) for column in zip(*found, strict=True)] or [0, 0]
        mark = "" if share >= AIM else " (fewer than aimed at)"
        print(
            f"| {name} | {len(found)} of {len(runs)}{mark} | {examples_s[0]:.0f} "
            f"| {examples_s[1]:.2f} |"
        )
        figures[name] = {"share": share, "examples": examples_s[0], "seconds": examples_s[1]}
    print(f"\nmedians of the runs that found it; {AIM:.0%} of the runs were aimed at")
    return figures


def _drawn(number: int) -> list[Example]:
    examples: list[Example] = []
    begun_s = time.perf_counter()

    @seed(number)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(soblob_st.images(), soblob_st.descriptions())
    def record(image: bytes, description: str | None) -> None:
        examples.append((time.perf_counter() - begun_s, bytes(image), description))

    record()
    return examples
