"""The search for many needles at once finds what the search for each one finds."""

import random
import time

from hypothesis import given
from hypothesis import strategies as st

from pytest_soblob._text._blocks import Needles

LETTERS = st.text("ab\u00e9\u4e2d", min_size=1, max_size=14)


@given(st.lists(LETTERS, max_size=9), st.text("ab\u00e9\u4e2d", max_size=60))
def test_many_at_once_are_found_where_each_is(needles: list[str], text: str) -> None:
    found = set(Needles(needles, few=0).find(text))
    each = set(Needles(needles, few=99).find(text))
    assert each <= found
    assert all(text.startswith(needle, start) for start, needle in found)


def test_the_time_does_not_grow_with_their_number() -> None:
    draw = random.Random(3)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    text = "".join(draw.choices(letters, k=2_000_000))
    needles = ["".join(draw.choices(letters, k=8)) for _ in range(20_000)]
    made = Needles([*needles, text[-9:]])
    begun = time.process_time()
    assert (len(text) - 9, text[-9:]) in set(made.find(text))
    assert time.process_time() - begun < 2
