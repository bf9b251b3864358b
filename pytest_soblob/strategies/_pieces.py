"""How one choice of Hypothesis becomes a description: `plan_for(...)`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import cycle, islice
from typing import Final, Literal, NamedTuple, TypeAlias

from hypothesis import currently_in_test_context, event
from hypothesis import strategies as st

from pytest_soblob.generate.texts import (
    BY_NAME,
    CATEGORIES,
    FREQUENT,
    Category,
    Piece,
    character_like,
    fill,
    fill_units,
    strangeness,
)

# A description is drawn as one choice, whatever is in it: a text over an alphabet of which each
# character, by its index, stands for a piece or an action. Hypothesis copies spans of one example
# into others, so that a description of many draws would often be a copy. It draws four of five
# characters from the first 256: the table. Beyond it are sizes, then single characters.
_FIRST: Final = 0x30000  # where no string constant of a test suite has characters
_TABLE: Final = 256
# Of as many codes as these some stand for nothing, so that any text shrinks to no piece at all.
_FEWEST_CODES, _MOST_CODES = 4, 20
LARGEST_SIZE: Final = 10_000
_LONG_FROM: Final = 1_000
# Single characters for each size beyond the table.
_SINGLES_PER_SIZE: Final = 8
# Of the table, where categories were chosen.
_CHOSEN_OTHERS: Final = 80
# How often an action stands in the table.
_SHARES: Final = {"none": 3, "empty": 1, "null-like": 4}


class _Action(NamedTuple):
    """What becomes of the pieces.

    Attributes:
        kind: `none` (no description), `empty` (none of the pieces), `alone` (the first alone), or
            all of them over and over up to a size in `code points` or UTF-16 `units`.
        size: That size; 0 for the others.
    """

    kind: Literal["none", "empty", "alone", "code points", "units"]
    size: int = 0


Meaning: TypeAlias = Piece | _Action
_NOTHING: Final = Piece("", "empty")


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """How a text of codes becomes a description.

    Attributes:
        table: What each of the first 256 characters of the alphabet stands for.
        max_size: Longest text in code points.
        codes: Draws the text of codes.
        wanted: Of these one has to be there, if any; empty where nothing in particular has to.
        free_sizes: How many of the next characters stand for any size, counted from 0.
        sizes: What as many characters as before stand for, in turn: half the index of one is then
            that of a free size, at which Hypothesis looks when it shrinks.
        singles: How many more stand for single characters, spread over all that there are.
    """

    table: tuple[Meaning, ...]
    max_size: int
    codes: st.SearchStrategy[str]
    wanted: tuple[Meaning, ...] = ()
    free_sizes: int = 0
    sizes: tuple[_Action, ...] = ()
    singles: int = 0

    def build(self, codes: str) -> str | None:
        """Return the description, and tell Hypothesis's statistics what is in it."""
        indices = [ord(code) - _FIRST for code in codes]
        found = [self._meaning(index) for index in indices]
        if self.wanted and not self._are_wanted(found):
            found = [self.wanted[indices[0] % len(self.wanted)]]
        actions = {one.kind: one for one in found if isinstance(one, _Action)}
        if "none" in actions:
            _tell({"none"})
            return None
        pieces = [one for one in found if isinstance(one, Piece) and one.text]
        pieces = pieces[: 0 if "empty" in actions else 1 if "alone" in actions else None]
        seen = {piece.category for piece in pieces}
        text = _join(pieces)
        if "code points" in actions:
            text = fill(text, actions["code points"].size)
        elif "units" in actions:
            text = fill_units(text, actions["units"].size)
        if "code points" in actions or "units" in actions:
            seen.add("long" if len(text) >= _LONG_FROM else "column-length")
        _tell(seen or {"empty"})
        return text[: self.max_size]

    def _meaning(self, index: int) -> Meaning:
        if index < _TABLE:
            return self.table[index]
        beyond = _TABLE + self.free_sizes
        if index < beyond:
            return _Action("code points", index - _TABLE)
        if index < 2 * beyond:
            return self.sizes[index % len(self.sizes)]
        # Like the piece at the low byte, at which Hypothesis looks when it shrinks.
        like = self.table[index % _TABLE]
        share = (index - 2 * beyond) / self.singles
        return Piece(character_like(getattr(like, "text", ""), share), "any character")

    def _are_wanted(self, found: list[Meaning]) -> bool:
        """Whether one of them is wanted, and will be there when the text has been cut."""
        size = sum(len(one.text) for one in found if isinstance(one, Piece))
        return size <= self.max_size and any(one in self.wanted for one in found)


