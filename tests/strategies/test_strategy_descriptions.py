"""What `descriptions()` draws: 1,000 drawn once, judged by lxml and counted."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from lxml import etree

from pytest_soblob.strategies._descriptions import descriptions
from tests.amount import either

SETTINGS = settings(max_examples=1000, database=None, derandomize=True, deadline=None)
SEARCH = settings(SETTINGS, max_examples=either(1000, 5000))


@cache
def drawn() -> tuple[str | None, ...]:
    collected: list[str | None] = []

    @SETTINGS
    @given(descriptions())
    def collect(description: str | None) -> None:
        collected.append(description)

    collect()
    return tuple(collected[:1000])


def texts() -> list[str]:
    return [text for text in drawn() if text is not None]


KINDS: dict[str, Callable[[str], bool]] = {
    "empty": lambda text: text == "",
    "CR alone": lambda text: "\r" in text.replace("\r\n", ""),
    "CRLF": lambda text: "\r\n" in text,
    "CDATA end": lambda text: "]]>" in text,
    "markup": lambda text: {"<", "&", ">"} <= set(text),
    "character reference": lambda text: "&amp;" in text,
    "beyond the BMP": lambda text: max(text, default="") > "\uffff",
    "too long for the column": lambda text: len(text) > 254,
    "just fits the column": lambda text: len(text) == 254,
    "just too long": lambda text: len(text) == 255,
    "leading white space": lambda text: text != text.lstrip(),
    "trailing white space": lambda text: text != text.rstrip(),
    "NEL": lambda text: "\x85" in text,
    "line separator": lambda text: "\u2028" in text,
    "byte order mark": lambda text: "\ufeff" in text,
    "combining mark": lambda text: "\u0301" in text,
    "right to left": lambda text: "שלום" in text or "مرحبا" in text,
    "joined emoji": lambda text: "\u200d" in text,
    "Turkish i": lambda text: "\u0131" in text,
    "Norwegian": lambda text: "å" in text,
    "quotes": lambda text: "\"'" in text,
}


@pytest.mark.parametrize("kind", KINDS)
def test_one_in_two_hundred_at_least_is(kind: str) -> None:
    assert sum(KINDS[kind](text) for text in texts()) >= 5


def test_one_in_a_hundred_at_least_is_none() -> None:
    assert 10 <= drawn().count(None) <= 150


def test_most_fit_the_column() -> None:
    assert sum(len(text) <= 254 for text in texts()) >= 700


def test_xml_carries_every_one_of_them() -> None:
    for text in texts():
        element = etree.Element("Description")
        element.text = text
        back = etree.fromstring(etree.tostring(element, encoding="utf-8"))
        assert (back.text or "") == text


def test_one_character_of_any_plane_is_one_that_xml_allows() -> None:
    @settings(SETTINGS, max_examples=either(300, 2000))
    @given(descriptions(max_size=1, nullable=False))
    def is_carried(text: str) -> None:
        element = etree.Element("Description")
        element.text = text  # lxml raises for what XML 1.0 cannot carry
        assert (element.text or "") == text

    is_carried()


@pytest.mark.parametrize("max_size", [0, 1, 5, 254, 255, 256, 300])
@pytest.mark.parametrize("nullable", [True, False])
def test_arguments_bound_what_is_drawn(max_size: int, nullable: bool) -> None:
    seen: list[str | None] = []

    @settings(SETTINGS, max_examples=300)
    @given(descriptions(max_size=max_size, nullable=nullable))
    def collect(description: str | None) -> None:
        seen.append(description)

    collect()
    assert (None in seen) is nullable
    longest = max(len(text) for text in seen if text is not None)
    assert min(max_size, 254) <= longest <= max_size


def test_lists_of_descriptions_pass_every_health_check() -> None:
    @settings(database=None, derandomize=True)
    @given(st.lists(descriptions(), max_size=10))
    def draws(several: list[str | None]) -> None:
        assert len(several) <= 10

    draws()


@pytest.mark.parametrize(
    ("wanted", "simplest"),
    [
        (lambda text: True, ""),
        (lambda text: text is None, None),
        (bool, "0"),
        (lambda text: "\r" in (text or ""), "\r"),
        (lambda text: "]]>" in (text or ""), "]]>"),
    ],
)
def test_shrinks_to_the_simplest(wanted: Callable[[str | None], bool], simplest: str) -> None:
    assert find(descriptions(), wanted, settings=SEARCH) == simplest


def test_too_long_shrinks_to_one_character_over_and_over() -> None:
    found = find(descriptions(), lambda text: len(text or "") > 254, settings=SEARCH)
    assert found in ("0" * 255, " " * 255)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"max_size": -1}, "max_size=-1 must be a whole number of characters, 0 or more"),
        ({"max_size": None}, "max_size=None must be"),
        ({"max_size": True}, "max_size=True must be"),
        ({"nullable": 1}, "nullable=1 must be True or False"),
    ],
)
def test_wrong_argument_is_named_at_the_call(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        descriptions(**wrong)
