"""Explicit examples for property tests: `classics()`."""

import inspect
from collections.abc import Callable
from itertools import cycle, islice
from typing import Any, TypeVar

from hypothesis import example
from hypothesis.errors import InvalidArgument

from pytest_soblob.generate.texts import CATEGORIES
from pytest_soblob.strategies._arguments import check_bool, listed, unknown
from pytest_soblob.strategies._classic_images import classic_images

Test = TypeVar("Test", bound=Callable[..., None])


def classics(
    *,
    image: str | None = "image",
    description: str | None = "description",
    nullable: bool = True,
    **others: Any,
) -> Callable[[Test], Test]:
    """Return a decorator that runs a property test with one example for each known trouble.

    It stacks `hypothesis.example`: one for each category of `descriptions()`, and one for each
    important feature of an image. So they are tried in every run, before anything is drawn::

        @soblob_st.classics()
        @given(image=soblob_st.images(), description=soblob_st.descriptions())
        def test_arrives_unchanged(soblob_endpoint, image, description): ...

    Args:
        image: Name of the test's argument for images; None if it has none.
        description: Name of the test's argument for descriptions; None if it has none.
        nullable: Whether None is among the descriptions.
        **others: Values for the other arguments that `given` draws, by name.

    Raises:
        InvalidArgument: Neither argument is named, `nullable` is no bool, or the test has no
            argument of such a name.
    """
    check_bool("nullable", nullable)
    columns: dict[str, tuple[object, ...]] = {}
    if image is not None:
        columns[image] = classic_images()
    if description is not None:
        columns[description] = classic_descriptions(nullable=nullable)
    if not columns:
        raise InvalidArgument("classics() needs the name of an argument for images or descriptions")
    count = max(map(len, columns.values()))
    values = [islice(cycle(column), count) for column in columns.values()]
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*values, strict=True)]

    def decorate(test: Test) -> Test:
        _check_arguments(test, (*columns, *others))
        for row in reversed(rows):  # the last one that is stacked is run first
            test = example(**row, **others).via("soblob classics")(test)
        return test

    return decorate


def classic_descriptions(*, nullable: bool = True) -> tuple[str | None, ...]:
    """Return a description for each category that XML 1.0 can carry, plainest first."""
    texts = [text for category in CATEGORIES for text in category.classics]
    return (*texts, *([None] if nullable else []))


def _check_arguments(test: Callable[..., None], names: tuple[str, ...]) -> None:
    # `given`, if it stands below, has taken its arguments out of the signature.
    inner = getattr(getattr(test, "hypothesis", None), "inner_test", test)
    known = tuple(inspect.signature(inner).parameters)
    for name in names:
        if name not in known:
            hint = unknown(name, known) if known else f"it has no arguments, {listed(names)}"
            raise InvalidArgument(f"classics() for {inner.__name__}: argument {hint}")
