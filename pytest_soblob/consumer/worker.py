"""A consumer in any language: one process that answers JSON lines, with its start-up paid once."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pytest_soblob._basics.clock import now
from pytest_soblob.consumer.command import (
    LEFT_FILES,
    LIMIT_S,
    environment_with,
    read_files,
    split_command,
)
from pytest_soblob.consumer.dialogue import Call, Dialogue
from pytest_soblob.consumer.outcomes import Crashed, Hung, Outcome
from pytest_soblob.consumer.process import Child, Kept, name_exit
from pytest_soblob.consumer.scenario import Need
from pytest_soblob.consumer.values import Abilities, Target, Upload
from pytest_soblob.settings import SoblobSettings

_POLL_S: Final = 0.1
# What a worker writes last may be on its way once its end is seen.
_LAST_WORDS_S: Final = 0.5
_RUN_HAS_ENDED: Final = "the run has ended"
_BESIDE: Final = "the worker was ended, as another call in it had not ended in time"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerConsumer:
    """The code under test, as a process that is asked for one upload after the other.

    Attributes:
        process: The running process.
        abilities: What the team says about the client.
        settings: The settings that an endpoint for it begins with.
        limit_s: The time limit of a call, in seconds.
    """

    process: "Worker"
    abilities: Abilities = field(default_factory=Abilities)
    settings: SoblobSettings = field(default_factory=SoblobSettings)
    limit_s: float = LIMIT_S
    offers: frozenset[Need] = frozenset({Need.LIVE, Need.THREADS, Need.TICKET, Need.LOGS})

    @contextmanager
    def connect(
        self, target: Target, *, listens: bool = False, alone: bool = False
    ) -> Iterator["WorkerClient"]:
        """Return a client for a target: the same process, told another URL, or one of its own."""
        with ExitStack() as stack:
            worker = self.process
            if alone:
                worker = stack.enter_context(closing(Worker(worker.command)))
            heard = stack.enter_context(worker.listening()) if listens else None
            folder = TemporaryDirectory(prefix="soblob-", ignore_cleanup_errors=True)
            path = Path(stack.enter_context(folder))
            yield WorkerClient(worker, target, path, self.limit_s, heard)


class Worker:
    """The process: started when it is first asked, and again after it has ended.

    Args:
        command: Its command line.

    Attributes:
        command: As given.

    Raises:
        SoblobError: There is no such command.
    """

    def __init__(self, command: str) -> None:
        self.command = command
        self._words = split_command(command, ())
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._is_closed = False
        self._running: _Running | None = None
        self._listeners: list[Mapping[str, Kept]] = []
        self._folder: TemporaryDirectory[str] | None = None

    def ask(self, question: Mapping[str, object], limit_s: float, call: Call) -> Outcome:
        """Send a call, and return how it ended. After `close` each call is a crash.

        Args:
            question: What the worker is told.
            limit_s: The time limit, in seconds.
            call: Notes how it ends.

        Raises:
            SoblobError: The system cannot start the process.
        """
        begun = self._begin(call)
        if begun is None:
            return Crashed(_RUN_HAS_ENDED)
        number, running = begun
        running.child.write(json.dumps({"call": number, **question}).encode() + b"\n")
        deadline = now() + limit_s
        while not call.wait(min(max(0.0, deadline - now()), _POLL_S)):
            if running.is_over:
                running.finish()
            elif now() > deadline:
                break
        outcome = running.dialogue.end(number, Hung(limit_s))
        if isinstance(outcome, Hung):
            running.finish(_BESIDE)
        return outcome

    @contextmanager
    def listening(self) -> Iterator[Mapping[str, Kept]]:
        """Collect what the worker writes, its answers included."""
        heard = {"output": Kept(), "errors": Kept()}
        with self._lock:
            self._listeners.append(heard)
        try:
            yield heard
        finally:
            with self._lock:
                self._listeners.remove(heard)

    def left_files(self) -> list[str]:
        """Return names and contents of what it has left in its folder for temporary files."""
        return read_files(Path(self._folder.name)) if self._folder is not None else []

    def close(self) -> None:
        """End the process, if it runs."""
        with self._lock:
            self._is_closed = True
            running, self._running = self._running, None
            folder, self._folder = self._folder, None
        if running is not None:
            running.finish(_RUN_HAS_ENDED)
        if folder is not None:
            folder.cleanup()

    def _begin(self, call: Call) -> "tuple[int, _Running] | None":
        with self._lock:
            if self._is_closed:
                return None
            number = next(self._numbers)
            before = self._running
            if before is not None and not before.is_over and before.dialogue.begin(number, call):
                return number, before
            if self._folder is None:
                self._folder = TemporaryDirectory(prefix="soblob-", ignore_cleanup_errors=True)
            running = _Running(self._words, self._folder.name, self._hear)
            self._running = running
            running.dialogue.begin(number, call)
        if before is not None:
            before.finish()
        return number, running

    def _hear(self, place: str, data: bytes) -> None:
        for heard in tuple(self._listeners):
            heard[place].add(data)


class _Running:
    """A process that runs, or has ended, and the calls that it was asked for.

    Args:
        words: Its command.
        folder: Its folder for temporary files.
        heard: Called with the place and each piece of what it writes.
    """

    def __init__(self, words: list[str], folder: str, heard: Callable[[str, bytes], None]) -> None:
        self.dialogue = Dialogue()
        self._heard = heard
        self._errors = Kept(10_000)
        self._has_closed_output = False
        environment = environment_with(Path(folder))
        self.child = Child(words, self._take, env=environment, takes_input=True)

    @property
    def is_over(self) -> bool:
        """Whether it cannot answer any more."""
        child = self.child
        return self._has_closed_output or child.has_closed_input or child.exit_code is not None

    def finish(self, why: str = "") -> None:
        """End the process, and tell the calls that are open why; by default how it has ended."""
        if not why:
            code = self.child.wait(_LAST_WORDS_S)
            which = "output" if self._has_closed_output else "input"
            why = f"the worker has closed its standard {which}, and still runs"
            if code is not None:
                last = self._errors.last_line
                why = f"the worker has ended: {name_exit(code)}" + (f": {last}" if last else "")
        self.dialogue.close(why)
        self.child.end()

    def _take(self, place: str, data: bytes) -> None:
        self._heard(place, data)
        if place == "errors":
            self._errors.add(data)
        elif data:
            self.dialogue.take(data)
        else:
            self._has_closed_output = True


class WorkerClient:
    """Calls of one scenario.

    Args:
        worker: The process.
        target: Where it is to connect to.
        folder: Where images are put.
        limit_s: The time limit of a call, in seconds.
        heard: What the worker writes, where that is collected.
    """

    def __init__(
        self,
        worker: Worker,
        target: Target,
        folder: Path,
        limit_s: float,
        heard: Mapping[str, Kept] | None,
    ) -> None:
        self._worker = worker
        self._target = target
        self._folder = folder
        self._limit_s = limit_s
        self._heard = heard
        self._numbers = count(1)
        self._calls: list[Call] = []

    @property
    def shared(self) -> bool:
        """Whether calls of other scenarios were open beside its own, in the same process."""
        return any(call.shared for call in self._calls)

    def upload(self, call: Upload) -> Outcome:
        """Ask the worker to upload an image.

        Raises:
            SoblobError: The system cannot start the worker.
        """
        image = self._folder / f"image-{next(self._numbers)}"
        image.write_bytes(call.image)
        question = {
            "url": self._target.url,
            "type": call.type,
            "image": str(image),
            "description": call.description,
            "ticket": self._target.ticket,
            "token": self._target.application_token,
        }
        asked = Call(self)
        self._calls.append(asked)
        return self._worker.ask(question, self._limit_s, asked)

    def said(self) -> Mapping[str, str]:
        """Return what the worker has written since this client was made, and the files it left."""
        files = [*self._worker.left_files(), *read_files(self._folder)]
        heard = self._heard or {}
        names = {"output": "output", "errors": "output (standard error)"}
        return {
            **{names[key]: kept.text for key, kept in heard.items()},
            LEFT_FILES: "\n".join(files),
        }
