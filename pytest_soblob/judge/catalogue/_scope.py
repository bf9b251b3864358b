"""To which kinds of messages and in which profiles each rule applies: the exceptions, as data.

A rule that is not listed here applies to requests and responses, in all three profiles.
"""

from collections.abc import Mapping
from typing import Final

REQUEST, RESPONSE = ("request",), ("response",)
BOTH: Final = ("request", "response")
WSDL, DOCUMENTED, SOAP_1_2 = ("wsdl",), ("documented",), ("soap12", "documented")
ALL: Final = ("wsdl", "soap12", "documented")

_FAMILIES: Final[Mapping[str, tuple[str, ...]]] = {
    "fault": RESPONSE,
    "payload": REQUEST,
    "flow": REQUEST,
}
_REQUEST_RULES: Final = frozenset(
    """http.method http.path http.request-compressed
    http.soap-action-missing http.soap-action-empty http.soap-action-other
    http.soap-action-unquoted http.action-other http.action-unquoted header.inside-header
    header.credentials-missing header.ticket-missing header.ticket-shape header.ticket-white-space
    header.application-token-missing body.fault-in-request body.type-missing body.image-missing
    body.description-missing body.type-unknown""".split()  # noqa: SIM905 -- read as a list
)
_RESPONSE_RULES: Final = frozenset(
    """http.content-encoding http.fault-with-success-status http.fault-status
    http.response-with-error-status
    header.succeeded-missing header.failure-without-exception header.success-with-exception
    header.child-missing
    header.not-a-boolean body.response-missing body.response-not-positive
    body.response-positive-on-failure body.not-a-boolean""".split()  # noqa: SIM905
)
_PROFILES: Final[Mapping[str, tuple[str, ...]]] = {
    "xml.encoding-unusual": WSDL,
    "xml.comment-outside-envelope": SOAP_1_2,
    "envelope.not-what-wcf-speaks": SOAP_1_2,
    "header.inside-header": DOCUMENTED,
    "header.time-zone-outside-header": DOCUMENTED,
    "header.succeeded-missing": ("wsdl", "soap12"),
    "http.soap-action-missing": WSDL,
    "http.soap-action-empty": WSDL,
    "http.soap-action-other": WSDL,
    "http.soap-action-unquoted": WSDL,
    "http.content-type-soap12-as-text": SOAP_1_2,
    "http.charset-unusual": WSDL,
    "http.action-other": SOAP_1_2,
    "http.action-unquoted": SOAP_1_2,
    "fault.child-qualified": WSDL,
    "fault.code-dotted": WSDL,
    "fault.code-unknown": SOAP_1_2,
    "fault.language-missing": SOAP_1_2,
    "flow.no-blob-id-after-failed-save": ALL,
}


def kinds_of(rule_id: str) -> tuple[str, ...]:
    """Return the kinds of messages to which a rule applies."""
    if rule_id == "payload.message-too-large":
        return BOTH
    if rule_id in _REQUEST_RULES:
        return REQUEST
    if rule_id in _RESPONSE_RULES:
        return RESPONSE
    return _FAMILIES.get(rule_id.partition(".")[0], BOTH)


def profiles_of(rule_id: str) -> tuple[str, ...]:
    """Return the profiles in which a rule applies."""
    return _PROFILES.get(rule_id, ALL)


NAMED: Final = frozenset({*_REQUEST_RULES, *_RESPONSE_RULES, *_PROFILES})
