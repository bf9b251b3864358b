"""Our WSDL and XSD mean the same as the vendor's, as far as ours go.

Both sides are read into plain facts, keyed by what they are about, and compared key by key. Left
out on purpose: annotations, the content of SoPrincipalCarrier (ours is open), the host of the
address, and whatever the vendor has that ours do not.
"""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from lxml import etree

from pytest_soblob._xml.schemas import schema_file  # the files as installed
from pytest_soblob.names import NETSERVER, WSDL, WSDL_SOAP, XSD
from pytest_soblob.stub.wsdl import served_wsdl

Element = etree._Element
Shape = tuple[object, ...]
Facts = dict[str, object]

VENDOR = Path(__file__).parents[3] / "shared" / "vendor"
SERVICES = ("BLOB", "SoPrincipal")
W, S, X = f"{{{WSDL}}}", f"{{{WSDL_SOAP}}}", f"{{{XSD}}}"
ACTION = "{http://www.w3.org/2006/05/addressing/wsdl}Action"
QNAME_ATTRIBUTES = {"type", "ref", "base", "element", "message", "binding"}
OCCURRENCE = {"minOccurs": "1", "maxOccurs": "1"}
DEFAULTS = {"element": OCCURRENCE | {"nillable": "false"}, "sequence": OCCURRENCE}
OPEN_TYPE = "complexType SoPrincipalCarrier"


def resolve(element: Element, value: str) -> str:
    prefix, _, local = value.rpartition(":")
    return f"{{{element.nsmap[prefix or None]}}}{local}"


def attributes(element: Element) -> dict[str, str]:
    return {
        str(name): resolve(element, str(value)) if name in QNAME_ATTRIBUTES else str(value)
        for name, value in element.attrib.items()
    }


def shape(component: Element) -> Shape:
    """A schema component by value: defaults filled in, names resolved, annotations left out."""
    local = etree.QName(component).localname
    own = DEFAULTS.get(local, {}) | attributes(component)
    children = (shape(child) for child in component.iterchildren("{*}*"))
    return (
        local,
        tuple(sorted(own.items())),
        *(child for child in children if child[0] != "annotation"),
    )


def schema_facts(schema: Element) -> Iterator[tuple[str, object]]:
    yield "elementFormDefault", schema.get("elementFormDefault", "unqualified")
    yield "attributeFormDefault", schema.get("attributeFormDefault", "unqualified")
    for component in schema.iterchildren(f"{X}element", f"{X}complexType", f"{X}simpleType"):
        key = f"{etree.QName(component).localname} {component.get('name')}"
        yield key, "open" if key == OPEN_TYPE else shape(component)


def interface_facts(wsdl: Element) -> Iterator[tuple[str, object]]:
    yield "definitions", (wsdl.get("name"), wsdl.get("targetNamespace"))
    for message in wsdl.iterchildren(f"{W}message"):
        parts = [attributes(part) for part in message.iterchildren(f"{W}part")]
        yield f"message {message.get('name')}", parts
    for port_type in wsdl.iterchildren(f"{W}portType"):
        for operation in port_type.iterchildren(f"{W}operation"):
            key = f"portType {port_type.get('name')} {operation.get('name')}"
            yield key, [(side.tag, attributes(side)) for side in exchange(operation)]


def binding_facts(wsdl: Element) -> Iterator[tuple[str, object]]:
    for binding in wsdl.iterchildren(f"{W}binding"):
        name = f"binding {binding.get('name')}"
        yield (
            name,
            (attributes(binding), [attributes(soap) for soap in binding.iter(f"{S}binding")]),
        )
        for operation in binding.iterchildren(f"{W}operation"):
            soap = [attributes(node) for node in operation.iterchildren(f"{S}operation")]
            yield (
                f"{name} {operation.get('name')}",
                (soap, [side_facts(s) for s in exchange(operation)]),
            )
    for service in wsdl.iterchildren(f"{W}service"):
        ports = [
            (
                attributes(port),
                [urlsplit(a.get("location", "")).path for a in port.iter(f"{S}address")],
            )
            for port in service.iterchildren(f"{W}port")
        ]
        yield f"service {service.get('name')}", ports


