"""One connection: it reads requests, sends the answers in order, and decides when it ends."""

import asyncio
import socket
import ssl
import struct
from collections.abc import Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Final, cast

from pytest_soblob._http import HttpSyntaxError
from pytest_soblob._http.server._answers import Answer, failed_answer, prepare
from pytest_soblob._http.server._deadline import Deadline
from pytest_soblob._http.server._guard import isolated
from pytest_soblob._http.server._incoming import Incoming
from pytest_soblob._http.server._queue import Item, Queue
from pytest_soblob._http.server._sockets import count_unread, find_readable, receive
from pytest_soblob.wire import Delivery, Ending

if TYPE_CHECKING:
    from pytest_soblob._http.server._table import Table

_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
# The most bytes read from the socket of a client whose time is up: more would delay others.
_MOST_REMAINING: Final = 256 * 1024
# SO_LINGER with a timeout of 0: closing sends a reset.
_LINGER_RESET: Final = struct.pack("ii", 1, 0)


class Connection(asyncio.BufferedProtocol):
    """Reads into a buffer shared by all connections of a loop, and answers in order.

    The rest of a large body is read directly into the buffer of the body.

    Args:
        number: Number of the connection, counted from 1 per server.
        peer: The socket, which the transport uses.
        table: State shared with other connections; it lists this one while it is open.

    Attributes:
        number, peer: As given.
        incoming: The bytes that arrive.
        deadline: The deadline of the connection.
    """

    def __init__(self, number: int, peer: socket.socket, table: "Table[Connection]") -> None:
        self.number = number
        self.incoming = Incoming(table)
        self.deadline = Deadline(table.limits)
        self.peer = peer
        self._table = table
        self._handlers = table.handlers
        self._reader = self.incoming.reader
        self._loop = asyncio.get_running_loop()
        self._waiting = Queue(table.handlers, number)
        self._task: asyncio.Task[None] | None = None
        self._sending: Answer | None = None  # by the task
        self._discard_input = False  # further bytes are discarded
        self._is_stale = False  # further bytes are answered with a reset
        self._is_blocked = False  # the client does not read
        self._has_ended = False  # the client has sent EOF
        self._is_expired = False  # closed by the deadline, while the client may still send

    # -- what the loop calls -------------------------------------------------------------------

    @isolated
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._table.open.add(self)
        with suppress(OSError):  # the client has already reset it
            self.peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._table.tls is not None:
            self._transport.pause_reading()
            self._begin(self._do_handshake(self._table.tls))

    async def _do_handshake(self, tls: ssl.SSLContext) -> None:
        why: str | None = None
        upgraded: asyncio.Transport | None = None
        try:
            upgraded = await self._loop.start_tls(self._transport, self, tls, server_side=True)
        except OSError as error:  # not TLS, or one side rejects the certificate of the other
            why = getattr(error, "reason", None) or error.strerror
        self._task = None
        if upgraded is None:  # asyncio does not report a connection that ends in the handshake
            self._transport.abort()
            self._report_unfinished(why)
            self.connection_lost(None)
            return
        self.incoming.is_in_handshake = False
        self._transport = upgraded
        self._proceed()  # the first request may have arrived with the end of the handshake
        self._set_deadline()

    def get_buffer(self, sizehint: int) -> memoryview:
        if not self._discard_input:
            try:
                return self.incoming.get_buffer()
            except BaseException as error:  # noqa: BLE001 -- only this connection ends
                self.abort_with(error)
        return self.incoming.get_scratch()

    @isolated
    def buffer_updated(self, nbytes: int) -> None:
        if self._is_stale:
            self._reset()
        if self._discard_input:
            return
        self._take(nbytes)
        self._proceed()
        if self._waiting.is_full:
            self._transport.pause_reading()  # until they are judged, in a drain or in turn
        self._set_deadline()

    def _take(self, nbytes: int) -> None:
        """Read so many received bytes; complete requests are queued for their answers."""
        try:
            received = self.incoming.take(nbytes)
            self._waiting.extend(received)
            if received:
                self.deadline.note_complete()
        except HttpSyntaxError as error:
            self._waiting.extend((*error.before, error))
            self._discard_input = True
        except Exception as error:  # noqa: BLE001 -- reported and answered, such as a full disk
            self._handlers.failed(error)
            self._waiting.append(failed_answer())
            self._discard_input = True

    @isolated
    def eof_received(self) -> bool | None:
        self._has_ended = True
        self._report_unfinished()
        self._report_lost()  # a client that waits for a delayed answer does not send EOF
        # In TLS both sides end at once.
        return self._transport.can_write_eof() and bool(self._waiting or self._task is not None)

    def pause_writing(self) -> None:
        self._is_blocked = True

    @isolated
    def resume_writing(self) -> None:
        self._is_blocked = False
        self._proceed()
        self._set_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        if self in self._table.open:
            self._table.open.discard(self)
            self._finish()

    @isolated
    def _finish(self) -> None:
        """Judge what arrived before the end, and release everything."""
        self._read_remaining()
        self._waiting.drop(self._ending)
        self._report_unfinished()
        self._discard_input = True
        self._reader.close()
        if self._task is not None:
            self._task.cancel()
            self._report_lost()

    def _read_remaining(self) -> None:
        """Read the bytes left in the socket when a write has shown that the client is gone.

        That is impossible for encrypted bytes. If the client may still be there, only the bytes
        present now are read, up to a limit.
        """
        if self._table.tls is None:
            left = min(count_unread(self.peer), _MOST_REMAINING) if self._is_expired else None
            while count := self._read_some(left):
                left = None if left is None else left - count

    def _read_some(self, most: int | None) -> int:
        count = 0 if self._discard_input else receive(self.peer, self.get_buffer(-1), most)
        if count:
            self._take(count)
        return count

    def _report_unfinished(self, why: str | None = None) -> None:
        """Report, once, that something has begun to arrive and will not be completed."""
        if self.is_incomplete:
            unfinished = self.incoming.unfinished(self.number, is_over=True, why=why)
            self._discard_input = True
            self._handlers.broken_off(unfinished)

    def _report_lost(self) -> None:
        sending, self._sending = self._sending, None
        if sending is not None and sending.lost is not None:
            sending.lost()

    def abort_with(self, error: BaseException) -> None:
        """Close at once, and report the error."""
        self._handlers.fail(error)
        self.abort()
        self._loop.call_soon(self.connection_lost, None)  # asyncio omits it in a TLS handshake

    @property
    def is_listening(self) -> bool:
        """Whether incoming bytes are read and judged."""
        return not (
            self._discard_input
            or self._is_stale
            or self._has_ended
            or self not in self._table.open
            or self._transport.is_closing()
        )

    @property
    def is_incomplete(self) -> bool:
        """Whether something has begun to arrive and is incomplete."""
        return not self._discard_input and self.incoming.is_incomplete

    @property
    def is_unjudged(self) -> bool:
        """Whether a complete request is not judged because earlier answers are not read."""
        return self._waiting.is_unjudged

    @property
    def _ending(self) -> Ending:
        """What happens to the connection after the answer being sent."""
        return Ending.KEEP if self._sending is None else self._sending.ending

    @isolated
    def judge_ahead(self) -> None:
        """Judge the queued requests before their turn, and resume reading."""
        self._waiting.judge_ahead(self._ending)
        if self._waiting.is_unjudged:
            return
        is_paused = not (self._transport.is_reading() or self.incoming.is_in_handshake)
        if is_paused and self.is_listening:
            self._transport.resume_reading()

    @isolated
    def check_deadline(self, now: float) -> None:
        """Close the connection if its deadline has passed.

        Args:
            now: Time by the loop's clock.
        """
        if not self.deadline.has_passed(now, self._transport.get_write_buffer_size()):
            return
        has_come = self.is_listening and bool(find_readable([self.peer.fileno()]))
        if not (has_come and self.deadline.extend_once()):
            self._expire()

    def _expire(self) -> None:
        """Close a connection whose time is up; a request that has begun is answered with 408."""
        if self._discard_input or self._is_blocked or self._reader.is_between:
            self._is_expired = True
            self._transport.abort()
            return
        part = "head" if self._reader.is_in_head else "body"
        error = HttpSyntaxError(f"the {part} of the request did not arrive in time")
        error.status = 408
        self._waiting.append(error)
        self._discard_input = True
        self._proceed()

    def abort(self) -> None:
        """Close at once, whatever is in progress; queued requests are no longer judged."""
        self._discard_input = True
        self._waiting.clear()
        self._transport.abort()

    # -- answering -----------------------------------------------------------------------------

    def _proceed(self) -> None:
        """Answer the queued requests while the previous answer is sent and the client reads."""
        while self._waiting and self._task is None and not self._is_blocked:
            if self._transport.is_closing():
                return  # the client is gone: its requests are still judged, in `_finish`
            item = self._waiting.take()
            if self._waiting.waits(item):
                self._begin(self._answer_later(item))
            else:
                self._send_answer(self._waiting.judge(item))
        if self._task is not None or self._waiting:
            return
        if self._has_ended:
            self._transport.close()
        elif not (self._discard_input or self._transport.is_closing()):
            if not self._transport.is_reading():
                self._transport.resume_reading()
            if self._reader.wants_continue:
                self._send_continue()

    async def _answer_later(self, item: Item) -> None:
        """Answer once everything that arrived on other connections has been judged."""
        self.deadline.suspend()
        await self._table.drain(self)
        self._task = None
        self._send_answer(self._waiting.judge(item))
        self._proceed()
        self._set_deadline()

    def _send_answer(self, answer: Answer) -> None:
        if answer.is_prompt:
            self._transport.write(answer.head + answer.body)
            self._end(answer.ending)
        else:
            self._sending = answer
            self._begin(self._deliver(answer))

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        self._task = self._loop.create_task(work)
        self._task.add_done_callback(self._on_task_done)

    def _send_continue(self) -> None:
        """Tell a client that waits with its body to continue, or answer without the body."""
        rejection = self._waiting.call_handler(
            lambda: self._handlers.preview(self._reader.head, self.number)
        )
        if rejection is None:
            self._transport.write(_CONTINUE)
        elif isinstance(rejection, Answer):
            self._send_answer(rejection)
        else:
            self._send_answer(
                self._waiting.call_handler(lambda: prepare(None, Delivery(response=rejection)))
            )

    async def _deliver(self, answer: Answer) -> None:
        """Send an answer that is delayed, slow or incomplete."""
        self.deadline.suspend()
        await asyncio.sleep(answer.delay_s)
        await answer.send(self._transport.write)
        # Nothing is awaited after this: an answer that has been sent is not lost.
        self._task = self._sending = None
        self._end(answer.ending)
        self._proceed()
        self._set_deadline()

    def _on_task_done(self, task: asyncio.Task[None]) -> None:
        """Report an error of the task and close the connection, so that no client waits."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.abort_with(error)

    def _end(self, ending: Ending) -> None:
        """Do to the connection what follows the answer."""
        if ending is Ending.KEEP:
            return
        self._waiting.clear()
        match ending:
            case Ending.STALE:
                self._is_stale = True
            case Ending.HOLD:
                self._discard_input = True
                self.deadline.suspend()
            case Ending.RESET:
                self._reset()
            case _:
                self._close_gracefully()

    def _reset(self) -> None:
        self._discard_input = True
        with suppress(OSError):  # the client has already reset it
            self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_RESET)
        self._transport.abort()

    def _close_gracefully(self) -> None:
        """Close, but keep reading for a while: a reset could destroy the answer on its way."""
        self._discard_input = True
        self.deadline.expect_reading(self._transport.get_write_buffer_size())
        if self._has_ended or not self._transport.can_write_eof():
            self._transport.close()
        else:
            try:
                self._transport.write_eof()
            except OSError:  # the client has reset the connection
                self._transport.abort()
                return
            if not self._transport.is_reading():
                self._transport.resume_reading()

    def _set_deadline(self) -> None:
        if self._task is not None or (self._discard_input and not self._waiting):
            return
        unsent = self._transport.get_write_buffer_size() if self._is_blocked else None
        self.deadline.update(self._reader, unsent)
