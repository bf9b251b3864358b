"""Explicit examples for property tests: `classics()`."""

import inspect
from collections.abc import Callable
from itertools import cycle, islice
from typing import Any, TypeVar

from hypothesis import example
from hypothesis.errors import InvalidArgument

from pytest_soblob._text import clip
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
    for name, value in (("image", image), ("description", description)):
        if value is not None and not isinstance(value, str):
            raise InvalidArgument(f"{name}={clip(repr(value), 80)} must be a name or None")
    if image is not None and image == description:
        raise InvalidArgument(f"{image=} and {description=} must be names of two arguments")
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
    if not inspect.isroutine(inner):
        raise InvalidArgument(f"classics() decorates a test, not {clip(repr(test), 80)}")
    where = f"classics() for {inner.__name__}"
    parameters = inspect.signature(inner).parameters
    known = tuple(parameters)
    if not known:
        raise InvalidArgument(f"{where}: the test has no arguments; name {listed(names)}")
    for name in names:
        if name not in known:
            raise InvalidArgument(f"{where}: argument {unknown(name, known)}")
    if inner is test:
        return
    given_or_free = {*inspect.signature(test).parameters, *names}
    rest = [name for name, one in parameters.items() if one.default is one.empty]
    rest = [name for name in rest if name not in given_or_free]
    if rest:
        raise InvalidArgument(
            f"{where}: argument {rest[0]!r} needs a value too, as in classics({rest[0]}=...)"
        )
