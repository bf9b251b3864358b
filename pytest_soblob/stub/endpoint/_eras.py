"""Finds the test in which a connection was opened."""

from bisect import bisect_left
from typing import Final

_MOST: Final = 1_000


class Eras:
    """The tests that have ended, each with the number of the last connection accepted by then.

    Connections are numbered from 1. Only the last 1,000 tests are remembered; connections of
    earlier tests count as those of the oldest one remembered.
    """

    def __init__(self) -> None:
        self._last: list[int] = []
        self._names: list[str] = []

    def end(self, name: str, accepted: int) -> None:
        """Remember that a test has ended.

        Args:
            name: Name of the test.
            accepted: Number of connections accepted by then.
        """
        if accepted <= (self._last[-1] if self._last else 0):
            return  # the test has opened no connection
        self._last.append(accepted)
        self._names.append(name)
        del self._last[:-_MOST], self._names[:-_MOST]

    def find(self, connection: int | None) -> str | None:
        """Return the ended test in which a connection was opened, or None for the running one."""
        if connection is None:
            return None
        at = bisect_left(self._last, connection)
        return self._names[at] if at < len(self._names) else None

    def clear(self) -> None:
        """Forget all tests, because connections are numbered from 1 again."""
        self._last.clear()
        self._names.clear()
