"""From the documents of a WSDL to a description: names resolved, the version levelled."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlsplit

from lxml import etree

from pytest_soblob._text import ascii_controls, quote
from pytest_soblob.conformance.description import Description, OperationDescription, Part
from pytest_soblob.conformance.elements import Index
from pytest_soblob.conformance.sources import Documents
from pytest_soblob.contract import OPERATIONS
from pytest_soblob.errors import SoblobError
from pytest_soblob.names import WSDL, WSDL_ADDRESSING, WSDL_SOAP, WSDL_SOAP12

_W: Final = f"{{{WSDL}}}"
_BINDINGS: Final = {"1.1": WSDL_SOAP, "1.2": WSDL_SOAP12}
_VERSION: Final = re.compile(r"\bServices(\d\d)\b")
_DIGITS: Final = re.compile(r"[0-9][0-9]")
_MOST_PORTS: Final = 200
_SERVICES: Final = frozenset(operation.service for operation in OPERATIONS.values())


def read_description(documents: Documents, version: str | None = None) -> Description:
    """Return what the documents say of the operations of the contract.

    Args:
        documents: All documents.
        version: Version that the namespaces must have, such as `86`, or None for any.

    Raises:
        SoblobError: A reference leads nowhere, there is no operation of the contract, or the
            version is another one.
    """
    given: object = version
    if given is not None and not (isinstance(given, str) and _DIGITS.fullmatch(given)):
        raise SoblobError(f"the version must be two digits, such as '86', not {given!r:.40}")
    versions = sorted({_version(root) for root in documents.definitions} - {""})
    listed = ", ".join(f"Services{one}" for one in versions) or "no version"
    if version is not None and version not in versions:
        raise SoblobError(f"this is not Services{version}: its namespace has {listed}")
    if version is None and len(versions) > 1:
        raise SoblobError(f"these are several versions ({listed}): choose one with --version")
    chosen = version or "".join(versions)
    roots = [one for one in documents.definitions if _version(one) in (chosen, "")]
    reader = _Reader(Index(level=_leveller(chosen)))
    reader.index.add(replace(documents, definitions=roots))
    for root in roots:
        for port in root.iterfind(f"{_W}service/{_W}port"):
            reader.read_port(port)
    return reader.description(chosen)


def _version(root: etree._Element) -> str:
    found = _VERSION.search(root.get("targetNamespace") or "")
    return "" if found is None else found[1]


def _leveller(version: str) -> Callable[[str], str]:
    """Return a function that replaces this version, and no other, in namespaces and addresses."""
    if not version:
        return str
    pattern = re.compile(rf"\bServices{version}\b")
    return lambda text: pattern.sub("ServicesNN", text)


@dataclass(slots=True)
class _Reader:
    """Collects what the ports of a WSDL say."""

    index: Index
    operations: dict[str, OperationDescription] = field(default_factory=dict)
    addresses: set[str] = field(default_factory=set)
    more: set[str] = field(default_factory=set)
    others: dict[str, str] = field(default_factory=dict)
    ports: int = 0

    def read_port(self, port: etree._Element) -> None:
        """Read a port with its binding, if that is one of SOAP."""
        self.ports += 1
        if self.ports > _MOST_PORTS:
            raise SoblobError(f"the WSDL has more than {_MOST_PORTS} ports")
        binding = self.index.find("binding", port, port.get("binding") or "")
        name = ascii_controls(binding.get("name") or "")
        soap = next((one for one in _BINDINGS if _is_bound(binding, one)), "")
        if not soap:
            self.others[name] = "no SOAP"
            return
        address = port.find(f"{{{_BINDINGS[soap]}}}address")
        location = "" if address is None else address.get("location") or ""
        found = list(_read_binding(self.index, binding, soap, _service_of(location), self.more))
        if soap == "1.2":
            self.others[name] = "SOAP 1.2"
        if found or _service_of(location) in _SERVICES:
            self.addresses.add(self.index.level(_path_of(location)))
        for one in found:
            if one.name not in self.operations or soap == "1.1":
                self.operations[one.name] = one

    def description(self, version: str) -> Description:
        """Return what was read.

        Raises:
            SoblobError: Nothing in it is of the contract.
        """
        if not self.operations and not self.addresses:
            listed = ", ".join(OPERATIONS)
            raise SoblobError(f"no operation of the contract is bound to SOAP here: {listed}")
        has_soap11 = any(one.soap == "1.1" for one in self.operations.values())
        return Description(
            version=version,
            addresses=tuple(sorted(self.addresses)),
            operations=self.operations,
            more=tuple(sorted(self.more)),
            others=tuple(
                f"{name} ({kind})"
                for name, kind in sorted(self.others.items())
                if has_soap11 or kind != "SOAP 1.2"  # else each operation says so itself
            ),
        )


def _is_bound(binding: etree._Element, soap: str) -> bool:
    return binding.find(f"{{{_BINDINGS[soap]}}}binding") is not None


def _path_of(location: str) -> str:
    """Return the path from `Remote` on, since each installation has its own host and tenant."""
    path = _split(location)
    at = path.find("/Remote/")
    return path[at:] if at >= 0 else path


def _service_of(location: str) -> str:
    name = _split(location).rpartition("/")[2]
    return name.removesuffix(".svc") if name.endswith(".svc") else ""


def _split(location: str) -> str:
    try:
        return ascii_controls(urlsplit(location.strip()).path)
    except ValueError:
        raise SoblobError(f"the address {quote(location)} is no URL") from None


def _read_binding(
    index: Index, binding: etree._Element, soap: str, service: str, more: set[str]
) -> Iterator[OperationDescription]:
    """Yield the operations of the contract; add the names of others to `more`."""
    uri = _BINDINGS[soap]
    whole = binding.find(f"{{{uri}}}binding")
    style = "document" if whole is None else whole.get("style") or "document"
    port_type = index.find("portType", binding, binding.get("type") or "")
    abstract = {one.get("name"): one for one in port_type.iterchildren(f"{_W}operation")}
    for bound in binding.iterchildren(f"{_W}operation"):
        name = bound.get("name") or ""
        if name not in OPERATIONS:
            more.add(ascii_controls(name))
            continue
        if name not in abstract:
            raise SoblobError(f"the operation {name} is bound and is not in the port type")
        detail = bound.find(f"{{{uri}}}operation")
        request = _Side(index, uri, bound.find(f"{_W}input"), abstract[name], "input")
        response = _Side(index, uri, bound.find(f"{_W}output"), abstract[name], "output")
        yield OperationDescription(
            name=name,
            service=service,
            action="" if detail is None else index.level(detail.get("soapAction") or ""),
            output_action=index.level(response.action),
            style=style if detail is None else detail.get("style") or style,
            use=request.use,
            response_use=response.use,
            soap=soap,
            request=request.body(),
            response=response.body(),
            request_blocks=request.blocks(),
            response_blocks=response.blocks(),
        )


class _Side:
    """The input or the output of an operation.

    Args:
        index: All named parts.
        uri: Namespace of the SOAP binding.
        bound: The side in the binding, or None where it is missing.
        operation: The operation in the port type.
        side: `input` or `output`.
    """

    def __init__(
        self,
        index: Index,
        uri: str,
        bound: etree._Element | None,
        operation: etree._Element,
        side: str,
    ) -> None:
        self._index = index
        self._uri = uri
        self._bound = bound
        self._abstract = operation.find(f"{_W}{side}")
        self._name = f"{operation.get('name')}, {side}"

    @property
    def action(self) -> str:
        """The WS-Addressing action, or empty for none."""
        found = self._abstract
        return "" if found is None else found.get(f"{{{WSDL_ADDRESSING}}}Action") or ""

    @property
    def use(self) -> str:
        """`literal` or `encoded`."""
        body = None if self._bound is None else self._bound.find(f"{{{self._uri}}}body")
        return "literal" if body is None else body.get("use") or "literal"

    def body(self) -> Part:
        """Return the wrapper element, or one without a name if the side is missing.

        Raises:
            SoblobError: The message is not one part with an element.
        """
        if self._abstract is None:
            return Part(name="")
        parts = self._parts(self._abstract)
        if len(parts) != 1 or parts[0].get("element") is None:
            raise SoblobError(f"{self._name}: its message is not one part with an element")
        return self._index.element(parts[0], parts[0].get("element") or "")

    def blocks(self) -> tuple[Part, ...]:
        """Return the header blocks, by name."""
        if self._bound is None:
            return ()
        found = [
            self._index.element(part, part.get("element") or "")
            for header in self._bound.iterchildren(f"{{{self._uri}}}header")
            for part in self._parts(header)
            if part.get("name") == header.get("part") and part.get("element") is not None
        ]
        return tuple(sorted(found, key=lambda part: part.name))

    def _parts(self, holder: etree._Element) -> Sequence[etree._Element]:
        message = self._index.find("message", holder, holder.get("message") or "")
        return list(message.iterchildren(f"{_W}part"))
