"""Where bodies that come in pieces are put together: in memory, or beyond a budget in a file."""

from typing import Final

from pytest_soblob._spool import Growing, Spool

_SMALLEST_ROOM: Final = 64 * 1024
_BUDGET_BYTES: Final = 8 * 1024 * 1024
_MOST_SPARE: Final = 4
# So many bytes that are missing are worth to be received where they are to lie.
WORTH_PLACING_BYTES: Final = 64 * 1024


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

    def enlarge(self, room: bytearray, size: int) -> bytearray | None:
        """Return a larger room in place of one, with what is in it.

        Not the same one, which cannot grow as long as somebody looks at it.

        Args:
            room: That is too small.
            size: That is wanted.

        Returns:
            None where the budget has not that much.
        """
        more = size - len(room)
        while self._spare and self._held + more > self._budget:
            self._held -= len(self._spare.pop())
        if self._held + more > self._budget:
            return None
        self._held += more
        return room + bytes(more)

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
        self._spooled: Growing | None = None

    def put(self, data: bytes | memoryview, at: int, whole: int | None) -> None:
        """Write a piece behind those before.

        Args:
            data: The piece.
            at: How many bytes there are already.
            whole: How many there will be; None where that is not known.
        """
        spooled = self._spooled
        if spooled is None:
            room = self._find_room(at + len(data), whole)
            if room is not None:
                room[at : at + len(data)] = data
                return
            spooled = self._spill(at)
        spooled.write(data, at)

    def place(self, at: int, whole: int) -> memoryview | None:
        """Return where the next bytes of a body are to lie, to be written there without `put`.

        Args:
            at: How many bytes there are already.
            whole: How many there will be.

        Returns:
            Room for some of those that are missing; None where there is none in memory.
        """
        if self._spooled is not None:
            return None
        room = self._find_room(min(at + WORTH_PLACING_BYTES, whole), whole)
        return None if room is None else memoryview(room)[at:whole]

    def take(self, size: int) -> bytes:
        """Return what was written, and give the room back."""
        if self._spooled is not None:
            data = self._spooled.read(size)
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

    def _find_room(self, end: int, whole: int | None) -> bytearray | None:
        """Return a room of at least so many bytes, None where the budget has none."""
        room = self._room = self._room or self._rooms.take()
        if end <= len(room):
            return room
        size = 2 * len(room) if whole is None else min(2 * len(room), whole)
        larger = self._rooms.enlarge(room, max(end, size))
        self._room = larger or room
        return larger

    def _spill(self, size: int) -> Growing:
        """Go on in the overflow."""
        spooled = Growing(self._rooms.overflow)
        with memoryview(self._room or b"") as view:
            spooled.write(view[:size], 0)
        self.drop()
        self._spooled = spooled
        return spooled
