"""How the strategies fit into Hypothesis: types, reprs, replay, `data()` and `target()`."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, target
from hypothesis import strategies as st
from hypothesis.database import DirectoryBasedExampleDatabase, InMemoryExampleDatabase
from hypothesis.errors import InvalidArgument

import pytest_soblob
from pytest_soblob import SaveImageStreamRequest, assert_valid_request
from pytest_soblob import strategies as soblob_st
from pytest_soblob.strategies._types import _STRATEGIES

FEW = settings(max_examples=5, database=None, deadline=None)
PLAIN = (
    "blob_link_types", "descriptions", "images", "malformed_requests", "malformed_responses",
    "request_envelopes", "requests", "response_envelopes", "responses", "tickets",
)  # fmt: skip


@pytest.mark.parametrize("type_", _STRATEGIES, ids=lambda type_: type_.__name__)
def test_from_type_draws_right_values_of_each_type(type_: type) -> None:
    @FEW
    @given(st.from_type(type_))
    def test(value: object) -> None:
        assert isinstance(value, type_)
        if isinstance(value, SaveImageStreamRequest):
            assert_valid_request(value.to_bytes(), installation="online")

    test()


def test_annotations_are_enough() -> None:
    @FEW
    @given(...)
    def test(request: SaveImageStreamRequest) -> None:
        assert (request.ticket or "").startswith(("7T:", "8A:"))

    test()


@pytest.mark.parametrize("name", [name for name in PLAIN if name != "images"])
def test_the_repr_of_a_strategy_is_short_and_rebuilds_it(name: str) -> None:
    strategy = getattr(soblob_st, name)()
    assert repr(strategy) == f"{name}()"
    assert repr(eval(repr(strategy), vars(soblob_st))) == repr(strategy)


@pytest.mark.parametrize("name", [name for name in PLAIN if name != "images"])
def test_the_repr_of_a_value_rebuilds_it(name: str) -> None:
    @FEW
    @given(getattr(soblob_st, name)())
    def test(value: object) -> None:
        names = {**{name: getattr(pytest_soblob, name) for name in pytest_soblob.__all__}}
        if isinstance(value, pytest_soblob.BlobLinkType):
            assert value in tuple(pytest_soblob.BlobLinkType)
        else:
            assert eval(repr(value), names) == value

    test()


def test_arguments_that_are_no_strategies_are_refused_at_the_call() -> None:
    with pytest.raises(InvalidArgument, match=r"types='PersonImage' must be a strategy; just\("):
        soblob_st.requests(types="PersonImage")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="requests=7 must be a strategy"):
        soblob_st.request_envelopes(requests=7)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="'wdsl' is unknown; did you mean 'wsdl'"):
        soblob_st.response_envelopes(profiles=["wdsl"])


@pytest.mark.parametrize("kind", ["memory", "directory"])
def test_a_failure_is_replayed_from_the_database(kind: str, tmp_path: Path) -> None:
    database = InMemoryExampleDatabase() if kind == "memory" else None
    seen: list[str | None] = []

    @settings(database=database or DirectoryBasedExampleDatabase(tmp_path), deadline=None)
    @given(soblob_st.descriptions())
    def test(text: str | None) -> None:
        seen.append(text)
        assert "\r" not in (text or "")

    with pytest.raises(AssertionError):
        test()
    seen.clear()
    with pytest.raises(AssertionError):
        test()
    assert seen[0] == "\r"


def test_data_and_target_work() -> None:
    drawn: list[tuple[str, str]] = []

    @settings(FEW, max_examples=20)
    @given(st.data())
    def test(data: Any) -> None:
        text = data.draw(soblob_st.descriptions(nullable=False), label="description")
        target(float(len(text)))
        drawn.append((text, data.draw(soblob_st.tickets())))

    test()
    assert len(drawn) >= 20
    assert max(len(text) for text, _ in drawn) > 20  # `target` has driven it there
    assert {ticket[:3] for _, ticket in drawn} <= {"7T:", "8A:"}
