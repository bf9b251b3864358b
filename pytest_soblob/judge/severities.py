"""The configured severities: the threshold at which tests fail, and overrides per rule.

They are set by the ini keys `soblob_fail_on` and `soblob_severity`, and used by endpoint,
assertions, fixtures and command line. For the time of a pytest run, the plugin makes the run's
configuration the default. A run inside another one, in the same process, has its own default; when
it ends, that of the outer run applies again.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from pytest_soblob.errors import SoblobError
from pytest_soblob.judge.catalogue import check_rule_ids
from pytest_soblob.judge.violations import Severity, Violation, with_severity

OFF: Final = "off"
CHOICES: Final = (*map(str, Severity), OFF)
THRESHOLDS: Final = (str(Severity.ERROR), str(Severity.WARNING))
_ORDER: Final = list(Severity)
_SEPARATOR: Final = re.compile(r"[,\n]")


@dataclass(frozen=True, slots=True)
class Severities:
    """A threshold and overridden severities; picklable.

    Attributes:
        fail_on: Lowest severity that fails a test or a command: `error` or `warning`.
        overrides: Pairs of a rule id and `error`, `warning`, `note` or `off`; a rule that is off
            is not reported. Rules that are not listed keep their severity.

    Raises:
        SoblobError: If the threshold, a severity or a rule is unknown; for a rule, the message
            suggests the nearest one.
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
        """Return the severities in an ini value: `body.image-missing=error, payload.animated=off`.

        Args:
            text: Pairs RULE=SEVERITY, separated by commas or line ends; empty for no overrides.
            fail_on: The threshold, `error` or `warning`.

        Raises:
            SoblobError: If a part is not a pair, or if the threshold, a severity or a rule is
                unknown.
        """
        pairs = []
        for part in filter(None, (part.strip() for part in _SEPARATOR.split(text))):
            rule, equals, severity = (piece.strip() for piece in part.partition("="))
            if not equals:
                raise SoblobError(f"{part!r} should be RULE=SEVERITY, as in payload.animated=off")
            pairs.append((rule, severity))
        return cls(fail_on=fail_on, overrides=tuple(pairs))

    @classmethod
    def of(cls, overrides: Mapping[str, str], fail_on: str = "error") -> "Severities":
        """Return the severities with overrides from a mapping of rule ids to severities.

        Raises:
            SoblobError: If the threshold, a severity or a rule is unknown.
        """
        return cls(fail_on=fail_on, overrides=tuple(overrides.items()))

    def apply(self, violations: Iterable[Violation]) -> tuple[Violation, ...]:
        """Return the violations with their overridden severities, without those that are off."""
        if not self.overrides:
            return tuple(violations)
        known = dict(self.overrides)
        changed = []
        for violation in violations:
            wanted = known.get(violation.rule)
            if wanted is None:
                changed.append(violation)
            elif wanted != OFF:
                changed.append(with_severity(violation, Severity(wanted)))
        return tuple(changed)

    def fails(self, violation: Violation) -> bool:
        """Whether a violation is at or above the threshold."""
        return _ORDER.index(violation.severity) <= _ORDER.index(Severity(self.fail_on))

    def failing(self, violations: Iterable[Violation]) -> tuple[Violation, ...]:
        """Return the violations that are at or above the threshold."""
        return tuple(violation for violation in violations if self.fails(violation))


# One for each pytest run in progress in this process, the innermost last.
_runs: Final[list[tuple[object, Severities]]] = []


def default_severities() -> Severities:
    """Return the severities of the innermost pytest run; outside pytest `Severities()`."""
    return _runs[-1][1] if _runs else Severities()


def set_default_severities(severities: Severities) -> Callable[[], None]:
    """Make these the default of assertions and validators; the plugin calls it once for a run.

    Returns:
        A function that ends this, also if other defaults were set since; further calls do nothing.
    """
    run = (object(), severities)
    _runs.append(run)

    def end() -> None:
        _runs[:] = [other for other in _runs if other[0] is not run[0]]

    return end
