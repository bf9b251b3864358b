"""Whatever a test does around its uploads, each wrong one is told to somebody.

Sequences of what tests do are drawn; what is to be told is counted by the sequence alone.
"""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from hypothesis.errors import UnsatisfiedAssumption

from pytest_soblob import ContractViolationError, HttpRequest, StubEndpoint
from tests import mistakes as m

LEAVES: dict[str, Callable[[], object]] = {
    "at its end": lambda: None,
    "by assume": lambda: assume(False),
    "by an assertion": lambda: pytest.fail("the test's own"),
    "by a skip": lambda: pytest.skip("not here"),
}
STEPS = st.one_of(
    st.sampled_from(["right", "wrong", "check", "stop", "close", "settle"]),
    st.tuples(st.sampled_from(["right", "wrong", "right, wrong"]), st.sampled_from(sorted(LEAVES))),
)


def upload(number: int | None) -> HttpRequest:
    """A right one, or a wrong one that is known by its number."""
    child = "" if number is None else f"<n:Wrong{number}/>"
    return m.http_request(m.request(m.TYPE, m.IMAGE, m.DESCRIPTION + child))


class Run:
    """One test of somebody's, who notes whatever is raised."""

    def __init__(self) -> None:
        self.endpoint = StubEndpoint()
        self.sent = 0
        self.told = ""

    def note(self, work: Callable[[], object]) -> None:
        try:
            work()
        except ContractViolationError as error:
            self.told += "".join(f"{v.path} {v.message}\n" for v in error.violations)

    def send(self, what: str) -> None:
        for each in what.split(", "):
            self.sent += each == "wrong"
            self.endpoint.handle(upload(self.sent if each == "wrong" else None))

    def block(self, what: str, leaves: Callable[[], object]) -> None:
        with self.endpoint.example():
            self.send(what)
            leaves()

    def step(self, step: str | tuple[str, str]) -> None:
        if isinstance(step, tuple):
            what, how = step
            with suppress(UnsatisfiedAssumption, pytest.fail.Exception, pytest.skip.Exception):
                self.note(lambda: self.block(what, LEAVES[how]))
        elif step in ("right", "wrong"):
            self.send(step)
        else:
            self.note(getattr(self.endpoint, step))


@given(st.lists(STEPS, max_size=8))
@example([("wrong", "by assume"), ("right", "by assume")])
@example(["wrong", "stop"])
def test_each_wrong_upload_is_told_and_not_again(steps: "list[str | tuple[str, str]]") -> None:
    run = Run()
    for step in steps:
        run.step(step)
    run.note(run.endpoint.check)
    for number in range(1, run.sent + 1):
        assert run.told.count(f"Wrong{number} ") + run.told.count(f"Wrong{number}\n") >= 1, number
    before = run.told
    run.note(run.endpoint.check)
    assert run.told == before  # and then no more


@given(st.lists(STEPS, max_size=8))
@example([("wrong", "by assume"), ("right", "by assume")])
def test_of_generated_examples_one_wrong_upload_is_told_if_there_was_any(
    steps: "list[str | tuple[str, str]]",
) -> None:
    run = Run()
    run.endpoint._runner.generate()
    for step in steps:
        run.step(step)
    run.note(run.endpoint.check)
    assert bool(run.told) == bool(run.sent)
