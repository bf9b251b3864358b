"""Explicit examples: each category and feature reaches the test, whatever is drawn."""

import time
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from benchmarks.planted.descriptions import BUGS as DESCRIPTION_BUGS
from pytest_soblob import strategies as soblob_st
from pytest_soblob.generate.texts import CATEGORIES
from pytest_soblob.strategies._classic_images import classic_images
from pytest_soblob.strategies._classics import classic_descriptions

EXPLICIT = settings(phases=[Phase.explicit], deadline=None, database=None)
BOTH = given(image=soblob_st.images(), description=soblob_st.descriptions())


def test_each_classic_reaches_the_test_in_under_a_second() -> None:
    seen: list[tuple[bytes, str | None]] = []

    @EXPLICIT
    @soblob_st.classics()
    @BOTH
    def test(image: bytes, description: str | None) -> None:
        seen.append((image, description))

    begun_s = time.process_time()
    test()
    assert time.process_time() - begun_s < 1
    texts = {text for category in CATEGORIES for text in category.classics}
    assert {description for _, description in seen} == {None, *texts}
    assert all(c.classics for c in CATEGORIES if c.xml10 and not c.is_absent)
    assert {image for image, _ in seen} == set(classic_images())


@pytest.mark.parametrize("bug", DESCRIPTION_BUGS)
def test_each_planted_bug_is_found_by_a_classic(bug: str) -> None:
    change = DESCRIPTION_BUGS[bug]
    assert any(change(b"x", text) != (b"x", text) for text in classic_descriptions())


def test_the_decorator_may_stand_on_either_side_of_given_and_names_others() -> None:
    seen: list[tuple[Any, ...]] = []

    @EXPLICIT
    @given(picture=st.binary(), kind=st.text(), text=st.text())
    @soblob_st.classics(image="picture", description="text", nullable=False, kind="PersonImage")
    def test(picture: bytes, kind: str, text: str) -> None:
        seen.append((picture, kind, text))

    test()
    assert len(seen) == max(len(classic_images()), len(classic_descriptions(nullable=False)))
    assert {kind for _, kind, _ in seen} == {"PersonImage"}
    assert None not in {text for _, _, text in seen}


def test_one_of_the_two_may_be_left_out() -> None:
    seen: list[str | None] = []

    @EXPLICIT
    @soblob_st.classics(image=None)
    @given(description=soblob_st.descriptions())
    def test(description: str | None) -> None:
        seen.append(description)

    test()
    assert tuple(seen) == classic_descriptions()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"image": "imagE"}, "classics.. for test: argument 'imagE' is unknown; did you mean 'im"),
        ({"kind": "x"}, "argument 'kind' is unknown; there are image, description"),
        ({"image": None, "description": None}, "needs the name of an argument"),
        ({"nullable": 0}, "nullable=0 must be True or False"),
    ],
)
def test_a_wrong_name_is_refused_where_it_is_given(wrong: dict[str, Any], words: str) -> None:
    @BOTH
    def test(image: bytes, description: str | None) -> None: ...

    with pytest.raises(InvalidArgument, match=words):
        soblob_st.classics(**wrong)(test)
