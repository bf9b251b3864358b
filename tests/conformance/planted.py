"""Changes planted in the kit's own WSDL and XML Schema, and how bad each is."""

from pathlib import Path
from typing import NamedTuple

from pytest_soblob._xml.schemas import schema_file

WSDL, XSD = "BLOB.wsdl", "netserver.xsd"
NS = "http://www.superoffice.net/ws/crm/NetServer/Services86"
TYPE = '<xs:element name="Type" type="tns:BlobLinkType" minOccurs="0"/>'
IMAGE = '<xs:element name="Image" type="xs:base64Binary" nillable="true" minOccurs="0"/>'
TEXT = '<xs:element name="Description" type="xs:string" nillable="true" minOccurs="0"/>'
ANSWER = """<xs:element name="SaveImageStreamResponse">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="Response" type="xs:int" minOccurs="0"/>"""
BOUND = f'''style="document"
                      soapAction="{NS}/BLOB/SaveImageStream"'''
OPERATION = """<wsdl:operation name="SaveImageStream">
      <soap:operation"""
BODY = '<soap:body use="literal"/>'
LAST = """<xs:element name="Parameters" type="tns:SoExceptionInfoParameters" nillable="true"
                  minOccurs="0"/>"""
SUCCEEDED = '<xs:element name="Succeeded" type="xs:boolean"/>'
ADDRESS = "/Remote/Services86/BLOB.svc"
CHILDREN = f"        {TYPE}\n        {IMAGE}\n        {TEXT}\n      "
_S12 = 'xmlns:s="http://schemas.xmlsoap.org/wsdl/soap12/"'
SECOND = f"""<wsdl:binding {_S12} name="Second" type="tns:BLOB">
    <s:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="SaveImageStream">
      <s:operation style="document" soapAction="{NS}/BLOB/SaveImageStream"/>
      <wsdl:input><s:body use="literal"/></wsdl:input>
      <wsdl:output><s:body use="literal"/></wsdl:output>
    </wsdl:operation>
  </wsdl:binding>
  <wsdl:service {_S12} name="Second">
    <wsdl:port name="Second" binding="tns:Second">
      <s:address location="https://netserver.invalid/t{ADDRESS}"/>
    </wsdl:port>
  </wsdl:service>"""


class Planted(NamedTuple):
    """One change.

    Attributes:
        id: What it is.
        weight: How bad it is.
        where: Text that the worst difference has to name.
        file: The file that is changed.
        old: Text that is replaced, where it first stands.
        new: What replaces it.
        zeep: Whether zeep reads another contract after it.
    """

    id: str
    weight: str
    where: str
    file: str
    old: str
    new: str
    zeep: bool = False


def _header(block: str, side: str = "Request") -> str:
    message = f"tns:SaveImageStream{side}_Headers"
    return f'<soap:header message="{message}" part="{block}" use="literal"/>'


_PART = '<wsdl:part name="ApplicationToken" element="tns:ApplicationToken"/>'
_NEW_PART = '<wsdl:part name="Culture" element="tns:Culture"/>'

