"""Calls of a consumer's own code, each with a time limit.

Each call runs in a daemon thread of its own, since Python cannot end a thread that hangs: the
thread is left behind, and the run goes on. Coroutines of one client run in one event loop, as a
client that keeps connections alive needs it.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from inspect import isawaitable, iscoroutine
from typing import TYPE_CHECKING, Any, Final

from pytest_soblob._text import clip
from pytest_soblob.consumer.foreign import describe_error, place_of, text_of
from pytest_soblob.consumer.outcomes import Crashed, Failed, Hung, Outcome, Refused, read_result
from pytest_soblob.consumer.values import NotUploaded

if TYPE_CHECKING:
    from concurrent.futures import Future

# How long an event loop may take to end: one that a coroutine blocks is left behind.
_ENDING_S: Final = 2.0
_LONGEST: Final = 150
_THREAD_HINT: Final = "the suite makes each call in a thread of its own"


class Returned:
    """A value that a call returned.

    Args:
        value: The value.
    """

    def __init__(self, value: object) -> None:
        self.value = value


class EventLoop:
    """The event loop of one client, in a thread of its own from the first coroutine on.

    Use it as a context manager: at the end tasks that are left are cancelled, and connections that
    are left are closed, which nobody could do later.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._is_over = False

    def __enter__(self) -> "EventLoop":
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
            self._is_over = True
        if loop is not None and thread is not None:
            with suppress(RuntimeError):  # it has ended
                loop.call_soon_threadsafe(loop.stop)
            thread.join(_ENDING_S)

    def submit(self, awaitable: Any) -> "Future[Returned | BaseException]":
        """Have something awaited; the result is what it returned, or the exception it raised.

        Raises:
            RuntimeError: The client is done with: a call that hung has gone on.
        """
        with self._lock:
            if self._is_over:
                _drop(awaitable)
                raise RuntimeError("the scenario has ended")
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=_serve, args=(self._loop,), name="consumer-loop", daemon=True
                )
                self._thread.start()
            return asyncio.run_coroutine_threadsafe(_wait(awaitable), self._loop)


class Caller:
    """Runs the calls of one client.

    Args:
        failures: The exceptions by which the client tells that a call failed.
        limit_s: The time limit of a call, in seconds.
        loop: Where coroutines run.

    Attributes:
        exceptions: What the calls have raised, in order.
    """

    def __init__(
        self, failures: tuple[type[BaseException], ...], limit_s: float, loop: EventLoop
    ) -> None:
        self._failures = failures
        self._limit_s = limit_s
        self._loop = loop
        self.exceptions: list[BaseException] = []

    def upload(self, work: Callable[[], object]) -> Outcome:
        """Run a call that returns a blob id, and return how it ended."""
        ended = self.run(work, read_result)
        return ended.value if isinstance(ended, Returned) else ended  # type: ignore[return-value]

    def do(self, work: Callable[[], object]) -> Outcome | None:
        """Run a call whose result does not matter; None means that it raised nothing."""
        ended = self.run(work)
        return None if isinstance(ended, Returned) else ended

    def run(
        self, work: Callable[[], object], read: Callable[[object], object] | None = None
    ) -> "Returned | Outcome":
        """Run a call, await what it returns if that can be awaited, and return how it ended.

        Args:
            work: The call.
            read: Makes something else of its result, within the same time limit; None for nothing.
        """
        ended: list[Returned | Outcome] = []
        awaited: list[Future[Returned | BaseException]] = []
        given_up = threading.Event()

        def run() -> None:
            try:
                value = work()
                if given_up.is_set():
                    _drop(value)
                    return
                if isawaitable(value):
                    awaited.append(self._loop.submit(value))
                    came = awaited[0].result()
                    if not isinstance(came, Returned):
                        raise came
                    value = came.value
                ended.append(Returned(value if read is None else read(value)))
            except BaseException as error:  # noqa: BLE001 -- it is the outcome
                ended.append(self._outcome(error))

        thread = threading.Thread(target=run, name="consumer-call", daemon=True)
        thread.start()
        thread.join(self._limit_s)
        if ended:
            return ended[0]
        given_up.set()
        for future in awaited:
            future.cancel()
        return Hung(self._limit_s)

    def _outcome(self, error: BaseException) -> Outcome:
        self.exceptions.append(error)
        if isinstance(error, NotUploaded):
            return Refused(text_of(error))
        shown = describe_error(error)
        if isinstance(error, self._failures):
            return Failed(shown)
        if isinstance(error, ValueError) and "main thread" in shown:
            shown = f"{shown}; {_THREAD_HINT}"
        place = place_of(error)
        return Crashed(f"{clip(shown, _LONGEST)}, in {place}" if place else shown)


def _drop(value: object) -> None:
    """Close a coroutine that nobody awaits, or Python would warn of it."""
    if iscoroutine(value):
        value.close()


async def _wait(awaitable: Any) -> "Returned | BaseException":
    """Return what comes of it: SystemExit would otherwise end the loop, and so all later calls."""
    try:
        return Returned(await awaitable)
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return error
    except BaseException as error:  # noqa: BLE001 -- it is the outcome
        return error


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        while not _runs_to_its_end(loop):
            pass
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left, timeout=_ENDING_S / 2))
        loop.run_until_complete(loop.shutdown_asyncgens())
        for transport in list(getattr(loop, "_transports", {}).values()):
            transport.abort()
        loop.run_until_complete(asyncio.sleep(0))  # they close their sockets
    finally:
        loop.close()


def _runs_to_its_end(loop: asyncio.AbstractEventLoop) -> bool:
    """Run a loop until it is stopped; False if a task that the client began has ended it."""
    try:
        loop.run_forever()
    except BaseException:  # noqa: BLE001 -- SystemExit of a task would end all later calls
        return False
    return True
