"""Wrong arguments of strategies: a clear text each, that names the argument; no traceback."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from pytest_soblob import strategies as soblob_st
from pytest_soblob.soap.messages import SaveImageStreamRequest

MESSAGE = SaveImageStreamRequest(type="PersonImage", image=b"x", description=None, ticket="7T:x")
NAMES = [name for name in soblob_st.__all__ if name != "classics"]
ARGUMENTS = [
    (name, argument)
    for name in NAMES
    for argument in inspect.signature(getattr(soblob_st, name)).parameters
]
VALUES = [
    *(7, -1, 0, 3.5, True, None, "x", "", b"x", [], (), ["zz"], [7], [None], [[]], {1}, {"a": 1}),
    *(object(), int, float("nan"), 10**30, "\ud800", ["wsdl", "wsdl"], "x" * 10_000),
    *(st.integers(), [st.integers()], st.just(None), st.just("x" * 10_000), st.just([])),
]
ONE = settings(
    max_examples=2, database=None, deadline=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


def use(name: str, arguments: dict[str, Any]) -> None:
    """Make the strategy and draw from it."""
    if name == "spellings":
        arguments = {"message": MESSAGE} | arguments
    strategy = getattr(soblob_st, name)(**arguments)
    if isinstance(strategy, st.SearchStrategy):
        ONE(given(strategy)(lambda value: None))()


@pytest.mark.parametrize(("name", "argument"), ARGUMENTS)
def test_a_wrong_value_is_told_with_the_name_of_the_argument(name: str, argument: str) -> None:
    refused = 0
    for value in VALUES:
        try:
            use(name, {argument: value})
        except InvalidArgument as error:
            refused += 1
            text = str(error)
            assert argument in text, (value, text)
            assert len(text) < 900, (value, text)
    assert refused > len(VALUES) // 2


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: soblob_st.requests(descriptions=st.just(3)),  # type: ignore[arg-type]
            "descriptions=just(3) drew 3; it must draw str or None",
        ),
        (
            lambda: soblob_st.damaged_images(images=st.just(b"x")),  # type: ignore[arg-type]
            "images=just(b'x') drew b'x'; it must draw ImageBytes",
        ),
        (
            lambda: soblob_st.spellings(st.none()),  # type: ignore[arg-type]
            "message=none() drew None; it must draw "
            "SaveImageStreamRequest or SaveImageStreamResponse or Fault",
        ),
    ],
)
def test_what_a_strategy_of_the_callers_draws_is_checked(
    make: Callable[[], st.SearchStrategy[object]], text: str
) -> None:
    with pytest.raises(InvalidArgument) as raised:
        ONE(given(make())(lambda value: None))()
    assert str(raised.value) == text


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"image": 7}, "image=7 must be a name or None"),
        ({"description": ["text"]}, "description=['text'] must be a name or None"),
        ({"image": "text", "description": "text"},
         "image='text' and description='text' must be names of two arguments"),
        ({"image": "imgae"},
         "classics() for test: argument 'imgae' is unknown; "
         "did you mean 'image'?"),
        ({"description": "text"},
         "classics() for test: argument 'number' needs a value too, as in classics(number=...)"),
        ({"nullable": 1}, "nullable=1 must be True or False"),
        ({"image": None, "description": None},
         "classics() needs the name of an argument for images or descriptions"),
    ],
)  # fmt: skip
def test_wrong_arguments_of_classics(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidArgument) as raised:

        @soblob_st.classics(**arguments)
        @given(image=st.none(), text=st.none(), number=st.none())
        def test(image: object, text: object, number: object, other: int = 3) -> None:
            pass

    assert str(raised.value) == text


def no_arguments() -> None:
    pass


@pytest.mark.parametrize(
    ("test", "text"),
    [
        (7, "classics() decorates a test, not 7"),
        (None, "classics() decorates a test, not None"),
        (int, "classics() decorates a test, not <class 'int'>"),
        (no_arguments,
         "classics() for no_arguments: the test has no arguments; name image, description"),
    ],
)  # fmt: skip
def test_what_classics_cannot_decorate(test: Any, text: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        soblob_st.classics()(test)
    assert str(raised.value) == text
