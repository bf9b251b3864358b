"""What a WSDL says of a service, as plain data that can be compared and written to a file."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from pytest_soblob._text import clip
from pytest_soblob.errors import SoblobError

ANY: Final = "(any element)"  # the name of the part that stands for open content


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One element of a message.

    Attributes:
        name: The local name.
        namespace: The namespace, with the service's version as `ServicesNN`.
        type: The name of the type, with the prefix `xs:` for one of XML Schema; empty for one
            without a name.
        min_occurs: The least number of times it occurs.
        max_occurs: The largest number, or None for no limit.
        nillable: Whether `xsi:nil` is allowed.
        values: The allowed values of an enumeration, or None for no enumeration.
        facets: What else restricts the value, such as `maxLength 50`.
        children: The elements inside, in their order; none for a type inside itself.
        order: `sequence`, `choice`, `all`, or empty for a simple type.
    """

    name: str
    namespace: str = ""
    type: str = ""
    min_occurs: int = 1
    max_occurs: int | None = 1
    nillable: bool = False
    values: tuple[str, ...] | None = None
    facets: tuple[str, ...] = ()
    children: "tuple[Part, ...]" = ()
    order: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationDescription:
    """One operation.

    Attributes:
        name: Its name.
        service: `BLOB`, `SoPrincipal`, or empty where the address names neither.
        action: The SOAPAction of the request.
        output_action: The WS-Addressing action of the response, or empty for none.
        style: `document` or `rpc`.
        use: `literal` or `encoded`, of the request.
        response_use: The same of the response.
        soap: `1.1` or `1.2`.
        request: The wrapper element of the request.
        response: The wrapper element of the response.
        request_blocks: The header blocks of the request.
        response_blocks: The header blocks of the response.
    """

    name: str
    service: str = ""
    action: str = ""
    output_action: str = ""
    style: str = "document"
    use: str = "literal"
    response_use: str = "literal"
    soap: str = "1.1"
    request: Part
    response: Part
    request_blocks: tuple[Part, ...] = ()
    response_blocks: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """Everything that is compared.

    Attributes:
        version: The version in namespaces and addresses, such as `86`; empty for none.
        addresses: The paths at which the services listen, with `ServicesNN`, without the tenant.
        operations: Those of the contract by name; of an operation with several bindings the one of
            SOAP 1.1.
        more: The names of operations that are not in the contract.
        others: The names of bindings of other protocols, such as SOAP 1.2 beside SOAP 1.1.
    """

    version: str = ""
    addresses: tuple[str, ...] = ()
    operations: Mapping[str, OperationDescription]
    more: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the keys and values of a lock file."""
        return {
            "version": self.version,
            "addresses": list(self.addresses),
            "others": list(self.others),
            "more": list(self.more),
            "operations": {name: asdict(self.operations[name]) for name in sorted(self.operations)},
        }

    @classmethod
    def from_json(cls, data: Any) -> "Description":
        """Return what `to_json` has written.

        Raises:
            SoblobError: It is something else.
        """
        try:
            return cls(
                version=str(data["version"]),
                addresses=tuple(map(str, data["addresses"])),
                others=tuple(map(str, data["others"])),
                more=tuple(map(str, data["more"])),
                operations={str(name): _operation(one) for name, one in data["operations"].items()},
            )
        except KeyError as error:
            raise SoblobError(f"it lacks {clip(str(error), 100)}") from None
        except (TypeError, AttributeError, ValueError, ArithmeticError):
            raise SoblobError("a value in it is of another kind") from None
        except RecursionError:
            raise SoblobError("its elements are nested too deep") from None


def _operation(data: Mapping[str, Any]) -> OperationDescription:
    parts = {name: _part(data[name]) for name in ("request", "response")}
    blocks = {name: _parts(data[name]) for name in ("request_blocks", "response_blocks")}
    plain = {
        name: str(data[name])
        for name in (
            *("name", "service", "action", "output_action", "style"),
            *("use", "response_use", "soap"),
        )
    }
    return OperationDescription(**plain, **parts, **blocks)  # type: ignore[arg-type]


def _part(data: Mapping[str, Any]) -> Part:
    values = data["values"]
    return Part(
        name=str(data["name"]),
        namespace=str(data["namespace"]),
        type=str(data["type"]),
        min_occurs=int(data["min_occurs"]),
        max_occurs=None if data["max_occurs"] is None else int(data["max_occurs"]),
        nillable=bool(data["nillable"]),
        values=None if values is None else tuple(map(str, values)),
        facets=tuple(map(str, data["facets"])),
        children=_parts(data["children"]),
        order=str(data["order"]),
    )


def _parts(data: Sequence[Mapping[str, Any]]) -> tuple[Part, ...]:
    return tuple(map(_part, data))
