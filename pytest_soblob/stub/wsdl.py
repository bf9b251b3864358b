"""The WSDL of a service as the stub serves it: self-contained, with all operations."""

from copy import deepcopy
from functools import cache
from html import escape
from typing import Final

from lxml import etree
from lxml.builder import ElementMaker

from pytest_soblob._xml import document as _xml
from pytest_soblob._xml.schemas import schema_file
from pytest_soblob.contract import OTHER_OPERATIONS, Operation
from pytest_soblob.errors import SoblobError
from pytest_soblob.names import SERVICE_PATHS, WSDL, WSDL_ADDRESSING, WSDL_SOAP, XSD

W: Final = ElementMaker(namespace=WSDL)
S: Final = ElementMaker(namespace=WSDL_SOAP)
X: Final = ElementMaker(namespace=XSD)
_PLACEHOLDER: Final = "address-of-the-service"
_ACTION: Final = f"{{{WSDL_ADDRESSING}}}Action"


def served_wsdl(service: str, address: str) -> bytes:
    """Return a service's WSDL as one self-contained document with that address.

    It has all operations of the vendor's Services86 WSDL. For those that the kit knows by name
    only, the body elements may have any content, and a call is answered with ActionNotSupported. A
    client that was generated from the vendor's WSDL and reads the served one at run time, as JAX-WS
    does, does not accept a WSDL that lacks an operation.

    Args:
        service: "BLOB" or "SoPrincipal".
        address: URL for `soap:address`.

    Raises:
        SoblobError: There is no such service.
    """
    if service not in SERVICE_PATHS:
        raise SoblobError(f"service must be one of {', '.join(SERVICE_PATHS)}, got {service!r}")
    before, after = _around_address(service)
    return before + escape(address, quote=True).encode() + after


def served_schema(service: str) -> bytes:
    """Return the XML Schema of a service's WSDL as a document of its own."""
    schema = next(_self_contained(service).iter(f"{{{XSD}}}schema"))
    return etree.tostring(schema, encoding="UTF-8", xml_declaration=True, with_tail=False)


def help_page(service: str, address: str) -> bytes:
    """Return the HTML page at the bare URL of a service, which links to its WSDL.

    A WCF host has such a page with the same two links, by which tools find the WSDL.

    Args:
        service: "BLOB" or "SoPrincipal".
        address: URL of the service.
    """
    url, name = escape(address, quote=True), f"{service} Service"
    links = "".join(
        f'<li><a href="{url}?{query}">{url}?{query}</a></li>' for query in ("wsdl", "singleWsdl")
    )
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{name}</title></head>'
        f"<body><h1>{name}</h1><p>This is a stub of {service}.svc: POST SOAP envelopes to "
        f"{url}</p><p>Its WSDL, with the XML Schema in it:</p><ul>{links}</ul></body></html>\n"
    ).encode()


@cache
def _around_address(service: str) -> tuple[bytes, bytes]:
    """Return the WSDL before and after the address; cached, since serialising takes 1 ms."""
    root = deepcopy(_self_contained(service))
    for element in root.iter(f"{{{WSDL_SOAP}}}address"):
        element.set("location", _PLACEHOLDER)
    text = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    before, _, after = text.partition(_PLACEHOLDER.encode())
    return before, after


@cache
def _self_contained(service: str) -> etree._Element:
    """Parse a WSDL, replace the import by the schema, and add the other operations."""
    root = _xml.parse_trusted(schema_file(f"{service}.wsdl"))
    types = root.find(f"{{{WSDL}}}types")
    imports = root.find(f"{{{WSDL}}}types/{{{XSD}}}schema")
    if types is None or imports is None:
        raise SoblobError(f"{schema_file(f'{service}.wsdl')} has no schema in wsdl:types")
    schema = _xml.parse_trusted(schema_file("netserver.xsd"))
    types.replace(imports, schema)
    for operation in OTHER_OPERATIONS.values():
        if operation.service == service:
            _add_operation(operation, root, schema)
    return root


def _add_operation(operation: Operation, root: etree._Element, schema: etree._Element) -> None:
    """Add an operation known by name only: messages, port type, binding, untyped elements.

    Its header blocks are left out: with them zeep and suds take twice the time for the whole WSDL,
    and a client that sends them gets the same answer.
    """
    name, action, response = operation.name, operation.soap_action, operation.response_element
    sides = (
        (W.input, f"{name}Request", name, action),
        (W.output, response, response, f"{action}Response"),
    )
    abstract = W.operation(name=name)
    bound = W.operation(S.operation(style="document", soapAction=action), name=name)
    for side, message, element, wsaw_action in sides:
        abstract.append(side({_ACTION: wsaw_action, "name": message, "message": f"tns:{message}"}))
        bound.append(side(S.body(use="literal"), name=message))
        if not _has(
            root, f"{{{WSDL}}}message", message
        ):  # several log-in operations share a response
            part = W.part(name="parameters", element=f"tns:{element}")
            _first(root, "portType").addprevious(W.message(part, name=message))
        if not _has(schema, f"{{{XSD}}}element", element):
            schema.append(X.element(name=element))  # without a type, so any content is allowed
    _first(root, "portType").append(abstract)
    _first(root, "binding").append(bound)


def _has(parent: etree._Element, tag: str, name: str) -> bool:
    return any(child.get("name") == name for child in parent.iterchildren(tag))


def _first(root: etree._Element, local_name: str) -> etree._Element:
    return next(root.iterchildren(f"{{{WSDL}}}{local_name}"))
