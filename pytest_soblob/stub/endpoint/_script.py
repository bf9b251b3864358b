"""Scripted answers, and the calls for which they are due."""

import random
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields
from typing import Any, Final, TypeAlias

from pytest_soblob._basics.numbers import is_number, is_whole, is_xs_int
from pytest_soblob._redacted import Redacted
from pytest_soblob._text import did_you_mean
from pytest_soblob.contract import OPERATIONS, BlobLinkType, find_link_type, find_operation
from pytest_soblob.errors import SoblobError
from pytest_soblob.soap.messages import REQUESTS, Request, TimeZone
from pytest_soblob.stub.endpoint._replies import UNSET, Reply, Unset
from pytest_soblob.stub.failures import Failure

_KINDS: Final[Mapping[str, type]] = {"image": bytes, "time_zone": TimeZone}
_WORDS: Final = {bytes: "bytes", TimeZone: "a TimeZone", int: "a number", str: "a text"}

_PLAIN: Final = frozenset({str, bytes, int, type(None), BlobLinkType, TimeZone})

Matching: TypeAlias = Mapping[str, object] | Callable[[Any], object] | None
Scripted: TypeAlias = Reply | Failure


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class When(Redacted):
    """The calls for which an answer is due.

    Attributes:
        operation: Operation to answer, or None for any.
        times: Number of calls, or None for all. By default one, or all with `share`.
        nth: First call to answer, counted from 1 among the calls that match.
        share: Share of the calls, over 0 and at most 1, or None for all.
        seed: Chooses the calls of a share, the same ones for the same seed.
        matching: Condition on the typed message: values by attribute, or a function of it.

    Raises:
        SoblobError: A value is invalid, or two do not go together.
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
            raise SoblobError("a reply takes nth or share, not both")
        if not is_whole(self.seed):
            raise SoblobError(f"seed must be a whole number, not {self.seed!r}")
        if self.seed and self.share is None:
            raise SoblobError("seed chooses the calls of a share: it needs a share")
        if isinstance(self.matching, Mapping):
            check_attributes(self.operation, self.matching)
        elif self.matching is not None and not callable(self.matching):
            raise SoblobError(
                "matching must be values by attribute, or a function of the message, not "
                f"{self.matching!r}"
            )

    @property
    def is_standing(self) -> bool:
        """True if it holds until it is cleared."""
        return self.limit is None

    @property
    def limit(self) -> int | None:
        """Number of calls to answer, or None for any number."""
        if isinstance(self.times, Unset):
            return None if self.share is not None else 1
        return self.times

    @property
    def looks_at_image(self) -> bool:
        """True if `takes` needs the image of the message; a large one has to be copied."""
        return self.matching is not None and (callable(self.matching) or "image" in self.matching)

    @property
    def is_user_code(self) -> bool:
        """True if `takes` calls code of the test: a function, or the comparison of its values."""
        if self.matching is None:
            return False
        if callable(self.matching) or type(self.matching) is not dict:
            return True
        return any(type(value) not in _PLAIN for value in self.matching.values())

    def takes(self, message: Request | None) -> bool:
        """Return True if a message matches; None stands for one that could not be read."""
        if self.matching is None:
            return True
        if message is None:
            return False
        if callable(self.matching):
            return bool(self.matching(message))
        return not differences(message, self.matching)


def check_attributes(operation: str | None, matching: Mapping[str, object]) -> None:
    """Check that a message of an operation can have these values.

    Raises:
        SoblobError: It cannot; the text names the most similar attribute.
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
    """Raise `SoblobError` for a value that no message can have: it would never match."""
    kind = _KINDS.get(name, int if name.endswith("_id") else str)
    if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
        raise SoblobError(f"{name} is {_WORDS[kind]} in a message, never {value!r:.60}")
    if isinstance(value, int) and not is_xs_int(value):
        raise SoblobError(f"{name} is an xs:int in a message, never {value:.6g}")
    if name == "type" and value is not None:
        find_link_type(value)


def differences(message: Request, wanted: Mapping[str, object]) -> dict[str, object]:
    """Return the values of a message that differ from the wanted ones, by attribute.

    A wanted None means that the value was left out. It does not match a message that has no such
    attribute.
    """
    return {
        name: getattr(message, name, None)
        for name, value in wanted.items()
        if not hasattr(message, name) or getattr(message, name) != value
    }


