"""When a scripted answer is due: for the next call, the n-th, a share of them, those that match."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, TypeAlias

from pytest_soblob._numbers import is_number, is_whole, is_xs_int
from pytest_soblob._text import did_you_mean
from pytest_soblob.contract import OPERATIONS, find_link_type, find_operation
from pytest_soblob.endpoint._replies import UNSET, Reply, Unset
from pytest_soblob.errors import SoblobError
from pytest_soblob.failures import Failure
from pytest_soblob.messages import REQUESTS, Request, TimeZone

_KINDS: Final[Mapping[str, type]] = {"image": bytes, "time_zone": TimeZone}
_WORDS: Final = {bytes: "bytes", TimeZone: "a TimeZone", int: "a number", str: "a text"}

Matching: TypeAlias = Mapping[str, object] | Callable[[Any], object] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """For which calls an answer is.

    Attributes:
        operation: The operation that it answers; None answers any.
        times: How many calls; None: all that follow. Left out: one, or all with `share`.
        nth: The first call that it is for, counted from 1 among those that it could be for.
        share: The share of calls, over 0 and at most 1; None: all of them.
        seed: Which calls a share picks, the same ones each time; only with one.
        matching: What the typed message must have: values by attribute, or a function of it.

    Raises:
        SoblobError: A value that cannot be, or two that do not go together.
    """

    operation: str | None = "SaveImageStream"
    times: int | Unset | None = UNSET
    nth: int = 1
    share: float | None = None
    seed: int = 0
    matching: Matching = None

    def __post_init__(self) -> None:
        if self.operation is not None:
            find_operation(self.operation, " to reply to")
        counted = not isinstance(self.times, Unset) and self.times is not None
        if counted and not (is_whole(self.times) and self.times >= 1):
            raise SoblobError(f"times must be 1 or more, or None for all, not {self.times!r}")
        if not (is_whole(self.nth) and self.nth >= 1):
            raise SoblobError(f"nth must be 1 or more, not {self.nth!r}")
        if self.share is not None and not (is_number(self.share) and 0 < self.share <= 1):
            raise SoblobError(f"share must be over 0 and at most 1, not {self.share!r}")
        if self.share is not None and self.nth != 1:
            raise SoblobError("a reply is for the n-th call or for a share of them, not both")
        if not is_whole(self.seed):
            raise SoblobError(f"seed must be a whole number, not {self.seed!r}")
        if self.seed and self.share is None:
            raise SoblobError("seed says which calls a share picks: give a share beside it")
        if isinstance(self.matching, Mapping):
            check_attributes(self.operation, self.matching)
        elif self.matching is not None and not callable(self.matching):
            raise SoblobError(
                "matching must be values by attribute, or a function of the message, not "
                f"{self.matching!r}"
            )

    @property
    def is_standing(self) -> bool:
        """Whether it is in force until it is cleared."""
        return self.limit is None

    @property
    def limit(self) -> int | None:
        """How many calls it answers; None: any number."""
        if isinstance(self.times, Unset):
            return None if self.share is not None else 1
        return self.times

    def takes(self, message: Callable[[], Request | None]) -> bool:
        """Whether a call's message matches."""
        if self.matching is None:
            return True
        read = message()
        if read is None:
            return False
        if callable(self.matching):
            return bool(self.matching(read))
        return not differences(read, self.matching)


def check_attributes(operation: str | None, matching: Mapping[str, object]) -> None:
    """See whether a message of that operation can have such values of such attributes.

    Raises:
        SoblobError: It cannot; the nearest is named.
    """
    classes = REQUESTS.values() if operation is None else (REQUESTS[operation],)
    known = sorted({field.name for kind in classes for field in fields(kind)})
    for name, value in matching.items():
        if name not in known:
            raise SoblobError(
                f"a message of {operation or 'any operation'} has no "
                f"{name!r}{did_you_mean(name, known)} "
                f"(it has {', '.join(known)})"
            )
        _check_value(name, value)


