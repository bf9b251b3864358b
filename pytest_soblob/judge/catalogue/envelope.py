"""Rules of family `envelope`: root, SOAP version, Header, Body and their siblings."""

from pytest_soblob.judge.violations import Rule, Severity

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
        change="use the envelope namespace of SOAP 1.1, which the WSDL binds",
        server=_REFUSES,
    ),
    Rule(
        id="envelope.soap-version",
        severity=Severity.ERROR,
        meaning="The SOAP version of the envelope is not that of the profile",
        reference="Services86-BLOB.wsdl, soap:binding; page, request example",
        change="use the envelope namespace of the profile",
        server="answers 415 to application/soap+xml, 400 to a SOAP 1.2 envelope in text/xml",
    ),
    Rule(
        id="envelope.soap-version-mixed",
        severity=Severity.ERROR,
        meaning="The SOAP version of Header or Body is not that of Envelope",
        reference="SOAP 1.1 section 4; SOAP 1.2 part 1, 5",
        change="use one envelope namespace throughout",
        server=_REFUSES,
    ),
    Rule(
        id="envelope.not-what-wcf-speaks",
        severity=Severity.NOTE,
        meaning="A real NetServer on WCF does not accept this form",
        reference="Services86-BLOB.wsdl, soap:binding: SOAP 1.1 only; the page shows SOAP 1.2",
        change="send the wsdl form (SOAP 1.1, header blocks in Header) to a real server",
        server="answers 415 or 400, and does not read credentials outside Header",
    ),
    Rule(
        id="envelope.too-many-violations",
        severity=Severity.ERROR,
        meaning="The message has more violations than are reported",
        reference="a limit of this judge, which bounds the time that a hostile message takes",
        change="correct the reported violations, then judge the message again",
    ),
    Rule(
        id="envelope.header-duplicate",
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
        meaning="There is an element after Body",
        reference="WS-I Basic Profile 1.1 R1011; SOAP 1.2 part 1, 5.1",
        change="remove it, or move it to its correct place",
        server="answers 500 with a DeserializationFailed fault",
    ),
    Rule(
        id="envelope.foreign-child",
        severity=Severity.ERROR,
        meaning="A child of Envelope is neither Header nor Body",
        reference="SOAP 1.1 section 4; SOAP 1.2 part 1, 5.1",
        change="move it into Header, or remove it",
        server=_REFUSES,
    ),
    Rule(
        id="envelope.text",
        severity=Severity.ERROR,
        meaning="There is text between the elements of the envelope",
        reference="SOAP 1.1 schema; SOAP 1.2 part 1, 5: only white space",
        change="remove the text",
        server="text before Body: answers 400; text in Body: answers 500, with an "
        "InternalServiceFault fault before the operation, a DeserializationFailed fault after it",
    ),
    Rule(
        id="envelope.attribute-unqualified",
        severity=Severity.ERROR,
        meaning="Envelope, Header or Body has an attribute in no namespace",
        reference="SOAP 1.1 section 4.1.1; SOAP 1.2 part 1, 5.1",
        change="remove it",
    ),
    Rule(
        id="envelope.encoding-style",
        severity=Severity.ERROR,
        meaning="Envelope, Header, Body or Fault has the attribute encodingStyle",
        reference="SOAP 1.2 part 1, 5.1.1; WS-I Basic Profile 1.1 R1005 (SOAP 1.1 allows it)",
        change="remove it: the operation is document/literal",
    ),
)
