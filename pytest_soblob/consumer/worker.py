"""A consumer in any language: one process that answers JSON lines, with its start-up paid once."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from pytest_soblob._text import clip
from pytest_soblob.consumer.command import LIMIT_S, end, split_command
from pytest_soblob.consumer.outcomes import (
    Crashed,
    Failed,
    Hung,
    NoId,
    Outcome,
    Refused,
    read_result,
)
from pytest_soblob.consumer.scenario import Need
from pytest_soblob.consumer.values import Abilities, Target, Upload
from pytest_soblob.errors import SoblobError
from pytest_soblob.settings import SoblobSettings


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
    offers: frozenset[Need] = frozenset({Need.LIVE, Need.THREADS, Need.TICKET})

    @contextmanager
    def connect(self, target: Target, *, listens: bool = False) -> Iterator["WorkerClient"]:
        """Return a client for a target: the same process, told another URL."""
        with TemporaryDirectory(prefix="soblob-") as folder:
            yield WorkerClient(self.process, target, Path(folder), self.limit_s)


class Worker:
    """The process, and the calls that wait for its answers.

    Args:
        command: Its command line.

    Raises:
        SoblobError: The process cannot be started.
    """

    def __init__(self, command: str) -> None:
        self._words = split_command(command, ())
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._waiting: dict[int, Future[Mapping[str, Any]]] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self.written: list[str] = []

    def ask(self, question: Mapping[str, object], limit_s: float) -> Outcome:
        """Send a call, and return how it ended."""
        number = next(self._numbers)
        answer: Future[Mapping[str, Any]] = Future()
        try:
            with self._lock:
                process = self._running()
                self._waiting[number] = answer
                assert process.stdin is not None  # noqa: S101 -- it is a pipe
                process.stdin.write(json.dumps({"call": number, **question}).encode() + b"\n")
                process.stdin.flush()
            return _read(answer.result(limit_s))
        except FutureTimeoutError:
            self.close()  # the next call gets a new process
            return Hung(limit_s)
        except OSError:
            return Crashed("the worker has ended")
        finally:
            self._waiting.pop(number, None)

    def close(self) -> None:
        """End the process, if it runs."""
        process, self._process = self._process, None
        if process is not None:
            end(process)
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                with suppress(OSError):
                    if stream is not None:
                        stream.close()

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is not None and self._process.poll() is None:
            return self._process
        try:
            process = subprocess.Popen(  # noqa: S603 -- it is the team's own command
                self._words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=os.name == "posix",
            )
        except OSError as error:
            raise SoblobError(f"the worker cannot be started: {error.strerror}") from None
        self._process = process
        assert process.stdout is not None  # noqa: S101 -- it is a pipe
        assert process.stderr is not None  # noqa: S101 -- likewise
        threading.Thread(target=self._listen, args=(process.stdout,), daemon=True).start()
        threading.Thread(target=self._collect, args=(process.stderr,), daemon=True).start()
        return process

    def _listen(self, stream: IO[bytes]) -> None:
        """Hand answers to those who wait; what is no answer is collected."""
        with suppress(OSError, ValueError):  # it is closed
            for line in stream:
                self._take(line)
        for waiting in list(self._waiting.values()):
            if not waiting.done():
                waiting.set_result({"crashed": "the worker has ended"})

    def _take(self, line: bytes) -> None:
        try:
            answer = json.loads(line)
            waiting = self._waiting[answer["call"]]
        except (ValueError, KeyError, TypeError):
            self.written.append(line.decode("utf-8", "replace"))
            return
        self.written.append(str(answer.get("failed") or answer.get("refused") or ""))
        if not waiting.done():
            waiting.set_result(answer)

    def _collect(self, stream: IO[bytes]) -> None:
        with suppress(OSError, ValueError):
            for line in stream:
                self.written.append(line.decode("utf-8", "replace"))


class WorkerClient:
    """Calls of one scenario.

    Args:
        worker: The process.
        target: Where it is to connect to.
        folder: Where images are put.
        limit_s: The time limit of a call, in seconds.
    """

    def __init__(self, worker: Worker, target: Target, folder: Path, limit_s: float) -> None:
        self._worker = worker
        self._target = target
        self._folder = folder
        self._limit_s = limit_s
        self._numbers = count(1)
        self._said_before = len(worker.written)

    def upload(self, call: Upload) -> Outcome:
        """Ask the worker to upload an image."""
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
        return self._worker.ask(question, self._limit_s)

    def said(self) -> Mapping[str, str]:
        """Return what the worker has written since this client was made, but its answers."""
        return {"output": "\n".join(self._worker.written[self._said_before :])}


def _read(answer: Mapping[str, Any]) -> Outcome:
    if "saved" in answer:
        return read_result(answer["saved"])
    if "failed" in answer:
        return Failed(str(answer["failed"]))
    if "refused" in answer:
        return Refused(str(answer["refused"]))
    if "crashed" in answer:
        return Crashed(str(answer["crashed"]))
    shown = clip(json.dumps(answer), 100)
    return NoId(shown, "an answer has to hold saved, failed or refused")
