"""Which source a rule follows, and why, where page, WSDL and specifications disagree."""

from collections.abc import Mapping
from typing import Final

_LEGAL = "the WSDL allows it, so it is not an error; the server gets null and has no image"
_SCHEMA_OR_SOAP = (
    "follows SOAP: its own attributes are allowed on any header block, although the vendor's type "
    "declares none; Axis, gSOAP and soap4r send them"
)
_ALLOWED = (
    "the schema allows it and the page does not forbid it, so it is not an error; it is hardly "
    "ever intended"
)

SIDES: Final[Mapping[str, str]] = {
    "envelope.soap-version": "follows the profile: the page shows SOAP 1.2, the WSDL binds "
    "SOAP 1.1",
    "envelope.not-what-wcf-speaks": "follows both: the page's form is valid by the page, but it is "
    "not the form that the WSDL binds; this is reported as a note and nothing fails",
    "envelope.encoding-style": "SOAP 1.1 allows it and WS-I forbids it: a warning in SOAP 1.1; "
    "SOAP 1.2 forbids it on Envelope, Header and Body: an error in SOAP 1.2",
    "header.outside-header": "follows the WSDL and SOAP, except in the profile documented: the "
    "page shows the blocks beside Body",
    "header.inside-header": "follows neither: the page shows the blocks beside Body, SOAP requires "
    "them in Header; both forms are accepted, and this one is reported",
    "header.time-zone-outside-header": "follows the page: it shows two blocks beside Body and no "
    "TimeZone",
    "header.attribute-unknown": _SCHEMA_OR_SOAP,
    "header.must-understand-value": _SCHEMA_OR_SOAP
    + "; SOAP 1.1 allows only 0 and 1, SOAP 1.2 any boolean",
    "header.not-understood": "follows SOAP: an unknown block is valid unless it must be understood",
    "header.credentials-missing": "follows the page: in the WSDL they are nillable and no block is "
    "required, but BLOB.svc does nothing without a session",
    "header.ticket-missing": "follows the page: in the WSDL it is nillable and optional, but "
    "BLOB.svc does nothing without a session",
    "header.ticket-shape": "no source specifies the format, so it is not an error",
    "header.ticket-white-space": "no source specifies the format, so it is not an error",
    "header.application-token-missing": "follows the page: an on-site installation allows it to be "
    "missing, nil or empty, an Online one does not",
    "header.succeeded-missing": "the WSDL has the block, the page's response has none, and neither "
    "requires it; without it a client cannot see a failure. WS-I R2738 (every block of the WSDL) "
    "is not a rule, since no implementation follows it",
    "header.failure-without-exception": _ALLOWED,
    "header.success-with-exception": _ALLOWED,
    "body.type-missing": "the WSDL allows it, so it is not an error; the server gets 0, which is "
    "not a type",
    "body.image-missing": _LEGAL,
    "body.description-missing": "the WSDL allows it; the server gets null",
    "body.nil-not-allowed": "follows the WSDL: Image and Description are nillable, Type and "
    "Response are not",
    "body.child-out-of-order": "follows the WSDL (xs:sequence); a server reports nothing, which is "
    "the reason for the rule",
    "body.response-missing": "an error where Succeeded is true, since no blob id was returned; "
    "otherwise a warning, since the WSDL allows it",
    "body.response-not-positive": "the schema allows 0, and the page has it in its example; blob "
    "ids are positive",
    "body.response-positive-on-failure": _ALLOWED,
    "body.xsi-type-wrong": "follows XML Schema: the declared type or one derived from it; "
    "SOAP::Lite and PHP send xsd:string for Type",
    "payload.image-empty": "the page's own example is empty, so it is not an error",
    "payload.description-too-long": "the WSDL sets no limit; 254 is the width of the vendor's "
    "database column",
    "payload.image-format": "neither page nor WSDL names a format; the REST sibling names four",
    "xml.encoding-unusual": "follows WS-I, which applies to the profile wsdl only (UTF-8 or "
    "UTF-16), and .NET, which knows no other spellings of them",
    "xml.utf16-undeclared": "follows WCF in the profile wsdl: it rejects what XML allows after a "
    "byte order mark; a warning in the other profiles",
    "xml.comment-outside-envelope": "follows SOAP 1.2; SOAP 1.1 does not mention it, so the rule "
    "does not apply there",
    "http.charset-unusual": "follows WS-I, which applies to the profile wsdl only, and .NET, which "
    "knows four spellings only",
    "http.soap-action-other": "follows the WSDL; WCF accepts a percent-encoded value, which is "
    "therefore a warning",
    "http.soap-action-missing": "follows WCF and SOAP 1.1; the page does not mention HTTP",
    "http.soap-action-empty": "follows WCF: SOAP 1.1 would read it as the URI of the request",
    "http.soap-action-unquoted": "WCF accepts it, WS-I R1109 does not: a warning",
    "http.content-type-soap12-as-text": "the page does not mention it, and pysimplesoap sends it: "
    "a warning",
    "http.action-unquoted": "RFC 2045 requires quotes around a URI, most servers do not: a warning",
    "fault.code-dotted": "SOAP 1.1 allows it, WS-I forbids it: a warning",
    "fault.child-out-of-order": "follows the schema of SOAP 1.1; its text gives no order",
    "fault.child-qualified": "follows SOAP 1.1: the children of its faults are in no namespace",
    "fault.attribute-unqualified": "follows SOAP where XML Schema is stricter: xml:lang on "
    "faultstring, as WCF sends it, is allowed",
}
