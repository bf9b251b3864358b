"""What `malformed_*` draw: how many rules one run meets, and how each is judged."""

import time
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import find, given, seed, settings
from hypothesis.errors import InvalidArgument

from pytest_soblob import (
    ContractViolationError,
    MalformedBytes,
    assert_valid_request,
    assert_valid_response,
)
from pytest_soblob import strategies as soblob_st
from pytest_soblob.generate.mutations import MUTATIONS
from tests.example_counts import at_length, either, untraced

DRAWS = {
    "request": soblob_st.malformed_requests,
    "response": soblob_st.malformed_responses,
}
ASSERTIONS: dict[str, Callable[..., None]] = {
    "request": assert_valid_request,
    "response": assert_valid_response,
}
kinds = pytest.mark.parametrize("kind", ["request", "response"])


@at_length
@kinds
@pytest.mark.parametrize("number", range(either(2, 5)))
def test_one_run_meets_half_of_the_rules(kind: str, number: int) -> None:
    rules: set[str] = set()

    @seed(number)
    @settings(max_examples=100, database=None, deadline=None)
    @given(DRAWS[kind]())
    def collect(data: MalformedBytes) -> None:
        rules.add(data.rule)

    collect()
    assert len(rules) >= 45
    assert rules <= set(soblob_st.malformed_rules(kind))


RULES = [(kind, rule) for kind in DRAWS for rule in soblob_st.malformed_rules(kind)]


@at_length
@pytest.mark.slow
@pytest.mark.parametrize(("kind", "rule"), RULES)
def test_each_rule_fails_the_assertion_without_further_arguments(kind: str, rule: str) -> None:
    @settings(max_examples=either(5, 30), database=None, deadline=None)
    @given(DRAWS[kind](rules=[rule]))
    def test(data: MalformedBytes) -> None:
        with pytest.raises(ContractViolationError) as caught:
            ASSERTIONS[kind](data)
        assert rule in {violation.rule for violation in caught.value.violations}

    test()


@kinds
def test_the_rules_for_parametrize_are_those_of_the_mutations(kind: str) -> None:
    every = {m.rule for m in MUTATIONS if kind in m.kinds}
    http = {m.rule for m in MUTATIONS if kind in m.kinds and m.is_http}
    assert set(soblob_st.malformed_rules(kind, http=True)) == every
    assert set(soblob_st.malformed_rules(kind)) == every - http
    assert len(every - http) >= 90
    page = soblob_st.malformed_rules(kind, profiles=["documented"])
    assert 0 < len(page) < len(every - http)


@untraced
@kinds
@pytest.mark.parametrize(
    ("wanted", "minima"),
    [
        (lambda data: True, 1),
        (lambda data: data.profile == "documented", 1),
        (lambda data: len(data) > 1_500, 2),
    ],
    ids=["any", "documented", "large"],
)
def test_a_find_ends_at_the_smallest_message_in_seconds(
    kind: str, wanted: Callable[[MalformedBytes], bool], minima: int
) -> None:
    begun_s = time.process_time()
    strategy = DRAWS[kind]()
    small = settings(database=None, max_examples=2_000)
    found = {repr(find(strategy, wanted, settings=small, random=Random(n))) for n in range(2)}
    assert time.process_time() - begun_s < 2 * 5
    assert len(found) <= minima


@kinds
def test_repr_is_the_call(kind: str) -> None:
    name = f"malformed_{kind}s"
    draw = DRAWS[kind]
    assert repr(draw()) == f"{name}()"
    assert repr(draw(profiles={"soap12", "wsdl"})) == f"{name}(profiles=['wsdl', 'soap12'])"
    assert repr(draw(rules={"xml.doctype"})) == f"{name}(rules=['xml.doctype'])"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"rules": ["xml.doctyp"]}, "'xml.doctyp' is unknown; did you mean 'xml.doctype'"),
        ({"rules": []}, r"rules=\[\] must have at least one of"),
        ({"profiles": ["auto"]}, "'auto' is unknown; there are wsdl, soap12, documented"),
        ({"profiles": "wsdl"}, "profiles='wsdl' must be a collection of names"),
    ],
)
def test_wrong_argument_is_named_at_the_call(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        soblob_st.malformed_requests(**wrong)


def test_a_rule_that_cannot_be_broken_there_is_refused() -> None:
    rules = set(soblob_st.malformed_rules()) - set(
        soblob_st.malformed_rules(profiles=["documented"])
    )
    with pytest.raises(InvalidArgument, match="cannot be broken in profiles"):
        soblob_st.malformed_requests(profiles=["documented"], rules=[min(rules)])
    with pytest.raises(InvalidArgument, match="'requests' is unknown; did you mean 'request'"):
        soblob_st.malformed_rules("requests")
