"""`Failure`: something that goes wrong in production, as data and a pure function."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from pytest_soblob._basics.numbers import is_number, is_whole
from pytest_soblob._text import did_you_mean
from pytest_soblob.contract import OPERATIONS, Operation, Profile
from pytest_soblob.errors import SoblobError
from pytest_soblob.soap.messages import Fault, Response
from pytest_soblob.wire import Delivery, HttpResponse


class Knowledge(StrEnum):
    """What a client can know, after the answer, of what the server has done.

    `answered`: the client has the answer, though perhaps late. `business-failure`: `Succeeded` was
    false, nothing was done. `rejected`: HTTP or WCF rejected the request, nothing was done.
    `unknown`: it may have been done or not.
    """

    ANSWERED = "answered"
    BUSINESS_FAILURE = "business-failure"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureContext:
    """The call to which a failure is the answer.

    Attributes:
        operation: Operation that was called.
        profile: Profile of the answer.
        success: Response of the server, or None unless `Failure.works`.
        own: The same response as HTTP, or None unless `Failure.works`.
        write: Writes a normal response as this server does.
        write_fault: Writes a fault in a profile, with an HTTP status, or None for that of SOAP.
        parameters: All parameters of the failure.
    """

    operation: Operation
    profile: Profile
    success: Response | None
    own: HttpResponse | None
    write: Callable[[Response], HttpResponse]
    write_fault: Callable[[Fault, Profile, int | None], HttpResponse]
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Something that goes wrong, by name.

    Attributes:
        name: Name, as in `fail(name)`.
        group: `business`, `fault`, `status`, `answer` or `transport`.
        sentence: Description of what happens.
        deliver: Returns what is sent.
        works: True if the server does its work first: an upload is stored.
        knowledge: What the client can know of the outcome.
        parameters: Parameters and their defaults.
        operations: Operations to which it applies; empty for all.
        given: Parameters that a test has given, by name.
    """

    name: str
    group: str
    sentence: str
    deliver: Callable[[FailureContext], Delivery]
    works: bool = False
    knowledge: Knowledge = Knowledge.UNKNOWN
    parameters: Mapping[str, Any] = field(default_factory=dict)
    operations: frozenset[str] = frozenset()
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def example(self) -> str:
        """A line of code that plays it, with all parameters."""
        given = "".join(f", {name}={_literal(value)}" for name, value in self.parameters.items())
        if self.operations and "SaveImageStream" not in self.operations:
            given += f', operation="{min(self.operations)}"'
        return f'soblob_endpoint.fail("{self.name}"{given})'

    def with_parameters(self, given: Mapping[str, Any]) -> "Failure":
        """Return the same failure with these parameters.

        Raises:
            SoblobError: There is no such parameter, or it cannot have that value.
        """
        for name, value in given.items():
            if name not in self.parameters:
                raise SoblobError(_no_parameter(self, name))
            _check_parameter(name, value, self.parameters[name])
        return replace(self, given=dict(given))

    @property
    def all_parameters(self) -> Mapping[str, Any]:
        """The parameters given by the test, and the defaults of the others."""
        return {**self.parameters, **self.given}

    def in_words(self) -> tuple[str, str]:
        """Return the verb by which a test scripts it, and the arguments other than defaults."""
        usual = self.parameters
        given = (f"{n}={v!r}" for n, v in self.all_parameters.items() if v != usual[n])
        return "fail", ", ".join((repr(self.name), *given))

    def suits(self, operation: str) -> bool:
        """Return True if it applies to that operation."""
        return not self.operations or operation in self.operations

    def check_operation(self, operation: str | None) -> None:
        """Check that it applies to an operation, or, for None, to any.

        Raises:
            SoblobError: It does not apply.
        """
        if operation is None or not self.operations:
            return
        if operation in OPERATIONS and operation not in self.operations:
            names = ", ".join(sorted(self.operations))
            raise SoblobError(f"{self.name!r} makes no sense for {operation}, only for {names}")


def make(
    name: str,
    sentence: str,
    deliver: Callable[[FailureContext], Delivery],
    *,
    group: str,
    works: bool = False,
    knowledge: Knowledge = Knowledge.UNKNOWN,
    operations: frozenset[str] = frozenset(),
    **parameters: object,
) -> Failure:
    """Return a failure; arguments that are not its attributes become its parameters."""
    return Failure(
        name=name,
        group=group,
        sentence=sentence,
        deliver=deliver,
        works=works,
        knowledge=knowledge,
        parameters=parameters,
        operations=operations,
    )


def _literal(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


_LOCATION: Final = re.compile("[!-~]+")
_LARGEST_ID: Final = 10**100
_POSITIVE: Final = ("seconds", "bytes_per_s")


def _no_parameter(failure: Failure, name: str) -> str:
    known = ", ".join(failure.parameters)
    hint = did_you_mean(name, failure.parameters)
    has = f"it has {known}" if known else "it has none"
    return f"{failure.name!r} has no parameter {name!r}{hint} ({has})"


def _check_blob_id(value: object, default: int) -> None:
    """Check an id: one that a client could take for valid contradicts the failure's name."""
    wanted = "below 0" if default < 0 else f"{default} or more"
    if not isinstance(value, int) or isinstance(value, bool):
        raise SoblobError(f"blob_id must be a number {wanted}, not {value!r:.60}")
    if not -_LARGEST_ID <= value <= _LARGEST_ID:  # Python could not print it either
        raise SoblobError("blob_id has more digits than any client reads")
    if (value >= 0) if default < 0 else (value < default):
        raise SoblobError(f"blob_id must be a number {wanted}, not {value}")


def _check_location(value: object, default: object) -> None:
    if not (isinstance(value, str) and _LOCATION.fullmatch(value)):
        otherwise = ", or None for that of the service" if default is None else ""
        raise SoblobError(f"location must be a URL or a path{otherwise}, not {value!r}")


def _check_retry_after(value: object) -> None:
    """Check `Retry-After`: digits only (RFC 9110, 10.2.3), and clients read nothing else."""
    if not (is_whole(value) and value >= 0):
        raise SoblobError(f"retry_after_s must be whole seconds, 0 or more, not {value!r:.60}")


def _check_parameter(name: str, value: object, default: Any) -> None:
    if name in _POSITIVE:
        if not (is_number(value) and value > 0):
            raise SoblobError(f"{name} must be a number over 0, not {value!r}")
    elif name == "retry_after_s":
        _check_retry_after(value)
    elif name == "soap" and value not in ("1.1", "1.2", None):
        raise SoblobError(
            f"soap must be '1.1', '1.2', or None for that of the request, not {value!r}"
        )
    elif name == "blob_id":
        _check_blob_id(value, default)
    elif name == "location" and not (value is None and default is None):
        _check_location(value, default)