def exchange(operation: Element) -> list[Element]:
    """Input, output and faults of an operation."""
    return [side for side in operation.iterchildren(f"{W}*") if side.tag != f"{W}documentation"]


def side_facts(side: Element) -> Shape:
    extensions = [(node.tag, attributes(node)) for node in side.iterchildren(f"{S}*")]
    return side.tag, attributes(side), extensions


def facts(wsdl: Element, schema: Element) -> Facts:
    return dict([*schema_facts(schema), *interface_facts(wsdl), *binding_facts(wsdl)])


def differences(ours: Facts, theirs: Facts) -> list[str]:
    """The keys of ours that theirs lack or have otherwise."""
    return [key for key, fact in ours.items() if key not in theirs or theirs[key] != fact]


def our_trees(service: str) -> tuple[Element, Element]:
    trees = (etree.parse(schema_file(name)) for name in (f"{service}.wsdl", "netserver.xsd"))
    wsdl, schema = (tree.getroot() for tree in trees)
    return wsdl, schema


@cache
def ours(service: str) -> Facts:
    return facts(*our_trees(service))


@cache
def vendors(service: str) -> Facts:
    wsdl = etree.parse(VENDOR / f"Services86-{service}.wsdl").getroot()
    schema = wsdl.find(f"{W}types/{X}schema[@targetNamespace='{NETSERVER}']")
    assert schema is not None
    return facts(wsdl, schema)


needs_vendor = pytest.mark.skipif(
    not VENDOR.is_dir(), reason="the vendor's WSDL (../shared/vendor) is not at hand"
)
SCHEMA_KEYS = [key for key, _ in schema_facts(our_trees("BLOB")[1])]
WSDL_KEYS = [
    (service, key) for service in SERVICES for key in ours(service) if key not in SCHEMA_KEYS
]


@needs_vendor
@pytest.mark.parametrize("key", SCHEMA_KEYS)
def test_schema_component_is_the_vendors(key: str) -> None:
    having = [service for service in SERVICES if key in vendors(service)]
    assert having, "no vendor WSDL has it"
    for service in having:
        assert ours(service)[key] == vendors(service)[key], service


@needs_vendor
@pytest.mark.parametrize(("service", "key"), WSDL_KEYS)
def test_wsdl_component_is_the_vendors(service: str, key: str) -> None:
    assert ours(service)[key] == vendors(service).get(key)


@needs_vendor
@pytest.mark.parametrize("service", SERVICES)
def test_what_is_served_has_the_operations_messages_and_elements_of_the_vendors(
    service: str,
) -> None:
    """What a generated client looks up by name when it runs; header blocks of others aside."""
    served = etree.fromstring(served_wsdl(service, "http://127.0.0.1/"))
    theirs = etree.parse(VENDOR / f"Services86-{service}.wsdl").getroot()
    assert names_in(served) == names_in(theirs)
    assert served.nsmap["tns"] == theirs.nsmap["tns"]


def names_in(wsdl: Element) -> set[Shape]:
    """Operations with actions and messages, and messages with the element of their body."""
    found: set[Shape] = set()
    for operation in wsdl.iter(f"{W}operation"):
        sides = [
            (s.tag, s.get("name"), s.get("message"), s.get(ACTION)) for s in exchange(operation)
        ]
        actions = [soap.get("soapAction") for soap in operation.iterchildren(f"{S}operation")]
        found.add((operation.get("name"), *actions, *(s for s in sides if W in str(s[0]))))
    for part in wsdl.iterfind(f"{W}message/{W}part[@name='parameters']"):
        parent = part.getparent()
        assert parent is not None
        found.add((parent.get("name"), part.get("element")))
    return found


def test_each_service_has_its_facts() -> None:
    kinds = {key.split()[0] for _, key in WSDL_KEYS}
    assert kinds == {"definitions", "message", "portType", "binding", "service"}
    assert "element SaveImageStream" in SCHEMA_KEYS
    assert "simpleType BlobLinkType" in SCHEMA_KEYS


def find(root: Element, path: str) -> Element:
    element = root.find(path, {"w": WSDL, "s": WSDL_SOAP, "x": XSD})
    assert element is not None, path
    return element


