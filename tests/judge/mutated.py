"""Randomly changed messages, on which the judge is compared with libxml2 and xmlschema.

A valid envelope of either SOAP version gets one to three changes at random places: attributes of
xsi, SOAP, XML and other namespaces or none; text, comments and elements in wrong places; children
removed, duplicated, moved or renamed; values of other types. Nothing here knows which messages are
valid: where the judges differ, a row of `disagreements` has to explain it.
"""

import copy
import random
from dataclasses import dataclass

from lxml import etree

from tests.mistakes import CREDENTIALS, NS, NS85, PNG, SOAP11, SOAP12, XSD, XSI

XML = "http://www.w3.org/XML/1998/namespace"
DECLARED = f'xmlns:n="{NS}" xmlns:xsi="{XSI}" xmlns:xsd="{XSD}" xmlns:f="urn:foreign"'

FAULTS = {
    SOAP11: (
        "<faultcode>e:Server</faultcode><faultstring>no</faultstring>",
        "<faultcode>e:Client</faultcode><faultstring xml:lang='en'>no</faultstring>"
        "<faultactor>urn:actor</faultactor><detail><f:why>because</f:why><n:Text>t</n:Text>"
        "</detail>",
        "<faultcode>f:Own</faultcode><faultstring/><detail/>",
    ),
    SOAP12: (
        "<e:Code><e:Value>e:Sender</e:Value></e:Code><e:Reason><e:Text xml:lang='en'>no</e:Text>"
        "</e:Reason>",
        "<e:Code><e:Value>e:Receiver</e:Value><e:Subcode><e:Value>f:Own</e:Value><e:Subcode>"
        "<e:Value>f:Two</e:Value></e:Subcode></e:Subcode></e:Code><e:Reason>"
        "<e:Text xml:lang='en'>no</e:Text><e:Text xml:lang='nb-NO'>nei</e:Text></e:Reason>"
        "<e:Node>urn:node</e:Node><e:Role>urn:role</e:Role><e:Detail><f:why f:a='1'>because"
        "</f:why><n:Text>t</n:Text></e:Detail>",
    ),
}
REQUEST = (
    f"<n:SaveImageStream><n:Type>PersonImage</n:Type><n:Image>{PNG}</n:Image>"
    "<n:Description>d</n:Description></n:SaveImageStream>"
)
RESPONSE = "<n:SaveImageStreamResponse><n:Response>7</n:Response></n:SaveImageStreamResponse>"
BLOCKS = (
    "<n:ExceptionInfo xsi:nil='true'/><n:Succeeded>true</n:Succeeded><n:TimeZone><n:SoTimeZoneId>"
    "1</n:SoTimeZoneId></n:TimeZone>"
)

LANGUAGES = ("", "en", "nb-NO", "en_US", "e", "englishes", "toolongtag", "en-", " en ", " ", "i-k",
             "de-1901", "\u00e9n")  # fmt: skip
TYPES = ("string", "xsd:string", "xsd:token", "xsd:QName", "xsd:anyURI", "xsd:int", "xsd:language",
         "xsd:anyType", "xsd:nonsense", "q:string", " xsd:string ", "", "n:BlobLinkType",
         "n:SoCredentials", "e:detail", "e:Fault", "e:faultcode", "e:faultcodeEnum", "e:subcode",
         "e:reasontext", "e:faultreason", "e:Envelope", "xsd:string xsd:int")  # fmt: skip
NILS = ("true", "false", "1", "0", "yes", "", " true ")
VALUES = ("", " ", "no", "e:Server", "e:Sender", "e:Receiver", "f:Own", "q:Own", "Server", ":x",
          "x:", " e:Client ", "e:Client.Own", "1", "true", "a b", "urn:x", "http://[", "%zz",
          "\u00a0", "http://example.com/\u00e9", "e:MustUnderstand", "e: Server", "-7", "1_0",
          "a:b:c")  # fmt: skip
NAMES = ("faultcode", "faultstring", "faultactor", "detail", "Code", "Value", "Subcode", "Reason",
         "Text", "Node", "Role", "Detail", "Fault", "Body", "Header", "Envelope", "Upgrade",
         "NotUnderstood", "Succeeded", "SaveImageStreamResponse", "why")  # fmt: skip
NAMESPACES = ("", SOAP11, SOAP12, NS, NS85, "urn:foreign")


@dataclass(frozen=True)
class Mutated:
    """A changed message, and kind, profile and changes of it."""

    data: bytes
    kind: str
    profile: str
    changes: tuple[str, ...]


def mutated_fault(seed: int) -> Mutated:
    """A fault of either SOAP version with one to three changes, the same for the same seed."""
    chance = random.Random(f"fault {seed}")
    soap = chance.choice((SOAP11, SOAP12))
    body = f"<e:Fault>{chance.choice(FAULTS[soap])}</e:Fault>"
    header = chance.choice(("", "", BLOCKS))
    return _changed(chance, soap, header, body, "response", "wsdl" if soap == SOAP11 else "auto")


