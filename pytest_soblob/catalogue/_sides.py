"""Where page, WSDL and specifications disagree or say nothing: which side a rule takes, and why."""

from collections.abc import Mapping
from typing import Final

_LEGAL = "the WSDL allows it, so it is no error; the server gets null, and the picture is not there"
_SCHEMA_OR_SOAP = (
    "SOAP's side: its own attributes may stand on any header block, though the vendor's type "
    "declares none; Axis, gSOAP and soap4r send them"
)
_ALLOWED = "the schema allows it, and the page does not forbid it: no error, but nobody means it"

SIDES: Final[Mapping[str, str]] = {
    "envelope.soap-version": "the profile's side: the page shows SOAP 1.2, the WSDL binds SOAP 1.1",
    "envelope.not-what-wcf-speaks": "both: the page's form is right by the page, and is not what "
    "the WSDL binds; so you are told, and nothing fails",
    "envelope.encoding-style": "SOAP 1.1 allows it and WS-I forbids it: a warning there; SOAP 1.2 "
    "forbids it on Envelope, Header and Body: an error",
    "header.outside-header": "the WSDL's and SOAP's side, but in the profile documented, whose "
    "page "
    "shows the blocks beside Body",
    "header.inside-header": "neither: the page shows the blocks beside Body, SOAP wants them in "
    "Header, so both are taken and this one is told",
    "header.time-zone-outside-header": "the page's side: it shows two blocks beside Body and no "
    "TimeZone",
    "header.attribute-unknown": _SCHEMA_OR_SOAP,
    "header.must-understand-value": _SCHEMA_OR_SOAP
    + "; SOAP 1.1 takes 0 and 1 only, 1.2 a boolean",
    "header.not-understood": "SOAP's side: an unknown block is fine unless it must be understood",
    "header.credentials-missing": "the page's side: the WSDL has them nillable and requires no "
    "block, but BLOB.svc does nothing without a session",
    "header.ticket-missing": "the page's side: the WSDL has it nillable and optional, but BLOB.svc "
    "does nothing without a session",
    "header.ticket-shape": "no source promises the shape, so it is no error",
    "header.ticket-white-space": "no source promises the shape, so it is no error",
    "header.application-token-missing": "the page's side: on-site it may be missing, nil or empty, "
    "online it may not",
    "header.succeeded-missing": "the WSDL has the block, the page's response has none, and neither "
    "requires it; without it nobody sees a failure. WS-I R2738 (every block of the WSDL) is kept "
    "by nobody, and is no rule",
    "header.failure-without-exception": _ALLOWED,
    "header.success-with-exception": _ALLOWED,
    "body.type-missing": "the WSDL allows it, so it is no error; the server gets 0, which is no "
    "type",
    "body.image-missing": _LEGAL,
    "body.description-missing": "the WSDL allows it; the server gets null",
    "body.nil-not-allowed": "the WSDL's side: Image and Description are nillable, Type and "
    "Response "
    "are not",
    "body.child-out-of-order": "the WSDL's side (xs:sequence), though a server says nothing: "
    "that is "
    "why",
    "body.response-missing": "an error where Succeeded is true, since nothing came of it; else a "
    "warning, since the WSDL allows it",
    "body.response-not-positive": "the schema allows 0, and the page has it as its example; ids "
    "are "
    "positive",
    "body.response-positive-on-failure": _ALLOWED,
    "body.xsi-type-wrong": "XML Schema's side: the declared type or one derived from it; "
    "SOAP::Lite "
    "and PHP send xsd:string for Type",
    "payload.image-empty": "the page's own example is empty, so it is no error",
    "payload.description-too-long": "the WSDL sets no limit; 254 is the width of the vendor's "
    "database column",
    "payload.image-format": "neither page nor WSDL names a format; the REST sibling names four",
    "xml.encoding-unusual": "WS-I's side, which binds the profile wsdl alone: UTF-8 or UTF-16",
    "xml.utf16-undeclared": "WCF's side in the profile wsdl: it refuses what XML allows after a "
    "byte order mark; a warning elsewhere",
    "xml.comment-outside-envelope": "SOAP 1.2's side; SOAP 1.1 says nothing, so it is no rule "
    "there",
    "http.charset-unusual": "WS-I's side, which binds the profile wsdl alone",
    "http.soap-action-other": "the WSDL's side; WCF takes a percent-encoded one, so that is a "
    "warning",
    "http.soap-action-missing": "WCF's and SOAP 1.1's side; the page says nothing of HTTP",
    "http.soap-action-empty": "WCF's side: SOAP 1.1 would read it as the request's URI",
    "http.soap-action-unquoted": "WCF takes it, WS-I R1109 does not: a warning",
    "http.content-type-soap12-as-text": "the page says nothing and pysimplesoap sends it: a "
    "warning",
    "http.action-unquoted": "RFC 2045 wants quotes around a URI, most servers do without: a "
    "warning",
    "fault.code-dotted": "SOAP 1.1 allows it, WS-I forbids it: a warning",
    "fault.child-out-of-order": "the side of SOAP 1.1's schema; its text gives no order",
    "fault.child-qualified": "SOAP 1.1's side: its faults' children are in no namespace",
    "fault.attribute-unqualified": "SOAP's side where XML Schema is stricter: xml:lang on "
    "faultstring, as WCF sends it, is allowed",
}
