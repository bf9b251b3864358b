"""How much is tried: little while you work, much with `SOBLOB_FULL=1`, as `.ci/run` does once.

`SOBLOB_EXAMPLES` and `SOBLOB_MUTATED` set a number of your own.
"""

import os

FULL = bool(os.environ.get("SOBLOB_FULL"))
# Of the two-way oracle: six tests of right messages and two of malformed ones.
EXAMPLES = int(os.environ.get("SOBLOB_EXAMPLES") or (1_000 if FULL else 100))
# Messages that the fast and the plain way of judging are compared on.
MUTATED = int(os.environ.get("SOBLOB_MUTATED") or (10_000 if FULL else 500))


def either(short: int, full: int) -> int:
    """How many examples of another property test."""
    return full if FULL else short
