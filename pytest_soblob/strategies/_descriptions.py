"""Descriptions: `descriptions()`."""

from typing import Literal, overload

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from pytest_soblob.contract import DESCRIPTION_COLUMN_CHARACTERS

# XML 1.0 section 2.2: no control but tab, LF and CR, no surrogate, and these two are no characters.
_CHARACTERS = st.characters(
    exclude_categories=["Cs"],
    exclude_characters="".join(chr(c) for c in range(0x20) if c not in (0x9, 0xA, 0xD))
    + "\ufffe\uffff",
)

# What clients, XML, .NET and databases are known to lose, change or count otherwise.
_PIECES = (
    " ",
    "\t",
    "\n",
    "\r",  # a parser reads it as LF unless it was written as &#13;
    "\r\n",
    "<&>",
    "]]>",
    "<![CDATA[",
    "<!--",
    "&amp;",
    "&#13;",
    "&lt;b&gt;",
    "\"'",
    "%20+",
    "{0}",
    "\\n",
    "\x85",  # NEL: a line end to XML 1.1 and to many a strip(), not to XML 1.0
    "\u2028",
    "\xa0",
    "\u200b",
    "\ufeff",  # a byte order mark where none belongs
    "\ufffd",
    "\u202eabc\u202c",
    "שלום",
    "مرحبا",
    "e\u0301",
    "\xe9",
    "\u1e9b\u0323",  # each of the four normal forms writes it otherwise
    "\u0131\u0130iI",  # the Turkish i, both cases
    "ß",
    "Blåbærsyltetøy ÆØÅ",
    "漢字",
    "\U00020bb7",  # beyond the BMP: one character here, two to .NET
    "\U0001f600",
    "\U0001f469\u200d\U0001f467",  # a family of two, joined
    "\U0001f1f3\U0001f1f4",
    "\U0010fffd",
)

# How often each kind of text comes up, simplest first.
_KINDS = ("plain",) * 6 + ("pieced",) * 9 + ("long",) * 3 + ("empty", "none")


@overload
def descriptions(
    *, max_size: int = ..., nullable: Literal[True] = ...
) -> st.SearchStrategy[str | None]: ...
@overload
def descriptions(*, max_size: int = ..., nullable: Literal[False]) -> st.SearchStrategy[str]: ...
@overload
def descriptions(*, max_size: int = ..., nullable: bool) -> st.SearchStrategy[str | None]: ...
def descriptions(
    *, max_size: int = 1_000, nullable: bool = True
) -> st.SearchStrategy[str | None] | st.SearchStrategy[str]:
    """Draw descriptions: any text that XML 1.0 can carry, and None.

    Among them is what clients and servers get wrong: white space outside, CR and CRLF, markup,
    character references, marks that combine, right-to-left text, characters beyond the BMP, and
    more text than the database column takes.

    Args:
        max_size: Longest text in characters as Python counts them, 0 or more; .NET counts one
            beyond the BMP as two. 254 stays within the database column as Python counts.
        nullable: Whether None (no description, which is not an empty one) is drawn too.

    Shrinks to the empty text.

    Raises:
        InvalidArgument: `max_size` is no whole number of 0 or more, or `nullable` no bool.
    """
    if type(max_size) is not int or max_size < 0:
        raise InvalidArgument(f"{max_size=} must be a whole number of characters, 0 or more")
    if not isinstance(nullable, bool):
        raise InvalidArgument(f"{nullable=} must be True or False")
    return _descriptions(max_size, nullable)


@st.composite
def _descriptions(draw: st.DrawFn, max_size: int, nullable: bool) -> str | None:
    kind = draw(st.sampled_from(_KINDS))
    if kind == "long" and max_size >= DESCRIPTION_COLUMN_CHARACTERS:
        return draw(_long(max_size))
    if kind == "plain":
        return draw(st.text(_CHARACTERS, max_size=max_size))
    text = draw(_pieced(0))[:max_size]
    # These two throw away what they drew: Hypothesis does not draw the same choices twice, so a
    # branch without any would come up once in a run.
    if kind == "empty":
        return ""
    return None if kind == "none" and nullable else text


def _pieced(min_size: int) -> st.SearchStrategy[str]:
    """Draw troublesome pieces and plain characters in a row, at least so many of them."""
    pieces = _CHARACTERS | st.sampled_from(_PIECES)
    return st.lists(pieces, min_size=min_size, max_size=12).map("".join)


@st.composite
def _long(draw: st.DrawFn, max_size: int) -> str:
    """Draw a few pieces over and over, most often just as long as the column, or longer.

    Any size is possible, so that a text of this kind shrinks as far as one of any other.
    """
    unit = draw(_pieced(1))
    full = DESCRIPTION_COLUMN_CHARACTERS
    size = min(draw(st.integers(0, max_size) | st.integers(full, full + 2)), max_size)
    return (unit * (size // len(unit) + 1))[:size]
