"""What a failing description shrinks to: one minimum from every seed, in seconds."""

import time
import unicodedata
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import find, settings
from syrupy.assertion import SnapshotAssertion

from pytest_soblob.strategies._descriptions import descriptions
from tests.example_counts import at_length, either, untraced

SEARCH = settings(max_examples=5_000, database=None, deadline=None)
SEEDS = range(either(2, 6))


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


PREDICATES: dict[str, Callable[[str], bool]] = {
    "any": lambda text: True,
    "not empty": bool,
    "CR": lambda text: "\r" in text,
    "CRLF": lambda text: "\r\n" in text,
    "outer white space": lambda text: text != text.strip(),
    "white space at the end": lambda text: text != text.rstrip(),
    "double blanks": lambda text: "  " in text,
    "markup": lambda text: not set(text).isdisjoint("<&>"),
    "end of CDATA": lambda text: "]]>" in text,
    "percent": lambda text: "%" in text,
    "braces": lambda text: "{" in text,
    "not NFC": lambda text: text != unicodedata.normalize("NFC", text),
    "not Latin-1": lambda text: any(character > "\xff" for character in text),
    "beyond the BMP": lambda text: any(character > "\uffff" for character in text),
    "over 254 code points": lambda text: len(text) > 254,
    "over 300 code points": lambda text: len(text) > 300,
    "over 1,000 code points": lambda text: len(text) > 1_000,
    "over 254 units": lambda text: units(text) > 254,
    "units are not code points": lambda text: units(text) > len(text),
    "CR and markup": lambda text: "\r" in text and "<" in text,
    "CR twice": lambda text: text.count("\r") > 1,
    "three pieces": lambda text: {"\t", "&", "é"} <= set(text),
}


@at_length
@untraced
@pytest.mark.slow
@pytest.mark.parametrize("name", PREDICATES)
def test_a_description_shrinks_to_one_minimum_from_every_seed(
    name: str, snapshot: SnapshotAssertion
) -> None:
    found, spent_s = set(), []
    for number in SEEDS:
        begun_s = time.process_time()
        strategy = descriptions(nullable=False)
        found.add(find(strategy, PREDICATES[name], settings=SEARCH, random=Random(number)))
        spent_s.append(time.process_time() - begun_s)
    (smallest,) = found
    assert repr(smallest) == snapshot
    assert max(spent_s) < 3
