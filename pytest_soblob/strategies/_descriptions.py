"""Descriptions: `descriptions()`."""

from collections.abc import Collection
from typing import Final, Literal, overload

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from pytest_soblob.generate.texts import BY_NAME, Category
from pytest_soblob.strategies._arguments import as_argument, check_bool, check_names
from pytest_soblob.strategies._naming import changed, shown_as
from pytest_soblob.strategies._pieces import LARGEST_SIZE, plan_for


@overload
def descriptions(
    *,
    categories: Collection[str] | None = ...,
    max_size: int = ...,
    nullable: Literal[True] = ...,
    xml10: bool = ...,
) -> st.SearchStrategy[str | None]: ...
@overload
def descriptions(
    *,
    categories: Collection[str] | None = ...,
    max_size: int = ...,
    nullable: Literal[False],
    xml10: bool = ...,
) -> st.SearchStrategy[str]: ...
@overload
def descriptions(
    *,
    categories: Collection[str] | None = ...,
    max_size: int = ...,
    nullable: bool,
    xml10: bool = ...,
) -> st.SearchStrategy[str | None]: ...
def descriptions(
    *,
    categories: Collection[str] | None = None,
    max_size: int = LARGEST_SIZE,
    nullable: bool = True,
    xml10: bool = True,
) -> st.SearchStrategy[str | None] | st.SearchStrategy[str]:
    """Draw descriptions: None, and texts of several troublesome pieces each.

    Among the pieces is what clients and servers get wrong: outer white space, CR and CRLF, markup,
    character references, marks that combine, right-to-left text, characters beyond the BMP. Some
    texts are exactly as long as the database column, or one more. Hypothesis's statistics show how
    often each category was drawn.

    Args:
        categories: Names of the categories to draw from, as docs/strategies.md lists them; each
            description belongs to at least one of them. None means all.
        max_size: Longest text in code points, 0 or more; .NET counts one beyond the BMP as two.
            254 stays within the database column as Python counts.
        nullable: Whether None (no description, which is not an empty one) is drawn too.
        xml10: False adds texts that XML 1.0 cannot carry, such as U+0000 and lone surrogates,
            which a client has to refuse.

    Shrinks to the empty text, or to the first piece of the first of `categories`.

    Raises:
        InvalidArgument: An unknown category, one that the other arguments rule out, a `max_size`
            that is no whole number of 0 or more, or a `nullable` or `xml10` that is no bool.
    """
    if type(max_size) is not int or max_size < 0:
        raise InvalidArgument(
            f"{as_argument('max_size', max_size)} must be a whole number of code points, 0 or more"
        )
    check_bool("nullable", nullable)
    check_bool("xml10", xml10)
    names = None if categories is None else check_names("categories", categories, BY_NAME)
    for category in () if names is None else (BY_NAME[name] for name in names):
        _check_possible(category, max_size, nullable, xml10)
    given: dict[str, object] = {"max_size": max_size, "nullable": nullable, "xml10": xml10}
    given["categories"] = None if names is None else list(names)
    shown = changed(given, {**_DEFAULTS, "categories": None})
    return _strategy(**shown)  # type: ignore[arg-type]


def _check_possible(category: Category, max_size: int, nullable: bool, xml10: bool) -> None:
    """Refuse a category of which the other arguments leave nothing."""
    if category.is_absent and not nullable:
        raise InvalidArgument(f"category {category.name!r} is ruled out by nullable=False")
    if not category.xml10 and xml10:
        raise InvalidArgument(f"category {category.name!r} needs xml10=False")
    sizes = [size for _, size in category.sizes] + [len(piece.text) for piece in category.pieces]
    least = min(sizes, default=0)
    if least > max_size:
        raise InvalidArgument(
            f"category {category.name!r} has {least:,} code points or more, so {max_size=} "
            "leaves nothing of it"
        )


_DEFAULTS: Final = {"max_size": LARGEST_SIZE, "nullable": True, "xml10": True}


@shown_as("descriptions")
def _strategy(
    draw: st.DrawFn,
    *,
    categories: list[str] | None = None,
    max_size: int = LARGEST_SIZE,
    nullable: bool = True,
    xml10: bool = True,
) -> str | None:
    names = None if categories is None else tuple(categories)
    plan = plan_for(names, max_size, nullable, xml10)
    return plan.build(draw(plan.codes))
