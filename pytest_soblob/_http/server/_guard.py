"""An error on one connection ends that connection, and no other."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar


class Abortable(Protocol):
    """A connection that can end without affecting others."""

    def abort_with(self, error: BaseException) -> None:
        """Close at once, and report the error."""


B = TypeVar("B", bound=Abortable)
P = ParamSpec("P")
T = TypeVar("T")


def isolated(
    step: Callable[Concatenate[B, P], T],
) -> Callable[Concatenate[B, P], T | None]:
    """Let an exception in a step end the step's connection instead of the loop."""

    def guarded(self: B, /, *args: P.args, **kwargs: P.kwargs) -> T | None:
        try:
            return step(self, *args, **kwargs)
        except BaseException as error:  # noqa: BLE001 -- reported: a thread has no caller
            self.abort_with(error)
            return None

    return wraps(step)(guarded)
