"""Assigns exchanges to expected calls, and checks their order.

It works on numbers only: `fits` has, for each exchange, the indexes of the expected calls that it
could be.
"""

from collections.abc import Container, Sequence
from typing import TypeAlias

Fits: TypeAlias = Sequence[Sequence[int]]
# The minimum and maximum number of each expected call; None as maximum means any number.
Bounds: TypeAlias = Sequence[tuple[int, int | None]]


def assign(fits: Fits, bounds: Bounds) -> list[int | None]:
    """Return for each exchange the index of its expected call, or None.

    The minimum of each call is filled first, by augmenting paths, so that a call is missing only if
    no assignment would fill it. Excess exchanges go to the first call that they fit.
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
        # An exchange without a path finds none later either, nor do others that fit the same calls.
        hopeless: set[tuple[int, ...]] = set()
        for exchange, taker in enumerate(takers):
            indexes = tuple(fits[exchange])
            if taker is None and indexes not in hopeless:
                path = _find_path(exchange, fits, room, taken, takers)
                if not path:
                    hopeless.add(indexes)
                for mover, call in path:
                    before = takers[mover]
                    if before is not None:
                        taken[before].discard(mover)
                    taken[call].add(mover)
                    takers[mover] = call
    return [
        fits[exchange][0] if taker is None and fits[exchange] else taker
        for exchange, taker in enumerate(takers)
    ]


def _find_path(
    exchange: int,
    fits: Fits,
    room: Sequence[int],
    taken: Sequence[set[int]],
    takers: Sequence[int | None],
) -> list[tuple[int, int]]:
    """Return which exchanges have to move to which calls to make room for this one.

    The list is empty if there is no augmenting path.
    """
    came_from: dict[int, int] = {}  # by call: the exchange that would move to it
    queue = [exchange]
    for mover in queue:  # the loop appends to it
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
    path: list[tuple[int, int]] = []
    call: int | None = free
    while call is not None:  # the first exchange of the path has no call yet
        mover = came_from[call]
        path.append((mover, call))
        call = takers[mover]
    return path


def find_disorder(
    fits: Fits, bounds: Bounds, elsewhere: Container[int] = ()
) -> tuple[int, list[int]] | None:
    """Return the index of the first exchange out of order, and the calls due; None if in order.

    Args:
        fits: As for `assign`; an exchange that fits no call is skipped.
        bounds: Bounds of the calls, in the expected order.
        elsewhere: Indexes of exchanges that may belong to another group, and may be skipped.

    Returns:
        The index is the number of exchanges if the due calls are missing at the end.
    """
    # Each state is one reading of the exchanges so far: the current call, and its number.
    states = {(0, 0)}
    for exchange, indexes in enumerate(fits):
        if not indexes:
            continue
        reachable, fitting = _closure(states, bounds), frozenset(indexes)
        passed = states if exchange in elsewhere else set()
        states = passed | {
            (call, _counted(bounds[call], count + 1))
            for call, count in reachable
            if call in fitting and _takes_more(bounds[call], count)
        }
        if not states:
            return exchange, _due(reachable, bounds)
    reachable = _closure(states, bounds)
    return None if (len(bounds), 0) in reachable else (len(fits), _due(reachable, bounds))


def _closure(states: set[tuple[int, int]], bounds: Bounds) -> set[tuple[int, int]]:
    """Return these states, and those of each later call that may come next."""
    reachable = set(states)
    for call, count in states:
        while call < len(bounds) and count >= bounds[call][0]:
            call, count = call + 1, 0  # noqa: PLW2901 -- the walk continues there
            if (call, count) in reachable:
                break  # the rest was added already, or will be
            reachable.add((call, count))
    return reachable


def _takes_more(bound: tuple[int, int | None], count: int) -> bool:
    return bound[1] is None or count < bound[1]


def _counted(bound: tuple[int, int | None], count: int) -> int:
    """Return the count, up to the minimum if the maximum is any number."""
    return count if bound[1] is not None else min(count, bound[0])


def _due(reachable: set[tuple[int, int]], bounds: Bounds) -> list[int]:
    return sorted(
        {
            call
            for call, count in reachable
            if call < len(bounds) and _takes_more(bounds[call], count)
        }
    )