def _join(pieces: Iterable[Piece]) -> str:
    texts: dict[str, list[str]] = {"before": [], "within": [], "after": []}
    for piece in pieces:
        texts[piece.side].append(piece.text)
    return "".join(texts["before"] + texts["within"] + texts["after"])


def _tell(categories: set[str]) -> None:
    if currently_in_test_context():
        for name in categories:
            event(f"description: {name}")


@lru_cache(maxsize=64)  # a caller may vary `max_size` without end
def plan_for(names: tuple[str, ...] | None, max_size: int, nullable: bool, xml10: bool) -> Plan:
    """Return how to draw from those categories, of which the other arguments rule out none."""
    chosen = tuple(
        category
        for category in (CATEGORIES if names is None else map(BY_NAME.__getitem__, names))
        if (nullable or not category.is_absent) and (category.xml10 or not xml10)
    )
    pieces = tuple(p for category in chosen for p in category.pieces if len(p.text) <= max_size)
    actions = tuple(action for category in chosen for action in _actions(category))
    sizes = tuple(size for size in _sizes(chosen) if size.size <= max_size)
    if names is None:
        return _plan_of_all(pieces, actions, sizes, max_size)
    wanted: tuple[Meaning, ...] = (*pieces, *dict.fromkeys(actions), *sizes)
    plain = BY_NAME["plain"].pieces if pieces else ()
    plain += BY_NAME["astral"].pieces if sizes else ()
    others = wanted[len(pieces) :]
    others *= _CHOSEN_OTHERS // len(others) if others else 1
    table = _table((*plain, *pieces), others, frequent=pieces or plain)
    return Plan(table=table, wanted=wanted, max_size=max_size, codes=_codes(_TABLE))


def _plan_of_all(
    pieces: tuple[Piece, ...],
    actions: tuple[_Action, ...],
    sizes: tuple[_Action, ...],
    max_size: int,
) -> Plan:
    frequent = tuple(piece for piece in pieces if piece.category in FREQUENT)
    free_sizes = min(max_size, LARGEST_SIZE) + 1
    singles = _SINGLES_PER_SIZE * (_TABLE + free_sizes)
    return Plan(
        table=_table(pieces, actions, frequent=frequent or pieces),
        free_sizes=free_sizes,
        sizes=sizes or (_Action("code points", max_size),),
        singles=singles,
        max_size=max_size,
        codes=_codes(2 * (_TABLE + free_sizes) + singles),
    )


def _table(
    pieces: tuple[Piece, ...], others: tuple[Meaning, ...], frequent: tuple[Piece, ...]
) -> tuple[Meaning, ...]:
    """Return 256 meanings: nothing, the pieces, the frequent ones again, and others.

    Hypothesis looks at neighbours when it shrinks. So the pieces that are strange in the same way
    stand side by side, and what comes again stands beside its like.
    """
    room = _TABLE - 1 - len(others)
    padded = [*pieces, *islice(cycle(frequent or (_NOTHING,)), max(room - len(pieces), 0))]
    padded.sort(key=lambda one: (strangeness(one.text), one in pieces and pieces.index(one)))
    return (_NOTHING, *padded, *others)


def _codes(count: int) -> st.SearchStrategy[str]:
    """Draw texts over the first so many characters of the alphabet."""
    last = _FIRST + count - 1
    alphabet = st.characters(min_codepoint=_FIRST, max_codepoint=last, exclude_categories=["Cs"])
    return st.text(alphabet, min_size=_FEWEST_CODES, max_size=_MOST_CODES)


def _actions(category: Category) -> tuple[_Action, ...]:
    kinds: dict[str, Literal["none", "empty", "alone"]]
    kinds = {"none": "none", "empty": "empty", "null-like": "alone"}
    kind = kinds.get(category.name)
    return () if kind is None else (_Action(kind),) * _SHARES[category.name]


def _sizes(categories: Iterable[Category]) -> Iterator[_Action]:
    for category in categories:
        again = 2 if category.name == "column-length" else 1
        yield from (_Action(unit, size) for unit, size in category.sizes * again)
