"""Our schemas and WSDL in the hands of the libraries that read them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xmlschema
import zeep
from lxml import etree

from pytest_soblob._xml import schemas as _schemas  # what is loaded, and how often
from pytest_soblob._xml.schemas import schema_file
from pytest_soblob.contract import OTHER_OPERATIONS
from pytest_soblob.errors import SoblobError
from pytest_soblob.names import NETSERVER, SERVICE_PATHS, SOAP11, SOAP12, WSDL, XSD
from pytest_soblob.stub.wsdl import served_schema, served_wsdl
from tests.once import Once

Judge = Callable[[str], bool]

XSD_FILES = [
    "netserver.xsd",
    "xml.xsd",
    "soap11.xsd",
    "soap12-parts.xsd",
    "soap12.xsd",
    "documented.xsd",
    "common-netserver.xsd",
    "common-request.xsd",
    "common-response.xsd",
]
OPERATIONS = {
    "BLOB": [
        "ChangePersonImage",
        "ChangeProjectImage",
        "GetBlobStream",
        "GetPersonImage",
        "GetProjectImage",
        "SaveImageStream",
    ],
    "SoPrincipal": ["AuthenticateUsernamePassword"],
}
# What each envelope's judge is compiled from.
JUDGES = {
    "soap11": (SOAP11, "soap11.xsd"),
    "soap12": (SOAP12, "soap12.xsd"),
    "documented": (SOAP12, "documented.xsd"),
}

PAGE_NAMESPACES = (
    f'xmlns:e="{SOAP12}" xmlns:b="{NETSERVER}" xmlns:xsd="{XSD}" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:unused="http://schemas.microsoft.com/2003/10/Serialization/"'
)
TOKEN = "<b:ApplicationToken>1234567-1234-9876</b:ApplicationToken>"
CREDENTIALS = "<b:Credentials><b:Ticket>7T:1234abcxyzExample==</b:Ticket></b:Credentials>"
TIME_ZONE = "<b:TimeZone><b:SoTimeZoneId>12</b:SoTimeZoneId></b:TimeZone>"
PAGE_OPERATION = (
    "<b:SaveImageStream>"
    '<b:Type xsi:type="b:BlobLinkType">PersonImage</b:Type>'
    '<b:Image xsi:type="xsd:base64Binary"></b:Image>'
    '<b:Description xsi:type="xsd:string"></b:Description>'
    "</b:SaveImageStream>"
)
PAGE_REPLY = (
    "<b:SaveImageStreamResponse>"
    '<b:Response xsi:type="xsd:int">0</b:Response>'
    "</b:SaveImageStreamResponse>"
)
TYPE = "<b:Type>PersonImage</b:Type>"
IMAGE = "<b:Image>iVBORw0KGgo=</b:Image>"
DESCRIPTION = "<b:Description>Ida</b:Description>"
CALL = f"<b:SaveImageStream>{TYPE}{IMAGE}{DESCRIPTION}</b:SaveImageStream>"
REPLY = "<b:SaveImageStreamResponse><b:Response>42</b:Response></b:SaveImageStreamResponse>"
FAILED = (
    "<b:ExceptionInfo><b:Message>no</b:Message><b:InnerException><b:Message>why</b:Message>"
    "</b:InnerException><b:Parameters><b:SoExceptionInfoParametersKeyValuePair><b:Key>k</b:Key>"
    '<b:Value xsi:nil="true"/></b:SoExceptionInfoParametersKeyValuePair></b:Parameters>'
    "</b:ExceptionInfo><b:ExtraInfo><b:ExtraInfoNameValuePair><b:Key>k</b:Key><b:Value>v</b:Value>"
    "</b:ExtraInfoNameValuePair></b:ExtraInfo><b:Succeeded>false</b:Succeeded>"
    '<b:TimeZone xsi:nil="1"/>'
)
FAULT11 = (
    '<e:Fault><faultcode>e:Client</faultcode><faultstring xml:lang="en">no</faultstring>'
    "<faultactor>urn:a</faultactor><detail><b:Anything/></detail></e:Fault>"
)
FAULT12 = (
    "<e:Fault><e:Code><e:Value>e:Sender</e:Value><e:Subcode><e:Value>b:Bad</e:Value></e:Subcode>"
    '</e:Code><e:Reason><e:Text xml:lang="en">no</e:Text></e:Reason><e:Node>urn:n</e:Node>'
    "<e:Role>urn:r</e:Role><e:Detail><b:Anything/></e:Detail></e:Fault>"
)


def envelope(content: str, *, soap: str = SOAP11, attributes: str = "") -> str:
    namespaces = PAGE_NAMESPACES.replace(SOAP12, soap)
    return f"<e:Envelope {namespaces} {attributes}>{content}</e:Envelope>"


def message(blocks: str, body: str) -> str:
    return f"<e:Header>{blocks}</e:Header><e:Body>{body}</e:Body>"


def call(*children: str) -> str:
    body = f"<b:SaveImageStream>{''.join(children)}</b:SaveImageStream>"
    return message(CREDENTIALS, body)


def driver(name: str) -> str:
    """A schema that brings an envelope and NetServer's names together."""
    namespace, file = JUDGES[name]
    imports = [(namespace, file), (NETSERVER, "netserver.xsd")]
    lines = (
        f'<xs:import namespace="{uri}" schemaLocation="{schema_file(file).as_uri()}"/>'
        for uri, file in imports
    )
    return f'<xs:schema xmlns:xs="{XSD}">{"".join(lines)}</xs:schema>'


