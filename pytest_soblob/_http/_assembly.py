"""Where bodies that come in pieces are put together: in memory, or beyond a budget in a file."""

from typing import Final

from pytest_soblob._spool import Spool, Spooled

_SMALLEST_ROOM: Final = 64 * 1024
_BUDGET_BYTES: Final = 8 * 1024 * 1024
_MOST_SPARE: Final = 4


class Rooms:
    """Memory for the bodies of all connections of one thread, and a file for what is too much.

    Memory that is new to a process costs more than all that is done with a body of a megabyte: what
    one body has left, the next has again. And a thousand clients that all send a megabyte must not
    take a gigabyte.

    Args:
        budget_bytes: What may be held in memory, in use or spare.
    """

    def __init__(self, budget_bytes: int = _BUDGET_BYTES) -> None:
        self._budget = budget_bytes
        self._held = 0
        self._spare: list[bytearray] = []
        self.overflow = Spool()

    def take(self) -> bytearray:
        """Return a room of any size."""
        if self._spare:
            return self._spare.pop()
        self._held += _SMALLEST_ROOM
        return bytearray(_SMALLEST_ROOM)

    def extend(self, room: bytearray, size: int, *, must: bool) -> bool:
        """Make a room larger where the budget has it, or where it must be; return whether it is."""
        more = size - len(room)
        while self._spare and self._held + more > self._budget:
            self._held -= len(self._spare.pop())
        if self._held + more > self._budget and not must:
            return False
        room += bytes(more)
        self._held += more
        return True

    def give_back(self, room: bytearray) -> None:
        """Take a room back that nobody uses any more."""
        if len(self._spare) < _MOST_SPARE and self._held <= self._budget:
            self._spare.append(room)
        else:
            self._held -= len(room)


class Assembly:
    """One body after the other, put together from pieces.

    Args:
        rooms: Where; shared by readers of one thread.
    """

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._room: bytearray | None = None
        self._spooled: Spooled | None = None

    def put(self, data: bytes, at: int, whole: int | None) -> None:
        """Write a piece behind those before.

        Args:
            data: The piece.
            at: How many bytes there are already.
            whole: How many there will be; None where that is not known, and then all of it stays in
                memory.
        """
        spooled = self._spooled
        if spooled is None:
            room = self._room = self._room or self._rooms.take()
            if self._fits(room, at + len(data), whole):
                room[at : at + len(data)] = data
                return
            spooled = self._spill(room, at, whole or 0)
        spooled.write(data, at)

    def place(self, at: int, whole: int) -> memoryview | None:
        """Return where the rest of a body is to lie, to be written there instead of by `put`.

        It must be released before anything else is done here.

        Args:
            at: How many bytes there are already.
            whole: How many there will be.

        Returns:
            Exactly as much room as the rest takes; None where memory has not that much.
        """
        if self._spooled is not None:
            return None
        room = self._room = self._room or self._rooms.take()
        if len(room) < whole and not self._rooms.extend(room, whole, must=False):
            return None
        return memoryview(room)[at:whole]

    def take(self, size: int) -> bytes:
        """Return what was written, and give the room back."""
        if self._spooled is not None:
            data = self._spooled.read()
        else:
            with memoryview(self._room or b"") as view:
                data = bytes(view[:size])
        self.drop()
        return data

    def drop(self) -> None:
        """Give the room back, whatever is in it."""
        if self._room is not None:
            self._rooms.give_back(self._room)
        self._room = self._spooled = None

    def _fits(self, room: bytearray, end: int, whole: int | None) -> bool:
        if end <= len(room):
            return True
        size = 2 * len(room) if whole is None else min(2 * len(room), whole)
        return self._rooms.extend(room, max(end, size), must=whole is None)

    def _spill(self, room: bytearray, size: int, whole: int) -> Spooled:
        """Go on in the overflow."""
        spooled = self._spooled = self._rooms.overflow.reserve(whole)
        with memoryview(room) as view:
            spooled.write(view[:size])
        self._rooms.give_back(room)
        self._room = None
        return spooled
