"""What a team makes of the rules: the threshold at which it fails, and severities of its own.

One place for all: the ini keys `soblob_fail_on` and `soblob_severity`, which endpoint, assertions,
fixtures and the command line go by. The plugin puts what pytest's configuration says in force for
the process; whoever asks without saying otherwise gets that.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from pytest_soblob.catalogue import check_rule_ids
from pytest_soblob.errors import SoblobError
from pytest_soblob.violations import Severity, Violation

OFF: Final = "off"
CHOICES: Final = (*map(str, Severity), OFF)
THRESHOLDS: Final = (str(Severity.ERROR), str(Severity.WARNING))
_ORDER: Final = list(Severity)


@dataclass(frozen=True, slots=True)
class Severities:
    """A team's threshold and overrides; picklable.

    Attributes:
        fail_on: `error` or `warning`: what a violation must be to fail a test or a command.
        overrides: Pairs of a rule's id and `error`, `warning`, `note` or `off`; what is off is not
            told at all. A rule that is not named keeps the severity that each case has.

    Raises:
        SoblobError: A threshold, a severity or a rule that there is not; the nearest is named.
    """

    fail_on: str = "error"
    overrides: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.fail_on not in THRESHOLDS:
            raise SoblobError(f"fail_on must be 'error' or 'warning', not {self.fail_on!r}")
        check_rule_ids(rule for rule, _ in self.overrides)
        for rule, severity in self.overrides:
            if severity not in CHOICES:
                allowed = ", ".join(CHOICES)
                raise SoblobError(f"{rule}={severity}: the severity must be one of {allowed}")

    @classmethod
    def parse(cls, text: str = "", fail_on: str = "error") -> "Severities":
        """Return what an ini value says: `body.image-missing=error, payload.animated=off`.

        Args:
            text: Pairs, parted by commas or line ends.
            fail_on: The threshold.

        Raises:
            SoblobError: A part is no pair, or names what there is not.
        """
        pairs = []
        for part in filter(None, (part.strip() for part in re.split(r"[,\n]", text))):
            rule, equals, severity = (piece.strip() for piece in part.partition("="))
            if not equals:
                raise SoblobError(f"{part!r} should be RULE=SEVERITY, as in payload.animated=off")
            pairs.append((rule, severity))
        return cls(fail_on=fail_on, overrides=tuple(pairs))

    @classmethod
    def of(cls, overrides: Mapping[str, str], fail_on: str = "error") -> "Severities":
        """Return the same from a mapping."""
        return cls(fail_on=fail_on, overrides=tuple(overrides.items()))

    def apply(self, violations: Iterable[Violation]) -> tuple[Violation, ...]:
        """Return the violations with the team's severities, without those that are off."""
        if not self.overrides:
            return tuple(violations)
        known = dict(self.overrides)
        changed = []
        for violation in violations:
            wanted = known.get(violation.rule)
            if wanted is None:
                changed.append(violation)
            elif wanted != OFF:
                changed.append(replace(violation, severity=Severity(wanted)))
        return tuple(changed)

    def fails(self, violation: Violation) -> bool:
        """Whether a violation is at or above the threshold."""
        return _ORDER.index(violation.severity) <= _ORDER.index(Severity(self.fail_on))

    def failing(self, violations: Iterable[Violation]) -> tuple[Violation, ...]:
        """Return the violations that are at or above the threshold."""
        return tuple(violation for violation in violations if self.fails(violation))


class _InForce:
    """What the process goes by where nothing else is said."""

    severities = Severities()


def in_force() -> Severities:
    """Return what pytest's configuration says, the default outside pytest."""
    return _InForce.severities


def put_in_force(severities: Severities) -> None:
    """Make it what the process goes by; the plugin does so, once for a run."""
    _InForce.severities = severities
