"""`Server`: a listening socket, and the thread whose loop serves it."""

import asyncio
import math
import os
import socket
import ssl
import sys
import threading
import traceback
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from pytest_soblob._basics.clock import now
from pytest_soblob._http.server._connection import Connection
from pytest_soblob._http.server._draining import drain
from pytest_soblob._http.server._handlers import Handlers
from pytest_soblob._http.server._limits import Limits
from pytest_soblob._http.server._table import Table
from pytest_soblob.errors import SoblobError

if TYPE_CHECKING:
    from pytest_soblob._http.server._unfinished import Unfinished

_BACKLOG: Final = 1024
# For judging what has arrived, and for the thread to end.
PATIENCE_S: Final = 10.0
STARTED_AFTER_S: Final = 10.0
STOPPED_AFTER_S: Final = 10.0
_MARGIN_S: Final = 0.5  # lets the loop itself report the timeout, and which clients still send
_POLL_INTERVAL_S: Final = 0.1  # checks that the thread is alive
# Pause before accepting again when the system has no resources for a connection.
_STARVED_FOR_S: Final = 0.2
_STARVED_AGAIN_S: Final = 1.0  # after so long without a failure, the next one is reported again
# The standard library's loop, whatever policy the process has: it is the one that is tested.
if sys.platform == "win32":
    _Loop = asyncio.ProactorEventLoop
else:
    _Loop = asyncio.SelectorEventLoop


class _RealTime(_Loop):
    """A loop on the real clock, which a test cannot stop."""

    def time(self) -> float:
        return now()


_SWEEP_INTERVAL_S: Final = 0.2
# Turns of the loop for connections to end: each needs two or three, and a test must not wait.
_MOST_TURNS: Final = 100


