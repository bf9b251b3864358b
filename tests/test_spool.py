"""Large requests in a file without a name."""

import gc
import os
from pathlib import Path

import pytest

from pytest_soblob._spool import Spool


def open_files() -> int:
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        pytest.skip("this system does not tell which files are open")
    return len(list(folder.iterdir()))


def test_what_is_kept_comes_back() -> None:
    spool = Spool()
    kept = [spool.keep(os.urandom(size)) for size in (0, 1, 100_000)]
    again = [spool.keep(piece.read()) for piece in kept]
    assert [piece.read() for piece in kept] == [piece.read() for piece in again]
    assert [piece.size for piece in kept] == [0, 1, 100_000]


def test_room_is_used_again_once_nobody_holds_anything() -> None:
    spool = Spool()
    before = open_files()
    for _ in range(20):
        spool.keep(b"x" * 1_000_000)
        spool.recycle()
    assert open_files() == before + 1
    del spool
    gc.collect()
    assert open_files() == before


def test_what_somebody_holds_stays_readable() -> None:
    spool = Spool()
    held = spool.keep(b"first")
    spool.recycle()
    assert spool.keep(b"other").read() == b"other"
    assert held.read() == b"first"


def test_it_may_be_recycled_before_anything_was_kept() -> None:
    spool = Spool()
    spool.recycle()
    assert spool.keep(b"a").read() == b"a"
