"""Of pictures that cannot be read hardly any goes without a remark; none that is whole gets one.

`SOBLOB_PICTURES=20000 pytest -s tests/images/test_damaged_pictures.py` judges as many as
`docs/verdicts.md` has the figures of.

Slow, all of it; that damage is seen format by format is in `test_inspection.py`, too.
"""

import os
from random import Random

import pytest

from tests.example_counts import untraced
from tests.images.damaged_pictures import (
    DAMAGES,
    FORMATS,
    MANY,
    claim_of,
    is_remark,
    known_table,
    load,
    look,
    make,
    render,
    repeat,
    run,
)

PICTURES = int(os.environ.get("SOBLOB_PICTURES", "600"))
LEAST_SEEN = 0.95


@pytest.mark.slow
@untraced
def test_what_is_seen_of_damage(capfd: pytest.CaptureFixture[str]) -> None:
    table = run(PICTURES, seed=PICTURES % MANY)
    capfd.readouterr()  # libtiff writes of what it could not decode
    with capfd.disabled():
        print(f"\nseen / missed / false, of {PICTURES} pictures\n{render(table)}")  # noqa: T201
    false = [
        (name, damage, claim_of(look(data)), data.hex()[:4_000])
        for name, damage, what, data in table.wrong
        if what == "false"
    ]
    assert false == []
    assert {
        name: table.share_seen(name) for name in FORMATS if table.share_seen(name) < LEAST_SEEN
    } == {}


@pytest.mark.parametrize("name", FORMATS)
def test_the_figures_in_the_documents_are_of_a_full_run(name: str) -> None:
    table, count = known_table()
    cells = [table.cells[name, damage] for damage in DAMAGES]
    assert count >= MANY
    assert table.share_seen(name) >= LEAST_SEEN
    assert sum(cell.false for cell in cells) == table.cells[name, "whole"].false == 0
    assert table.cells[name, "whole"].harmless >= MANY // len(FORMATS)
    assert all(cell.seen for cell in cells if cell.seen + cell.missed)  # a BMP has no checksum


@pytest.mark.slow
@untraced
@pytest.mark.parametrize("name", FORMATS)
def test_a_part_that_comes_twice_is_seen_where_the_picture_cannot_be_read(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    random = Random(name)
    seen = missed = 0
    for _ in range(PICTURES // 4):
        data = repeat(random, name, make(random, name))
        if load(data) is None:
            has_remark = is_remark(look(data))
            seen, missed = seen + has_remark, missed + (not has_remark)
    capfd.readouterr()  # libtiff writes of what it could not decode
    assert seen > 5  # else nothing has been looked at
    assert seen >= LEAST_SEEN * (seen + missed)
