"""What a team says about scenarios: which are expected to fail, which are not played."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from pytest_soblob.consumer.foreign import repr_of
from pytest_soblob.consumer.runner import Result, Status
from pytest_soblob.consumer.scenario import Scenario
from pytest_soblob.consumer.scenarios import SCENARIOS, hint
from pytest_soblob.errors import SoblobError

_VERSION: Final = re.compile(r"\d{1,9}(\.\d{1,9}){0,3}", re.ASCII)
_REASON: Final = re.compile(r"((?:\w+::)?[^:\s]+)\s*:\s*(\S.*)")


class Choice:
    """A team's reasons, by scenario id or by a pattern such as `answer.*`.

    Args:
        expected_failures: Scenarios that are played and must fail.
        deselected: Scenarios that are not played.

        since: The version of the kit that the team has agreed to, or None for every version.

    Raises:
        SoblobError: A reason is empty, or an id or pattern matches no scenario.
    """

    def __init__(
        self,
        expected_failures: Mapping[str, str],
        deselected: Mapping[str, str],
        since: str | None = None,
    ) -> None:
        _check("expected_failures", expected_failures)
        _check("deselected", deselected)
        self._expected = expected_failures
        self._deselected = deselected
        self._since = None if since is None else parse_version(since)

    def deselected(self, scenario: Scenario) -> str | None:
        """Return why a scenario is not played, or None where it is."""
        return _find(self._deselected, scenario)

    def expected(self, scenario: Scenario) -> str | None:
        """Return why a scenario is expected to fail, or None where it is not."""
        return _find(self._expected, scenario)

    def _is_new(self, scenario: Scenario) -> bool:
        return self._since is not None and parse_version(scenario.since) > self._since

    def judge(self, scenario: Scenario, play: Callable[[], Result]) -> Result:
        """Return what became of a scenario, as the team sees it."""
        why = self.deselected(scenario)
        if why is not None:
            return Result(scenario=scenario, status=Status.DESELECTED, reason=why)
        result, why = play(), self.expected(scenario)
        if result.status is Status.FAILED and why is None and self._is_new(scenario):
            return replace(result, status=Status.NEW)
        if why is None:
            return result
        if result.status is Status.FAILED:
            return replace(result, status=Status.EXPECTED, reason=why)
        if result.status is Status.PASSED:
            return replace(
                result,
                status=Status.FAILED,
                reason=f"it was expected to fail ({why}), and passed",
                got="a right client",
                production="nothing: this is good news",
                advice="take it out of expected_failures",
            )
        return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What options and configuration say beside a class.

    Attributes:
        expected_failures: Reasons by scenario id or pattern, with `Class::` before those of one
            class.
        deselected: Likewise.
        since: The version of the kit that the team has agreed to, or None for every version.
    """

    expected_failures: Mapping[str, str]
    deselected: Mapping[str, str]
    since: str | None = None

    @classmethod
    def read(cls, *, xfails: str | None, deselected: Sequence[str], since: str | None) -> "Wishes":
        """Read them.

        Args:
            xfails: The path of a file with a line `ID: reason` for each scenario, or None.
            deselected: Such lines.
            since: A version such as `1.2`, or None.

        Raises:
            SoblobError: A file cannot be read, a line has no reason, a scenario is unknown, or the
                version is none.
        """
        try:
            lines = Path(xfails).read_text(encoding="utf-8").splitlines() if xfails else []
        except (OSError, UnicodeDecodeError) as error:
            raise SoblobError(f"{xfails} cannot be read: {type(error).__name__}") from None
        wishes = cls(
            expected_failures=_reasons(str(xfails), lines),
            deselected=_reasons("soblob_consumer_deselect", deselected),
            since=since,
        )
        for name, reasons in (
            (str(xfails), wishes.expected_failures),
            ("soblob_consumer_deselect", wishes.deselected),
        ):
            _check(name, {key.rpartition("::")[2]: reason for key, reason in reasons.items()})
        if since is not None:
            parse_version(since)
        return wishes

    def choice(
        self, name: str, expected_failures: Mapping[str, str], deselected: Mapping[str, str]
    ) -> Choice:
        """Return the choice of a class, with its own reasons first.

        Raises:
            SoblobError: They are no reasons by scenario.
        """
        _check("expected_failures", expected_failures)
        _check("deselected", deselected)
        return Choice(
            {**expected_failures, **_of_class(name, self.expected_failures)},
            {**deselected, **_of_class(name, self.deselected)},
            self.since,
        )


def parse_version(text: str) -> tuple[int, ...]:
    """Return a version such as `1.2` as numbers that can be compared.

    Raises:
        SoblobError: It is no version.
    """
    if not _VERSION.fullmatch(text):
        raise SoblobError(f"{text!r:.60} is no version such as 1.2")
    return tuple(map(int, text.split(".")))


def _of_class(name: str, reasons: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for key, reason in reasons.items():
        owner, _, pattern = key.rpartition("::")
        if owner in ("", name):
            found[pattern] = reason
    return found


def _reasons(where: str, lines: Sequence[str]) -> dict[str, str]:
    """Return reasons by scenario, from lines `ID: reason`; blank lines and comments count not."""
    found = {}
    for line in lines:
        if line.strip() and not line.lstrip().startswith("#"):
            match = _REASON.fullmatch(line.strip())
            if match is None:
                raise SoblobError(f"{where}: {line.strip()!r:.80} has no reason: write ID: reason")
            found[match[1]] = match[2]
    return found


def _find(reasons: Mapping[str, str], scenario: Scenario) -> str | None:
    for pattern, reason in reasons.items():
        if fnmatchcase(scenario.id, pattern):
            return reason
    return None


def _check(name: str, reasons: object) -> None:
    if not isinstance(reasons, Mapping):
        raise SoblobError(
            f"{name} must be a dictionary of reasons, such as "
            f'{{"description.cr": "JIRA-212"}}, not {repr_of(reasons):.60}'
        )
    for pattern, reason in reasons.items():
        if not isinstance(pattern, str):
            raise SoblobError(f"{name}: a key must be the id of a scenario, not {pattern!r:.60}")
        if not any(fnmatchcase(known, pattern) for known in SCENARIOS):
            raise SoblobError(f"{name}: no scenario {pattern!r:.60}{hint(pattern)}")
        if not isinstance(reason, str):
            said = repr_of(reason)
            raise SoblobError(f"{name}: {pattern!r:.60} needs a reason as text, not {said:.60}")
        if not reason.strip():
            raise SoblobError(f"{name}: {pattern!r:.60} needs a reason")
