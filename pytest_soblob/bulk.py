"""Many files: found in folders, judged in one process or in several, told of in the order given.

Memory is flat. The names of one folder at a time are held, and a few chunks of files per process
are on the way; what has been judged is handed on, and forgotten. With one job no process starts.
"""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pytest_soblob.errors import SoblobError
from pytest_soblob.judging import (
    STANDARD_INPUT,
    JudgeSettings,
    Outcome,
    judge_file,
    judge_files,
    reason_of,
    shown,
    unread,
)

# Enough that handing a chunk over costs little beside judging it.
CHUNK_FILES = 32
# Few large files are shared out as well, and a chunk of them does not hold its results up.
CHUNK_BYTES = 512 * 1024
CHUNKS_PER_JOB = 4

# A file to judge, or what is already known, of a folder that cannot be listed.
Item = str | Outcome


class WorkerDiedError(SoblobError):
    """A worker process ended in the middle of its work: killed, or out of memory."""


def iter_files(names: Iterable[str]) -> Iterator[Item]:
    """Yield every file to judge, in order.

    A folder stands for the regular files in it and in the folders below it, sorted by name, hidden
    ones left out; links to files are followed there, links to folders are not. What is named
    itself is always judged.

    Args:
        names: Files, folders, or `-`.

    Yields:
        A path; or an outcome, for a folder that has no files or cannot be listed.
    """
    for name in names:
        if name == STANDARD_INPUT or not Path(name).is_dir():
            yield name
            continue
        empty = True
        for item in _iter_folder(name):
            empty = False
            yield item
        if empty:
            yield unread(name, "a folder without a file to judge")


def judge_all(items: Iterable[Item], settings: JudgeSettings, jobs: int = 1) -> Iterator[Outcome]:
    """Judge files, and yield what was found in their order.

    Args:
        items: What `iter_files` yields; it is taken from as needed.
        settings: How to judge.
        jobs: Over how many processes. Standard input is always judged in this one.

    Raises:
        WorkerDiedError: A worker process died; what it did is lost, and judging stops.
    """
    if jobs == 1:
        return (_judge_here(item, settings) for item in items)
    return _judge_in_processes(items, settings, jobs)


def _iter_folder(folder: str) -> Iterator[Item]:
    # A stack of our own: folders may be nested deeper than Python calls.
    stack = [_listed(folder)]
    while stack:
        entry = next(stack[-1], None)
        if entry is None:
            stack.pop()
        elif isinstance(entry, Outcome):
            yield entry
        elif entry.is_dir(follow_symlinks=False):
            stack.append(_listed(entry.path))
        elif _is_file(entry):
            yield entry.path


def _listed(folder: str) -> Iterator[os.DirEntry[str] | Outcome]:
    try:
        with os.scandir(folder) as entries:
            seen = [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        return iter([unread(folder, reason_of(error))])
    return iter(sorted(seen, key=lambda entry: entry.name))


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link that leads nowhere good: reading it says what is wrong
        return True


def _judge_here(item: Item, settings: JudgeSettings) -> Outcome:
    return item if isinstance(item, Outcome) else judge_file(item, settings)


# -- several processes ----------------------------------------------------------------------------


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
            return [_judge_here(item, settings) for item in self.items]
        try:
            return self.future.result()
        except BrokenProcessPool:
            raise WorkerDiedError(
                "a worker process died (killed, or out of memory): "
                f"judging stopped before {shown(str(self.items[0]))}"
            ) from None


def _judge_in_processes(
    items: Iterable[Item], settings: JudgeSettings, jobs: int
) -> Iterator[Outcome]:
    window: deque[_Chunk] = deque()
    with _pool(jobs) as pool:
        for files in _chunks(items):
            window.append(_handed_out(files, settings, pool))
            while window and (len(window) >= CHUNKS_PER_JOB * jobs or window[0].is_done):
                yield from window.popleft().results(settings)
        while window:
            yield from window.popleft().results(settings)


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
        return Path(file).stat().st_size
    except (OSError, ValueError):  # the worker will say so
        return 0


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Worker processes that end with the block: at once if it is left by an exception."""
    # Not fork, which copies locks that threads hold; not spawn, which imports all in each worker.
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
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
    from multiprocessing import forkserver, resource_tracker

    resource_tracker.ensure_running()
    forkserver.set_forkserver_preload(["pytest_soblob.judging"])
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
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
