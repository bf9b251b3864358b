"""The deadline of a connection, depending on what it is doing."""

import asyncio
import math

from pytest_soblob._http import RequestReader
from pytest_soblob._http.server._limits import Limits


class Deadline:
    """The deadline of one connection.

    Args:
        limits: Limits of the connection.

    Attributes:
        at: Time by the loop's clock after which the connection is closed.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._head_since = self._body_since = math.inf
        self._is_idle = True  # since the deadline was set: line ends do not begin a request
        self._is_extended = False
        self._unsent = 0  # bytes that the client has to read before the deadline
        self.at = self._loop.time() + limits.idle_s

    def suspend(self) -> None:
        """Remove the deadline while the server itself is busy."""
        self.at = math.inf
        self._is_idle = False

    def update(self, reader: RequestReader, unsent: int | None) -> None:
        """Set the deadline for the next step.

        Args:
            reader: Reader of the client's requests.
            unsent: Bytes that the client has to read first; None if it has read everything.
        """
        if unsent is None:
            self.expect_request(reader)
        else:
            self.expect_reading(unsent)

    def expect_request(self, reader: RequestReader) -> None:
        """Set the deadline for the next bytes of a request."""
        now, limits = self._loop.time(), self._limits
        self._unsent = 0
        if reader.is_between:
            self._is_extended = False
            if not self._is_idle:
                self.at = now + limits.idle_s
            self._head_since = self._body_since = math.inf
        elif reader.is_in_head:
            self._head_since = min(self._head_since, now)
            self.at = self._head_since + limits.head_s
        else:
            self._body_since = min(self._body_since, now)
            self.at = min(now + limits.stall_s, self._body_since + limits.body_s)
        self._is_idle = reader.is_between

    def note_complete(self) -> None:
        """Record that a request is complete: the time until the next one starts again."""
        self._is_idle = False

    def extend_once(self) -> bool:
        """Extend the deadline if bytes of the client are unread, since the server may be late.

        Only once per message: a client that sends without end always has unread bytes.
        """
        if self._is_extended:
            return False
        self._is_extended = True
        self.at = self._loop.time() + self._limits.stall_s
        self._head_since = self._body_since = math.inf
        return True

    def expect_reading(self, unsent: int) -> None:
        """Set the deadline for a client that has to read so many bytes of an answer."""
        self._unsent = unsent
        self._is_idle = False
        self.at = self._loop.time() + (self._limits.stall_s if unsent else self._limits.linger_s)

    def has_passed(self, now: float, unsent: int) -> bool:
        """Whether the deadline has passed; it is extended while the client reads a long answer.

        Args:
            now: Time by the loop's clock.
            unsent: Bytes that the client has still to read.
        """
        if self._unsent and unsent < self._unsent:
            self.expect_reading(unsent)
            return False
        return now > self.at
