"""Clients in Python that behave badly towards the process that plays the suite.

Each ends with a text that says what is wrong; the run goes on, and nothing is left behind.
"""

import asyncio
import io
import logging
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from pytest_soblob.consumer import Abilities, Result, Target, Upload
from pytest_soblob.consumer.calling import Caller, EventLoop
from pytest_soblob.consumer.credentials import TICKET, TOKEN
from pytest_soblob.consumer.foreign import all_texts_of, presentable, repr_of
from pytest_soblob.consumer.outcomes import Crashed, Hung, NoId, Outcome, Saved, read_result
from pytest_soblob.consumer.python import PythonConsumer
from pytest_soblob.consumer.report import describe
from pytest_soblob.consumer.runner import Runner, Status
from pytest_soblob.consumer.scenarios import GATE, find_scenario
from pytest_soblob.consumer.stage import open_ground
from pytest_soblob.settings import SoblobSettings
from tests.consumer.uploader import Uploader, UploadFailed

ABILITIES = Abilities(timeout_s=1.0, max_image_bytes=2_000_000)


def consumer(upload: Callable[[Any, Upload], object], **more: Any) -> PythonConsumer:
    return PythonConsumer(
        connect_to=lambda target: nullcontext(Uploader(target)),
        upload=upload,
        failures=(UploadFailed,),
        abilities=ABILITIES,
        **more,
    )


def save(uploader: Uploader, call: Upload) -> int:
    return uploader.save(call)


def play(name: str, upload: Callable[[Any, Upload], object] = save, **more: Any) -> Result:
    return Runner(consumer(upload, **more), GATE).run(find_scenario(name))


def call(work: Callable[[], object], limit_s: float = 5.0) -> Outcome:
    with EventLoop() as loop:
        return Caller((UploadFailed,), limit_s, loop).upload(work)


def raising(error: BaseException) -> Callable[[], object]:
    def work() -> object:
        raise error

    return work


# -- coroutines ------------------------------------------------------------------------------------


def test_an_async_client_has_one_event_loop_at_the_gate_and_behind_it() -> None:
    loops = set()

    async def upload(uploader: Uploader, call: Upload) -> int:
        loops.add(asyncio.get_running_loop())
        return uploader.save(call)

    with EventLoop() as loop, open_ground(SoblobSettings(), {}) as ground:
        runner = Runner(consumer(upload, loop=loop), GATE)
        gate = runner.play(GATE, ground)
        assert gate.passed, gate.reason
        ground.endpoint.reset()
        assert runner.play_behind(gate, find_scenario("upload.twice-same"), ground).passed
    assert len(loops) == 1
    assert all(one.is_closed() for one in loops)


def test_a_coroutine_that_hangs_is_cancelled_and_the_loop_goes_on() -> None:
    ended = threading.Event()

    async def hang() -> int:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return 1

    async def work() -> int:
        return 7

    with EventLoop() as loop:
        caller = Caller((), 0.2, loop)
        assert isinstance(caller.upload(hang), Hung)
        assert ended.wait(5)
        assert caller.upload(work) == Saved(7)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_a_coroutine_that_ends_the_process_ends_its_own_call_only(error: BaseException) -> None:
    async def leave() -> int:
        raise error

    async def leave_in_a_task() -> int:
        asyncio.get_running_loop().call_soon(raising(error))
        await asyncio.sleep(0)
        return 7

    with EventLoop() as loop:
        caller = Caller((), 5.0, loop)
        outcome = caller.upload(leave)
        assert isinstance(outcome, Crashed)
        assert outcome.text.startswith(type(error).__name__)
        assert caller.upload(leave_in_a_task) == Saved(7)
        assert caller.upload(leave_in_a_task) == Saved(7)


def test_a_coroutine_that_cancels_itself_is_a_crash() -> None:
    async def cancel() -> int:
        raise asyncio.CancelledError("mine")

    outcome = call(cancel)
    assert isinstance(outcome, Crashed)
    assert outcome.text.startswith("CancelledError: mine, in test_python.py, line ")


def test_tasks_that_are_left_are_cancelled_and_the_thread_ends() -> None:
    ended = threading.Event()

    async def forget() -> int:
        async def wait() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        kept.append(asyncio.create_task(wait()))
        await asyncio.sleep(0)
        return 1

    kept: list[asyncio.Task[None]] = []
    before = set(threading.enumerate())
    assert call(forget) == Saved(1)
    assert ended.is_set()
    assert set(threading.enumerate()) <= before


