"""Where `schemas/` lies, and the WSDL as the stub serves it."""

from copy import deepcopy
from functools import cache
from pathlib import Path

from lxml import etree

from pytest_soblob import _xml
from pytest_soblob.errors import SoblobError
from pytest_soblob.names import SERVICE_PATHS, WSDL, WSDL_SOAP, XSD


def schema_file(name: str) -> Path:
    """Return the path of a file of `schemas/`: the packaged copy, else the checkout's.

    Raises:
        SoblobError: It is in neither place.
    """
    here = Path(__file__)
    packaged = here.with_name("schemas") / name
    checkout = here.parents[1] / "schemas" / name
    for file in (packaged, checkout):
        if file.is_file():
            return file
    raise SoblobError(f"schema file {name!r} is neither at {packaged} nor at {checkout}")


def served_wsdl(service: str, address: str) -> bytes:
    """Return a service's WSDL as one self-contained document with that address.

    Args:
        service: "BLOB" or "SoPrincipal".
        address: The URL that `soap:address` is to have.

    Raises:
        SoblobError: There is no such service.
    """
    if service not in SERVICE_PATHS:
        raise SoblobError(f"service must be one of {', '.join(SERVICE_PATHS)}, got {service!r}")
    root = deepcopy(_self_contained(service))  # the cached tree serves every thread
    for element in root.iter(f"{{{WSDL_SOAP}}}address"):
        element.set("location", address)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


@cache
def _self_contained(service: str) -> etree._Element:
    """Parse a WSDL and put the schema that it imports in the place of the import."""
    root = _xml.parse_trusted(schema_file(f"{service}.wsdl"))
    types = root.find(f"{{{WSDL}}}types")
    imports = root.find(f"{{{WSDL}}}types/{{{XSD}}}schema")
    if types is None or imports is None:
        raise SoblobError(f"{schema_file(f'{service}.wsdl')} has no schema in wsdl:types")
    types.replace(imports, _xml.parse_trusted(schema_file("netserver.xsd")))
    return root
