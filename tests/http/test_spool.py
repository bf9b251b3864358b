"""Large requests in a file without a name."""

import gc
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_soblob._http._assembly import Assembly, BufferPool
from pytest_soblob._http.spool import Spool, Spooled, _Space
from tests.example_counts import at_length, either


def open_files() -> int:
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        pytest.skip("this system does not tell which files are open")
    gc.collect()  # other tests' garbage holds files, too
    return len(list(folder.iterdir()))


def test_what_is_kept_comes_back() -> None:
    spool = Spool(memory_bytes=0)
    kept = [spool.keep(os.urandom(size)) for size in (0, 1, 100_000)]
    again = [spool.keep(piece.read()) for piece in kept]
    assert [piece.read() for piece in kept] == [piece.read() for piece in again]
    assert [piece.size for piece in kept] == [0, 1, 100_000]


@pytest.mark.slow
def test_room_is_used_again_once_nobody_holds_anything() -> None:
    spool = Spool(memory_bytes=0)
    before = open_files()
    starts = {spool.keep(b"x" * 1_000_000)._start for _ in range(20)}
    assert starts == {0}
    assert open_files() == before + 1
    del spool
    assert open_files() == before


def test_what_somebody_holds_stays_readable() -> None:
    spool = Spool(memory_bytes=0)
    held = spool.keep(b"first")
    assert spool.keep(b"other").read() == b"other"
    assert held.read() == b"first"


@pytest.mark.slow
def test_a_file_that_is_full_goes_with_the_last_of_what_is_in_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pytest_soblob._http.spool._LARGEST_FILE_BYTES", 1_200)
    spool = Spool(memory_bytes=0)
    before = open_files()
    held = [spool.keep(bytes([number]) * 600) for number in range(20)]
    assert open_files() == before + 10
    assert [piece.read()[0] for piece in held] == list(range(20))
    del held
    assert open_files() == before + 1


@pytest.mark.slow
def test_what_memory_has_room_for_needs_no_file() -> None:
    spool = Spool(memory_bytes=1_000)
    before = open_files()
    for _ in range(3):
        held = [spool.keep(bytes([number]) * 500) for number in range(2)]
        assert [piece.read() for piece in held] == [b"\0" * 500, b"\1" * 500]
        del held
    assert open_files() == before
    held = [spool.keep(bytes([number]) * 500) for number in range(5)]
    assert open_files() == before + 1
    assert [piece.read()[:1] for piece in held] == [b"\0", b"\1", b"\2", b"\3", b"\4"]


@at_length
@pytest.mark.slow
@given(st.data())
@settings(max_examples=either(50, 500), deadline=None)
def test_pieces_never_overlap_and_all_room_is_found_again(data: st.DataObject) -> None:
    """Whatever is kept and let go in whatever order, as against a dict of what was written."""
    spool = Spool(memory_bytes=2_000)
    held: dict[int, tuple[Spooled, bytes]] = {}
    for number in range(data.draw(st.integers(1, 40))):
        if data.draw(st.booleans()) and held:
            del held[data.draw(st.sampled_from(sorted(held)))]
        size = data.draw(st.sampled_from([0, 1, 300, 700, 2_000, 2_001]))
        held[number] = (spool.keep(bytes([number]) * size), bytes([number]) * size)
        assert all(piece.read() == wanted for piece, wanted in held.values())
    held.clear()
    assert spool._memory is not None or spool._newest is not None
    whole = spool.keep(b"x" * 2_000)
    assert whole._start == 0
    assert whole._store is (spool._memory or spool._newest)


def test_two_threads_get_room_of_their_own() -> None:
    spool = Spool(memory_bytes=500_000)

    def keep(number: int) -> list[bool]:
        data = bytes([number]) * 10_000
        pieces = [spool.keep(data) for _ in range(20)]
        return [piece.read() == data for piece in pieces]

    with ThreadPoolExecutor(4) as pool:
        assert all(map(all, pool.map(keep, range(16))))


