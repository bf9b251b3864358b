"""What a failure is, and what it is made from."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from pytest_soblob._numbers import is_number, is_whole
from pytest_soblob._text import did_you_mean
from pytest_soblob.contract import OPERATIONS, Operation, Profile
from pytest_soblob.errors import SoblobError
from pytest_soblob.messages import Fault, Response
from pytest_soblob.wire import Delivery, HttpResponse


class Knowledge(StrEnum):
    """What a client can know, after the answer, of what the server did.

    `told`: it has the answer, if late. `refused`: a business failure, nothing was done. `declined`:
    the request was not taken, nothing was done. `unsure`: it may have been done or not.
    """

    TOLD = "told"
    REFUSED = "refused"
    DECLINED = "declined"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """The call for which a failure is played.

    Attributes:
        operation: That was called.
        profile: The form in which is answered.
        success: What the server has to say of it where `Failure.works`, else None.
        own: The answer in which it says so, likewise.
        write: A normal response, as this server writes it.
        write_fault: A fault, in that form, with that status; None: the one that SOAP binds it to.
        parameters: Of the failure, those that were left out included.
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
        name: As a test calls it.
        group: `business`, `fault`, `status`, `answer` or `transport`.
        sentence: What happens.
        deliver: What leaves.
        works: Whether the server does its work first: an upload is stored.
        knowledge: What the client can know afterwards.
        parameters: What can be said beside the name, with what is meant where it is not.
        operations: For which it makes sense; empty for all.
    """

    name: str
    group: str
    sentence: str
    deliver: Callable[[Situation], Delivery]
    works: bool = False
    knowledge: Knowledge = Knowledge.UNSURE
    parameters: Mapping[str, Any] = field(default_factory=dict)
    operations: frozenset[str] = frozenset()

    @property
    def example(self) -> str:
        """How a test plays it, parameters included."""
        given = "".join(f", {name}={_literal(value)}" for name, value in self.parameters.items())
        if self.operations and "SaveImageStream" not in self.operations:
            given += f', operation="{min(self.operations)}"'
        return f'soblob_endpoint.fail("{self.name}"{given})'

    def complete(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the parameters, with what is meant where one was left out.

        Raises:
            SoblobError: There is no such parameter, or it cannot have that value.
        """
        for name, value in given.items():
            if name not in self.parameters:
                raise SoblobError(_no_parameter(self, name))
            _check_parameter(name, value, self.parameters[name])
        return {**self.parameters, **given}

    def suits(self, operation: str) -> bool:
        """Whether it makes sense for that operation."""
        return not self.operations or operation in self.operations

    def check_operation(self, operation: str | None) -> None:
        """See whether it makes sense for an operation; None: for any of those that it knows.

        Raises:
            SoblobError: It does not.
        """
        if operation is None or not self.operations:
            return
        if operation in OPERATIONS and operation not in self.operations:
            names = ", ".join(sorted(self.operations))
            raise SoblobError(f"{self.name!r} makes no sense for {operation}, only for {names}")


def make(
    name: str,
    sentence: str,
    deliver: Callable[[Situation], Delivery],
    *,
    group: str,
    works: bool = False,
    knowledge: Knowledge = Knowledge.UNSURE,
    operations: frozenset[str] = frozenset(),
    **parameters: object,
) -> Failure:
    """Return a failure, in fewer words: whatever is no attribute is a parameter."""
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
    """An id that a client could take for a good one would not be what the failure's name says."""
    wanted = "below 0" if default < 0 else f"{default} or more"
    if not isinstance(value, int) or isinstance(value, bool):
        raise SoblobError(f"blob_id must be a number {wanted}, not {value!r:.60}")
    if not -_LARGEST_ID <= value <= _LARGEST_ID:  # nor could Python show it
        raise SoblobError("blob_id has more digits than any client reads")
    if (value >= 0) if default < 0 else (value < default):
        raise SoblobError(f"blob_id must be a number {wanted}, not {value}")


def _check_location(value: object, default: object) -> None:
    if not (isinstance(value, str) and _LOCATION.fullmatch(value)):
        otherwise = ", or None for that of the service" if default is None else ""
        raise SoblobError(f"location must be a URL or a path{otherwise}, not {value!r}")


def _check_retry_after(value: object) -> None:
    """RFC 9110, 10.2.3: digits only, and no client reads anything else."""
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
