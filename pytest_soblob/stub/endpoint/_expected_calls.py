"""The calls that a test expects: their number, order and content."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from pytest_soblob._basics.numbers import is_whole
from pytest_soblob._redacted import Redacted, secrets_in
from pytest_soblob._text import clip, hide, mask, plural, quote
from pytest_soblob.contract import find_operation
from pytest_soblob.errors import SoblobError
from pytest_soblob.soap.messages import SECRET_ATTRIBUTES, Request
from pytest_soblob.stub.endpoint._matching import Bounds, assign, find_disorder
from pytest_soblob.stub.endpoint._script import check_attributes, differences
from pytest_soblob.stub.exchange import Exchange

_SHOWN = 12


@dataclass(frozen=True, slots=True, init=False, repr=False, eq=False)
class ExpectedCall(Redacted):
    """One expected call.

    ::

        ExpectedCall("SaveImageStream", type="PersonImage", times=2)
        ExpectedCall("ChangePersonImage", person_id=42, blob_id=1)

    Args:
        operation: Name of the operation.
        times: Number of such calls, or a pair of the minimum and the maximum; None as maximum means
            any number.
        matching: Values that the typed message must have, by attribute.

    Raises:
        SoblobError: There is no such operation or attribute, or the number is invalid.
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
        known = secrets_in(self)
        shown = {name: repr(_hidden(name, value, known)) for name, value in self.matching.items()}
        if self.least != self.most:
            shown["times"] = f"({self.least}, {self.most})"
        elif self.least != 1:
            shown["times"] = str(self.least)
        given = "".join(f", {name}={value}" for name, value in shown.items())
        return f"ExpectedCall({self.operation!r}{given})"

    def in_words(self) -> str:
        """Return the operation and what the message must have."""
        given = "".join(f", {name} {_show(name, value)}" for name, value in self.matching.items())
        return self.operation + given

    def differences(
        self, exchange: Exchange, read: Callable[[], Request | None] | None = None
    ) -> dict[str, object] | None:
        """Return the differing values of an exchange, or None if it calls another operation.

        Args:
            exchange: The exchange.
            read: Returns its message, for repeated use, or None to read the message here.
        """
        if exchange.operation != self.operation:
            return None
        if not self.matching:
            return {}
        message = exchange.message if read is None else read()
        return dict(self.matching) if message is None else differences(message, self.matching)

    @property
    def number(self) -> str:
        """The expected number in words."""
        if self.most is None:
            return f"at least {self.least}"
        return str(self.least) if self.least == self.most else f"{self.least} to {self.most}"


@dataclass(slots=True)
class ExpectedCalls:
    """The calls that a view expects, and whether any other may come.

    Attributes:
        calls: Expected calls in the order given.
        ordered: Range of indexes of each group whose calls must come in order.
        only: True if no other call may come; one group that demands it is enough.
        since: Number of earlier calls, which are not judged.
    """

    calls: list[ExpectedCall] = field(default_factory=list)
    ordered: list[range] = field(default_factory=list)
    only: bool = False
    since: int = 0

    def add(self, calls: Iterable[ExpectedCall], *, in_order: bool, only: bool) -> None:
        """Add a group of expected calls."""
        start = len(self.calls)
        self.calls += calls
        if in_order:
            self.ordered.append(range(start, len(self.calls)))
        self.only |= only

    def copied(self) -> "ExpectedCalls":
        """Return a copy, to be read without the lock."""
        return replace(self, calls=list(self.calls), ordered=list(self.ordered))

    def report(self, exchanges: list[Exchange], count: int) -> str | None:
        """Return a text with missing and unexpected calls, or None if all calls are as expected.

        Args:
            exchanges: Exchanges that are kept.
            count: Number of all exchanges.
        """
        if not self.calls and not self.only:
            return None
        number = count - self.since
        kept = exchanges[max(len(exchanges) - number, 0) :]
        received = _Calls(kept, self.since, number - len(kept), self._fits(kept))
        bounds = [(call.least, call.most) for call in self.calls]
        takers = assign(received.fits, bounds)
        rows = _forgotten(received) if received.gone else []
        for index, call in enumerate(self.calls):
            rows += _unmet(call, takers.count(index), takers, received)
        if self.only:
            rows += _unexpected(takers, received)
        if not rows:
            for group in self.ordered:
                rows += self._out_of_order(group, received, bounds)
        if not rows:
            return None
        since = " since the last check" if self.since else ""
        head = f"the calls were not as expected ({plural(number, 'call')} received{since})"
        return "\n".join([head, *rows[: 4 * _SHOWN]])

    def _fits(self, exchanges: list[Exchange]) -> list[list[int]]:
        return [self._fitting(exchange) for exchange in exchanges]

    def _fitting(self, exchange: Exchange) -> list[int]:
        read = cache(exchange.recording.message)
        found = [i for i, call in enumerate(self.calls) if call.differences(exchange, read) == {}]
        # An exchange that must never come is not assigned to any other expected call.
        never = [index for index in found if self.calls[index].most == 0]
        return never[:1] or found

    def _out_of_order(self, group: range, received: "_Calls", bounds: Bounds) -> list[str]:
        """Judge the order of one group; exchanges that fit another group may be skipped."""
        fits = [[group.index(call) for call in found if call in group] for found in received.fits]
        elsewhere = {
            index for index, found in enumerate(received.fits) if len(found) > len(fits[index])
        }
        found = find_disorder(fits, bounds[group.start : group.stop], elsewhere)
        if found is None:
            return []
        index, due = found
        named = " or ".join(self.calls[group[call]].in_words() for call in due) or "no further call"
        if index == len(received.exchanges):
            return [f"  missing at the end of that order: {named}"]
        name = received.exchanges[index].operation
        return [f"  call {received.number(index)}, {name}, is out of order: expected {named}"]


