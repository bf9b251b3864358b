"""What this package raises.

::

    AssertionError
      ContractViolationError        a test FAILS: the contract is broken, or an expectation is
        HttpViolationError          family http
        XmlViolationError           family xml
        EnvelopeViolationError      family envelope
        HeaderViolationError        family header
        BodyViolationError          family body
        PayloadViolationError       family payload
        FaultViolationError         family fault
        FlowViolationError          family flow
    Exception
      SoblobError                   a test ERRORS: misuse of the kit, or its environment

One class per family, because Hypothesis tells failures apart by type and place: with a single
class, shrinking slides from one bug into another.
"""

from collections.abc import Sequence
from typing import Any


class SoblobError(Exception):
    """The kit was misused, or its environment is broken; never a verdict about a message."""


class ContractViolationError(AssertionError):
    """A message or a sequence of exchanges breaks the contract.

    Attributes:
        violations: The `Violation` values behind the text, most telling first. Empty where an
            expectation was not met (nothing was saved, an expected rule was not broken).
    """

    def __init__(self, text: str, violations: Sequence[Any] = ()) -> None:
        super().__init__(text)
        self.violations: tuple[Any, ...] = tuple(violations)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.violations)


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
