"""What a client did to a text or an image is named: each known bug, and any other change."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_soblob.consumer.diagnosis import BYTES, TEXTS, diagnose
from pytest_soblob.consumer.pictures import PICTURES, picture
from pytest_soblob.consumer.scenarios.description import TEXTS as DESCRIPTIONS
from pytest_soblob.consumer.scenarios.image import BYTES as IMAGES
from tests.example_counts import at_length, either

EXAMPLES = either(100, 2_000)
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
@given(st.text(max_size=20), st.text(max_size=20))
def test_any_two_texts_are_told_apart(text: str, got: str) -> None:
    assert text == got or diagnose(text, got)


@at_length
@given(st.binary(max_size=20), st.binary(max_size=20))
def test_any_two_images_are_told_apart(data: bytes, got: bytes) -> None:
    assert data == got or diagnose(data, got)
