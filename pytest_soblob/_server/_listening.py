"""`Server`: a listening socket, and the thread whose loop serves it."""

import asyncio
import socket
import ssl
import sys
import threading
from contextlib import closing
from types import TracebackType
from typing import Any, Final, Self

from pytest_soblob._http import Rooms
from pytest_soblob._server._connection import Connection
from pytest_soblob._server._handlers import Handlers
from pytest_soblob._server._limits import Limits
from pytest_soblob.errors import SoblobError

_BACKLOG: Final = 1024
# The stdlib's own, whatever policy the process has: what is promised was tried with these.
if sys.platform == "win32":
    _LOOP = asyncio.ProactorEventLoop
else:
    _LOOP = asyncio.SelectorEventLoop
_SWEPT_EVERY_S: Final = 0.2
# Of the loop, for connections to end: each needs two or three, and none must keep a test waiting.
_MOST_TURNS: Final = 100
# Large enough for most requests in one piece, small enough to stay in a processor's cache.
_SCRATCH_BYTES: Final = 256 * 1024


class Server:
    """A server on one address.

    Args:
        handlers: What is called.
        host: Address or name to listen on.
        port: 0 means any free one.
        limits: What a connection may cost.
        tls: How to speak TLS; None for plain HTTP.
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
        self._handlers = handlers
        self._limits = limits or Limits()
        self._tls = tls
        self.host, self.port = host, port
        self._connections: set[Connection] = set()
        self._accepted = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._failed: BaseException | None = None  # to start

    @property
    def accepted(self) -> int:
        """How many connections have been taken since the start."""
        return self._accepted

    def is_open(self, number: int) -> bool:
        """Whether the connection of that number is; to be asked in the server's thread."""
        return any(connection.number == number for connection in self._connections)

    def start(self) -> Self:
        """Listen, and return when connections are taken.

        Raises:
            SoblobError: It runs already, the address cannot be had, or the loop cannot run.
        """
        if self._thread is not None:
            raise SoblobError("the server has been started already")
        listener = _listen(self.host, self.port)
        self.port = listener.getsockname()[1]
        self._accepted, self._failed = 0, None
        self._ready.clear()
        self._thread = threading.Thread(
            target=self._run, args=(listener,), name="soblob-server", daemon=True
        )
        self._thread.start()
        self._ready.wait()
        self._check_started()
        return self

    def _check_started(self) -> None:
        if self._failed is not None and self._thread is not None:
            self._thread.join()
            self._thread = self._loop = self._stop = None
            raise SoblobError(f"the server cannot run: {self._failed}") from self._failed

    def stop(self) -> None:
        """Close the listener and every connection, and join the thread; once or many times."""
        if self._thread is None:
            return
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._thread = self._loop = self._stop = None

    def settle(self, timeout_s: float) -> None:
        """Wait until what has been read by now has been handled, at most so many seconds."""
        loop = self._loop
        if loop is not None and threading.current_thread() is not self._thread:
            done = threading.Event()
            # Two turns: between them the loop looks at every socket.
            loop.call_soon_threadsafe(loop.call_soon, done.set)
            done.wait(timeout_s)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self, listener: socket.socket) -> None:
        try:
            with closing(listener), asyncio.Runner(loop_factory=_LOOP) as runner:
                runner.run(self._serve(listener))
        except BaseException as error:  # noqa: BLE001 -- handed on: nobody to raise to in a thread
            self._loop = self._stop = None
            if self._ready.is_set():
                self._handlers.failed(error)
            self._failed = error
            self._ready.set()

    async def _serve(self, listener: socket.socket) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(self._note)
        scratch = memoryview(bytearray(_SCRATCH_BYTES))
        rooms = Rooms()
        server = await self._loop.create_server(
            lambda: self._take(scratch, rooms), sock=listener, backlog=_BACKLOG
        )
        self._ready.set()
        while not self._stop.is_set():
            try:
                async with asyncio.timeout(_SWEPT_EVERY_S):
                    await self._stop.wait()
            except TimeoutError:
                self._sweep()
        server.close()
        for connection in tuple(self._connections):
            connection.abort()
        for _ in range(_MOST_TURNS):
            if not self._connections:
                break
            await asyncio.sleep(0)

    def _take(self, scratch: memoryview, rooms: Rooms) -> Connection:
        self._accepted += 1
        return Connection(
            self._accepted,
            self._handlers,
            self._limits,
            scratch,
            rooms,
            self._connections,
            self._tls,
        )

    def _sweep(self) -> None:
        now = asyncio.get_running_loop().time()
        for connection in tuple(self._connections):
            connection.look(now)

    def _note(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Hand on what went wrong in the loop: nobody looks at a log."""
        self._handlers.failed(context.get("exception") or RuntimeError(context["message"]))


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
