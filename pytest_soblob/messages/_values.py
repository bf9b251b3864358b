"""The values inside messages, and the `repr` that all messages share."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from pytest_soblob._text import hide, mask

Pairs = tuple[tuple[str | None, str | None], ...]

SECRET_ATTRIBUTES = frozenset({"ticket", "application_token", "password"})
_SHOWN_BYTES = 24


class ShortRepr:
    """A `repr` without default values, secrets or long bytes."""

    __slots__ = ()

    def __repr__(self) -> str:
        shown, secrets = [], secrets_of(self)
        for field in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            value = getattr(self, field.name)
            if value != field.default:
                shown.append(f"{field.name}={_show(field.name, value, secrets)}")
        return f"{type(self).__name__}({', '.join(shown)})"


def secrets_of(message: object) -> tuple[str, ...]:
    """Return what a message holds that nobody may read, wherever else it stands as well."""
    values = (getattr(message, name, None) for name in SECRET_ATTRIBUTES)
    # What a strategy has drawn may be shown.
    return tuple(v for v in values if isinstance(v, str) and mask(v) != v)


def _show(name: str, value: Any, secrets: tuple[str, ...]) -> str:
    if name in SECRET_ATTRIBUTES and isinstance(value, str):
        return repr(mask(value))
    if type(value) is bytes and len(value) > _SHOWN_BYTES:
        return f"<{len(value):,} bytes>"
    if isinstance(value, str):
        return repr(hide(str(value), secrets))
    return hide(repr(value), secrets)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TimeZone(ShortRepr):
    """The TimeZone header block [WSDL, SoTimeZone].

    Attributes:
        id: SoTimeZoneId, xs:int; None means absent.
        location_code: SoTimeZoneLocationCode; None means nil or absent.
    """

    id: int | None = None
    location_code: str | None = None

    def to_values(self) -> dict[str, Any]:
        return {"SoTimeZoneId": self.id, "SoTimeZoneLocationCode": self.location_code}

    @classmethod
    def from_values(cls, values: Mapping[str, Any] | None) -> Self | None:
        if values is None:
            return None
        return cls(id=values["SoTimeZoneId"], location_code=values["SoTimeZoneLocationCode"])


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ExceptionInfo(ShortRepr):
    """The ExceptionInfo header block: why a call failed [WSDL, SoExceptionInfo].

    Attributes:
        message: For developers.
        stack_trace: Of the server.
        friendly_text: For users.
        exception_type: A .NET class name, `SuperOffice.Exceptions.SoSessionException`.
        source: The assembly that threw.
        inner_exception: What caused it, any depth.
        parameters: Pairs of key and value; None means nil or absent.
    """

    message: str | None = None
    stack_trace: str | None = None
    friendly_text: str | None = None
    exception_type: str | None = None
    source: str | None = None
    inner_exception: "ExceptionInfo | None" = None
    parameters: Pairs | None = None

    def to_values(self) -> dict[str, Any]:
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
