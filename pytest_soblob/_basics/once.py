"""A property that is computed on first access and then kept."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class once(Generic[T]):  # noqa: N801 -- written as a decorator
    """Like `functools.cached_property`, but without a lock in any version of Python.

    Before Python 3.12 `cached_property` takes a lock on each computation: it can cost more than the
    value itself, and a process forked while another thread holds it would wait forever. Two threads
    that read the property at once both compute the value, so it must be the same each time.
    """

    def __init__(self, find: Callable[[Any], T]) -> None:
        self._find = find
        self.__doc__ = find.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> "once[T]": ...

    @overload
    def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: object, owner: type) -> "once[T] | T":
        """Called only if the instance has no value yet: its own attributes take precedence."""
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._find(instance)
        return value
