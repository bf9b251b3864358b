"""Chunks of files over worker processes: in order, in flat memory, leaving no process behind."""

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

from pytest_soblob.errors import SoblobError
from pytest_soblob.judging import (
    STANDARD_INPUT,
    Item,
    JudgeSettings,
    Outcome,
    judge_files,
    judge_item,
    shown,
)

# Enough that handing a chunk over costs little beside judging it.
CHUNK_FILES = 64
# Few large files are shared out as well, and a chunk of them does not hold its results up.
CHUNK_BYTES = 512 * 1024
CHUNKS_PER_JOB = 4


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Some files on their way through a worker; without a future, one item for this process."""

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
    """Judge files over worker processes, and yield what was found in their order, by chunks.

    Args:
        items: What to judge; a few chunks per process are taken ahead.
        settings: How to judge.
        jobs: How many processes.

    Raises:
        SoblobError: A process died; what it was at is lost, and judging stops.
    """
    window: deque[_Chunk] = deque()
    with _pool(jobs) as pool:
        for files in _chunks(items):
            window.append(_handed_out(files, settings, pool))
            while window and (len(window) >= CHUNKS_PER_JOB * jobs or window[0].is_done):
                yield window.popleft().results(settings)
        while window:
            yield window.popleft().results(settings)


def _chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Group what a worker can judge; everything else stands alone, in its place."""
    chunk: list[Item] = []
    size = 0
    for item in items:
        here = _is_for_here(item)
        if chunk and (here or len(chunk) >= CHUNK_FILES or size >= CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        if here:
            yield [item]
        else:
            chunk.append(item)
            size += _size_of(str(item))
    if chunk:
        yield chunk


def _handed_out(items: list[Item], settings: JudgeSettings, pool: ProcessPoolExecutor) -> _Chunk:
    if _is_for_here(items[0]):
        return _Chunk(items)
    try:
        with _uninterrupted():
            return _Chunk(items, pool.submit(judge_files, [str(item) for item in items], settings))
    except BrokenProcessPool as error:
        # Told when it is this chunk's turn: those before it may be done.
        failed: Future[list[Outcome]] = Future()
        failed.set_exception(error)
        return _Chunk(items, failed)


def _is_for_here(item: Item) -> bool:
    # Standard input is this process's own, and what is known already need not travel.
    return isinstance(item, Outcome) or item == STANDARD_INPUT


def _size_of(file: str) -> int:
    try:
        return os.stat(file).st_size  # noqa: PTH116 - a Path costs ten times as much
    except (OSError, ValueError):  # the worker will say so
        return 0


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Worker processes that end with the block: at once if it is left by an exception."""
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
    """Choose the quickest way that is safe here.

    fork takes no time, but copies the locks that other threads hold, and no system but Linux
    promises that it works; spawn imports everything in each worker.
    """
    if sys.platform == "linux" and threading.active_count() == 1:
        return "fork"
    methods = multiprocessing.get_all_start_methods()
    return "forkserver" if "forkserver" in methods else "spawn"


@contextmanager
def _safe_path() -> Iterator[None]:
    """Keep Python's helper processes from importing modules out of the current folder.

    They are started with `python -c`, and somebody judges an archive from within it.
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
    """Start the process that forks workers, deaf to Ctrl-C, which goes to the whole group.

    Workers inherit that: otherwise one that is only just starting would print a traceback. The
    tracker goes first, since starting it unblocks the signal.
    """
    from multiprocessing import forkserver, resource_tracker  # not everywhere

    resource_tracker.ensure_running()
    forkserver.set_forkserver_preload(["pytest_soblob.judging"])
    with _uninterrupted():
        forkserver.ensure_running()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait: a process that is half started would be known to nobody, and stay."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where it is spawned, not forked
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Leave no orphan where the first process is killed before it can end its workers."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
