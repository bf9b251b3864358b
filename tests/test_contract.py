"""`contract.py` says what `schemas/` says, read here with lxml alone."""

from pathlib import Path

import pytest
from lxml import etree

from pytest_soblob.contract import (
    COMPLEX_TYPES,
    OPEN_TYPES,
    OPERATIONS,
    BlobLinkType,
    Operation,
    Particle,
)

SCHEMAS = Path(__file__).parents[1] / "schemas"
XSD = "{http://www.w3.org/2001/XMLSchema}"
WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"
TYPES = etree.parse(SCHEMAS / "netserver.xsd").getroot()
WSDLS = {name: etree.parse(SCHEMAS / f"{name}.wsdl").getroot() for name in ("BLOB", "SoPrincipal")}


def local(qname: str | None) -> str:
    return (qname or "").rpartition(":")[2]


def particle(element: etree._Element) -> Particle:
    most = element.get("maxOccurs", "1")
    return Particle(
        element.get("name") or "",
        local(element.get("type")) or "KeyValuePair",  # the pairs' types have no name
        nillable=element.get("nillable") == "true",
        min_occurs=int(element.get("minOccurs", "1")),
        max_occurs=None if most == "unbounded" else int(most),
    )


def sequence(owner: etree._Element | None) -> tuple[Particle, ...]:
    assert owner is not None
    found = owner.find(f"{XSD}sequence")
    return () if found is None else tuple(map(particle, found.findall(f"{XSD}element")))


def wrapper(name: str) -> tuple[Particle, ...]:
    return sequence(TYPES.find(f"{XSD}element[@name='{name}']/{XSD}complexType"))


def block(name: str) -> Particle:
    found = TYPES.find(f"{XSD}element[@name='{name}']")
    assert found is not None
    return Particle(name, local(found.get("type")), nillable=found.get("nillable") == "true")


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_operation(operation: Operation) -> None:
    assert wrapper(operation.name) == operation.parts
    assert wrapper(operation.response_element) == operation.results
    found = WSDLS[operation.service].find(
        f"{WSDL}binding/{WSDL}operation[@name='{operation.name}']"
    )
    assert found is not None
    action = found.find(f"{SOAP}operation")
    assert action is not None
    assert action.get("soapAction") == operation.soap_action
    for side, blocks in (
        ("input", operation.request_blocks), ("output", operation.response_blocks),
    ):  # fmt: skip
        headers = found.findall(f"{WSDL}{side}/{SOAP}header")
        assert {header.get("part") for header in headers} == {b.name for b in blocks}
        assert tuple(block(b.name) for b in blocks) == blocks


def test_every_operation_of_the_wsdls_is_known() -> None:
    named = {
        str(found.get("name"))
        for wsdl in WSDLS.values()
        for found in wsdl.findall(f"{WSDL}binding/{WSDL}operation")
    }
    assert named == set(OPERATIONS)


@pytest.mark.parametrize("name", [name for name in COMPLEX_TYPES if name != "KeyValuePair"])
def test_complex_type(name: str) -> None:
    assert sequence(TYPES.find(f"{XSD}complexType[@name='{name}']")) == COMPLEX_TYPES[name]


@pytest.mark.parametrize(
    "name", ["SoExceptionInfoParametersKeyValuePair", "ExtraInfoNameValuePair"]
)
def test_pairs(name: str) -> None:
    found = TYPES.find(f".//{XSD}element[@name='{name}']/{XSD}complexType")
    assert sequence(found) == COMPLEX_TYPES["KeyValuePair"]


def test_link_types_and_open_types() -> None:
    values = TYPES.findall(f"{XSD}simpleType[@name='BlobLinkType']//{XSD}enumeration")
    assert [value.get("value") for value in values] == list(BlobLinkType)
    assert len(BlobLinkType) == 16
    for name in OPEN_TYPES:
        assert TYPES.find(f"{XSD}complexType[@name='{name}']//{XSD}any") is not None