def test_a_call_that_goes_on_after_its_limit_begins_nothing_more() -> None:
    """Its coroutine would upload in the middle of another scenario."""
    goes_on, threads, uploaded = threading.Event(), set(threading.enumerate()), []

    async def later() -> int:
        uploaded.append(1)
        return 1

    def work() -> object:
        goes_on.wait(20)
        return later()

    with EventLoop() as loop:
        assert isinstance(Caller((), 0.1, loop).upload(work), Hung)
        (late,) = set(threading.enumerate()) - threads
        goes_on.set()
        late.join(20)
        assert uploaded == []
    with pytest.raises(RuntimeError, match="the scenario has ended"):
        loop.submit(later())
    assert set(threading.enumerate()) == threads


def test_connections_that_an_async_client_leaves_are_closed() -> None:
    """Later nobody could close them, as their loop has ended."""
    kept: list[asyncio.StreamWriter] = []

    async def upload(uploader: Uploader, call: Upload) -> int:
        parts = urlsplit(uploader.target.url)
        _, writer = await asyncio.open_connection(parts.hostname, parts.port)
        kept.append(writer)
        return uploader.save(call)

    assert play("upload.plain", upload).passed
    assert kept
    assert all(one.get_extra_info("socket").fileno() == -1 for one in kept)


# -- what a call raises ----------------------------------------------------------------------------


class _Base(BaseException):
    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (SystemExit(3), "SystemExit: 3; in production the process ends here"),
        (KeyboardInterrupt(), "KeyboardInterrupt; in production the process ends here"),
        (_Base(), "_Base: <_Base whose str() raises RuntimeError>"),
        (TimeoutError("late"), "TimeoutError: late"),
        (pytest.skip.Exception("x"), "Skipped: x"),
        (StopIteration(), "StopIteration"),
    ],
)
def test_what_is_no_failure_is_a_crash(error: BaseException, text: str) -> None:
    outcome = call(raising(error))
    assert isinstance(outcome, Crashed)
    assert outcome.text.rpartition(", in test_python.py, line ")[0] == text


def test_a_call_in_which_signals_do_not_work_says_why() -> None:
    outcome = call(lambda: signal.signal(signal.SIGALRM, signal.SIG_DFL))
    assert "the suite makes each call in a thread of its own" in str(outcome)


def test_a_client_that_calls_exit_is_red_and_the_next_scenario_is_played() -> None:
    def leave(uploader: Uploader, call: Upload) -> int:
        try:
            return uploader.save(call)
        except UploadFailed:
            sys.exit(2)

    result = play("business.no-rights", leave)
    assert result.reason == "the client crashed instead of reporting the failure"
    assert "SystemExit: 2; in production the process ends here" in result.got


def test_a_crash_before_a_request_says_so_and_where() -> None:
    def upload(uploader: Uploader, call: Upload) -> int:
        return int(Path(call.description or "").read_text())

    result = play("upload.plain", upload)
    assert result.reason == "no request came: the client crashed before it sent one"
    assert re.fullmatch(
        r"a crash \(FileNotFoundError: .*'Portrait', in test_python.py, line \d+\)", result.got
    )


# -- what a call returns ---------------------------------------------------------------------------


class _Odd:
    def __repr__(self) -> str:
        raise KeyError("no repr")

    def __bool__(self) -> bool:
        raise KeyError("no bool")


class _Liar(int):
    def __eq__(self, other: object) -> bool:
        raise KeyError("no equality")

    def __hash__(self) -> int:
        return 0

    def __index__(self) -> int:
        return 5


class _Claims:
    @property
    def __class__(self) -> Any:
        return int

    @__class__.setter
    def __class__(self, value: Any) -> None: ...


