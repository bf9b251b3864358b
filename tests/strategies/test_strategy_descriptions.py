"""What `descriptions()` draws: 1,000 drawn once, judged by lxml and counted.

What needs 1,000 of them is slow; that the drawn ones are right is seen by `tests/properties/`, too.
"""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from hypothesis import find, given, seed, settings
from hypothesis import strategies as st
from hypothesis.control import current_build_context
from hypothesis.errors import InvalidArgument
from lxml import etree

from pytest_soblob.generate.texts import CATEGORIES, Category
from pytest_soblob.strategies import descriptions
from tests.example_counts import at_length, either

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
    "quotes": lambda text: {"'", '"'} <= set(text),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_one_in_two_hundred_at_least_is(kind: str) -> None:
    assert sum(KINDS[kind](text) for text in texts()) >= 5


@pytest.mark.slow
def test_one_in_a_hundred_at_least_is_none() -> None:
    assert 10 <= drawn().count(None) <= 150


@pytest.mark.slow
def test_most_fit_the_column() -> None:
    assert sum(len(text) <= 254 for text in texts()) >= 700


@pytest.mark.slow
def test_xml_carries_every_one_of_them() -> None:
    for text in texts():
        element = etree.Element("Description")
        element.text = text
        back = etree.fromstring(etree.tostring(element, encoding="utf-8"))
        assert (back.text or "") == text


@at_length
def test_one_character_of_any_plane_is_one_that_xml_allows() -> None:
    @settings(SETTINGS, max_examples=either(300, 2000))
    @given(descriptions(max_size=1, nullable=False))
    def is_carried(text: str) -> None:
        element = etree.Element("Description")
        element.text = text  # lxml raises for what XML 1.0 cannot carry
        assert (element.text or "") == text

    is_carried()


@pytest.mark.slow
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


@at_length
@pytest.mark.slow
@pytest.mark.parametrize(
    ("wanted", "simplest"),
    [
        (lambda text: True, ""),
        (lambda text: text is None, None),
        (bool, "a"),
        (lambda text: "\r" in (text or ""), "\r"),
        (lambda text: "]]>" in (text or ""), "]]>"),
    ],
)
def test_shrinks_to_the_simplest(wanted: Callable[[str | None], bool], simplest: str) -> None:
    assert find(descriptions(), wanted, settings=SEARCH) == simplest


