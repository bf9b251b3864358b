"""Judging of many files: found in folders, judged in one or several processes, reported in order.

Memory use is constant: only the names in a folder and in its parents are held, and results are
passed on at once. With one job no process is started.
"""

import os
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path

from pytest_soblob.cli.judging import (
    Item,
    JudgeSettings,
    Outcome,
    judge_item,
    reason_of,
    unread,
)
from pytest_soblob.conformance.opening import BODIES, STANDARD_INPUT


def iter_files(names: Iterable[str]) -> Iterator[Item]:
    """Yield every file to judge, in order.

    A folder stands for the regular files in it and in the folders below it, sorted by name, without
    hidden ones and the bodies of recordings. In folders, links to files are followed and links to
    folders are not. A file that is named itself is always judged.

    Args:
        names: Files, folders, or `-`.

    Yields:
        A path, or the outcome of a folder that has no files or cannot be listed.
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
            yield unread(name, "a folder without files to judge")


def judge_all(
    items: Iterable[Item], settings: JudgeSettings, jobs: int = 1
) -> Generator[list[Outcome], None, None]:
    """Judge files; yield the outcomes in their order, some at a time, as soon as possible.

    Close the generator if it is not exhausted: that ends the processes.

    Args:
        items: Files or outcomes, as `iter_files` yields them; consumed as needed.
        settings: How to judge.
        jobs: Number of processes. Standard input is always judged in this one.

    Raises:
        SoblobError: A worker process died; its results are lost, and judging stops.
    """
    if jobs == 1:
        return ([judge_item(item, settings)] for item in items)
    # Imported here, since most runs judge a file or two.
    from pytest_soblob.cli.workers import judge_in_processes

    return judge_in_processes(items, settings, jobs)


def _iter_folder(folder: str) -> Iterator[Item]:
    # An explicit stack: folders may be nested deeper than Python's recursion limit.
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
    # The bodies of a recording are judged with it, not as files of their own.
    names = {f"{entry.name}{BODIES}" for entry in seen}
    return iter(sorted((e for e in seen if e.name not in names), key=lambda entry: entry.name))


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a broken link: reading it reports the reason
        return True