@pytest.fixture(params=["lxml", "xmlschema"])
def judges(request: pytest.FixtureRequest, once: Once) -> dict[str, Judge]:
    def lxml_judge(name: str) -> Judge:
        schema = etree.XMLSchema(etree.fromstring(driver(name)))
        return lambda text: schema.validate(etree.fromstring(text))

    def xmlschema_judge(name: str) -> Judge:
        schema = xmlschema.XMLSchema(driver(name))
        return schema.is_valid

    make = lxml_judge if request.param == "lxml" else xmlschema_judge
    return once(("judges", request.param), lambda: {name: make(name) for name in JUDGES})


@pytest.mark.parametrize("name", XSD_FILES)
def test_every_schema_compiles_in_both_libraries(name: str) -> None:
    etree.XMLSchema(file=str(schema_file(name)))
    assert xmlschema.XMLSchema(str(schema_file(name))).built


def test_the_list_of_schemas_above_is_whole() -> None:
    folder = schema_file("netserver.xsd").parent
    assert sorted(XSD_FILES) == sorted(file.name for file in folder.glob("*.xsd"))


VALID = {
    "page request": ("documented", TOKEN + CREDENTIALS + f"<e:Body>{PAGE_OPERATION}</e:Body>"),
    "page response": ("documented", f"<e:Body>{PAGE_REPLY}</e:Body>"),
    "blocks in the other order": (
        "documented",
        CREDENTIALS + TOKEN + f"<e:Body>{PAGE_OPERATION}</e:Body>",
    ),
    "Header first": (
        "documented",
        f"<e:Header>{TIME_ZONE}</e:Header>{CREDENTIALS}<e:Body>{CALL}</e:Body>",
    ),
    "failure in Header": ("documented", message(FAILED, PAGE_REPLY)),
    "documented fault": ("documented", f"<e:Body>{FAULT12}</e:Body>"),
    "wsdl request": ("soap11", message(TOKEN + CREDENTIALS + TIME_ZONE, CALL)),
    "wsdl response": ("soap11", message("<b:Succeeded>true</b:Succeeded>", REPLY)),
    "wsdl failure": ("soap11", message(FAILED, REPLY)),
    "no Header": ("soap11", f"<e:Body>{CALL}</e:Body>"),
    "empty operation": ("soap11", call()),
    "SOAP 1.1 fault": ("soap11", f"<e:Body>{FAULT11}</e:Body>"),
    "unknown block": ("soap11", message('<w:To xmlns:w="urn:w">urn:x</w:To>', CALL)),
    "attributes on Body": (
        "soap11",
        f'<e:Body xmlns:w="urn:w" w:Id="b" e:actor="">{CALL}</e:Body>',
    ),
    "user facts": (
        "soap11",
        "<e:Body><b:AuthenticateResponse><b:Response><b:Associate>SAL0</b:Associate>"
        f"</b:Response>{CREDENTIALS}<b:AuthenticationSucceeded>true</b:AuthenticationSucceeded>"
        "</b:AuthenticateResponse></e:Body>",
    ),
    "SOAP 1.2 request": ("soap12", message(CREDENTIALS, CALL)),
    "SOAP 1.2 fault": ("soap12", f"<e:Body>{FAULT12}</e:Body>"),
    "SOAP's own block": (
        "soap12",
        message('<e:NotUnderstood qname="b:ApplicationToken"/>', FAULT12),
    ),
}


@pytest.mark.parametrize("case", VALID)
def test_valid(judges: dict[str, Judge], case: str) -> None:
    name, content = VALID[case]
    assert judges[name](envelope(content, soap=JUDGES[name][0]))


