"""Waits until all bytes of clients that the kernel holds have been judged.

It runs in the loop's own thread and lets the loop turn, which reads the bytes. Each connection is
checked by itself: once it has nothing to read and no message has begun on it, everything that had
arrived is judged. So clients that keep sending do not delay the drain. Connections that wait at the
listener had arrived before it, too.

An incomplete message is waited for while more of it arrives, and for a short time after that: the
rest of a large one is in the client's buffer, and the kernel delivers it as fast as it is read. A
client that has sent much and closed at once is read to the end.
"""

import asyncio
import socket
from typing import Final

from pytest_soblob._http.server._connection import Connection
from pytest_soblob._http.server._sockets import find_readable
from pytest_soblob._http.server._table import Table
from pytest_soblob._http.server._unfinished import Unfinished
from pytest_soblob._text import plural
from pytest_soblob.errors import SoblobError

# For an incomplete message of which nothing more arrives.
_GRACE_S: Final = 0.05
_POLL_INTERVAL_S: Final = 0.001
# Turns of the loop in which an accepted connection is known to the loop only.
_TURNS_TO_ACCEPT: Final = 2
_MOST_NAMED: Final = 5


class _AcceptQueue:
    """The connections that wait at the listener.

    Args:
        table: The accepted connections.
        listener: The listening socket.
    """

    def __init__(self, table: Table[Connection], listener: socket.socket) -> None:
        self._table = table
        self._descriptor = listener.fileno()
        self._checks = 0  # since no connection waited
        self._setting_up: set[object] = set()
        self.is_drained = False

    @property
    def descriptors(self) -> list[int]:
        """The descriptor of the listener while it has to be checked."""
        return [] if self._checks or self._table.is_starved else [self._descriptor]

    def check(self, readable: set[int]) -> None:
        """Check for connections that wait."""
        if self._descriptor in readable:
            return
        self._checks += 1
        if self._checks == _TURNS_TO_ACCEPT:
            self._setting_up = set(self._table.setting_up)
        if self._checks >= _TURNS_TO_ACCEPT:
            self.is_drained = self._setting_up.isdisjoint(self._table.setting_up)


class _Progress:
    """How far the bytes of one connection have been judged.

    Args:
        connection: The connection.
        now: Time by the loop's clock.

    Attributes:
        unfinished: The incomplete message if it makes no progress, or None.
        is_moving: Whether the last check found progress.
    """

    def __init__(self, connection: Connection, now: float) -> None:
        self.connection = connection
        self.unfinished: Unfinished | None = None
        self.is_moving = True
        self._moved_s = now
        self._received = connection.incoming.received

    def is_done(self, readable: set[int], now: float) -> bool:
        """Whether everything that had arrived is judged, or the rest is not waited for."""
        connection = self.connection
        connection.judge_ahead()
        if not connection.is_listening:
            return True
        is_readable = connection.peer.fileno() in readable
        if not (is_readable or connection.is_incomplete or connection.is_unjudged):
            connection.incoming.has_timed_out = False
            return True
        if connection.incoming.has_timed_out:
            if connection.is_incomplete:
                self.unfinished = connection.incoming.unfinished(connection.number)
            return True
        has_come = connection.incoming.received != self._received
        self.is_moving = is_readable or has_come or connection.is_unjudged
        self._received = connection.incoming.received
        if self.is_moving:
            self._moved_s = now
        elif now - self._moved_s > _GRACE_S or connection.incoming.has_stalled:
            connection.incoming.mark_stalled()
            self.unfinished = connection.incoming.unfinished(connection.number)
        return self.unfinished is not None


class _Drain:
    """Checks a server once per turn of its loop, until nothing is waited for.

    Args:
        table: The connections.
        listener: The listening socket.
        except_for: The connection whose own request caused the drain, or None.

    Attributes:
        unfinished: The incomplete messages that are no longer waited for.
    """

    def __init__(
        self, table: Table[Connection], listener: socket.socket, except_for: Connection | None
    ) -> None:
        self._table = table
        self._accepting = _AcceptQueue(table, listener)
        self._known: set[Connection | None] = {except_for}
        self._pending: list[_Progress] = []
        self.unfinished: list[Unfinished] = []

    @property
    def pause_s(self) -> float:
        """Seconds until the next check; 0 while there is something to do."""
        is_idle = self._accepting.is_drained and not any(
            progress.is_moving for progress in self._pending
        )
        return _POLL_INTERVAL_S if is_idle else 0

    def is_complete(self, now: float) -> bool:
        """Check once; return whether nothing is waited for any longer."""
        readable = self._readable()
        if not self._accepting.is_drained:
            self._accepting.check(readable)
            new = self._table.open - self._known
            self._known |= new
            self._pending += [_Progress(connection, now) for connection in new]
            readable |= self._readable() if new else set()
        checked, self._pending = self._pending, []
        for progress in checked:
            if not progress.is_done(readable, now):
                self._pending.append(progress)
            elif progress.unfinished is not None:
                self.unfinished.append(progress.unfinished)
        return self._accepting.is_drained and not self._pending

    def _readable(self) -> set[int]:
        """Return the sockets that have bytes to read, or have ended."""
        connections = (progress.connection for progress in self._pending)
        descriptors = [each.peer.fileno() for each in connections if each.is_listening]
        return find_readable(self._accepting.descriptors + descriptors)

    def timeout_error(self, timeout_s: float) -> SoblobError:
        """Return the error for bytes that still arrive; those are not waited for again."""
        for progress in self._pending:
            progress.connection.incoming.has_timed_out = True
        numbers = sorted(progress.connection.number for progress in self._pending)
        named = ", ".join(map(str, numbers[:_MOST_NAMED]))
        more = ", ..." if len(numbers) > _MOST_NAMED else ""
        return SoblobError(
            f"after {timeout_s:g} s bytes still arrived on {plural(len(numbers), 'connection')} "
            f"(number {named}{more}), and what is incomplete was not judged; let the clients end "
            "before the test does"
        )


async def drain(
    table: Table[Connection],
    listener: socket.socket,
    timeout_s: float,
    except_for: Connection | None = None,
) -> tuple[Unfinished, ...]:
    """Wait until everything that had arrived has been judged; return what is incomplete.

    Args:
        table: The connections.
        listener: The listening socket.
        timeout_s: Seconds after which the drain ends, even if more bytes arrive.
        except_for: The connection whose own request caused the drain, or None.

    Raises:
        SoblobError: Bytes still arrived when the time was up.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + timeout_s
    draining = _Drain(table, listener, except_for)
    while not draining.is_complete(loop.time()):
        if loop.time() > end:
            raise draining.timeout_error(timeout_s)
        await asyncio.sleep(draining.pause_s)
    return tuple(draining.unfinished)
