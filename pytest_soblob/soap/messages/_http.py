"""The HTTP headers that each SOAP version requires."""

from functools import cache

from pytest_soblob.contract import Profile
from pytest_soblob.names import SOAP12
from pytest_soblob.wire import HttpResponse


def http_request_headers(
    profile: Profile | str, action: str, charset: str = "utf-8"
) -> tuple[tuple[str, str], ...]:
    """Return Content-Type, with the action for SOAP 1.2, and for SOAP 1.1 the quoted SOAPAction.

    Sources: SOAP 1.1 section 6; SOAP 1.2 part 2, 7.1.4.
    """
    if Profile(profile).soap_namespace == SOAP12:
        return (("Content-Type", f'application/soap+xml; charset={charset}; action="{action}"'),)
    return (("Content-Type", f"text/xml; charset={charset}"), ("SOAPAction", f'"{action}"'))


def to_http_response(body: bytes, profile: Profile | str, status: int = 200) -> HttpResponse:
    """Return an envelope as a response, with the headers that its SOAP version requires."""
    return HttpResponse(status=status, headers=_response_headers(Profile(profile)), body=body)


@cache
def _response_headers(profile: Profile) -> tuple[tuple[str, str], ...]:
    media_type = "application/soap+xml" if profile.soap_namespace == SOAP12 else "text/xml"
    return (("Content-Type", f"{media_type}; charset=utf-8"),)
