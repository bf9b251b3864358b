"""Rules of family `envelope`: root, SOAP version, Header, Body and what stands beside them."""

from pytest_soblob.violations import Rule, Severity

_REFUSES = "answers 400 with an empty body"

RULES = (
    Rule(
        id="envelope.root-not-envelope",
        severity=Severity.ERROR,
        meaning="The root element is not Envelope",
        reference="SOAP 1.1 section 4; SOAP 1.2 part 1, 5.1",
        change="wrap the operation in Envelope and Body",
        server=_REFUSES,
    ),
    Rule(
        id="envelope.namespace-unknown",
        severity=Severity.ERROR,
        meaning="Envelope is in a namespace that is neither SOAP 1.1 nor SOAP 1.2",
        reference="SOAP 1.1 section 4.1.2; SOAP 1.2 part 1, 5.1",
        change="use the envelope namespace of SOAP 1.1, as the WSDL says",
        server=_REFUSES,
    ),
    Rule(
        id="envelope.soap-version",
        severity=Severity.ERROR,
        meaning="The envelope is of another SOAP version than the profile",
        reference="Services86-BLOB.wsdl, soap:binding; page, request example",
        change="use the profile's envelope namespace",
        server="answers 415 to application/soap+xml, 400 to a SOAP 1.2 envelope in text/xml",
    ),
    Rule(
        id="envelope.soap-version-mixed",
        severity=Severity.ERROR,
        meaning="Header or Body is of another SOAP version than Envelope",
        reference="SOAP 1.1 section 4; SOAP 1.2 part 1, 5",
        change="use one envelope namespace throughout",
        server=_REFUSES,
    ),
    Rule(
        id="envelope.not-what-wcf-speaks",
        severity=Severity.NOTE,
        meaning="A real NetServer on WCF does not take this form",
        reference="Services86-BLOB.wsdl, soap:binding: SOAP 1.1 only; the page shows SOAP 1.2",
        change="send the wsdl form (SOAP 1.1, header blocks in Header) to a real server",
        server="answers 415, or 400, and finds no credentials outside Header",
    ),
    Rule(
        id="envelope.too-many-violations",
        severity=Severity.ERROR,
        meaning="The message breaks the contract in more places than are told",
        reference="a bound of this judge, so that hostile messages do not keep it busy",
        change="mend what is told, and judge again",
    ),
    Rule(
        id="envelope.header-doubled",
        severity=Severity.ERROR,
        meaning="There is more than one Header",
        reference="SOAP 1.1 section 4; SOAP 1.2 part 1, 5.1",
        change="put all header blocks into one Header",
        server=_REFUSES,
    ),
    Rule(
        id="envelope.header-not-first",
        severity=Severity.ERROR,
        meaning="Header is not the first child of Envelope",
        reference="SOAP 1.1 section 4.2; SOAP 1.2 part 1, 5.1",
        change="put Header first",
        server=_REFUSES,
    ),
    Rule(
        id="envelope.body-missing",
        severity=Severity.ERROR,
        meaning="There is no Body",
        reference="SOAP 1.1 section 4.3; SOAP 1.2 part 1, 5.1",
        change="put the operation into Body",
        server=_REFUSES,
    ),
    Rule(
        id="envelope.after-body",
        severity=Severity.ERROR,
        meaning="An element stands after Body",
        reference="WS-I Basic Profile 1.1 R1011; SOAP 1.2 part 1, 5.1",
        change="take it out, or put it where it belongs",
        server="answers 500 with a DeserializationFailed fault",
    ),
    Rule(
        id="envelope.foreign-child",
        severity=Severity.ERROR,
        meaning="A child of Envelope is neither Header nor Body",
        reference="SOAP 1.1 section 4; SOAP 1.2 part 1, 5.1",
        change="put it into Header, or take it out",
        server=_REFUSES,
    ),
    Rule(
        id="envelope.text",
        severity=Severity.ERROR,
        meaning="Text stands between the elements of the envelope",
        reference="SOAP 1.1 schema; SOAP 1.2 part 1, 5: only white space",
        change="take the text out",
        server="answers 400 before Body; in it, 500 with an InternalServiceFault fault before the "
        "operation, with a DeserializationFailed fault behind",
    ),
    Rule(
        id="envelope.attribute-unqualified",
        severity=Severity.ERROR,
        meaning="An attribute in no namespace stands on Envelope, Header or Body",
        reference="SOAP 1.1 section 4.1.1; SOAP 1.2 part 1, 5.1",
        change="take it out",
    ),
    Rule(
        id="envelope.encoding-style",
        severity=Severity.ERROR,
        meaning="encodingStyle stands on Envelope, Header, Body or Fault",
        reference="SOAP 1.2 part 1, 5.1.1; WS-I Basic Profile 1.1 R1005 (SOAP 1.1 allows it)",
        change="take it out: the operation is document/literal",
    ),
)
