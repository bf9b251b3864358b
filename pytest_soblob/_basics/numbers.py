"""Checks of numbers that a test passes or a message contains."""

from typing import Final, TypeGuard

# Larger numbers of seconds, bytes or calls have no meaning, and arithmetic overflows.
LARGEST: Final = 1e12
# Digits of a length; 2**64 has as many.
MOST_DIGITS: Final = 20
# Of an xs:int (XML Schema part 2, 3.3.17).
SMALLEST_INT: Final = -(2**31)
LARGEST_INT: Final = 2**31 - 1


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether it is a finite number of at most 1e12 in size; bool and NaN are not."""
    kind_fits = isinstance(value, int | float) and not isinstance(value, bool)
    return kind_fits and -LARGEST <= value <= LARGEST  # type: ignore[operator]  # a number


def is_whole(value: object) -> TypeGuard[int]:
    """Whether it is an int within the same limit; bool is not."""
    return isinstance(value, int) and is_number(value)


def is_xs_int(value: object) -> TypeGuard[int]:
    """Whether it is a value of xs:int."""
    return is_whole(value) and SMALLEST_INT <= value <= LARGEST_INT


def parse_length(value: str) -> int | None:
    """Return the value of a Content-Length as a number (RFC 9110, 8.6).

    None unless it consists of ASCII digits only, at most 20 of them. Python's `int` would accept a
    sign, other scripts' digits and underscores, and raise for thousands of digits.
    """
    digits = value.strip(" \t")
    if digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS:
        return int(digits)
    return None
