"""Values of a strategy outside a test: one at a time, the same for the same seed."""

import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import providers

from pytest_soblob import SoblobError
from pytest_soblob.strategies import _provider
from pytest_soblob.strategies.corpus import draw_each

NUMBERS = st.integers()


def drawn(start: int, count: int = 30) -> list[int]:
    taken: list[int] = []
    assert draw_each(NUMBERS, count, start, taken.append) == len(taken) == count
    return taken


def test_the_same_seed_gives_the_same_values() -> None:
    assert drawn(7) == drawn(7) != drawn(8)
    assert drawn(7, 10) == drawn(7)[:10]


@pytest.mark.parametrize("error", [OSError("full"), KeyboardInterrupt()], ids=repr)
def test_what_takes_them_may_end_it(error: BaseException) -> None:
    taken: list[int] = []

    def take(value: int) -> None:
        taken.append(value)
        if len(taken) == 3:
            raise error

    with pytest.raises(type(error)):
        draw_each(NUMBERS, 30, 7, take)
    assert len(taken) == 3


def test_hypothesis_has_the_private_parts_that_we_use() -> None:
    """Red with a newer Hypothesis: see `_provider.py` for what to replace."""
    assert callable(getattr(providers.HypothesisProvider, _provider.OVERRIDDEN))
    assert "hypothesis" in providers.AVAILABLE_PROVIDERS
    assert _provider.OVERRIDDEN in vars(_provider.CorpusProvider)


def test_no_constant_of_a_project_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The method that we override is the one by which Hypothesis draws them."""
    asked: list[Any] = []
    monkeypatch.setattr(
        providers.HypothesisProvider, _provider.OVERRIDDEN, lambda *_, **__: asked.append(0)
    )
    drawn(7)
    assert not asked

    @settings(database=None, max_examples=30)
    def ordinary(number: int) -> None:
        pass

    given(NUMBERS)(ordinary)()
    assert asked


def test_the_registry_of_hypothesis_is_left_alone() -> None:
    drawn(7)
    before = dict(providers.AVAILABLE_PROVIDERS)
    drawn(7)
    assert before == providers.AVAILABLE_PROVIDERS


def test_a_hypothesis_without_them_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(providers.HypothesisProvider, _provider.OVERRIDDEN)
    monkeypatch.delitem(sys.modules, "pytest_soblob.strategies._provider")
    with pytest.raises(SoblobError, match=r"lacks a part .* install an older Hypothesis"):
        drawn(7)