def test_room_is_given_to_one_thread_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each stays inside for as long as another needs to come in, where nothing keeps it out."""
    take, never = _Space.take, threading.Event()
    inside: list[int] = []
    together: list[int] = []

    def watched(space: _Space, size: int) -> int | None:
        inside.append(size)
        together.append(len(inside))
        never.wait(0.05)
        inside.remove(size)
        return take(space, size)

    monkeypatch.setattr(_Space, "take", watched)
    spool = Spool(memory_bytes=1_000)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(spool.reserve, [1, 2, 3, 4]))
    assert together == [1, 1, 1, 1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_process_that_is_forked_off_writes_nothing_into_our_memory() -> None:
    spool = Spool(memory_bytes=1_000)
    piece = spool.keep(b"ours")
    child = os.fork()
    if not child:
        piece.write(b"not!")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert piece.read() == b"ours"


# -- bodies that come in pieces -------------------------------------------------------------------


def put(assembly: Assembly, data: bytes, step: int, *, known: bool = True) -> None:
    assembly.begin(len(data) if known else None)
    for at in range(0, len(data), step):
        assembly.put(data[at : at + step])


@pytest.mark.parametrize("known", [True, False])
def test_many_bodies_at_once_stay_within_the_budget(known: bool) -> None:
    """Whether their length is known or not, as of those in chunks."""
    rooms = BufferPool(budget_bytes=400_000)
    bodies = [os.urandom(150_000) for _ in range(6)]
    assemblies = [Assembly(rooms) for _ in bodies]
    for assembly, body in zip(assemblies, bodies, strict=True):
        put(assembly, body, 40_000, known=known)
    in_memory = sum(len(a._buffer or b"") for a in assemblies)
    assert in_memory <= 400_000
    assert [a.take() for a in assemblies] == bodies
    assert sum(len(room) for room in rooms._spare) == rooms._held <= 400_000


@pytest.mark.parametrize("step", [40_000, 1024 * 1024, 3_000_000])
@pytest.mark.parametrize("size", [1024 * 1024, 2_500_000, 2 * 1024 * 1024 + 1])
def test_what_is_in_the_overflow_comes_back_whole(step: int, size: int) -> None:
    rooms = BufferPool(budget_bytes=200_000)
    for known in (True, False, False):  # the second finds room where the first has left bytes
        body = os.urandom(size)
        assembly = Assembly(rooms)
        put(assembly, body, step, known=known)
        assert assembly._buffer is None
        assert assembly.take() == body


def test_a_body_that_is_dropped_gives_its_room_back() -> None:
    rooms = BufferPool(budget_bytes=400_000)
    for number in range(50):
        assembly = Assembly(rooms)
        put(assembly, os.urandom(350_000), 40_000, known=number % 2 == 0)
        assembly.drop()
    assert sum(len(room) for room in rooms._spare) == rooms._held <= 400_000
    whole = Assembly(rooms)
    put(whole, b"x" * 100_000, 40_000)
    assert whole.take() == b"x" * 100_000


def test_rooms_that_make_way_are_held_no_longer() -> None:
    rooms = BufferPool(budget_bytes=400_000)
    first = [Assembly(rooms) for _ in range(3)]
    for assembly in first:
        put(assembly, b"x" * 100_000, 40_000)
    for assembly in first:
        assembly.drop()
    whole = Assembly(rooms)
    put(whole, b"x" * 300_000, 40_000)
    assert rooms._held == len(whole._buffer or b"") + sum(len(room) for room in rooms._spare)
    assert whole.take() == b"x" * 300_000


def test_what_has_come_stays_where_there_is_no_room_for_the_rest() -> None:
    rooms = BufferPool(budget_bytes=100_000)
    other, assembly = Assembly(rooms), Assembly(rooms)
    other.begin(2)
    other.put(b"y")
    assembly.begin(400_000)
    assembly.put(b"x" * 50_000)
    assert assembly.get_buffer() is None
    assembly.put(b"z" * 350_000)
    assert assembly.take() == b"x" * 50_000 + b"z" * 350_000
