"""What a client did to a text or an image is named: each known bug, and any other change."""

from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_soblob.consumer.diagnosis import BYTES, TEXTS, diagnose
from pytest_soblob.consumer.pictures import PICTURES, picture
from pytest_soblob.consumer.scenarios.description import TEXTS as DESCRIPTIONS
from pytest_soblob.consumer.scenarios.image import BYTES as IMAGES
from pytest_soblob.strategies import descriptions
from tests.example_counts import at_length, either

# Python's texts can have what no message can: half of a pair of UTF-16.
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
SURROGATE = "a\ud800b"
# Beside what the scenarios upload.
GIVEN_TEXTS = [
    *filter(None, DESCRIPTIONS.values()),
    *(" one ", " one", "one \t", "\n one\r\n", "\tone\t", "one\r\n", "one\r\n\r\n", "Å  b\tc\nd"),
    *("\r\none\ttwo\r\n", 'it\'s \\ "x"', "b\xe9\xa9d", "\x93\xfc\x94", "100%% sure", "a{{b}}c"),
    *(" \tone ", "one \n\n", "Bl\xc3\xa5", "\ufeff\u200bb"),
    *(
        "a%20b+c",
        "Crème brûlée",
        "\u201cx\u201d\u2013\u201d",
        "a\U0001f600\u201d",
        "\ufeffb",
        "a\tb  c",
    ),
]
GIVEN_BYTES = [
    *(make() for make in IMAGES.values()),
    *(bytes(picture(name)) for name in PICTURES),
    *(b" one ", b"one\r\n", b"a\x1ab", b"a\0b", b"a\0\0", b"\xef\xbb\xbfone", b"QUJDRA==", b"a\rb"),
    *(b"a\r\nb\rc", b"Bl\xe5", b"\xef\xbb\xbf\xc3\xa9", b"Bl\xc3\xa5\xff", b"a\nb"),
]


@pytest.mark.parametrize(("words", "change"), TEXTS, ids=[words for words, _ in TEXTS])
def test_each_bug_of_a_text_is_named(words: str, change: Callable[[str], str | None]) -> None:
    found = [(text, change(text)) for text in GIVEN_TEXTS]
    assert words in [diagnose(text, got) for text, got in found if got not in (None, text)]


@pytest.mark.parametrize(("words", "change"), BYTES, ids=[words for words, _ in BYTES])
def test_each_bug_of_an_image_is_named(words: str, change: Callable[[bytes], bytes | None]) -> None:
    found = [(data, change(data)) for data in GIVEN_BYTES]
    assert words in [diagnose(data, got) for data, got in found if got not in (None, data)]


@pytest.mark.parametrize(
    ("text", "got", "says"),
    [
        (
            "x" * 300,
            "x" * 254,
            "it looks like cut at 254 characters (254 UTF-16 units, 254 bytes of",
        ),
        (
            "x" * 300,
            "x" * 251 + "...",
            "it looks like cut at 251 characters, with '...' for the rest",
        ),
        ("x y z", "x y [...]", "it looks like cut at 3 characters, with ' [...]' for the rest"),
        ("x" * 300, "[...]", "it looks like cut at 0 characters, with '[...]' for the rest"),
        ("x" * 300, "x\u2026", "it looks like cut at 1 characters, with '\u2026' for the rest"),
        ("abc", "abd", "first difference at character 3, 'd' (U+0064) for 'c' (U+0063)"),
        ("abc", "abcd", "first difference at character 4, 'd' (U+0064) for the end"),
    ],
)
def test_a_cut_or_unknown_change_is_placed(text: str, got: str, says: str) -> None:
    assert diagnose(text, got).startswith(says)


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
