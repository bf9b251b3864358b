"""What is dear to make is made once, in whatever order the tests run.

A fixture of a module's scope, or with parameters, is made anew at each change of it. In random
order that is nearly each test. A running endpoint is not for this: it would meet what other tests
replace in its code.
"""

from collections.abc import Callable, Hashable
from typing import TypeVar, cast

T = TypeVar("T")


class Once:
    """Values by key, each made at its first use."""

    def __init__(self) -> None:
        self._made: dict[Hashable, object] = {}

    def __call__(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the value of a key."""
        if key not in self._made:
            self._made[key] = make()
        return cast("T", self._made[key])