INVALID = {
    "child out of order": ("soap11", call(IMAGE, TYPE)),
    "child duplicate": ("soap11", call(TYPE, TYPE)),
    "child unknown": ("soap11", call(TYPE, IMAGE, "<b:Text/>")),
    "child unqualified": ("soap11", call("<Type>PersonImage</Type>")),
    "link type unknown": ("soap11", call("<b:Type>personImage</b:Type>")),
    "link type by number": ("soap11", call("<b:Type>1</b:Type>")),
    "Type nil": ("soap11", call('<b:Type xsi:nil="true"/>')),
    "xsi:type of another type": (
        "soap11",
        call('<b:Type xsi:type="xsd:string">Thumbnail</b:Type>'),
    ),
    "Response not a number": ("soap11", message("", REPLY.replace("42", "x"))),
    "Response too large": ("soap11", message("", REPLY.replace("42", "2147483648"))),
    "Succeeded nil": ("soap11", message('<b:Succeeded xsi:nil="true"/>', REPLY)),
    "pair without Value": (
        "soap11",
        message(FAILED.replace("<b:Value>v</b:Value>", ""), REPLY),
    ),
    "Credentials with a stranger": (
        "soap11",
        message("<b:Credentials><b:Token/></b:Credentials>", CALL),
    ),
    "block outside Header": ("soap11", f"{CREDENTIALS}<e:Body>{CALL}</e:Body>"),
    "block unqualified": ("soap11", message("<Credentials/>", CALL)),
    "after Body": ("soap11", f"<e:Body>{CALL}</e:Body>{CREDENTIALS}"),
    "Header after Body": ("soap11", f"<e:Body>{CALL}</e:Body><e:Header/>"),
    "two Bodies": ("soap11", f"<e:Body>{CALL}</e:Body><e:Body/>"),
    "no Body": ("soap11", f"<e:Header>{CREDENTIALS}</e:Header>"),
    "unqualified attribute on Body": ("soap11", f'<e:Body id="b">{CALL}</e:Body>'),
    "fault children out of order": (
        "soap11",
        "<e:Body><e:Fault><faultstring>no</faultstring><faultcode>e:Client</faultcode></e:Fault>"
        "</e:Body>",
    ),
    "fault children qualified": (
        "soap11",
        "<e:Body><e:Fault><e:faultcode>e:Client</e:faultcode><e:faultstring>no</e:faultstring>"
        "</e:Fault></e:Body>",
    ),
    "encodingStyle on Body": (
        "soap12",
        f'<e:Body e:encodingStyle="{SOAP12}">{CALL}</e:Body>',
    ),
    "SOAP 1.2 fault without language": (
        "soap12",
        f"<e:Body>{FAULT12}</e:Body>".replace(' xml:lang="en"', ""),
    ),
    "SOAP 1.2 fault of another code": (
        "soap12",
        f"<e:Body>{FAULT12.replace('e:Sender', 'e:Client')}</e:Body>",
    ),
    "SOAP 1.2 block outside Header": ("soap12", f"{CREDENTIALS}<e:Body>{CALL}</e:Body>"),
    "documented, after Body": ("documented", f"<e:Body>{CALL}</e:Body>{CREDENTIALS}"),
    "documented, foreign after Body": ("documented", f"<e:Body>{CALL}</e:Body><w xmlns='urn:w'/>"),
    "documented, block duplicate": (
        "documented",
        f"{CREDENTIALS}{TOKEN}{CREDENTIALS}<e:Body>{CALL}</e:Body>",
    ),
    "documented, Header last": (
        "documented",
        f"{CREDENTIALS}<e:Header/><e:Body>{CALL}</e:Body>",
    ),
    "documented, foreign child": ("documented", f"<w xmlns='urn:w'/><e:Body>{CALL}</e:Body>"),
    "documented, out of order": ("documented", call(IMAGE, TYPE)),
}


@pytest.mark.parametrize("case", INVALID)
def test_invalid(judges: dict[str, Judge], case: str) -> None:
    name, content = INVALID[case]
    assert not judges[name](envelope(content, soap=JUDGES[name][0]))


@pytest.mark.parametrize(
    ("soap", "attributes", "valid"),
    [
        (SOAP11, 'xmlns:w="urn:w" w:any="thing"', True),
        (SOAP11, 'e:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"', True),
        (SOAP11, 'any="thing"', False),
        (SOAP12, 'xmlns:w="urn:w" w:any="thing"', True),
        (SOAP12, 'e:encodingStyle="http://www.w3.org/2003/05/soap-encoding"', False),
    ],
)
def test_attributes_of_envelope(
    judges: dict[str, Judge], soap: str, attributes: str, valid: bool
) -> None:
    text = envelope(f"<e:Body>{CALL}</e:Body>", soap=soap, attributes=attributes)
    assert judges["soap11" if soap == SOAP11 else "soap12"](text) is valid


def zeep_port(wsdl: Path) -> Any:
    client_class: Any = zeep.Client
    client = client_class(str(wsdl))
    (service,) = client.wsdl.services.values()
    (port,) = service.ports.values()
    return port