def mutated_message(seed: int) -> Mutated:
    """A request or a response likewise, in any of the three forms."""
    chance = random.Random(f"message {seed}")
    profile = chance.choice(("wsdl", "soap12", "documented"))
    soap = SOAP11 if profile == "wsdl" else SOAP12
    if chance.random() < 0.5:
        return _changed(chance, soap, CREDENTIALS, REQUEST, "request", profile)
    header = "" if profile == "documented" else BLOCKS
    return _changed(chance, soap, header, RESPONSE, "response", profile)


def _changed(
    chance: random.Random, soap: str, header: str, body: str, kind: str, profile: str
) -> Mutated:
    beside = kind == "request" and profile == "documented"
    inside = f"<e:Header>{header}</e:Header>" if header and not beside else header
    text = f'<e:Envelope xmlns:e="{soap}" {DECLARED}>{inside}<e:Body>{body}</e:Body></e:Envelope>'
    root = etree.fromstring(text)
    changes = tuple(_change(chance, root) for _ in range(chance.choice((1, 1, 2, 3))))
    return Mutated(etree.tostring(root, encoding="utf-8"), kind, profile, changes)


def _change(chance: random.Random, root: etree._Element) -> str:
    element = chance.choice(list(root.iter("*")))
    change = chance.choice((_attribute, _attribute, _attribute, _text, _value, _insert, _move))
    said = change(chance, element)
    return f"{etree.QName(element).localname}: {said}"


def _attribute(chance: random.Random, element: etree._Element) -> str:
    soap = chance.choice((SOAP11, SOAP12))
    name, values = chance.choice((
        (f"{{{XSI}}}type", TYPES),
        (f"{{{XSI}}}type", TYPES),
        (f"{{{XSI}}}nil", NILS),
        (f"{{{XSI}}}bogus", NILS),
        (f"{{{XSI}}}schemaLocation", ("urn:x http://127.0.0.1:9/x.xsd", "urn:x")),
        (f"{{{XML}}}lang", LANGUAGES),
        (f"{{{XML}}}lang", LANGUAGES),
        (f"{{{XML}}}space", ("preserve", "none")),
        (f"{{{XML}}}id", ("a", "1")),
        ("{urn:foreign}a", ("1",)),
        ("a", ("1",)),
        (f"{{{NS}}}a", ("1",)),
        (f"{{{soap}}}mustUnderstand", ("0", "1", "true", "maybe", " 1 ")),
        (f"{{{soap}}}encodingStyle", ("urn:x", "", "urn:x urn:y", "http://[")),
        (f"{{{soap}}}{chance.choice(('actor', 'role', 'relay', 'bogus'))}",
         ("urn:x", "", "true", "http://[", "%zz")),
    ))  # fmt: skip
    value = chance.choice(values)
    element.set(name, value)
    return f"{name}={value!r}"


def _text(chance: random.Random, element: etree._Element) -> str:
    text = chance.choice((" ", "\n", "text", "\u00a0", "7"))
    if len(element) and chance.random() < 0.5:
        child = chance.choice(list(element))
        child.tail = text
    else:
        element.text = text + (element.text or "")
    return f"text {text!r}"


def _value(chance: random.Random, element: etree._Element) -> str:
    value = chance.choice(VALUES)
    if not len(element):
        element.text = value
        return f"value {value!r}"
    return _insert(chance, element)


def _insert(chance: random.Random, element: etree._Element) -> str:
    at = chance.randint(0, len(element))
    kind = chance.choice(("comment", "element", "element", "element", "instruction"))
    if kind == "comment":
        element.insert(at, etree.Comment(" c "))
        return "a comment"
    if kind == "instruction":
        element.insert(at, etree.ProcessingInstruction("x", "y"))
        return "an instruction"
    uri, name = chance.choice(NAMESPACES), chance.choice(NAMES)
    new = etree.Element(f"{{{uri}}}{name}" if uri else name)
    if chance.random() < 0.5:
        new.text = chance.choice(VALUES)
    element.insert(at, new)
    return f"{name} of {uri or None} inside"


def _move(chance: random.Random, element: etree._Element) -> str:
    parent = element.getparent()
    if parent is None:
        return _attribute(chance, element)
    how = chance.choice(("gone", "duplicate", "last", "first", "renamed", "renamed"))
    if how == "gone":
        parent.remove(element)
    elif how == "duplicate":
        parent.insert(parent.index(element), copy.deepcopy(element))
    elif how == "last":
        parent.append(element)
    elif how == "first":
        parent.insert(0, element)
    else:
        uri, name = chance.choice(NAMESPACES), etree.QName(element).localname
        if chance.random() < 0.5:
            name = chance.choice((name.lower(), name.upper(), chance.choice(NAMES)))
        element.tag = f"{{{uri}}}{name}" if uri else name
        return f"renamed to {name} of {uri or None}"
    return how