@dataclass(frozen=True, slots=True)
class _Calls:
    """The exchanges to judge.

    Attributes:
        exchanges: Exchanges that are kept.
        since: Number of earlier exchanges that are not judged.
        gone: Number of exchanges to judge that are no longer kept.
        fits: For each exchange, the indexes of the expected calls that it could be.
    """

    exchanges: list[Exchange]
    since: int
    gone: int
    fits: list[list[int]]

    def number(self, index: int) -> int:
        """Return the number of an exchange, counted from 1."""
        return self.since + self.gone + index + 1


def _forgotten(received: _Calls) -> list[str]:
    which = "call is" if received.gone == 1 else f"{received.gone:,} calls are"
    return [
        f"  the first {which} no longer kept, and cannot be judged: create the endpoint with a "
        "larger keep"
    ]


def _unmet(call: ExpectedCall, found: int, takers: list[int | None], received: _Calls) -> list[str]:
    if found >= call.least and (call.most is None or found <= call.most):
        return []
    rows = [f"  expected {call.number} of {call.in_words()}; {found} received"]
    return rows + _nearest_miss(call, takers, received) if found < call.least else rows


def _nearest_miss(call: ExpectedCall, takers: list[int | None], received: _Calls) -> list[str]:
    """Return the differing values of the most similar unassigned exchange."""
    misses = [
        (len(found), received.number(index), found, exchange)
        for index, (taker, exchange) in enumerate(zip(takers, received.exchanges, strict=True))
        if taker is None and (found := call.differences(exchange)) is not None
    ]
    if not misses:
        return []
    _, number, found, exchange = min(misses, key=lambda miss: (miss[0], -miss[1]))
    known = exchange.secrets(exchange.message)
    return [f"    the nearest is call {number}, which has"] + [
        f"      {name} {_show(name, got, known)} instead of "
        f"{_show(name, call.matching[name], known)}"
        for name, got in found.items()
    ]


def _unexpected(takers: list[int | None], received: _Calls) -> list[str]:
    rows = [
        f"  call {received.number(index)} was not expected: {clip(repr(exchange), 100)}"
        for index, (taker, exchange) in enumerate(zip(takers, received.exchanges, strict=True))
        if taker is None
    ]
    more = len(rows) - _SHOWN
    return rows if more <= 0 else [*rows[:_SHOWN], f"  and {plural(more, 'more call')}"]


def _hidden(name: str, value: object, known: Iterable[str]) -> object:
    if not isinstance(value, str):
        return value
    return mask(value) if name in SECRET_ATTRIBUTES else hide(str(value), known)


def _show(name: str, value: object, known: Iterable[str] = ()) -> str:
    if name in SECRET_ATTRIBUTES and isinstance(value, str):
        return quote(mask(value), 60)
    if isinstance(value, bytes):
        return plural(len(value), "byte")
    return quote(hide(value, known), 60) if isinstance(value, str) else str(value)
