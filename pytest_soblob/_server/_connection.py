"""One connection: requests in, one answer after the other out, and when it ends."""

import asyncio
import math
import socket
import ssl
import struct
from collections import deque
from typing import TYPE_CHECKING, Final, TypeVar, cast

from pytest_soblob._http import HttpSyntaxError, Received, RequestReader, Rooms
from pytest_soblob._server._answers import Answer, failed_answer, prepare
from pytest_soblob._server._handlers import Handlers
from pytest_soblob._server._limits import Limits
from pytest_soblob.wire import Delivery, Ending

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
# Requests that may wait on one connection before no more is read from it.
_MOST_WAITING: Final = 64
_RESETS: Final = struct.pack("ii", 1, 0)  # linger on, for no time: closing sends a reset
_PACED_EVERY_S: Final = 0.05


class Connection(asyncio.BufferedProtocol):
    """Reads into a buffer that all connections of a loop share, and answers in order.

    The rest of a large body is read to where it is to lie.

    Args:
        number: Counted from 1 for each server.
        handlers: What is called.
        limits: What the connection may cost.
        scratch: Where bytes arrive; used up before the next connection has its turn.
        rooms: For large bodies, shared likewise.
        open_connections: It is in there from the start to the end.
        tls: How to speak TLS; None for plain.

    Attributes:
        number: As given.
        deadline: By the loop's clock; when that is past it, the connection ends.
    """

    def __init__(
        self,
        number: int,
        handlers: Handlers,
        limits: Limits,
        scratch: memoryview,
        rooms: Rooms,
        open_connections: "set[Connection]",
        tls: ssl.SSLContext | None,
    ) -> None:
        self.number = number
        self._handlers = handlers
        self._limits = limits
        self._scratch = scratch
        self._open_connections = open_connections
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._reader = RequestReader(limits.body_bytes, rooms, as_server=True)
        self._waiting: deque[Received | HttpSyntaxError] = deque()
        self._task: asyncio.Task[None] | None = None
        self._lost: Callable[[], object] | None = None  # of the answer that the task sends
        self._is_placed = False  # what comes lies where the reader wants it, not in the scratch
        self._is_deaf = False  # what comes is thrown away
        self._is_stale = False  # what comes is answered with a reset
        self._is_blocked = False  # the client does not read
        self._has_ended = False  # the client has sent its last byte
        self._body_since = math.inf
        self._unsent = 0  # bytes that the client is to read before the deadline
        self.deadline = math.inf

    # -- what the loop calls -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._open_connections.add(self)
        self.deadline = self._loop.time() + self._limits.idle_s
        self._socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is not None:
            self._transport.pause_reading()
            self._task = self._loop.create_task(self._begin_tls(self._tls))

    async def _begin_tls(self, tls: ssl.SSLContext) -> None:
        try:
            upgraded = await self._loop.start_tls(self._transport, self, tls, server_side=True)
        except OSError:  # no TLS, or a certificate that one side will not have
            self._transport.abort()
            return
        finally:
            self._task = None
        if upgraded is None:  # ended inside the handshake, of which asyncio tells nobody
            self.connection_lost(None)
            return
        self._transport = upgraded
        self._proceed()  # the first request may have come with the end of the handshake
        self._set_deadline()

    def get_buffer(self, sizehint: int) -> memoryview:
        place = None if self._is_deaf else self._reader.place()
        self._is_placed = place is not None
        return self._scratch if place is None else place

    def buffer_updated(self, nbytes: int) -> None:
        if self._is_stale:
            self._reset()
        if self._is_deaf:
            return
        try:
            received = self._read(nbytes)
        except HttpSyntaxError as error:
            self._waiting.extend((*error.before, error))
            self._is_deaf = True
        else:
            self._waiting.extend(received)
        self._proceed()
        if len(self._waiting) > _MOST_WAITING:
            self._transport.pause_reading()
        self._set_deadline()

    def _read(self, nbytes: int) -> list[Received]:
        if self._is_placed:
            return self._reader.placed(nbytes)
        return self._reader.feed(self._scratch[:nbytes])

    def eof_received(self) -> bool | None:
        self._has_ended = True
        self._lose()  # nobody sends nothing more and waits for an answer that takes its time
        is_plain = self._transport.can_write_eof()  # TLS ends on both sides at once
        return True if is_plain and (self._waiting or self._task is not None) else None

    def pause_writing(self) -> None:
        self._is_blocked = True

    def resume_writing(self) -> None:
        self._is_blocked = False
        self._proceed()
        self._set_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._open_connections.discard(self)
        self._is_deaf = True
        self._waiting.clear()
        self._reader.close()
        if self._task is not None:
            self._task.cancel()
            self._lose()

    def _lose(self) -> None:
        lost, self._lost = self._lost, None
        if lost is not None:
            lost()

    # -- what the server calls -----------------------------------------------------------------

    def look(self, now: float) -> None:
        """See whether the time is up; who goes on reading a long answer has more of it.

        Args:
            now: By the loop's clock.
        """
        if not self._has_read_on() and now > self.deadline:
            self._expire()

    def _expire(self) -> None:
        """End a connection whose time is up; a request that has begun is told why."""
        if self._is_deaf or self._is_blocked or self._reader.is_between:
            self._transport.abort()
            return
        part = "head" if self._reader.is_in_head else "body"
        error = HttpSyntaxError(f"the {part} of the request did not come in time")
        error.status = 408
        self._waiting.append(error)
        self._is_deaf = True
        self._proceed()

    def _has_read_on(self) -> bool:
        """Whether the client has read more of an answer by now, and so has more time."""
        if not self._unsent or self._transport.get_write_buffer_size() >= self._unsent:
            return False
        self._give_time_to_read()
        return True

    def _give_time_to_read(self) -> None:
        self._unsent = self._transport.get_write_buffer_size()
        limits = self._limits
        self.deadline = self._loop.time() + (limits.stall_s if self._unsent else limits.linger_s)

    def abort(self) -> None:
        """End at once, whatever is under way."""
        self._transport.abort()

    # -- answering -----------------------------------------------------------------------------

    def _proceed(self) -> None:
        """Answer what waits, as long as the one before has left and the client reads."""
        while self._waiting and self._task is None and not self._is_blocked:
            item = self._waiting.popleft()
            if isinstance(item, HttpSyntaxError):
                self._refuse(item)
            else:
                self._answer(item)
        if self._task is not None or self._waiting:
            return
        if self._has_ended:
            self._transport.close()
        elif not self._is_deaf:
            if not self._transport.is_reading():
                self._transport.resume_reading()
            if self._reader.wants_continue:
                self._encourage()

    def _answer(self, received: Received) -> None:
        answer = self._made(
            lambda: prepare(received, self._handlers.handle(received.request, self.number))
        )
        if answer.is_prompt:
            self._transport.write(answer.head + answer.body)
            self._end(answer.ending)
        else:
            self._lost = answer.lost
            self._task = self._loop.create_task(self._deliver(answer))
            self._task.add_done_callback(self._note)

    def _encourage(self) -> None:
        """Tell a client that waits with the body to go on, or why it need not."""
        answer = self._made(self._preview)
        if answer is None:
            self._transport.write(_CONTINUE)
        else:
            self._send_off(answer)

    def _preview(self) -> Answer | None:
        refusal = self._handlers.preview(self._reader.head, self.number)
        return None if refusal is None else prepare(None, Delivery(response=refusal))

    def _refuse(self, error: HttpSyntaxError) -> None:
        self._send_off(
            self._made(lambda: prepare(None, Delivery(response=self._handlers.refuse(error))))
        )

    def _made(self, make: "Callable[[], T]") -> T | Answer:
        """Return what a handler makes, or the answer that says that it failed."""
        try:
            return make()
        except BaseException as error:  # noqa: BLE001 -- handed on: nobody to raise to in a thread
            self._handlers.failed(error)
            return failed_answer()

    def _send_off(self, answer: Answer) -> None:
        self._transport.write(answer.head + answer.body)
        self._end(Ending.CLOSE)

    async def _deliver(self, answer: Answer) -> None:
        """Send an answer that takes its time, or does not come whole."""
        self.deadline = math.inf
        await asyncio.sleep(answer.delay_s)
        await self._send(answer.head, answer.head_bytes_per_s)
        await self._send(answer.body, answer.body_bytes_per_s)
        # Nothing is awaited from here on: what has been sent is not lost.
        self._task = self._lost = None
        self._end(answer.ending)
        self._proceed()
        self._set_deadline()

    def _note(self, task: asyncio.Task[None]) -> None:
        """Hand on what went wrong on the way, and leave nobody waiting."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._handlers.failed(error)
            self._transport.abort()

    async def _send(self, data: bytes, bytes_per_s: float | None) -> None:
        if bytes_per_s is None:
            self._transport.write(data)
            return
        pause_s = max(_PACED_EVERY_S, 1 / bytes_per_s)
        size = max(1, round(bytes_per_s * pause_s))
        for at in range(0, len(data), size):
            if at:
                await asyncio.sleep(pause_s)
            self._transport.write(data[at : at + size])

    # -- ending --------------------------------------------------------------------------------

    def _end(self, ending: Ending) -> None:
        """Do with the connection what follows an answer."""
        if ending is Ending.KEEP:
            return
        self._waiting.clear()
        match ending:
            case Ending.STALE:
                self._is_stale = True
            case Ending.HOLD:
                self._is_deaf = True
                self.deadline = math.inf
            case Ending.RESET:
                self._reset()
            case _:
                self._hang_up()

    def _reset(self) -> None:
        self._is_deaf = True
        self._socket().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESETS)
        self._transport.abort()

    def _hang_up(self) -> None:
        """Close, but read on for a while: a reset would take the answer from who still sends."""
        self._is_deaf = True
        self._give_time_to_read()
        if self._has_ended or not self._transport.can_write_eof():
            self._transport.close()
        else:
            self._transport.write_eof()
            if not self._transport.is_reading():
                self._transport.resume_reading()

    def _set_deadline(self) -> None:
        if self._task is not None or (self._is_deaf and not self._waiting):
            return
        now, limits = self._loop.time(), self._limits
        self._unsent = 0
        if self._is_blocked:
            self._give_time_to_read()
        elif self._reader.is_between:
            self.deadline = now + limits.idle_s
            self._body_since = math.inf
        elif self._reader.is_in_head:
            self.deadline = min(self.deadline, now + limits.head_s)
        else:
            self._body_since = min(self._body_since, now)
            self.deadline = min(now + limits.stall_s, self._body_since + limits.body_s)

    def _socket(self) -> socket.socket:
        return cast("socket.socket", self._transport.get_extra_info("socket"))
