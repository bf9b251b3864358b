"""Which calls a test expects: how many, in what order, with what in them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_soblob._numbers import is_whole
from pytest_soblob._text import clip, hide, mask, plural, quote
from pytest_soblob.contract import find_operation
from pytest_soblob.endpoint._matching import Bounds, assign, find_disorder
from pytest_soblob.endpoint._script import check_attributes, differences
from pytest_soblob.errors import SoblobError
from pytest_soblob.exchange import Exchange
from pytest_soblob.messages import SECRET_ATTRIBUTES

_SHOWN = 12


@dataclass(frozen=True, slots=True, init=False, repr=False)
class ExpectedCall:
    """One call that has to come.

    ::

        ExpectedCall("SaveImageStream", type="PersonImage", times=2)
        ExpectedCall("ChangePersonImage", person_id=42, blob_id=1)

    Args:
        operation: Its name.
        times: How many such calls, or the least and the most of them; None as the most is any
            number.
        matching: What the typed message must have, by attribute.

    Raises:
        SoblobError: There is no such operation or attribute, or the number cannot be.
    """

    operation: str
    least: int
    most: int | None
    matching: Mapping[str, object] = field(hash=False)

    def __init__(
        self,
        /,
        operation: str = "SaveImageStream",
        *,
        times: int | tuple[int, int | None] = 1,
        **matching: Any,
    ) -> None:
        find_operation(operation)
        check_attributes(operation, matching)
        least, most = times if isinstance(times, tuple) and len(times) == 2 else (times, times)
        fits = is_whole(least) and least >= 0 and (most is None or is_whole(most))
        if not fits or (most is not None and most < least):
            raise SoblobError(f"times must be a number, or the least and the most, not {times!r}")
        for name, value in (
            ("operation", operation),
            ("least", least),
            ("most", most),
            ("matching", dict(matching)),
        ):
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        given = "".join(f", {name} {_show(name, value)}" for name, value in self.matching.items())
        return self.operation + given

    def matches(self, exchange: Exchange) -> bool:
        """Whether an exchange is such a call."""
        return self.differences(exchange) == {}

    def differences(self, exchange: Exchange) -> dict[str, object] | None:
        """Return what an exchange has instead; None where it is no call of that operation."""
        if exchange.operation != self.operation:
            return None
        if not self.matching:
            return {}
        message = exchange.message
        return dict(self.matching) if message is None else differences(message, self.matching)

    @property
    def number(self) -> str:
        """How many are expected, in words."""
        if self.most is None:
            return f"at least {self.least}"
        return str(self.least) if self.least == self.most else f"{self.least} to {self.most}"


@dataclass(slots=True)
class Expectations:
    """The calls that a view expects, and whether any other may come.

    Attributes:
        calls: In the order in which they were said.
        ordered: The indexes of those that have to come in their order: of each group its own.
        only: Whether no other call may come: one group that says so is enough.
        since: How many calls came before, which were for others to expect.
    """

    calls: list[ExpectedCall] = field(default_factory=list)
    ordered: list[range] = field(default_factory=list)
    only: bool = False
    since: int = 0

    def add(self, calls: Iterable[ExpectedCall], *, in_order: bool, only: bool) -> None:
        """Expect this group, too."""
        start = len(self.calls)
        self.calls += calls
        if in_order:
            self.ordered.append(range(start, len(self.calls)))
        self.only |= only

    def report(self, exchanges: list[Exchange], count: int) -> str | None:
        """Return what was not met and what was not expected, together; None where all is well.

        Args:
            exchanges: Those that are kept.
            count: How many there were, from the first on.
        """
        if not self.calls and not self.only:
            return None
        number = count - self.since
        kept = exchanges[max(len(exchanges) - number, 0) :]
        came = _Came(kept, self.since, number - len(kept), self._fits(kept))
        bounds = [(call.least, call.most) for call in self.calls]
        takers = assign(came.fits, bounds)
        rows = _forgotten(came) if came.gone else []
        for index, call in enumerate(self.calls):
            rows += _unmet(call, takers.count(index), takers, came)
        if self.only:
            rows += _unexpected(takers, came)
        if not rows:
            for group in self.ordered:
                rows += self._out_of_order(group, came, bounds)
        if not rows:
            return None
        since = " since the last check" if self.since else ""
        head = f"the calls were not as expected ({plural(number, 'call')} came{since})"
        return "\n".join([head, *rows[: 4 * _SHOWN]])

    def _fits(self, exchanges: list[Exchange]) -> list[list[int]]:
        return [self._fitting(exchange) for exchange in exchanges]

    def _fitting(self, exchange: Exchange) -> list[int]:
        found = [index for index, call in enumerate(self.calls) if call.matches(exchange)]
        # What must never come is no other call either, however wide that is.
        never = [index for index in found if self.calls[index].most == 0]
        return never[:1] or found

    def _out_of_order(self, group: range, came: "_Came", bounds: Bounds) -> list[str]:
        """Judge the order of one group; what another group could take may be that one's."""
        fits = [[group.index(call) for call in found if call in group] for found in came.fits]
        elsewhere = {
            index for index, found in enumerate(came.fits) if len(found) > len(fits[index])
        }
        found = find_disorder(fits, bounds[group.start : group.stop], elsewhere)
        if found is None:
            return []
        index, due = found
        named = " or ".join(repr(self.calls[group[call]]) for call in due) or "none any more"
        if index == len(came.exchanges):
            return [f"  in that order, what did not come is {named}"]
        name = came.exchanges[index].operation
        return [f"  call {came.number(index)}, {name}, is out of order: expected was {named}"]


