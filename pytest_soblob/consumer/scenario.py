"""What a scenario is: data, and one function that plays it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_soblob.consumer.values import Abilities


class Level(StrEnum):
    """How bad it is to fail.

    `must`: production loses, alters, duplicates, deletes or discloses something, or hangs.
    `should`: anything else.
    """

    MUST = "must"
    SHOULD = "should"


class Need(StrEnum):
    """What a consumer has to offer before a scenario is due.

    `live`: one client over several calls. `threads`: one client in several threads. `ticket`: the
    client sends the ticket that it is given. `authenticate`, `attach`: the method of that name.
    `exceptions`: the exceptions that a call raises can be looked into. `logs`: what the client logs
    can be read.
    """

    LIVE = "live"
    THREADS = "threads"
    TICKET = "ticket"
    AUTHENTICATE = "authenticate"
    ATTACH = "attach"
    EXCEPTIONS = "exceptions"
    LOGS = "logs"


# What is said where a consumer does not offer it.
REASONS = {
    Need.LIVE: "each call is a process of its own",
    Need.THREADS: "each call is a process of its own",
    Need.TICKET: "the client logs in by itself",
    Need.AUTHENTICATE: "authenticate() is not defined",
    Need.ATTACH: "attach() is not defined",
    Need.EXCEPTIONS: "a process has no exceptions but what it writes",
    Need.LOGS: "what the client logs cannot be read",
}


class UnmetError(Exception):
    """A scenario was not met.

    Args:
        summary: What is wrong, in one line.
        got: What happened instead of what was expected.
        production: What production does in that case, or None for what the scenario says.
        advice: What to change, or None for what the scenario says.
    """

    def __init__(
        self, summary: str, got: str, *, production: str | None = None, advice: str | None = None
    ) -> None:
        super().__init__(summary)
        self.summary = summary
        self.got = got
        self.production = production
        self.advice = advice


def _always(abilities: "Abilities") -> str | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One situation that a client meets in production.

    Attributes:
        id: The name, `group.what`.
        play: Plays it on a `Stage`. Raises `UnmetError` where the client does otherwise.
        played: What the endpoint does.
        expected: What a right client does.
        production: What production does with a client that does otherwise.
        advice: What to change.
        source: Where the rule comes from.
        level: How bad it is to fail.
        needs: What the consumer has to offer.
        not_due: Returns why the scenario is not due for such abilities, or None where it is.
        sends_nothing: Whether a right client sends no request. Everywhere else a run without a
            request is a failure, whatever the client says.
        waits: Whether a right client waits for its own time limit, so that it pays to play the
            scenario beside others.
        alone: Whether nothing may run beside it: it loads or measures the process, collects what
            the process writes, or closes its endpoint and needs the same port.
        settings: Fields of `SoblobSettings` that differ, `ticket`, the ticket of the client, and
            `has_token`, whether it is given an application token on-site too.
        since: The version of the kit that has it first.
    """

    id: str
    play: Callable[[Any], None]
    played: str
    expected: str
    production: str
    advice: str
    source: str
    level: Level = Level.MUST
    needs: frozenset[Need] = frozenset()
    not_due: "Callable[[Abilities], str | None]" = _always
    sends_nothing: bool = False
    waits: bool = False
    alone: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    since: str = "0.1"

    @property
    def group(self) -> str:
        """The part of the id before the first dot."""
        return self.id.partition(".")[0]
