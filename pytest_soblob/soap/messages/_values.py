"""Values of header blocks: TimeZone, ExceptionInfo, and pairs of key and value."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from pytest_soblob._redacted import Redacted

Pairs = tuple[tuple[str | None, str | None], ...]

SECRET_ATTRIBUTES = frozenset({"ticket", "application_token", "password"})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class TimeZone(Redacted):
    """The TimeZone header block [WSDL, SoTimeZone].

    Attributes:
        id: SoTimeZoneId, an xs:int; None means absent.
        location_code: SoTimeZoneLocationCode; None means nil or absent.
    """

    id: int | None = None
    location_code: str | None = None

    def to_values(self) -> dict[str, Any]:
        """Return the values of the children, by their names in the WSDL."""
        return {"SoTimeZoneId": self.id, "SoTimeZoneLocationCode": self.location_code}

    @classmethod
    def from_values(cls, values: Mapping[str, Any] | None) -> Self | None:
        """Return the block with these values, or None for None.

        Args:
            values: The values of the children, or None if the block is nil or absent.
        """
        if values is None:
            return None
        return cls(id=values["SoTimeZoneId"], location_code=values["SoTimeZoneLocationCode"])


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ExceptionInfo(Redacted):
    """The ExceptionInfo header block: why a call failed [WSDL, SoExceptionInfo].

    None means nil or absent, for every attribute.

    Attributes:
        message: Text for developers, or None if nil or absent.
        stack_trace: Stack trace of the server, or None if nil or absent.
        friendly_text: Text for users, or None if nil or absent.
        exception_type: Name of a .NET class such as `SuperOffice.Exceptions.SoSessionException`, or
            None if nil or absent.
        source: Assembly that threw the exception, or None if nil or absent.
        inner_exception: Exception that caused this one, to any depth, or None if nil or absent.
        parameters: Pairs of key and value, or None if nil or absent.
    """

    message: str | None = None
    stack_trace: str | None = None
    friendly_text: str | None = None
    exception_type: str | None = None
    source: str | None = None
    inner_exception: "ExceptionInfo | None" = None
    parameters: Pairs | None = None

    def to_values(self) -> dict[str, Any]:
        """Return the values of the children, by their names in the WSDL."""
        inner = self.inner_exception
        pairs = None if self.parameters is None else {_PARAMETER: pair_values(self.parameters)}
        return {
            "Message": self.message,
            "StackTrace": self.stack_trace,
            "FriendlyText": self.friendly_text,
            "ExceptionType": self.exception_type,
            "Source": self.source,
            "InnerException": None if inner is None else inner.to_values(),
            "Parameters": pairs,
        }

    @classmethod
    def from_values(cls, values: Mapping[str, Any] | None) -> "ExceptionInfo | None":
        """Return the block with these values, or None for None.

        Args:
            values: The values of the children, or None if the block is nil or absent.
        """
        if values is None:
            return None
        return cls(
            message=values["Message"],
            stack_trace=values["StackTrace"],
            friendly_text=values["FriendlyText"],
            exception_type=values["ExceptionType"],
            source=values["Source"],
            inner_exception=cls.from_values(values["InnerException"]),
            parameters=read_pairs(values["Parameters"], _PARAMETER),
        )


_PARAMETER = "SoExceptionInfoParametersKeyValuePair"
EXTRA = "ExtraInfoNameValuePair"


def pair_values(pairs: Pairs) -> list[dict[str, str | None]]:
    return [{"Key": key, "Value": value} for key, value in pairs]


def read_pairs(values: Mapping[str, Any] | None, name: str) -> Pairs | None:
    if values is None:
        return None
    return tuple((pair["Key"], pair["Value"]) for pair in values[name] if pair is not None)