class _Escapes:
    def __repr__(self) -> str:
        return "\x1b]0;title\x07\x1b[2J\u202e\ud800" + "x" * 10**6


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (_Odd(), "<_Odd whose repr() raises KeyError>"),
        (10**6000, "an int of 19,932 bits"),
        (-(10**6000), "an int of 19,932 bits"),
        (10**40, "1" + 40 * "0"),
        ([10**6000], "<list whose repr() raises ValueError>"),
        (_Escapes(), r"\x1b]0;title\x07\x1b[2J\u202e\ud800xxx"),
        (f"id {TICKET}", "'id 7T:c2…'"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_id_is_shown_whatever_it_is(value: object, shown: str) -> None:
    outcome = call(lambda: value)
    assert isinstance(outcome, NoId)
    assert str(outcome).startswith(shown)
    assert str(outcome).isprintable()
    assert len(str(outcome)) < 300


def test_only_ints_are_ids() -> None:
    assert read_result(_Liar(70_001)) == Saved(70_001)
    assert isinstance(read_result(_Claims()), NoId)
    assert isinstance(read_result(True), NoId)


def test_a_repr_that_hangs_is_a_hang() -> None:
    waits = threading.Event()

    class Hanging:
        def __repr__(self) -> str:
            waits.wait()
            return ""

    try:
        assert isinstance(call(Hanging, limit_s=0.1), Hung)
    finally:
        waits.set()


@pytest.mark.parametrize("start", range(160, 230, 3))
def test_secrets_are_taken_out_before_a_text_is_cut(start: int) -> None:
    for secret in (TICKET, TOKEN, TICKET.partition(":")[2]):
        shown = presentable(f"{'x' * start} {secret} {'y' * 100}")
        assert secret[5:12] not in shown


def test_spaces_in_a_text_stay_and_lines_become_one() -> None:
    assert presentable("'a  b' instead of 'a b'\n  in \tline 2\r\n") == (
        "'a  b' instead of 'a b' in \\tline 2"
    )


def test_an_exception_behind_itself_has_an_end() -> None:
    error = ValueError("a")
    error.__cause__ = error
    hidden = KeyError("hidden")
    try:
        try:
            raise hidden
        except KeyError:
            raise UploadFailed("b") from None
    except UploadFailed as raised:
        raised.add_note("a note")
        group = BaseExceptionGroup("many", [error, raised])
    assert "hidden" not in all_texts_of(group)
    for text in ("many", "ValueError: a", "UploadFailed: b", "a note"):
        assert text in all_texts_of(group)


def test_a_repr_of_a_list_is_as_python_writes_it() -> None:
    assert repr_of([1, "a"]) == "[1, 'a']"


# -- what else the team writes ---------------------------------------------------------------------


async def _logs(uploader: Uploader) -> str:
    await asyncio.sleep(0)
    return f"sent {uploader.ticket}"


def test_logs_may_be_a_coroutine() -> None:
    result = play("secrets.not-in-logs", logs=_logs)
    assert result.reason == "the ticket stands in the log that logs() returns"


@pytest.mark.parametrize(
    ("logs", "got"),
    [
        (lambda uploader: None, "None"),
        (lambda uploader: 1 // 0, "a crash (ZeroDivisionError: "),
        (lambda uploader: sys.exit(1), "a crash (SystemExit: 1"),
    ],
)
def test_logs_that_go_wrong_fail_their_scenario(logs: Callable[..., Any], got: str) -> None:
    result = play("secrets.not-in-logs", logs=logs)
    assert result.status is Status.FAILED
    assert result.reason == "logs() of the test class returned no text"
    assert result.got.startswith(got)
    assert "return what the client has logged, as text" in describe(result)


def test_an_exception_in_what_is_no_call_fails_its_scenario_only() -> None:
    def connect_to(target: Target) -> Any:
        raise LookupError(f"no client for {target.ticket}")

    odd = PythonConsumer(connect_to=connect_to, upload=save, failures=())
    result = Runner(odd, GATE).gate()
    assert result.status is Status.FAILED
    assert result.reason == "the scenario could not be played to its end"
    assert result.got == "LookupError: no client for 7T:c2… in connect_to"


# -- what a client does to the process -------------------------------------------------------------


def test_output_has_a_buffer_and_may_be_closed() -> None:
    def upload(uploader: Uploader, call: Upload) -> int:
        assert isinstance(sys.stdout, io.TextIOWrapper)
        sys.stdout.buffer.write(b"sending \xff ")
        sys.stdout.write(uploader.ticket or "")
        sys.stdout.close()
        sys.stderr.buffer.close()
        return uploader.save(call)

    with open_ground(SoblobSettings(), {}) as ground:  # no gate: pytest's own output stays open
        runner = Runner(consumer(upload), GATE)
        result = runner.play(find_scenario("secrets.not-in-output"), ground)
    assert result.reason == "the ticket stands in the output"


def test_a_logger_that_hands_nothing_on_is_listened_to() -> None:
    apart = logging.getLogger("soblob-test-apart")
    apart.propagate = False

    def upload(uploader: Uploader, call: Upload) -> int:
        apart.warning("ticket %s", uploader.ticket)
        return uploader.save(call)

    result = play("secrets.not-in-logs", upload)
    assert result.reason == "the ticket stands in the log"
    assert apart.handlers == []


def test_a_default_time_limit_of_sockets_changes_nothing() -> None:
    def upload(uploader: Uploader, call: Upload) -> int:
        socket.setdefaulttimeout(0.000_001)
        try:
            return uploader.save(call)
        finally:
            socket.setdefaulttimeout(None)

    before = socket.getdefaulttimeout()
    assert play("upload.plain", upload).passed
    assert play("time.reset-during-request", upload).passed
    assert socket.getdefaulttimeout() == before


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="reads /proc")  # noqa: PTH112
def test_nothing_is_left_open() -> None:
    async def upload(uploader: Uploader, call: Upload) -> int:
        return uploader.save(call)

    def count() -> tuple[int, int]:
        return len(os.listdir("/proc/self/fd")), threading.active_count()  # noqa: PTH208

    names = ("secrets.not-in-output", "time.reset-during-request", "upload.plain")
    for name in names:  # what is imported and opened once
        play(name, upload)
    before = count()
    for name in names:
        play(name, upload)
    assert count() == before
