"""The time for a message, stream, capture or picture of up to 256 kB grows linearly, and is short.

`SOBLOB_FULL=1` uses the whole 256 kB, otherwise an eighth. `SOBLOB_COSTS=20000 pytest -s
tests/judge/test_costs.py` searches longer for the most expensive construct.
"""

import os
from functools import partial
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings, target
from hypothesis import strategies as st

from tests.cpu import MOST_GROWTH, growth, spent_s
from tests.example_counts import at_length, either, untraced
from tests.judge.costs import CONSTRUCTS, KINDS

# Slow; costs in proportion are seen by `text/test_redacting.py` and `test_odd_messages.py`, too.
pytestmark = [pytest.mark.slow, at_length, untraced]

LARGEST_BYTES: Final = 256 * 1024
MOST_SECONDS: Final = 0.3
EXAMPLES: Final = int(os.environ.get("SOBLOB_COSTS") or either(50, 300))


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_twice_as_much_takes_at_most_two_and_a_half_times_as_long(name: str) -> None:
    judges, build, count = CONSTRUCTS[name]
    count = max(count // either(8, 1), 1)
    once, twice = (build(number) for number in (count, 2 * count))
    assert len(twice) <= LARGEST_BYTES
    for judge in judges:
        judge(once)  # so that caches are filled
        # If a limit lies between the two, the second also reports it.
        assert (
            growth(
                lambda number: spent_s(partial(judge, build(number)), 2),  # noqa: B023 -- called here
                count,
                spare_s=either(30, 10) / 1_000,
            )
            <= MOST_GROWTH
        )
        assert spent_s(partial(judge, twice)) <= MOST_SECONDS


@pytest.mark.parametrize("kind", KINDS)
def test_the_worst_that_can_be_found_is_not_slow(kind: str) -> None:
    """Draw constructs and sizes towards the longest time; smaller sizes by default."""
    judges, table = KINDS[kind]
    worst: list[tuple[float, str, int]] = [(0.0, "", 0)]

    @settings(
        max_examples=max(EXAMPLES * len(table) // len(CONSTRUCTS), 5),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(sorted(table)), st.floats(0, 1), st.sampled_from(judges))
    def check(name: str, share: float, judge: object) -> None:
        build, count = table[name]
        data = build(max(int(2 * count * share) // either(8, 1), 1))
        assert callable(judge)
        spent = spent_s(partial(judge, data), 1)
        if spent > MOST_SECONDS:  # another process had the processor
            spent = spent_s(partial(judge, data), 10)
        target(spent, label="seconds")
        worst[0] = max(worst[0], (spent, name, len(data)))
        assert spent <= MOST_SECONDS

    check()
    print("%.3f s of CPU: %s, %d bytes" % worst[0])  # noqa: T201, UP031
