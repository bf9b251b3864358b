"""Calls without a connection; a verdict has to wait for those that have begun."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pytest_soblob._basics.clock import now


class UnderWay:
    """The calls that are being handled in their clients' threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[threading.Event, threading.Thread] = {}

    @contextmanager
    def call(self) -> Iterator[None]:
        """Register a call while the block runs."""
        done = threading.Event()
        with self._lock:
            self._calls[done] = threading.current_thread()
        try:
            yield
        finally:
            with self._lock:
                del self._calls[done]
            done.set()

    def settle(self, timeout_s: float) -> threading.Thread | None:
        """Wait for the calls that have begun in other threads.

        Args:
            timeout_s: Longest time to wait, in seconds.

        Returns:
            The thread of a call that has not ended in time, or None if all have ended.
        """
        with self._lock:
            begun = tuple(self._calls.items())
        end = now() + timeout_s
        for done, thread in begun:
            is_own = thread is threading.current_thread()
            if not (is_own or done.wait(max(0, end - now()))):
                return thread
        return None
