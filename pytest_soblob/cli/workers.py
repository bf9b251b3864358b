"""Judging in worker processes, by chunks: in order, in constant memory, leaving no process."""

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass

from pytest_soblob.cli.judging import (
    Item,
    JudgeSettings,
    Outcome,
    judge_files,
    judge_item,
    shown,
)
from pytest_soblob.conformance.opening import STANDARD_INPUT
from pytest_soblob.errors import SoblobError

# So many that the cost of passing a chunk is small compared with judging it.
CHUNK_FILES = 64
# Splits few large files between processes as well, and keeps a chunk of them from delaying results.
CHUNK_BYTES = 512 * 1024
CHUNKS_PER_JOB = 4


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Files that a worker judges; without a future, one item that this process judges."""

    items: list[Item]
    future: Future[list[Outcome]] | None = None

    @property
    def is_done(self) -> bool:
        return self.future is not None and self.future.done()

    def results(self, settings: JudgeSettings) -> list[Outcome]:
        if self.future is None:
            return [judge_item(item, settings) for item in self.items]
        try:
            return self.future.result()
        except BrokenProcessPool:
            raise SoblobError(
                "a worker process died (killed, or out of memory): "
                f"judging stopped before {shown(str(self.items[0]))}"
            ) from None


def judge_in_processes(
    items: Iterable[Item], settings: JudgeSettings, jobs: int
) -> Generator[list[Outcome], None, None]:
    """Judge files in worker processes; yield the outcomes in their order, by chunks.

    Args:
        items: What to judge; consumed a few chunks per process ahead.
        settings: How to judge.
        jobs: Number of processes.

    Raises:
        SoblobError: A process died; its results are lost, and judging stops.
    """
    window: deque[_Chunk] = deque()
    with _pool(jobs) as pool:
        for files in _chunks(items):
            window.append(_submit(files, settings, pool))
            while window and (len(window) >= CHUNKS_PER_JOB * jobs or window[0].is_done):
                yield window.popleft().results(settings)
        while window:
            yield window.popleft().results(settings)


def _chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Group the items that a worker can judge; every other item is a chunk of its own."""
    chunk: list[Item] = []
    size = 0
    for item in items:
        is_local = _is_local(item)
        if chunk and (is_local or len(chunk) >= CHUNK_FILES or size >= CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        if is_local:
            yield [item]
        else:
            chunk.append(item)
            size += _size_of(str(item))
    if chunk:
        yield chunk


def _submit(items: list[Item], settings: JudgeSettings, pool: ProcessPoolExecutor) -> _Chunk:
    if _is_local(items[0]):
        return _Chunk(items)
    try:
        with _sigint_blocked():
            return _Chunk(items, pool.submit(judge_files, [str(item) for item in items], settings))
    except BrokenProcessPool as error:
        # Raised when it is this chunk's turn, since earlier ones may be complete.
        failed: Future[list[Outcome]] = Future()
        failed.set_exception(error)
        return _Chunk(items, failed)


def _is_local(item: Item) -> bool:
    # Standard input belongs to this process, and known outcomes need no judging.
    return isinstance(item, Outcome) or item == STANDARD_INPUT


def _size_of(file: str) -> int:
    try:
        return os.stat(file).st_size  # noqa: PTH116 - a Path costs ten times as much
    except (OSError, ValueError):  # the worker will report it
        return 0


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Provide worker processes that end with the block; at once if an exception leaves it."""
    method = _start_method()
    context = multiprocessing.get_context(method)
    others = set(multiprocessing.active_children())
    with _safe_path():
        if method == "forkserver":
            _start_forkserver()
        pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_start_worker)
        try:
            yield pool
        except BaseException:
            for worker in set(multiprocessing.active_children()) - others:
                worker.kill()
            raise
        finally:
            pool.shutdown(cancel_futures=True)


def _start_method() -> str:
    """Return the fastest start method that is safe here.

    fork takes no time, but copies locks that other threads hold, and only Linux guarantees that it
    works; spawn imports everything in each worker.
    """
    if sys.platform == "linux" and threading.active_count() == 1:
        return "fork"
    methods = multiprocessing.get_all_start_methods()
    return "forkserver" if "forkserver" in methods else "spawn"


@contextmanager
def _safe_path() -> Iterator[None]:
    """Keep Python's helper processes from importing modules from the current folder.

    They are started with `python -c`, and the current folder may be an archive that is judged.
    """
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("PYTHONSAFEPATH", None)
        else:
            os.environ["PYTHONSAFEPATH"] = before


def _start_forkserver() -> None:
    """Start the process that forks workers, with SIGINT blocked, since Ctrl-C goes to the group.

    Workers inherit the mask: otherwise one that is starting would print a traceback. The resource
    tracker is started first, since starting it unblocks the signal.
    """
    from multiprocessing import forkserver, resource_tracker  # not on all platforms

    resource_tracker.ensure_running()
    forkserver.set_forkserver_preload(["pytest_soblob.cli.judging"])
    with _sigint_blocked():
        forkserver.ensure_running()


@contextmanager
def _sigint_blocked() -> Iterator[None]:
    """Defer Ctrl-C: a process that is only half started would be left running."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # for a spawned worker
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this worker if the first process is killed before it can end its workers."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
