"""Which expected call takes which exchange, and whether they came in their order.

Pure numbers: `fits` has, for each exchange, the indexes of the expected calls that it could be.
"""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

Fits: TypeAlias = Sequence[Sequence[int]]
# The least and the most of each expected call; None is any number.
Bounds: TypeAlias = Sequence[tuple[int, int | None]]


def assign(fits: Fits, bounds: Bounds) -> list[int | None]:
    """Return for each exchange the expected call that takes it; None where none does.

    Calls that must come are served first, by augmenting paths (Kuhn), so that nothing is missing
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
        for exchange, taker in enumerate(takers):
            if taker is None:
                _augment(exchange, fits, room, taken, takers, set())
    return [
        fits[exchange][0] if taker is None and fits[exchange] else taker
        for exchange, taker in enumerate(takers)
    ]


def _augment(
    exchange: int,
    fits: Fits,
    room: Sequence[int],
    taken: list[set[int]],
    takers: list[int | None],
    seen: set[int],
) -> bool:
    """Find a call for an exchange, and others for those that stand in its way."""
    for call in fits[exchange]:
        if call in seen:
            continue
        seen.add(call)
        if len(taken[call]) >= room[call]:
            moved = next(
                (e for e in taken[call] if _augment(e, fits, room, taken, takers, seen)), None
            )
            if moved is None:
                continue
            taken[call].discard(moved)
        taken[call].add(exchange)
        takers[exchange] = call
        return True
    return False


def find_disorder(fits: Fits, bounds: Bounds, *, only: bool) -> tuple[int, list[int]] | None:
    """Return the first exchange that is out of order, and which calls were due; None if none is.

    Args:
        fits: As above; an exchange that fits nothing is passed over.
        bounds: In the order in which the calls have to come.
        only: Whether each that fits something has to have its place.

    Returns:
        The index is behind the last exchange where what is due did not come any more.
    """
    # Each state is one way to read what came: at which call, and how many of it.
    states = {(0, 0)}
    for exchange, indexes in enumerate(fits):
        ways = set(_closure(states, bounds))
        if not indexes:
            continue
        states = set() if only else ways
        for call, count in ways:
            if call in indexes and _takes_more(bounds[call], count):
                states = states | {(call, _counted(bounds[call], count + 1))}
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
