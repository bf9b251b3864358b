"""Calls of a consumer's own code, each with a time limit.

Each call runs in a daemon thread of its own, since Python cannot end a thread that hangs: the
thread is left behind, and the run goes on. Coroutines of one client run in one event loop, as a
client that keeps connections alive needs it.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from inspect import isawaitable
from typing import Any

from pytest_soblob.consumer.outcomes import Crashed, Failed, Hung, Outcome, Refused, read_result
from pytest_soblob.consumer.values import NotUploaded


class Caller:
    """Runs the calls of one client.

    Args:
        failures: The exceptions by which the client tells that a call failed.
        limit_s: The time limit of a call, in seconds.

    Attributes:
        exceptions: What the calls have raised, in order.
    """

    def __init__(self, failures: tuple[type[BaseException], ...], limit_s: float) -> None:
        self._failures = failures
        self._limit_s = limit_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self.exceptions: list[BaseException] = []

    def upload(self, work: Callable[[], object]) -> Outcome:
        """Run a call that returns a blob id, and return how it ended."""
        ended = self._run(work)
        return ended if isinstance(ended, Outcome) else read_result(ended.value)

    def do(self, work: Callable[[], object]) -> Outcome | None:
        """Run a call whose result does not matter; None means that it raised nothing."""
        ended = self._run(work)
        return ended if isinstance(ended, Outcome) else None

    def close(self) -> None:
        """Stop the event loop, if there is one."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)

    def _run(self, work: Callable[[], object]) -> "_Returned | Outcome":
        ended: list[_Returned | BaseException] = []

        def run() -> None:
            try:
                ended.append(_Returned(self._finish(work())))
            except BaseException as error:  # noqa: BLE001 -- it is the outcome
                ended.append(error)

        thread = threading.Thread(target=run, name="consumer-call", daemon=True)
        thread.start()
        thread.join(self._limit_s)
        if not ended:
            return Hung(self._limit_s)
        return self._outcome(ended[0]) if isinstance(ended[0], BaseException) else ended[0]

    def _outcome(self, error: BaseException) -> Outcome:
        self.exceptions.append(error)
        shown = f"{type(error).__name__}: {error}"
        if isinstance(error, NotUploaded):
            return Refused(str(error))
        if isinstance(error, self._failures):
            return Failed(shown)
        return Crashed(shown)

    def _finish(self, result: object) -> object:
        """Await the result if it can be awaited."""
        if not isawaitable(result):
            return result
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=_serve, args=(self._loop,), daemon=True).start()
        return asyncio.run_coroutine_threadsafe(_wait(result), self._loop).result(self._limit_s)


class _Returned:
    """A value that a call returned.

    Args:
        value: The value.
    """

    def __init__(self, value: object) -> None:
        self.value = value


def _wait(awaitable: Any) -> Coroutine[Any, Any, object]:
    async def wait() -> object:
        return await awaitable

    return wait()


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_forever()
    with suppress(RuntimeError):  # a task that hangs is left behind
        loop.close()
