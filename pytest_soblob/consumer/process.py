"""A process of the team's own: started in a group of its own, drained, and ended.

Whatever it does with its streams, no wait is without a limit. A child of it may leave the group and
hold the pipes open (a daemon), so the end of the process counts, and not the end of its output.
"""

import os
import selectors
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Final

from pytest_soblob._basics.clock import now
from pytest_soblob.errors import SoblobError

_POLL_S: Final = 0.1
# `Popen.wait` with a limit asks as often, by a clock that a test may have stopped.
_STEP_S: Final = 0.005
# What a process wrote before it ended is in the pipe already; more comes of a child only.
_GRACE_S: Final = 0.5
# A process that was killed and is still there waits in the kernel.
_KILLED_S: Final = 5.0
_PIECE_BYTES: Final = 65_536
_IS_POSIX: Final = os.name == "posix"


class Kept:
    """The first and the last bytes of what was written, at most so many of each.

    Args:
        limit: The number of bytes.
    """

    def __init__(self, limit: int = 1_000_000) -> None:
        self._limit = limit
        self._head = bytearray()
        self._tail = bytearray()
        self._dropped = 0

    def add(self, data: bytes) -> None:
        """Keep the next bytes."""
        room = self._limit - len(self._head)
        self._head += data[:room]
        self._tail += data[room:] if room < len(data) else b""
        if len(self._tail) > 2 * self._limit:
            self._dropped += len(self._tail) - self._limit
            del self._tail[: -self._limit]

    @property
    def text(self) -> str:
        """What is kept, as text."""
        gap = f"\n({self._dropped:,} bytes left out)\n".encode() if self._dropped else b""
        return (bytes(self._head) + gap + bytes(self._tail)).decode("utf-8", "replace")

    @property
    def last_line(self) -> str:
        """The last line that is not blank, or an empty text; without a byte order mark."""
        end = bytes(self._head[-_PIECE_BYTES:]) + bytes(self._tail[-_PIECE_BYTES:])
        lines = end.decode("utf-8", "replace").splitlines()
        stripped = (line.strip().strip("\ufeff").strip() for line in reversed(lines))
        return next((line for line in stripped if line), "")


class Child:
    """A running process.

    Args:
        words: The command and its arguments.
        heard: Called with each piece of its `output` or `errors`, in a thread for each of the two,
            and with empty bytes once no more can come.
        cwd: Its working folder, or None for that of this process.
        env: Its environment, or None likewise.
        takes_input: Whether it is written to; otherwise its standard input is empty.

    Raises:
        SoblobError: The system cannot start it.
    """

    def __init__(
        self,
        words: list[str],
        heard: Callable[[str, bytes], None],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        takes_input: bool = False,
    ) -> None:
        self._process = _start(words, cwd, env, takes_input=takes_input)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._has_ended = False
        self._outbox: SimpleQueue[bytes] = SimpleQueue()
        streams = {"output": self._process.stdout, "errors": self._process.stderr}
        self._readers = {
            place: _thread(_drain, stream, lambda data, to=place: heard(to, data), self._stop)
            for place, stream in streams.items()
        }
        self._writer = _thread(_write, self._process.stdin, self._outbox, self._stop)
        self._threads = [*self._readers.values(), *([self._writer] if takes_input else [])]
        for thread in self._threads:
            thread.start()

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    @property
    def has_closed_input(self) -> bool:
        """Whether what was written to it last could not be delivered."""
        return not self._writer.is_alive()

    def write(self, data: bytes) -> None:
        """Have bytes written to its standard input, in their turn; never waits."""
        self._outbox.put(data)

    def wait(self, limit_s: float) -> int | None:
        """Wait for its end and for what it has written until then.

        Returns:
            The exit code, negative for a signal; None if it still runs after so many seconds.
        """
        deadline = now() + limit_s
        while self._process.poll() is None:
            left = deadline - now()
            if left <= 0:
                return None
            reading = next((one for one in self._readers.values() if one.is_alive()), None)
            if reading is not None:
                reading.join(min(left, _POLL_S))
            else:
                self._stop.wait(min(left, _STEP_S))
        self._join(_GRACE_S)
        return self._process.returncode

    def end(self) -> None:
        """Kill it with all that is left of its group, and stop reading what it writes."""
        with self._lock:
            if self._has_ended:
                return
            self._has_ended = True
        kill_group(self._process)
        deadline = now() + _KILLED_S
        while self._process.poll() is None and now() < deadline:
            self._stop.wait(_STEP_S)
        self._join(_GRACE_S)
        self._stop.set()
        self._outbox.put(b"")  # it looks up
        if _IS_POSIX:
            self._join(_KILLED_S)
            if self._writer in self._threads:
                self._writer.join(_KILLED_S)

    def _join(self, limit_s: float) -> None:
        """Wait for the readers."""
        deadline = now() + limit_s
        for thread in self._readers.values():
            thread.join(max(0.0, deadline - now()))


def kill_group(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process with its children; nothing where they have ended."""
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform != "win32":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def name_exit(code: int) -> str:
    """Return an exit code as `exit 3` or `SIGKILL`."""
    if code >= 0:
        return f"exit {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _start(
    words: list[str], cwd: Path | None, env: Mapping[str, str] | None, *, takes_input: bool
) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(  # noqa: S603 -- it is the team's own command
            words,
            cwd=cwd,
            env=env,
            bufsize=0,
            stdin=subprocess.PIPE if takes_input else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=_IS_POSIX,
        )
    except OSError as error:
        said = error.strerror or type(error).__name__
    except ValueError as error:  # a NUL, or a character that the file system has not
        said = str(error)
    raise SoblobError(f"the command cannot be started: {said}: {words[0]!r:.100}")


def _thread(work: Callable[..., None], *arguments: object) -> threading.Thread:
    return threading.Thread(target=work, args=arguments, name="consumer-pipe", daemon=True)


def _drain(stream: IO[bytes], heard: Callable[[bytes], None], stop: threading.Event) -> None:
    """Hand on what can be read, until its end or until it is stopped."""
    with stream, suppress(OSError), _watched(stream, selectors.EVENT_READ) as is_ready:
        while not stop.is_set():
            if is_ready():
                data = os.read(stream.fileno(), _PIECE_BYTES)
                if not data:
                    break
                heard(data)
    heard(b"")


def _write(stream: IO[bytes], outbox: "SimpleQueue[bytes]", stop: threading.Event) -> None:
    """Write what is in the outbox, until nobody reads it or until it is stopped."""
    if _IS_POSIX:
        os.set_blocking(stream.fileno(), False)
    left = b""
    with suppress(OSError), stream, _watched(stream, selectors.EVENT_WRITE) as is_ready:
        while not stop.is_set():
            with suppress(Empty):
                left = left or outbox.get(timeout=_POLL_S)
            if left and is_ready():
                left = left[os.write(stream.fileno(), left) :]


@contextmanager
def _watched(stream: IO[bytes], event: int) -> Iterator[Callable[[], bool]]:
    """Return what waits a little for a pipe to be ready; elsewhere than on POSIX a call waits."""
    if not _IS_POSIX:
        yield lambda: True
        return
    with selectors.DefaultSelector() as selector:
        selector.register(stream, event)
        yield lambda: bool(selector.select(_POLL_S))
