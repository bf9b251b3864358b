"""Many files: found in folders, judged in one process or in several, told of in the order given.

Memory is flat: the names of a folder and of those above it are held, and what has been judged is
handed on and forgotten. With one job no process starts.
"""

import os
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path

from pytest_soblob.judging import (
    STANDARD_INPUT,
    Item,
    JudgeSettings,
    Outcome,
    judge_item,
    reason_of,
    unread,
)


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


def judge_all(
    items: Iterable[Item], settings: JudgeSettings, jobs: int = 1
) -> Generator[list[Outcome], None, None]:
    """Judge files, and yield what was found in their order: at once, some at a time.

    Close it if it is not read to its end: that ends the processes.

    Args:
        items: What `iter_files` yields; it is taken from as needed.
        settings: How to judge.
        jobs: Over how many processes. Standard input is always judged in this one.

    Raises:
        SoblobError: A worker process died; what it did is lost, and judging stops.
    """
    if jobs == 1:
        return ([judge_item(item, settings)] for item in items)
    # Loaded only here: most runs judge a file or two.
    from pytest_soblob._workers import judge_in_processes

    return judge_in_processes(items, settings, jobs)


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