def remove(element: Element) -> None:
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)


def move_first(element: Element) -> None:
    parent = element.getparent()
    assert parent is not None
    parent.insert(0, element)


def put(name: str, value: str) -> Callable[[Element], None]:
    return lambda element: element.set(name, value)


OPERATION = "x:element[@name='SaveImageStream']"
IMAGE = f"{OPERATION}//x:element[@name='Image']"
BINDING = "w:binding/w:operation[@name='SaveImageStream']"
PORT_TYPE = "w:portType/w:operation[@name='SaveImageStream']"
BINDING_KEY = "binding BasicHttpBinding_BLOB SaveImageStream"
MUTATIONS: dict[str, tuple[str, Callable[[Element], None], str]] = {
    "order": (IMAGE, move_first, "element SaveImageStream"),
    "nillable": (IMAGE, put("nillable", "false"), "element SaveImageStream"),
    "minOccurs": (IMAGE, put("minOccurs", "1"), "element SaveImageStream"),
    "maxOccurs": (IMAGE, put("maxOccurs", "2"), "element SaveImageStream"),
    "type": (IMAGE, put("type", "xs:hexBinary"), "element SaveImageStream"),
    "name": (IMAGE, put("name", "image"), "element SaveImageStream"),
    "child missing": (IMAGE, remove, "element SaveImageStream"),
    "block nillable": (
        "x:element[@name='Succeeded']",
        put("nillable", "true"),
        "element Succeeded",
    ),
    "enumeration order": (
        "x:simpleType/x:restriction/x:enumeration[2]",
        move_first,
        "simpleType BlobLinkType",
    ),
    "form": (".", put("elementFormDefault", "unqualified"), "elementFormDefault"),
    "soapAction": (f"{BINDING}/s:operation", put("soapAction", "urn:x"), BINDING_KEY),
    "style": (f"{BINDING}/s:operation", put("style", "rpc"), BINDING_KEY),
    "use": (f"{BINDING}/w:input/s:body", put("use", "encoded"), BINDING_KEY),
    "header part": (f"{BINDING}/w:input/s:header[2]", remove, BINDING_KEY),
    "header message": (
        f"{BINDING}/w:input/s:header",
        put("message", "tns:ChangePersonImageRequest_Headers"),
        BINDING_KEY,
    ),
    "transport": (
        "w:binding/s:binding",
        put("transport", "urn:x"),
        "binding BasicHttpBinding_BLOB",
    ),
    "action": (f"{PORT_TYPE}/w:output", put(ACTION, "urn:x"), "portType BLOB SaveImageStream"),
    "part element": (
        "w:message[@name='SaveImageStreamRequest_Headers']/w:part",
        put("element", "tns:Credentials"),
        "message SaveImageStreamRequest_Headers",
    ),
    "port": ("w:service/w:port", put("name", "Port"), "service WcfBLOBService"),
    "address": (
        "w:service/w:port/s:address",
        put("location", "https://netserver.invalid/BLOB.svc"),
        "service WcfBLOBService",
    ),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_the_comparison_sees(mutation: str) -> None:
    path, mutate, key = MUTATIONS[mutation]
    wsdl, schema = our_trees("BLOB")
    mutate(find(schema if path == "." or path.startswith("x:") else wsdl, path))
    assert differences(facts(wsdl, schema), ours("BLOB")) == [key]


def test_the_comparison_sees_what_the_vendor_lacks() -> None:
    wsdl, schema = our_trees("BLOB")
    remove(find(schema, OPERATION))
    assert differences(ours("BLOB"), facts(wsdl, schema)) == ["element SaveImageStream"]


def test_other_prefixes_and_spelt_out_defaults_are_no_difference() -> None:
    text = schema_file("netserver.xsd").read_text(encoding="utf-8")
    text = text.replace('"tns:', '"other:').replace("xmlns:tns=", "xmlns:other=")
    text = text.replace('type="xs:int" minOccurs', 'type="xs:int" nillable="false" minOccurs')
    wsdl, _ = our_trees("BLOB")
    assert differences(facts(wsdl, etree.fromstring(text.encode())), ours("BLOB")) == []
