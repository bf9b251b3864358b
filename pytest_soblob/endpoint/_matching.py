"""Which expected call takes which exchange, and whether they came in their order.

Pure numbers: `fits` has, for each exchange, the indexes of the expected calls that it could be.
"""

from collections.abc import Container, Iterator, Sequence
from typing import TypeAlias

Fits: TypeAlias = Sequence[Sequence[int]]
# The least and the most of each expected call; None is any number.
Bounds: TypeAlias = Sequence[tuple[int, int | None]]


def assign(fits: Fits, bounds: Bounds) -> list[int | None]:
    """Return for each exchange the expected call that takes it; None where none does.

    Calls that must come are served first, by augmenting paths, so that nothing is missing
    which another choice would have found. What is too much is taken by the first call that it fits.
    """
    takers: list[int | None] = [None] * len(fits)
    endless = len(fits)
    for room in (
        [least for least, _ in bounds],
        [endless if most is None else most for _, most in bounds],
    ):
        taken: list[set[int]] = [set() for _ in bounds]
        for exchange, taker in enumerate(takers):
            if taker is not None:
                taken[taker].add(exchange)
        # What found no call will find none later, nor will another that fits the same ones.
        hopeless: set[tuple[int, ...]] = set()
        for exchange, taker in enumerate(takers):
            indexes = tuple(fits[exchange])
            if taker is None and indexes not in hopeless:
                way = _find_way(exchange, fits, room, taken, takers)
                if not way:
                    hopeless.add(indexes)
                for mover, call in way:
                    before = takers[mover]
                    if before is not None:
                        taken[before].discard(mover)
                    taken[call].add(mover)
                    takers[mover] = call
    return [
        fits[exchange][0] if taker is None and fits[exchange] else taker
        for exchange, taker in enumerate(takers)
    ]


def _find_way(
    exchange: int,
    fits: Fits,
    room: Sequence[int],
    taken: Sequence[set[int]],
    takers: Sequence[int | None],
) -> list[tuple[int, int]]:
    """Return which exchanges have to move to which calls, so that this one has a place.

    Empty where there is no way.
    """
    came_from: dict[int, int] = {}  # call: the exchange that would move there
    queue = [exchange]
    for mover in queue:  # which grows
        for call in fits[mover]:
            if call in came_from:
                continue
            came_from[call] = mover
            if len(taken[call]) < room[call]:
                return _walk_back(call, came_from, takers)
            queue += taken[call]
    return []


def _walk_back(
    free: int, came_from: dict[int, int], takers: Sequence[int | None]
) -> list[tuple[int, int]]:
    way: list[tuple[int, int]] = []
    call: int | None = free
    while call is not None:  # as that of the exchange is, with which it began
        mover = came_from[call]
        way.append((mover, call))
        call = takers[mover]
    return way


def find_disorder(
    fits: Fits, bounds: Bounds, elsewhere: Container[int] = ()
) -> tuple[int, list[int]] | None:
    """Return the first exchange that is out of order, and which calls were due; None if none is.

    Args:
        fits: As above; an exchange that fits nothing is passed over, each other has its place.
        bounds: In the order in which the calls have to come.
        elsewhere: Indexes of exchanges that may have their place elsewhere, and be passed over.

    Returns:
        The index is behind the last exchange where what is due did not come any more.
    """
    # Each state is one way to read what came: at which call, and how many of it.
    states = {(0, 0)}
    for exchange, indexes in enumerate(fits):
        ways = set(_closure(states, bounds))
        if not indexes:
            continue
        passed = states if exchange in elsewhere else set()
        states = passed | {
            (call, _counted(bounds[call], count + 1))
            for call, count in ways
            if call in indexes and _takes_more(bounds[call], count)
        }
        if not states:
            return exchange, _due(ways, bounds)
    ways = set(_closure(states, bounds))
    return None if (len(bounds), 0) in ways else (len(fits), _due(ways, bounds))


def _closure(states: set[tuple[int, int]], bounds: Bounds) -> Iterator[tuple[int, int]]:
    """Yield these, and each further call that they may go on with."""
    for state in states:
        yield state
        call, count = state
        while call < len(bounds) and count >= bounds[call][0]:
            call, count = call + 1, 0
            yield call, count


def _takes_more(bound: tuple[int, int | None], count: int) -> bool:
    return bound[1] is None or count < bound[1]


def _counted(bound: tuple[int, int | None], count: int) -> int:
    """Beyond the least of any number, counting makes no difference."""
    return count if bound[1] is not None else min(count, bound[0])


def _due(ways: set[tuple[int, int]], bounds: Bounds) -> list[int]:
    return sorted(
        {call for call, count in ways if call < len(bounds) and _takes_more(bounds[call], count)}
    )
