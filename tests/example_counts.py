"""How much is tried: little while you work, much with `SOBLOB_FULL=1`, as `.ci/run` does once.

`SOBLOB_EXAMPLES` and `SOBLOB_MUTATED` set a number of your own. A test that tries more with
`SOBLOB_FULL=1` is marked `at_length`. One that measures the processor's time, or would take minutes
while coverage traces every line, is marked `untraced` and skipped there. `.ci/run` runs all of both
kinds once, with `SOBLOB_FULL=1` and without coverage.
"""

import os

import pytest

FULL = bool(os.environ.get("SOBLOB_FULL"))
# Adds what takes minutes, and is tried in a smaller way by day.
NIGHTLY = bool(os.environ.get("SOBLOB_NIGHTLY"))
# Of the two-way oracle: six tests of right messages and two of malformed ones.
EXAMPLES = int(os.environ.get("SOBLOB_EXAMPLES") or (300 if FULL else 100))
# Messages that the fast and the plain way of judging are compared on.
MUTATED = int(os.environ.get("SOBLOB_MUTATED") or (2_000 if FULL else 300))
# The consumer suite is played with every tenth planted bug, or with each: `SOBLOB_BUGS=all`.
BUG_STEP = 1 if os.environ.get("SOBLOB_BUGS") == "all" else 10

at_length = pytest.mark.at_length
untraced = pytest.mark.untraced


def either(short: int, full: int) -> int:
    """How many examples of another property test."""
    return full if FULL else short