def _check_value(name: str, value: object) -> None:
    """Refuse what no message will ever have: it would wait in silence."""
    kind = _KINDS.get(name, int if name.endswith("_id") else str)
    if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
        raise SoblobError(f"{name} is {_WORDS[kind]} in a message, never {value!r:.60}")
    if isinstance(value, int) and not is_xs_int(value):
        raise SoblobError(f"{name} is an xs:int in a message, never {value:.6g}")
    if name == "type" and value is not None:
        find_link_type(value)


def differences(message: Request, wanted: Mapping[str, object]) -> dict[str, object]:
    """Return what a message has instead of each value that is wanted.

    A value of None is one that was left out, not one for which such a message has no place.
    """
    return {
        name: getattr(message, name, None)
        for name, value in wanted.items()
        if not hasattr(message, name) or getattr(message, name) != value
    }


class Entry:
    """One scripted answer that waits, and how often it was due."""

    def __init__(self, when: When, what: "Reply | Playing") -> None:
        self.when = when
        self.what = what
        self._seen = 0
        self._used = 0
        self._random = random.Random(when.seed)  # noqa: S311 -- reproducible, and no secret

    @property
    def is_spent(self) -> bool:
        """Whether it will never be due again."""
        limit = self.when.limit
        return limit is not None and self._used >= limit

    def count(self, operation: str, message: Callable[[], Request | None]) -> bool:
        """Take notice of a call; return whether it could be answered by this."""
        when = self.when
        if not self._is_for(operation) or not when.takes(message):
            return False
        self._seen += 1
        if when.share is not None:
            return self._random.random() < when.share
        return self._seen >= when.nth

    def covers(self, other: "Entry") -> bool:
        """Whether this one, which stands, is due at each call that the other could answer."""
        when = self.when
        if when.matching is not None or when.share is not None or when.nth > 1:
            return False
        return all(self._is_for(name) for name in OPERATIONS if other._is_for(name))

    def _is_for(self, operation: str) -> bool:
        return self.when.operation in (None, operation) and self.what.suits(operation)

    def use(self) -> "Reply | Playing":
        """Return the answer, which counts as given."""
        self._used += 1
        return self.what


@dataclass(frozen=True, slots=True)
class Playing:
    """A failure by name, with its parameters.

    Attributes:
        failure: Which.
        parameters: All of them.
    """

    failure: Failure
    parameters: Mapping[str, Any]

    def suits(self, operation: str) -> bool:
        """Whether that operation can fail so."""
        return self.failure.suits(operation)


class Script:
    """The answers that wait: those for some calls first, then those that stand."""

    def __init__(self, standing: tuple[tuple[When, Reply | Playing], ...] = ()) -> None:
        self._passing: list[Entry] = []
        self._standing = [Entry(when, what) for when, what in standing]

    @property
    def standing(self) -> tuple[tuple[When, Reply | Playing], ...]:
        """What is in force until it is cleared."""
        return tuple((entry.when, entry.what) for entry in self._standing)

    def add(self, when: When, what: Reply | Playing) -> None:
        """Append an answer; one that stands comes before those that stood for the same calls."""
        entry = Entry(when, what)
        if when.is_standing:
            kept = (before for before in self._standing if not entry.covers(before))
            self._standing = [entry, *kept]
        else:
            self._passing.append(entry)

    def clear(self) -> None:
        """Forget all of them."""
        self._passing, self._standing = [], []

    def take(
        self, operation: str, message: Callable[[], Request | None]
    ) -> "Reply | Playing | None":
        """Return the answer for a call of that operation, and use it up; None without one.

        Each answer that waits counts the call, whether it is due or another one is.
        """
        if not self._passing and not self._standing:
            return None
        waiting = (*self._passing, *self._standing)
        due = [entry for entry in waiting if entry.count(operation, message)]
        if not due:
            return None
        what = due[0].use()
        self._passing = [entry for entry in self._passing if not entry.is_spent]
        return what