class ScriptedAnswer:
    """One scripted answer, and how often it was used.

    Args:
        when: Calls for which it is due.
        what: The answer.
        outer: The answer of the outer view for which this one stands in, or None.
    """

    def __init__(self, when: When, what: Scripted, outer: "ScriptedAnswer | None" = None) -> None:
        self.when = when
        self.what = what
        self._outer = outer
        self._seen = 0
        self._used = 0
        self._random = random.Random(when.seed)  # noqa: S311 -- reproducible, and no secret

    @property
    def is_spent(self) -> bool:
        """True if it will never be due again."""
        limit = self.when.limit
        return limit is not None and self._used >= limit

    def count(self) -> bool:
        """Count a call that matches, and return True if the answer is due."""
        when = self.when
        self._seen += 1
        if when.share is not None:
            return self._random.random() < when.share
        return self._seen >= when.nth

    def covers(self, other: "ScriptedAnswer") -> bool:
        """Return True if this standing answer is due at every call that the other could answer."""
        when = self.when
        if when.matching is not None or when.share is not None or when.nth > 1:
            return False
        return all(self.is_for(name) for name in OPERATIONS if other.is_for(name))

    def is_for(self, operation: str) -> bool:
        """Return True if it may answer calls of that operation."""
        return self.when.operation in (None, operation) and self.what.suits(operation)

    def use(self) -> Scripted:
        """Return the answer, and count it as used, also in the outer view."""
        self._used += 1
        if self._outer is not None:
            self._outer.use()
        return self.what

    @property
    def was_played(self) -> bool:
        """True if it was used, or is a share, which may choose no call."""
        return self._used > 0 or self.when.share is not None

    @property
    def is_inherited(self) -> bool:
        """True if it stands in for an answer of the outer view."""
        return self._outer is not None

    def again(self) -> "ScriptedAnswer":
        """Return a fresh copy for one example; a use of the copy counts as a use of this one."""
        return ScriptedAnswer(self.when, self.what, self)

    def __str__(self) -> str:
        """The answer as the test wrote it: `reply(succeeded=False, nth=2)`."""
        verb, given = self.what.in_words()
        parts = (given, repr(self.when).removeprefix("When(").removesuffix(")"))
        return f"{verb}({', '.join(filter(None, parts))})"


class Script:
    """The waiting answers: those for a number of calls first, then the standing ones.

    Args:
        outer: Script whose standing answers hold here as well, or None.

    Attributes:
        played: The answers that were used, as the test wrote them.
    """

    def __init__(self, outer: "Script | None" = None) -> None:
        self._passing: list[ScriptedAnswer] = []
        self._standing: list[ScriptedAnswer] = []
        if outer is not None:
            self._standing = [entry.again() for entry in outer._standing]
        self.played: set[str] = set()

    @property
    def is_empty(self) -> bool:
        """True if no answer is waiting."""
        return not self._passing and not self._standing

    @property
    def unplayed(self) -> list[str]:
        """The answers scripted here that were never used, as the test wrote them."""
        own = (*self._passing, *(entry for entry in self._standing if not entry.is_inherited))
        return [str(entry) for entry in own if not entry.was_played]

    def add(self, when: When, what: Scripted) -> None:
        """Append an answer; a standing one takes precedence over earlier standing ones."""
        entry = ScriptedAnswer(when, what)
        if when.is_standing:
            kept = (before for before in self._standing if not entry.covers(before))
            self._standing = [entry, *kept]
        else:
            self._passing.append(entry)

    def clear(self) -> None:
        """Remove all answers."""
        self._passing, self._standing = [], []

    def waiting(self, operation: str) -> list[ScriptedAnswer]:
        """Return the answers that a call of that operation could get, in order.

        Their conditions on the message are not yet checked: that is done without the lock.
        """
        if self.is_empty:
            return []
        return [entry for entry in (*self._passing, *self._standing) if entry.is_for(operation)]

    def take(self, matching: AbstractSet[ScriptedAnswer]) -> Scripted | None:
        """Return the answer to a call and count it as used, or return None.

        Every matching answer counts the call, also when another one is due.

        Args:
            matching: Answers that were waiting when the call came, and whose conditions hold. Those
                that another call has used up since are ignored.
        """
        if not matching:
            return None
        waiting = [e for e in (*self._passing, *self._standing) if e in matching]
        due = [entry for entry in waiting if entry.count()]
        if not due:
            return None
        what = due[0].use()
        self.played.add(str(due[0]))
        self._passing = [entry for entry in self._passing if not entry.is_spent]
        return what