BREAKING = (
    Planted("another action", "breaking", "SaveImageStream", WSDL,
            BOUND, BOUND.replace("BLOB/Save", "Blob/Save"), True),
    Planted("the action of another version", "breaking", "SaveImageStream", WSDL,
            BOUND, BOUND.replace("Services86", "Services85"), True),
    Planted("another style", "breaking", "SaveImageStream", WSDL,
            BOUND, BOUND.replace("document", "rpc")),
    Planted("another use", "breaking", "SaveImageStream", WSDL,
            BODY, BODY.replace("literal", "encoded")),
    Planted("a request header part is missing", "breaking", "Credentials", WSDL,
            _header("Credentials"), "", True),
    Planted("a response header part is missing", "breaking", "Succeeded", WSDL,
            _header("Succeeded", "Response"), "", True),
    Planted("an element is renamed", "breaking", "Image", XSD,
            IMAGE, IMAGE.replace('"Image"', '"Picture"'), True),
    Planted("an element is missing", "breaking", "Description", XSD, TEXT, "", True),
    Planted("another order", "breaking", "SaveImageStream, request", XSD,
            f"{TYPE}\n        {IMAGE}", f"{IMAGE}{TYPE}", True),
    Planted("a narrowed occurrence", "breaking", "Image", XSD,
            IMAGE, IMAGE.replace(' minOccurs="0"', ""), True),
    Planted("no occurrence at all", "breaking", "Image", XSD,
            IMAGE, IMAGE.replace('minOccurs="0"', 'minOccurs="0" maxOccurs="0"')),
    Planted("not nillable any more", "breaking", "Description", XSD,
            TEXT, TEXT.replace(' nillable="true"', ""), True),
    Planted("another type", "breaking", "Image", XSD,
            IMAGE, IMAGE.replace("base64Binary", "hexBinary"), True),
    Planted("another type of the result", "breaking", "Response", XSD,
            ANSWER, ANSWER.replace("xs:int", "xs:long"), True),
    Planted("a removed value", "breaking", "Type", XSD,
            '<xs:enumeration value="PersonImage"/>', ""),
    Planted("a renamed value", "breaking", "Type", XSD,
            '"ProjectImage"', '"SaleImage"'),
    Planted("a new required element", "breaking", "SaveImageStream, request", XSD,
            TEXT, f'{TEXT}<xs:element name="Language" type="xs:string"/>', True),
    Planted("unqualified elements", "breaking", "SaveImageStream", XSD,
            'elementFormDefault="qualified"', "", True),
    Planted("an operation is missing", "breaking", "SaveImageStream", WSDL,
            OPERATION, OPERATION.replace("SaveImageStream", "SaveImage")),
    Planted("a shorter text", "breaking", "Description", XSD, TEXT,
            '<xs:element name="Description" nillable="true" minOccurs="0"><xs:simpleType>'
            '<xs:restriction base="xs:string"><xs:maxLength value="40"/></xs:restriction>'
            "</xs:simpleType></xs:element>"),
)  # fmt: skip
RISKY = (
    Planted("another path", "risky", "address", WSDL, ADDRESS, "/Services86/Blob.asmx"),
    Planted("another service at the path", "risky", "address", WSDL, ADDRESS,
            "/Remote/Services86/BlobAgent.svc"),
    Planted("no address", "risky", "address", WSDL, "<soap:address ", "<soap:nothing "),
    Planted("one more binding", "risky", "binding", WSDL,
            "</wsdl:definitions>", f"{SECOND}</wsdl:definitions>", True),
    Planted("another action of the response", "risky", "SaveImageStream", WSDL,
            f'wsaw:Action="{NS}/BLOB/SaveImageStreamResponse"',
            f'wsaw:Action="{NS}/BLOB/SavedImageStream"'),
    Planted("no action of the response", "risky", "SaveImageStream", WSDL,
            f'wsaw:Action="{NS}/BLOB/SaveImageStreamResponse"', ""),
    Planted("the result may be nil", "risky", "Response", XSD,
            ANSWER, ANSWER.replace("minOccurs", 'nillable="true" minOccurs'), True),
    Planted("the result may come twice", "risky", "Response", XSD,
            ANSWER, ANSWER.replace("minOccurs", 'maxOccurs="2" minOccurs'), True),
    Planted("a list of results", "risky", "Response", XSD,
            ANSWER, ANSWER.replace("minOccurs", 'maxOccurs="unbounded" minOccurs'), True),
    Planted("Succeeded may be nil", "risky", "Succeeded", XSD,
            SUCCEEDED, SUCCEEDED.replace("/>", ' nillable="true"/>'), True),
    Planted("a message that may not be nil", "risky", "ExceptionInfo", XSD,
            '<xs:element name="Message" type="xs:string" nillable="true" minOccurs="0"/>',
            '<xs:element name="Message" type="xs:string" minOccurs="0"/>', True),
    Planted("a new element before the result", "risky", "SaveImageStream, response", XSD,
            ANSWER, ANSWER.replace(
                "<xs:sequence>",
                '<xs:sequence><xs:element name="Stored" type="xs:boolean" minOccurs="0"/>'), True),
    Planted("a choice of elements", "risky", "SaveImageStream, request", XSD,
            f"<xs:sequence>\n{CHILDREN}</xs:sequence>", f"<xs:all>\n{CHILDREN}</xs:all>", True),
)  # fmt: skip
HARMLESS = (
    Planted("an added value", "harmless", "Type", XSD,
            '<xs:enumeration value="PersonImage"/>',
            '<xs:enumeration value="PersonImage"/><xs:enumeration value="ContactImage"/>'),
    Planted("a new optional element", "harmless", "SaveImageStream, request", XSD,
            TEXT, f'{TEXT}<xs:element name="Language" type="xs:string" minOccurs="0"/>', True),
    Planted("a new optional element in the middle", "harmless", "SaveImageStream, request", XSD,
            TEXT, f'<xs:element name="Language" type="xs:string" minOccurs="0"/>{TEXT}', True),
    Planted("a new optional header part", "harmless", "SaveImageStream, request header", WSDL,
            _header("Credentials"), _header("Credentials") + _header("Culture"), True),
    Planted("a type may be nil", "harmless", "Type", XSD,
            TYPE, TYPE.replace("minOccurs", 'nillable="true" minOccurs'), True),
    Planted("an image may come twice", "harmless", "Image", XSD,
            IMAGE, IMAGE.replace("minOccurs", 'maxOccurs="2" minOccurs'), True),
    Planted("any number of images", "harmless", "Image", XSD,
            IMAGE, IMAGE.replace("minOccurs", 'maxOccurs="unbounded" minOccurs'), True),
    Planted("a new element after the result", "harmless", "SaveImageStream, response", XSD,
            ANSWER, f'{ANSWER}<xs:element name="Stored" type="xs:boolean" minOccurs="0"/>', True),
    Planted("a new element of the error", "harmless", "ExceptionInfo", XSD,
            LAST, f'{LAST}<xs:element name="HelpLink" type="xs:string" minOccurs="0"/>', True),
    Planted("another version", "harmless", "namespace", WSDL, "Services86", "Services89", True),
    Planted("one more operation", "harmless", "operations", WSDL,
            OPERATION, f'<wsdl:operation name="DropImage"/>{OPERATION}'),
)  # fmt: skip
ALL = (*BREAKING, *RISKY, *HARMLESS)


def plant(change: Planted | None, folder: Path) -> Path:
    """Write both files with a change, or without one; return the path of the WSDL."""
    texts = {name: schema_file(name).read_text() for name in (WSDL, XSD)}
    # A header part that the WSDL declares and no operation uses, so that a change may use it.
    texts[WSDL] = texts[WSDL].replace(_PART, f"{_PART}{_NEW_PART}", 1)
    new = '<xs:element name="Culture" type="xs:string" nillable="true"/>'
    texts[XSD] = texts[XSD].replace(SUCCEEDED, f"{SUCCEEDED}{new}")
    if change is not None:
        assert change.old in texts[change.file], change.id
        is_everywhere = change.old == "Services86"
        for name in texts if is_everywhere else (change.file,):
            count = -1 if is_everywhere else 1
            texts[name] = texts[name].replace(change.old, change.new, count)
    for name, text in texts.items():
        (folder / name).write_text(text)
    return folder / WSDL
