"""A verdict is the same whatever was judged before it.

`SOBLOB_PAIRS=10000 pytest -s tests/judge/test_order_of_judging.py` is the whole of it.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.example_counts import at_length, either, untraced

PAIRS = int(os.environ.get("SOBLOB_PAIRS") or either(50, 250))


@at_length
@pytest.mark.slow
@untraced
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_verdict_is_the_same_whatever_was_judged_before() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.judge.order_of_judging", str(PAIRS)],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False, timeout=3_600,
    )  # fmt: skip
    print(done.stdout)  # noqa: T201 -- the figures that are asked for
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout == f"{PAIRS} pairs, 0 different\n"
