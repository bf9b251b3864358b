"""The errors that this package raises, and its warning.

::

    AssertionError
      ContractViolationError        a test FAILS: the contract or an expectation is not met
        HttpViolationError          family http
        XmlViolationError           family xml
        EnvelopeViolationError      family envelope
        HeaderViolationError        family header
        BodyViolationError          family body
        PayloadViolationError       family payload
        FaultViolationError         family fault
        FlowViolationError          family flow
    Exception
      SoblobError                   the kit is used wrongly, or its environment is broken
    DeprecationWarning
      SoblobDeprecationWarning      a public name will be removed

There is one class per family because Hypothesis distinguishes failures by type and place: with a
single class, it would shrink one bug into another.
"""

from collections.abc import Sequence
from typing import Any, Protocol


class ViolationProtocol(Protocol):
    """What each of `ContractViolationError.violations` offers: that of `pytest_soblob.Violation`.

    The class itself belongs to the judge, which imports this module.
    """

    @property
    def rule(self) -> str:
        """The id of the rule, `family.what-is-wrong`."""

    @property
    def severity(self) -> str:
        """`error`, `warning` or `note`."""

    @property
    def message(self) -> str:
        """What is wrong, in one sentence."""

    @property
    def path(self) -> str | None:
        """The place, as prefixed names or a header, or None if the bytes do not parse."""

    @property
    def line(self) -> int | None:
        """The line of the place, counted from 1, or None if it is not known."""

    @property
    def column(self) -> int | None:
        """The column of the place, counted from 1, or None if it is not known."""

    @property
    def expected(self) -> str | None:
        """What would be right, or None if the message says it."""

    @property
    def got(self) -> str | None:
        """What was found instead, or None if the message says it."""

    @property
    def reference(self) -> str:
        """The source of the rule: the page, the WSDL or a specification."""

    @property
    def change(self) -> str:
        """What to change, in the imperative."""

    @property
    def server(self) -> str | None:
        """What a real WCF host does, or None if that is not known or nothing."""

    @property
    def excerpt(self) -> tuple[str, ...]:
        """Up to two lines of the message around the place."""

    @property
    def family(self) -> str:
        """The part of the rule's id before the dot."""

    @property
    def is_error(self) -> bool:
        """Whether the severity is `error`."""

    def to_json(self) -> dict[str, str | int | None]:
        """Return the keys and values that `soblob validate --format json` prints."""


class SoblobDeprecationWarning(DeprecationWarning):
    """The warning for a public name, argument or option that a later minor version removes."""


class SoblobError(Exception):
    """The kit is used wrongly, or its environment is broken; never a verdict about a message."""


class ContractViolationError(AssertionError):
    """A message or a sequence of exchanges breaks the contract.

    Args:
        text: Text of the error.
        violations: Violations that the text reports.
        summary: Line for pytest's short summary, or None for the first line of the text.

    Attributes:
        violations: `Violation` values that the text reports, the most significant first. Empty if
            an expectation was not met (no image was saved, an expected rule was not broken).
        summary: The most severe violation in one line that begins with the rule, as pytest's short
            summary and JUnit show it. Without violations the first line of the text.
    """

    def __init__(
        self, text: str, violations: Sequence[ViolationProtocol] = (), summary: str | None = None
    ) -> None:
        super().__init__(text)
        self.violations: tuple[ViolationProtocol, ...] = tuple(violations)
        self.summary = text.partition("\n")[0] if summary is None else summary

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.violations, self.summary)


class HttpViolationError(ContractViolationError):
    """The first violation is of family `http`."""


class XmlViolationError(ContractViolationError):
    """The first violation is of family `xml`."""


class EnvelopeViolationError(ContractViolationError):
    """The first violation is of family `envelope`."""


class HeaderViolationError(ContractViolationError):
    """The first violation is of family `header`."""


class BodyViolationError(ContractViolationError):
    """The first violation is of family `body`."""


class PayloadViolationError(ContractViolationError):
    """The first violation is of family `payload`."""


class FaultViolationError(ContractViolationError):
    """The first violation is of family `fault`."""


class FlowViolationError(ContractViolationError):
    """The first violation is of family `flow`."""


FAMILY_ERRORS: dict[str, type[ContractViolationError]] = {
    "http": HttpViolationError,
    "xml": XmlViolationError,
    "envelope": EnvelopeViolationError,
    "header": HeaderViolationError,
    "body": BodyViolationError,
    "payload": PayloadViolationError,
    "fault": FaultViolationError,
    "flow": FlowViolationError,
}


def summary_of(error: object) -> str | None:
    """Return the line that pytest's short summary shows for an error of this module.

    A violated rule comes first, since the short summary is one line and JUnit's message is often
    cut. Of an exception group it is the line of the first such error in it. None if there is none.
    """
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(summary_of, error.exceptions)), None)
    if not is_own(error):
        return None
    first = str(error).partition("\n")[0]
    if getattr(error, "violations", ()):
        return str(getattr(error, "summary", first))
    return f"{type(error).__name__}: {first}"


def is_own(error: object) -> bool:
    """Whether the class of an error is one of this module.

    By name: pytester imports this package anew for each inner run, so a class may exist twice.
    """
    return type(error).__module__ == __name__
