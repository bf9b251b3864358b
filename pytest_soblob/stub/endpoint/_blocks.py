"""Context managers that were created and not entered: such a block silently does nothing."""

from contextlib import AbstractContextManager
from types import TracebackType
from typing import TypeVar

T = TypeVar("T")


class Blocks:
    """The blocks that have not been entered yet."""

    def __init__(self) -> None:
        self._waiting: list[tuple[object, str]] = []

    def add(self, method: str, block: AbstractContextManager[T]) -> AbstractContextManager[T]:
        """Return the same block, wrapped so that entering it is noted.

        Args:
            method: Name of the method that created it.
            block: The block.
        """
        wrapped = _Block(self, block)
        self._waiting.append((wrapped, method))
        return wrapped

    def enter(self, block: object) -> None:
        """Note that a block is entered."""
        self._waiting = [(other, method) for other, method in self._waiting if other is not block]

    def take(self) -> list[str]:
        """Return the methods whose blocks were not entered, each once, and forget them."""
        waiting, self._waiting = self._waiting, []
        return list(dict.fromkeys(method for _, method in waiting))


class _Block(AbstractContextManager[T]):
    def __init__(self, blocks: Blocks, block: AbstractContextManager[T]) -> None:
        self._blocks = blocks
        self._block = block

    def __enter__(self) -> T:
        self._blocks.enter(self)
        return self._block.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        __tracebackhide__ = True
        return self._block.__exit__(kind, error, traceback)