@dataclass(frozen=True, slots=True)
class _Came:
    """What came.

    Attributes:
        exchanges: Those that are kept.
        since: How many came before all of them, and are not judged.
        gone: How many came after those and before these, and are not kept.
        fits: For each the indexes of the expected calls that it could be.
    """

    exchanges: list[Exchange]
    since: int
    gone: int
    fits: list[list[int]]

    def number(self, index: int) -> int:
        """Of an exchange, counted from 1."""
        return self.since + self.gone + index + 1


def _forgotten(came: _Came) -> list[str]:
    which = "call is" if came.gone == 1 else f"{came.gone:,} calls are"
    return [
        f"  the first {which} not kept, so that nobody can say what was expected of that: give the "
        "endpoint a larger keep"
    ]


def _unmet(call: ExpectedCall, found: int, takers: list[int | None], came: _Came) -> list[str]:
    if found >= call.least and (call.most is None or found <= call.most):
        return []
    rows = [f"  expected {call.number} of {call!r}; {found} came"]
    return rows + _nearest_miss(call, takers, came) if found < call.least else rows


def _nearest_miss(call: ExpectedCall, takers: list[int | None], came: _Came) -> list[str]:
    """Return what differs in the call that comes nearest: nothing else of it."""
    misses = [
        (len(found), came.number(index), found)
        for index, (taker, exchange) in enumerate(zip(takers, came.exchanges, strict=True))
        if taker is None and (found := call.differences(exchange)) is not None
    ]
    if not misses:
        return []
    _, number, found = min(misses, key=lambda miss: (miss[0], -miss[1]))
    return [f"    nearest is call {number}, which has"] + [
        f"      {name} {_show(name, got)} instead of {_show(name, call.matching[name])}"
        for name, got in found.items()
    ]


def _unexpected(takers: list[int | None], came: _Came) -> list[str]:
    rows = [
        f"  call {came.number(index)} was not expected: {clip(repr(exchange), 100)}"
        for index, (taker, exchange) in enumerate(zip(takers, came.exchanges, strict=True))
        if taker is None
    ]
    more = len(rows) - _SHOWN
    return rows if more <= 0 else [*rows[:_SHOWN], f"  and {plural(more, 'more call')}"]


def _show(name: str, value: object) -> str:
    if name in SECRET_ATTRIBUTES and isinstance(value, str):
        return quote(mask(value), 60)
    if isinstance(value, bytes):
        return plural(len(value), "byte")
    return quote(hide(value), 60) if isinstance(value, str) else str(value)
