"""Whether a value that a test gives is the number that it should be."""

from typing import Final, TypeGuard

# Beyond it neither seconds nor bytes nor calls mean anything, and arithmetic overflows.
LARGEST: Final = 1e12
# Of an xs:int (XML Schema part 2, 3.3.17).
SMALLEST_INT: Final = -(2**31)
LARGEST_INT: Final = 2**31 - 1


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether it is a number that means something: no truth value, no NaN, nothing endless."""
    kind_fits = isinstance(value, int | float) and not isinstance(value, bool)
    return kind_fits and -LARGEST <= value <= LARGEST  # type: ignore[operator]  # a number


def is_whole(value: object) -> TypeGuard[int]:
    """Whether it is a whole number, likewise."""
    return isinstance(value, int) and is_number(value)


def is_xs_int(value: object) -> TypeGuard[int]:
    """Whether it is a number that an xs:int can have."""
    return is_whole(value) and SMALLEST_INT <= value <= LARGEST_INT
