"""Plays scenarios with one consumer, and says how each went."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from pytest_soblob._basics.clock import now
from pytest_soblob.consumer.client import Client, Consumer
from pytest_soblob.consumer.foreign import describe_error, presentable
from pytest_soblob.consumer.outcomes import Outcome
from pytest_soblob.consumer.scenario import REASONS, Level, Need, Scenario, UnmetError
from pytest_soblob.consumer.scenarios import find_scenario
from pytest_soblob.consumer.stage import Ground, Stage, open_ground
from pytest_soblob.contract import Profile
from pytest_soblob.errors import SoblobError
from pytest_soblob.stub.exchange import Exchange

_LONGEST: Final = 1_000


class Status(StrEnum):
    """What became of a scenario.

    `passed`, `failed`. `expected`: it failed, as the team has said. `deselected`: not played, as
    the team has said. `not-due`: the client does not offer what it needs. `not-run`: the plain
    upload does not work. `new`: it failed, and is newer than the version the team has agreed to.
    """

    PASSED = "passed"
    FAILED = "failed"
    EXPECTED = "expected"
    DESELECTED = "deselected"
    NOT_DUE = "not-due"
    NOT_RUN = "not-run"
    NEW = "new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one scenario.

    Attributes:
        scenario: The scenario.
        status: What became of it.
        reason: Why, in one line; empty where it passed.
        got: What happened instead of what was expected; empty where nothing did.
        production: What production does with such a client; empty where it passed.
        advice: What to change; empty where it passed.
        seconds: How long it took.
        exchanges: The requests and answers, as the endpoint saw them.
    """

    scenario: Scenario
    status: Status
    reason: str = ""
    got: str = ""
    production: str = ""
    advice: str = ""
    seconds: float = 0.0
    exchanges: tuple[Exchange, ...] = field(default=(), repr=False)

    @property
    def passed(self) -> bool:
        """Whether the scenario was played and met."""
        return self.status is Status.PASSED

    def to_record(self) -> dict[str, object]:
        """Return what a report carries from a worker to the process that prints it."""
        texts = ("reason", "got", "production", "advice")
        return {
            "scenario": self.scenario.id,
            "status": str(self.status),
            **{name: getattr(self, name) for name in texts},
            "seconds": round(self.seconds, 3),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Result":
        """Return the result of a record, without its exchanges."""
        texts = ("reason", "got", "production", "advice", "seconds")
        return cls(
            scenario=find_scenario(record["scenario"]),
            status=Status(record["status"]),
            **{name: record[name] for name in texts},
        )

    def to_json(self) -> Mapping[str, object]:
        """Return the keys and values that `soblob consumer --format json` prints."""
        return {
            "scenario": self.scenario.id,
            "passed": self.passed,
            "reason": self.reason,
            "group": self.scenario.group,
            "level": str(self.scenario.level),
            "outcome": str(self.status),
            "source": self.scenario.source,
            "seconds": round(self.seconds, 3),
            "exchanges": [repr(exchange) for exchange in self.exchanges],
        }


class Runner:
    """Plays scenarios with one consumer.

    Args:
        consumer: The code under test.
        gate: The scenario that has to pass before any other is played.
    """

    def __init__(self, consumer: Consumer, gate: Scenario) -> None:
        self._consumer = consumer
        self._gate = gate
        self._gate_result: Result | None = None
        self._lock = threading.Lock()

    def gate(self) -> Result:
        """Play the plain upload, once, and return what became of it."""
        with self._lock:
            if self._gate_result is None:
                self._gate_result = self._play_anew(self._gate)
            return self._gate_result

    def run(self, scenario: Scenario) -> Result:
        """Play a scenario, if it is due and the plain upload works."""
        held_back = self._held_back(self.gate, scenario)
        return self._play_anew(scenario) if held_back is None else held_back

    def play_behind(self, gate: Result, scenario: Scenario, ground: Ground) -> Result:
        """Play a scenario on an endpoint that runs already, if it is due and the gate is open.

        Args:
            gate: What became of the plain upload.
            scenario: The scenario.
            ground: Where it is played.
        """
        held_back = self._held_back(lambda: gate, scenario)
        return self.play(scenario, ground, gate) if held_back is None else held_back

    def _held_back(self, gate: Callable[[], Result], scenario: Scenario) -> Result | None:
        """Return the result of a scenario that is not played, or None where it has to be."""
        why = self.not_due(scenario)
        if why is not None:
            return Result(scenario=scenario, status=Status.NOT_DUE, reason=why)
        if scenario.id == self._gate.id or gate().passed:
            return gate() if scenario.id == self._gate.id else None
        reason = f"the plain upload does not work: {gate().reason}"
        return Result(scenario=scenario, status=Status.NOT_RUN, reason=reason, got=gate().got)

    def not_due(self, scenario: Scenario) -> str | None:
        """Return why a scenario is not due for this consumer, or None where it is."""
        for need in Need:
            if need in scenario.needs and need not in self._consumer.offers:
                return REASONS[need]
        return scenario.not_due(self._consumer.abilities)

    def _play_anew(self, scenario: Scenario) -> Result:
        """Play a scenario on an endpoint of its own.

        If it fails while calls of other scenarios were open in the same process, it is played once
        more with a process of its own: a call that hangs or crashes must fail no other scenario.
        """
        for alone in (False, True):
            with open_ground(self._consumer.settings, scenario.settings) as ground:
                result, shared = self._played(scenario, ground, self._gate_result, alone=alone)
            if result.passed or not shared:
                break
        return result

    def play(self, scenario: Scenario, ground: Ground, gate: Result | None = None) -> Result:
        """Play a scenario, due or not, on an endpoint that runs already.

        Args:
            scenario: The scenario.
            ground: Where it is played.
            gate: What became of the plain upload, or None where it was not played.

        Raises:
            SoblobError: The plain upload cannot be played, as its command cannot be started.
        """
        return self._played(scenario, ground, gate, alone=False)[0]

    def _stage(self, ground: Ground, client: Client, gate: Result | None) -> Stage:
        gate_s = 0.0 if gate is None else gate.seconds
        return Stage(self._consumer.abilities, ground, client, _profile(ground, gate), gate_s)

    def _played(
        self, scenario: Scenario, ground: Ground, gate: Result | None, *, alone: bool
    ) -> tuple[Result, bool]:
        """Return what became of a scenario, and whether others took part in its process."""
        begun = now()
        exchanges: tuple[Exchange, ...] = ()
        unmet: UnmetError | None = None
        shared = False
        how = {"listens": scenario.group == "secrets", "alone": alone}
        try:
            with self._consumer.connect(ground.target, **how) as client:
                stage = self._stage(ground, client, gate)
                try:
                    scenario.play(stage)
                    _check_end(scenario, stage)
                finally:
                    shared = client.shared
                    exchanges = tuple(stage.exchanges)
        except UnmetError as error:
            unmet = error
        except Exception as error:
            if isinstance(error, SoblobError) and scenario.id == self._gate.id:
                raise
            unmet = _not_played(error)
        seconds = now() - begun
        more: dict[str, Any] = {"scenario": scenario, "seconds": seconds, "exchanges": exchanges}
        if unmet is None:
            return Result(status=Status.PASSED, **more), shared
        failed = Result(
            status=Status.FAILED,
            reason=presentable(unmet.summary, _LONGEST),
            got=presentable(unmet.got, _LONGEST),
            production=presentable(unmet.production or scenario.production, _LONGEST),
            advice=unmet.advice or scenario.advice,
            **more,
        )
        return failed, shared


def with_end(result: Result, ended: Outcome | None) -> Result:
    """Return a result, or that the client could not be ended where it passed.

    Args:
        result: What became of the scenario.
        ended: How the call of the team's `close` ended, or None where it raised nothing.
    """
    if ended is None or not result.passed:
        return result
    return replace(
        result,
        status=Status.FAILED,
        reason="close() of the test class went wrong",
        got=presentable(str(ended), _LONGEST),
        production="nothing: this is about the test class, not about the client",
        advice="let close() end the client, whatever state it is in",
    )


def _not_played(error: Exception) -> UnmetError:
    """Return what is said of a scenario that was not played to its end."""
    if isinstance(error, SoblobError):
        return UnmetError(
            "the scenario could not be played to its end",
            str(error),
            production="nothing is known: this run did not find out",
            advice="see to what the message says, and run the scenario again",
        )
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = "" if place is None else f" in {place.tb_frame.f_code.co_name}"
    return UnmetError(
        "the scenario could not be played to its end",
        f"{describe_error(error)}{where}",
        production="nothing is known: this run did not find out",
        advice="if your own code raised it, mend that; otherwise report it to the kit's authors",
    )


def _profile(ground: Ground, gate: Result | None) -> Profile:
    """Return the form of the client's requests: as the settings demand, or as its plain upload."""
    demanded = Profile(ground.settings.profile)
    if demanded is not Profile.AUTO:
        return demanded
    seen = [one.profile for one in gate.exchanges if one.profile] if gate is not None else []
    return Profile(seen[-1]) if seen else Profile.WSDL


def _check_end(scenario: Scenario, stage: Stage) -> None:
    """Expect of each scenario that requests came, and broke no rule."""
    if not (stage.exchanges or scenario.sends_nothing or stage.is_refused):
        raise UnmetError(
            "no request came",
            "no request at all",
            production="nothing is uploaded",
            advice="see that the client connects to the URL that it is given",
        )
    errors = stage.errors
    if errors:
        rules = ", ".join(sorted({violation.rule for violation in errors}))
        raise UnmetError(
            f"a request breaks the contract: {rules}",
            errors[0].message,
            advice=f"`soblob rules {errors[0].rule}` explains the rule",
        )


def is_red(results: Sequence[Result], *, strict: bool) -> bool:
    """Return whether a run is red.

    Args:
        results: Of all scenarios.
        strict: Whether scenarios of level `should` count as well.
    """
    return any(
        result.status is Status.NOT_RUN
        or (result.status is Status.FAILED and (strict or result.scenario.level is Level.MUST))
        for result in results
    )
