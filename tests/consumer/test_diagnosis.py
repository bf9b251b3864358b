"""The diagnosis of a changed value names a known bug, and has an answer to any value."""

from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_soblob.consumer.diagnosis import BYTES, TEXTS, diagnose
from pytest_soblob.strategies import descriptions
from tests.example_counts import at_length, either

# Python's texts can have what no message can: half of a pair of UTF-16.
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
SURROGATE = "a\ud800b"


@at_length
@settings(max_examples=either(200, 5_000))
@given(st.one_of(ANY_TEXT, descriptions(max_size=300, nullable=False)), ANY_TEXT)
@example(SURROGATE, "\ud800")
@example(SURROGATE, SURROGATE[:2])
@example("%s{0}%(x)s", SURROGATE)
def test_any_two_texts_have_a_diagnosis(given_text: str, got: str) -> None:
    for one, other in ((given_text, got), (got, given_text), (given_text, given_text[: len(got)])):
        assert diagnose(one, other)


@settings(max_examples=either(100, 2_000))
@at_length
@given(st.binary(max_size=40), st.binary(max_size=40))
def test_any_two_images_have_a_diagnosis(given_bytes: bytes, got: bytes) -> None:
    assert diagnose(given_bytes, got)
    assert diagnose(given_bytes, given_bytes[: len(got)])


@pytest.mark.parametrize(("words", "change"), TEXTS)
def test_a_bug_that_cannot_do_anything_with_a_surrogate_does_not_hide_the_next(
    words: str, change: Callable[[str], str | None]
) -> None:
    assert words
    try:
        changed = change(SURROGATE)
    except UnicodeError:
        changed = None
    if changed is not None and changed != SURROGATE:
        assert not diagnose(SURROGATE, changed).startswith("first difference")


def test_texts_and_bytes_are_told_apart() -> None:
    assert diagnose("x", b"x") == "it is bytes instead of str"
    assert len({words for words, _ in (*TEXTS, *BYTES)}) > 60
