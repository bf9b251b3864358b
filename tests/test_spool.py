"""Large requests in a file without a name."""

import gc
import os
from pathlib import Path

import pytest

from pytest_soblob._http._assembly import Assembly, Rooms
from pytest_soblob._spool import Spool


def open_files() -> int:
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        pytest.skip("this system does not tell which files are open")
    gc.collect()  # other tests' garbage holds files, too
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
    starts = {spool.keep(b"x" * 1_000_000)._start for _ in range(20)}
    assert starts == {0}
    assert open_files() == before + 1
    del spool
    assert open_files() == before


def test_what_somebody_holds_stays_readable() -> None:
    spool = Spool()
    held = spool.keep(b"first")
    assert spool.keep(b"other").read() == b"other"
    assert held.read() == b"first"


def test_a_file_that_is_full_goes_with_the_last_of_what_is_in_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pytest_soblob._spool._LARGEST_FILE_BYTES", 1_000)
    spool = Spool()
    before = open_files()
    held = [spool.keep(bytes([number]) * 600) for number in range(20)]
    assert open_files() == before + 10
    assert [piece.read()[0] for piece in held] == list(range(20))
    del held
    assert open_files() == before + 1


# -- bodies that come in pieces -------------------------------------------------------------------


def put(assembly: Assembly, data: bytes, step: int, *, known: bool = True) -> None:
    for at in range(0, len(data), step):
        assembly.put(data[at : at + step], at, len(data) if known else None)


@pytest.mark.parametrize("known", [True, False])
def test_many_bodies_at_once_stay_within_the_budget(known: bool) -> None:
    """Whether their length is known or not, as of those in chunks."""
    rooms = Rooms(budget_bytes=400_000)
    bodies = [os.urandom(150_000) for _ in range(6)]
    assemblies = [Assembly(rooms) for _ in bodies]
    for assembly, body in zip(assemblies, bodies, strict=True):
        put(assembly, body, 40_000, known=known)
    in_memory = sum(len(a._room or b"") for a in assemblies)
    assert in_memory <= 400_000
    assert [a.take(150_000) for a in assemblies] == bodies
    assert sum(len(room) for room in rooms._spare) == rooms._held <= 400_000


@pytest.mark.parametrize("step", [40_000, 1024 * 1024, 3_000_000])
@pytest.mark.parametrize("size", [1024 * 1024, 2_500_000, 2 * 1024 * 1024 + 1])
def test_what_is_in_the_overflow_comes_back_whole(step: int, size: int) -> None:
    rooms = Rooms(budget_bytes=200_000)
    for known in (True, False, False):  # the second finds room where the first has left bytes
        body = os.urandom(size)
        assembly = Assembly(rooms)
        put(assembly, body, step, known=known)
        assert assembly._room is None
        assert assembly.take(size) == body


def test_a_body_that_is_dropped_gives_its_room_back() -> None:
    rooms = Rooms(budget_bytes=400_000)
    for number in range(50):
        assembly = Assembly(rooms)
        put(assembly, os.urandom(350_000), 40_000, known=number % 2 == 0)
        assembly.drop()
    assert sum(len(room) for room in rooms._spare) == rooms._held <= 400_000
    whole = Assembly(rooms)
    put(whole, b"x" * 100_000, 40_000)
    assert whole.take(100_000) == b"x" * 100_000


def test_rooms_that_make_way_are_held_no_longer() -> None:
    rooms = Rooms(budget_bytes=400_000)
    first = [Assembly(rooms) for _ in range(3)]
    for assembly in first:
        put(assembly, b"x" * 100_000, 40_000)
    for assembly in first:
        assembly.drop()
    whole = Assembly(rooms)
    put(whole, b"x" * 300_000, 40_000)
    assert rooms._held == len(whole._room or b"") + sum(len(room) for room in rooms._spare)
    assert whole.take(300_000) == b"x" * 300_000


def test_what_has_come_stays_where_there_is_no_room_for_the_rest() -> None:
    rooms = Rooms(budget_bytes=100_000)
    other, assembly = Assembly(rooms), Assembly(rooms)
    other.put(b"y", 0, 2)
    assembly.put(b"x" * 50_000, 0, 400_000)
    assert assembly.place(50_000, 400_000) is None
    assembly.put(b"z" * 350_000, 50_000, 400_000)
    assert assembly.take(400_000) == b"x" * 50_000 + b"z" * 350_000