@pytest.mark.parametrize("service", OPERATIONS)
def test_zeep_loads_the_wsdl_file(service: str) -> None:
    port = zeep_port(schema_file(f"{service}.wsdl"))
    assert port.name == f"BasicHttpBinding_{service}"
    assert sorted(port.binding._operations) == OPERATIONS[service]
    address = port.binding_options["address"]
    assert address == "https://netserver.invalid/Cust12345" + SERVICE_PATHS[service]


@pytest.mark.parametrize("service", OPERATIONS)
def test_zeep_loads_the_served_wsdl(service: str, tmp_path: Path) -> None:
    address = "http://127.0.0.1:8080/a&b" + SERVICE_PATHS[service]
    file = tmp_path / "served.wsdl"  # alone in its folder: nothing else may be needed
    file.write_bytes(served_wsdl(service, address))
    port = zeep_port(file)
    assert port.binding_options["address"] == address
    others = [o.name for o in OTHER_OPERATIONS.values() if o.service == service]
    assert sorted(port.binding._operations) == sorted([*OPERATIONS[service], *others])


@pytest.mark.parametrize("service", OPERATIONS)
def test_nothing_in_the_served_wsdl_has_a_name_twice(service: str) -> None:
    root = etree.fromstring(served_wsdl(service, "http://127.0.0.1/"))
    for parent in root.iter(f"{{{WSDL}}}*", f"{{{XSD}}}schema"):
        named = [(child.tag, child.get("name")) for child in parent if child.get("name")]
        assert len(named) == len(set(named))


def canonical(element: etree._Element | None) -> bytes:
    assert element is not None
    return etree.tostring(element, method="c14n2", strip_text=True)


def test_the_served_schema_is_the_one_in_the_wsdl_and_compiles() -> None:
    wsdl = etree.fromstring(served_wsdl("BLOB", "http://127.0.0.1/"))
    inside = wsdl.find(f"{{{WSDL}}}types/{{{XSD}}}schema")
    served = etree.fromstring(served_schema("BLOB"))
    assert canonical(served) == canonical(inside)
    schema = etree.XMLSchema(served)
    right = f'<SaveImageStream xmlns="{NETSERVER}"><Type>PersonImage</Type></SaveImageStream>'
    assert schema.validate(etree.fromstring(right))
    assert not schema.validate(etree.fromstring(right.replace("PersonImage", "Person")))
    anything = f'<GetBlobEntity xmlns="{NETSERVER}" a="1">text<b xmlns=""/></GetBlobEntity>'
    assert schema.validate(etree.fromstring(anything))


def test_zeep_knows_the_link_types_and_the_header_blocks(tmp_path: Path) -> None:
    file = tmp_path / "served.wsdl"
    file.write_bytes(served_wsdl("BLOB", "http://127.0.0.1/"))
    operation = zeep_port(file).binding.get("SaveImageStream")
    assert operation.input.signature() == (
        "Type: ns0:BlobLinkType, Image: xsd:base64Binary, Description: xsd:string, "
        "_soapheaders={ApplicationToken: xsd:string, Credentials: ns0:SoCredentials, "
        "TimeZone: ns0:SoTimeZone}"
    )


def test_the_served_wsdl_is_one_utf8_document_without_imports() -> None:
    data = served_wsdl("BLOB", "http://127.0.0.1/å")
    assert data.startswith(b"<?xml version='1.0' encoding='UTF-8'?>")
    root = etree.fromstring(data)
    assert not list(root.iter(f"{{{XSD}}}import", f"{{{WSDL}}}import"))
    schemas = root.findall(f"{{{WSDL}}}types/{{{XSD}}}schema")
    assert [schema.get("targetNamespace") for schema in schemas] == [NETSERVER]
    assert "http://127.0.0.1/å".encode() in data


def test_the_cached_wsdl_does_not_keep_an_address() -> None:
    first = served_wsdl("BLOB", "http://127.0.0.1:1/")
    assert b"http://127.0.0.1:2/" in served_wsdl("BLOB", "http://127.0.0.1:2/")
    assert served_wsdl("BLOB", "http://127.0.0.1:1/") == first


def test_an_unknown_service_is_an_error() -> None:
    with pytest.raises(SoblobError, match="BLOB, SoPrincipal, got 'Blob'"):
        served_wsdl("Blob", "http://127.0.0.1/")


def test_the_packaged_copy_comes_before_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "package"
    package.mkdir()
    monkeypatch.setattr(_schemas, "__file__", str(package / "_xml" / "schemas.py"))
    copies = [tmp_path / "schemas" / "a.xsd", package / "schemas" / "a.xsd"]
    with pytest.raises(SoblobError) as caught:
        schema_file("a.xsd")
    assert all(str(copy) in str(caught.value) for copy in copies)
    for copy in copies:
        copy.parent.mkdir()
        copy.touch()
        assert schema_file("a.xsd") == copy