@pytest.mark.slow
@at_length
def test_too_long_shrinks_to_one_character_over_and_over() -> None:
    found = find(descriptions(), lambda text: len(text or "") > 254, settings=SEARCH)
    assert found == "a" * 255


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"max_size": -1}, "max_size=-1 must be a whole number of code points, 0 or more"),
        ({"max_size": None}, "max_size=None must be"),
        ({"max_size": True}, "max_size=True must be"),
        ({"nullable": 1}, "nullable=1 must be True or False"),
    ],
)
def test_wrong_argument_is_named_at_the_call(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        descriptions(**wrong)


def run(strategy: st.SearchStrategy[Any], number: int = 0, examples: int = 100) -> list[Any]:
    """What one run of a test draws."""
    collected: list[Any] = []

    @seed(number)
    @settings(max_examples=examples, database=None, deadline=None)
    @given(strategy)
    def collect(value: object) -> None:
        collected.append(value)

    collect()
    return collected


@pytest.mark.parametrize("category", CATEGORIES, ids=lambda category: category.name)
def test_a_category_alone_is_all_that_is_drawn(category: Category) -> None:
    texts = run(descriptions(categories=[category.name], xml10=category.xml10), examples=40)
    for text in texts:
        match category:
            case Category(is_absent=True):
                assert text is None
            case Category(name="empty"):
                assert text == ""
            case Category(name="long"):
                assert len(text) in (1_001, 10_000)
            case Category(name="column-length"):
                units = len(text.encode("utf-16-le")) // 2
                assert {units, len(text)} & {253, 254, 255, 256, 257}
            case _:
                assert any(piece.text in text for piece in category.pieces)
    drawn_pieces = {p for p in category.pieces if any(p.text in (text or "") for text in texts)}
    assert drawn_pieces == set(category.pieces)


@pytest.mark.parametrize("category", [c for c in CATEGORIES if c.xml10], ids=lambda c: c.name)
def test_nearly_every_run_meets_each_category(category: Category) -> None:
    """Of a hundred examples: the share of runs is measured by `benchmarks power`."""

    def meets(text: str | None) -> bool:
        if category.name == "long":
            return len(text or "") > 1_000
        if category.sizes:
            return len(text or "") in {size for _, size in category.sizes}
        if not category.pieces:
            return text == (None if category.is_absent else "")
        return any(piece.text in (text or "") for piece in category.pieces)

    assert sum(any(map(meets, run_of(number))) for number in range(6)) >= 5


@cache
def run_of(number: int) -> list[str | None]:
    return run(descriptions(), number)


def test_examples_are_independent_of_each_other() -> None:
    for number in range(6):
        assert len(set(run_of(number))) >= 80
        pairs = run(st.tuples(st.binary(min_size=8), descriptions()), number)
        assert len({text for _, text in pairs}) >= 75


def test_texts_have_several_pieces() -> None:
    texts = [text for number in range(6) for text in run_of(number) if text is not None]
    pieces = [piece.text for category in CATEGORIES for piece in category.pieces]
    assert median(sum(piece in text for piece in pieces) for text in texts) >= 5


@pytest.mark.parametrize("category", [c for c in CATEGORIES if not c.xml10], ids=lambda c: c.name)
def test_xml_cannot_carry_what_is_drawn_for_clients_that_refuse_it(category: Category) -> None:
    for text in run(descriptions(categories=[category.name], xml10=False), examples=30):
        with pytest.raises(ValueError, match=r"XML compatible|surrogates not allowed"):
            etree.Element("Description").text = text
    assert not any(
        p.text in (t or "") for n in range(6) for t in run_of(n) for p in category.pieces
    )


def test_the_page_of_strategies_lists_each_category() -> None:
    page = (Path(__file__).parents[2] / "docs" / "strategies.md").read_text(encoding="utf-8")
    rows = re.findall(r"^- `([\w-]+)`: (.*)$", page.partition("## Categories")[2], re.M)
    said = {c.name: c.meaning + ("" if c.xml10 else "; needs `xml10=False`") for c in CATEGORIES}
    assert dict(rows) == said


def test_every_classic_is_carried_by_xml() -> None:
    for category in CATEGORIES:
        for text in category.classics:
            element = etree.Element("Description")
            element.text = text
            back = etree.fromstring(etree.tostring(element, encoding="utf-8"))
            assert (back.text or "") == text


def test_events_say_which_categories_were_drawn() -> None:
    @settings(SETTINGS, max_examples=50)
    @given(descriptions(categories=["crlf"]))
    def test(text: str) -> None:
        assert "description: crlf" in current_build_context().data.events

    test()


@pytest.mark.parametrize(
    ("made", "shown"),
    [
        (descriptions(), "descriptions()"),
        (descriptions(max_size=10_000, nullable=True), "descriptions()"),
        (descriptions(nullable=False, max_size=8), "descriptions(max_size=8, nullable=False)"),
        (
            descriptions(categories={"crlf", "tab"}),
            "descriptions(categories=['tab', 'crlf'])",
        ),
    ],
)
def test_repr_is_the_call(made: st.SearchStrategy[str], shown: str) -> None:
    assert repr(made) == shown
    assert repr(eval(shown)) == shown


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"categories": []}, r"categories=\[\] must have at least one of none, empty"),
        ({"categories": "crlf"}, "categories='crlf' must be a collection of names"),
        ({"categories": ["clrf"]}, "'clrf' is unknown; did you mean 'crlf'"),
        ({"categories": ["none"], "nullable": False}, "'none' is ruled out by nullable=False"),
        ({"categories": ["controls"]}, "category 'controls' needs xml10=False"),
        ({"categories": ["long"], "max_size": 1_000}, "'long' has 1,001 code points or more"),
        ({"xml10": None}, "xml10=None must be True or False"),
    ],
)
def test_a_category_that_cannot_be_is_refused_at_the_call(
    wrong: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidArgument, match=words):
        descriptions(**wrong)
