"""Rules of family `xml`: what makes bytes a document that SOAP may be."""

from pytest_soblob.violations import Rule, Severity

_REFUSES = "answers 400 with an empty body"

RULES = (
    Rule(
        id="xml.empty",
        severity=Severity.ERROR,
        meaning="There is no message",
        reference="XML 1.0, 2.1",
        change="send an envelope",
        server=_REFUSES,
    ),
    Rule(
        id="xml.not-xml",
        severity=Severity.ERROR,
        meaning="The message is not XML at all",
        reference="XML 1.0, 2.1",
        change="send an envelope as text/xml, not JSON, form data or the image itself",
        server=_REFUSES,
    ),
    Rule(
        id="xml.html",
        severity=Severity.ERROR,
        meaning="The message is an HTML page",
        reference="XML 1.0, 2.1; SOAP 1.1 section 4",
        change="look at the page: it comes from a proxy, a login form or an error handler",
        server=_REFUSES,
    ),
    Rule(
        id="xml.not-well-formed",
        severity=Severity.ERROR,
        meaning="The message is not well-formed XML",
        reference="XML 1.0, 2.1; Namespaces in XML 1.0",
        change="write the envelope with an XML library, which escapes & and < and closes tags",
        server="answers 400 with an empty body, or a DeserializationFailed fault if the error "
        "comes after the start of the body",
    ),
    Rule(
        id="xml.encoding-unsupported",
        severity=Severity.ERROR,
        meaning="The message is in an encoding that is not taken",
        reference="XML 1.0, 4.3.3; WS-I Basic Profile 1.1 R1012",
        change="send UTF-8",
        server=_REFUSES,
    ),
    Rule(
        id="xml.encoding-unusual",
        severity=Severity.WARNING,
        meaning="The message is neither in UTF-8 nor in UTF-16",
        reference="WS-I Basic Profile 1.1 R1012",
        change="send UTF-8",
        server="answers 415 to such a charset",
    ),
    Rule(
        id="xml.doctype",
        severity=Severity.ERROR,
        meaning="The message has a document type declaration",
        reference="SOAP 1.1 section 3; SOAP 1.2 part 1, 5; WS-I Basic Profile 1.1 R1008",
        change="leave the DTD out",
        server=_REFUSES,
    ),
    Rule(
        id="xml.processing-instruction",
        severity=Severity.ERROR,
        meaning="The message has a processing instruction",
        reference="SOAP 1.1 section 3; SOAP 1.2 part 1, 5; WS-I Basic Profile 1.1 R1009",
        change="leave the processing instruction out",
        server="answers 400, or a DeserializationFailed fault if it stands inside the operation",
    ),
    Rule(
        id="xml.comment-outside-envelope",
        severity=Severity.ERROR,
        meaning="A comment stands beside the envelope of SOAP 1.2",
        reference="SOAP 1.2 part 1, 5: no comments among the document's children",
        change="take the comment out, or put it inside the envelope",
    ),
    Rule(
        id="xml.too-deep",
        severity=Severity.ERROR,
        meaning="Elements are nested too deep",
        reference="XmlDictionaryReaderQuotas.MaxDepth of a WCF host",
        change="send a flat envelope: the operation needs six levels",
        server="answers 500 with a DeserializationFailed fault below 128 levels",
    ),
)