class Server:
    """A server on one address.

    Args:
        handlers: The callbacks.
        host: Address or name to listen on.
        port: Port; 0 for any free one.
        limits: Limits of a connection; None for the defaults.
        tls: TLS context; None for plain HTTP. Session tickets are disabled in it: a client that
            closes without having read them would reset the connection, and destroy what it had
            sent.

    Attributes:
        unfinished: What was incomplete at the end of the last drain.
    """

    def __init__(
        self,
        handlers: Handlers,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        if tls is not None:
            tls.num_tickets = 0
        self.host, self.port = host, port
        self.unfinished: tuple[Unfinished, ...] = ()
        self._handlers = handlers
        self._table = Table[Connection](
            handlers=handlers, limits=limits or Limits(), tls=tls, drain=self._drain
        )
        self._accepted = 0
        self._process = os.getpid()
        self._listener: socket.socket | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._failed: BaseException | None = None  # to start, or later

    @property
    def accepted(self) -> int:
        """The number of connections accepted so far."""
        return self._accepted

    @property
    def has_ended(self) -> bool:
        """Whether the server has ended by itself, because the loop failed."""
        return self._thread is not None and self._failed is not None

    def is_open(self, number: int) -> bool:
        """Whether the connection of that number is open; only valid in the server's thread."""
        return any(connection.number == number for connection in self._table.open)

    def start(self) -> Self:
        """Listen; return when connections are accepted.

        Raises:
            SoblobError: The server is running already, the address is not available, or the loop
                fails to start or does not start in time.
        """
        if self._thread is not None:
            raise SoblobError("the server has been started already")
        listener = _listen(self.host, self.port)
        self.port = listener.getsockname()[1]
        self._failed, self._process = None, os.getpid()
        self._ready.clear()
        self._thread = threading.Thread(
            target=self._run, args=(listener,), name="soblob-server", daemon=True
        )
        self._thread.start()
        if not self._ready.wait(STARTED_AFTER_S):
            said = doing(self._thread)
            listener.close()  # a loop that starts later ends at once
            self._thread = self._loop = self._stop = None
            raise SoblobError(f"the server did not start within {STARTED_AFTER_S:g} s: {said}")
        self._check_started()
        return self

    def _check_started(self) -> None:
        if self._failed is not None and self._thread is not None:
            self._thread.join(STOPPED_AFTER_S)
            self._thread = self._loop = self._stop = None
            raise SoblobError(f"the server cannot run: {self._failed}") from self._failed

    def stop(self, timeout_s: float = STOPPED_AFTER_S) -> None:
        """Close the listener and every connection, and join the thread; may be repeated.

        Raises:
            SoblobError: The thread does not end in time; the text says where it is. Or the server
                runs in another process, of which this one is a fork.
        """
        thread = self._thread
        if thread is None:
            return
        self._check_process()
        with suppress(RuntimeError):  # the loop has just ended by itself
            if self._loop is not None and self._stop is not None:
                self._loop.call_soon_threadsafe(self._stop.set)
        thread.join(timeout_s)
        self._thread = self._loop = self._stop = None
        if thread.is_alive():
            raise SoblobError(f"the endpoint did not end within {timeout_s:g} s: {doing(thread)}")

    def settle(self, timeout_s: float) -> None:
        """Wait until everything that clients have sent so far has been judged.

        Returns at once in the server's own thread. If the time is not sufficient, `failed` is
        called. `unfinished` then holds what is incomplete.

        Args:
            timeout_s: Timeout in seconds.

        Raises:
            SoblobError: The server runs in another process, of which this one is a fork.
        """
        thread, loop = self._thread, self._loop
        if loop is None or thread is None or threading.current_thread() is thread:
            return
        self._check_process()
        done = threading.Event()

        def begin() -> None:
            drained = loop.create_task(self._drain(timeout_s=timeout_s))
            drained.add_done_callback(lambda _: done.set())

        with suppress(RuntimeError):  # the loop has just ended by itself
            loop.call_soon_threadsafe(begin)
            end = now() + timeout_s + _MARGIN_S
            while not done.wait(min(_POLL_INTERVAL_S, max(0, end - now()))):
                if not thread.is_alive():
                    return
                if now() >= end:
                    self._handlers.fail(
                        SoblobError(
                            f"requests were not judged within {timeout_s:g} s: {doing(thread)}"
                        )
                    )
                    return

    async def _drain(
        self, except_for: Connection | None = None, timeout_s: float = PATIENCE_S
    ) -> None:
        assert self._listener is not None  # noqa: S101 -- set while the loop runs
        try:
            self.unfinished = await drain(self._table, self._listener, timeout_s, except_for)
        except SoblobError as error:
            self._handlers.fail(error)

    def _check_process(self) -> None:
        if os.getpid() != self._process:
            raise SoblobError(
                f"this is process {os.getpid()}, a fork of process {self._process}, in which the "
                "endpoint runs and holds the requests: use it there"
            )

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    # -- in the thread -------------------------------------------------------------------------

    def _run(self, listener: socket.socket) -> None:
        try:
            with closing(listener), asyncio.Runner(loop_factory=_RealTime) as runner:
                runner.run(self._serve(listener))
        except BaseException as error:  # noqa: BLE001 -- reported: a thread has no caller
            self._loop = self._stop = None
            self._failed = error.with_traceback(None)  # its frames reference sockets
            if self._ready.is_set():
                self._handlers.fail(SoblobError(f"the server has ended by itself: {error!r:.200}"))
            self._ready.set()
        finally:
            self._table.close()  # for a loop that could not do it

    async def _serve(self, listener: socket.socket) -> None:
        self._loop, self._stop, self._listener = (
            asyncio.get_running_loop(),
            asyncio.Event(),
            listener,
        )
        self._loop.set_exception_handler(self._on_loop_error)
        listener.setblocking(False)
        accepting = self._loop.create_task(self._accept(listener))
        self._ready.set()
        try:
            while not self._stop.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(_SWEEP_INTERVAL_S):
                        await self._stop.wait()
                if accepting.done():
                    accepting.result()
                self._sweep()
        finally:
            accepting.cancel()
            await self._end_connections()

    async def _end_connections(self) -> None:
        for task in tuple(self._table.setting_up):
            task.cancel()
        for connection in tuple(self._table.open):
            connection.abort()
        for _ in range(_MOST_TURNS):
            if not self._table.open:
                break
            await asyncio.sleep(0)

    async def _accept(self, listener: socket.socket) -> None:
        """Accept connections; if the system has no resources for one, report it once and retry."""
        loop, table = asyncio.get_running_loop(), self._table
        starved_s = -math.inf
        while True:
            try:
                peer, _ = await loop.sock_accept(listener)
            except (ConnectionAbortedError, InterruptedError):
                continue
            except OSError as error:
                if loop.time() - starved_s > _STARVED_AGAIN_S:
                    self._handlers.fail(_cannot_accept(error))
                table.is_starved, starved_s = True, loop.time()
                await asyncio.sleep(_STARVED_FOR_S)
                continue
            table.is_starved = False
            self._accepted += 1
            task = loop.create_task(self._set_up(Connection(self._accepted, peer, table), peer))
            table.setting_up[task] = peer
            task.add_done_callback(lambda task: table.setting_up.pop(task, None))

    async def _set_up(self, connection: Connection, peer: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: connection, peer)
        except BaseException as error:
            peer.close()
            if isinstance(error, Exception):
                self._handlers.fail(error)
            else:
                raise

    def _sweep(self) -> None:
        now = asyncio.get_running_loop().time()
        for connection in tuple(self._table.open):
            connection.check_deadline(now)

    def _on_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Report an error of the loop, which asyncio would only log."""
        self._handlers.fail(context.get("exception") or RuntimeError(context["message"]))


def doing(thread: threading.Thread) -> str:
    """Return where a thread that others wait for is in its code."""
    frame = sys._current_frames().get(thread.ident or 0)
    if frame is None:
        return "its thread has ended"
    frames = traceback.extract_stack(frame)
    own = str(Path(os.__file__).parent)  # Python's library, where another thread may wait
    at = next((f for f in reversed(frames) if not f.filename.startswith((own, "<"))), frames[-1])
    return f"its thread is at {at.filename}:{at.lineno}, in {at.name}"


def _cannot_accept(error: OSError) -> SoblobError:
    said = error.strerror or type(error).__name__
    return SoblobError(
        f"no connection can be accepted: {said}; clients wait until resources are free (files that "
        "this process leaves open count too; `ulimit -n` shows the limit)"
    )


def _listen(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, _, _, _, address = found[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except (OSError, OverflowError, UnicodeError) as error:
        raise _cannot_listen(host, port, error) from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        raise _cannot_listen(host, port, error) from None
    return listener


def _cannot_listen(host: str, port: int, error: Exception) -> SoblobError:
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return SoblobError(f"cannot listen on {where}: {getattr(error, 'strerror', None) or error}")
