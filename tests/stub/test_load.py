"""Many clients at once: nothing is lost. `python -m benchmarks load` is the same for longer."""

from pathlib import Path

import pytest

from tests.example_counts import at_length, either

if not Path("/proc/self/statm").exists():
    pytest.skip("this system does not tell what a process has in memory", allow_module_level=True)

from benchmarks.load import KEPT, MIB, load


@at_length
@pytest.mark.slow
def test_each_image_is_stored_under_an_id_of_its_own() -> None:
    done = load(connections=either(100, 1_000), seconds=either(2, 10), keep=KEPT)
    assert done.errors == []
    assert done.given == done.stored
    assert len(done.given) == len(done.waits_s) > done.image_bytes // MIB > 0
    assert done.growth_bytes < 96 * MIB
