"""Answers to an upload, written by hand: right ones in odd but legal dress, and wrong ones."""

from collections.abc import Callable
from typing import Final

from pytest_soblob.contract import Profile
from pytest_soblob.names import NETSERVER, SOAP11, SOAP12
from pytest_soblob.soap.messages import to_http_response
from pytest_soblob.wire import HttpResponse

ID: Final = 74_565
_OTHER_NAMESPACE: Final = "urn:example:monitoring"


def envelope(
    profile: Profile,
    *,
    blocks: str = "<n:Succeeded>true</n:Succeeded>",
    body: str = f"<n:Response>{ID}</n:Response>",
    wrapper: str = "SaveImageStreamResponse",
) -> str:
    """Return an envelope with the prefixes `s` and `n`.

    Args:
        profile: Which SOAP version it has. `documented` has a Header only where there are blocks.
        blocks: What stands in Header.
        body: What stands in the wrapper.
        wrapper: The local name of the wrapper, or empty for a Body that holds `body` itself.
    """
    soap = SOAP11 if profile is Profile.WSDL else SOAP12
    header = f"<s:Header>{blocks}</s:Header>" if blocks else ""
    inner = f"<n:{wrapper}>{body}</n:{wrapper}>" if wrapper else body
    return (
        f'<s:Envelope xmlns:s="{soap}" xmlns:n="{NETSERVER}" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"{header}<s:Body>{inner}</s:Body></s:Envelope>"
    )


def respond(profile: Profile, text: str | bytes, charset: str = "utf-8") -> HttpResponse:
    """Return the HTTP response of an envelope.

    Args:
        profile: Decides on the media type.
        text: The envelope, or its bytes.
        charset: The encoding, and the charset parameter.
    """
    data = text.encode(charset) if isinstance(text, str) else text
    plain = to_http_response(data, profile)
    kind = "text/xml" if profile is Profile.WSDL else "application/soap+xml"
    headers = (
        ("Content-Type", f"{kind}; charset={charset}"),
        *(pair for pair in plain.headers if pair[0].lower() != "content-type"),
    )
    return HttpResponse(status=200, headers=headers, body=data)


def unprefixed(text: str) -> str:
    """Return the envelope with default namespaces in place of prefixes."""
    for prefix, uri in (("s", _soap(text)), ("n", NETSERVER)):
        text = text.replace(f' xmlns:{prefix}="{uri}"', "")
        parts = text.split(f"<{prefix}:")
        text = parts[0] + "".join(
            f"<{part.replace('>', f' xmlns={chr(34)}{uri}{chr(34)}>', 1)}" for part in parts[1:]
        )
        text = text.replace(f"</{prefix}:", "</")
    return text


def _soap(text: str) -> str:
    return SOAP12 if SOAP12 in text else SOAP11


def with_unknown_block(text: str) -> str:
    """Return the envelope with a header block that nobody has to understand."""
    block = f'<m:Trace xmlns:m="{_OTHER_NAMESPACE}">74</m:Trace>'
    return text.replace("<s:Header>", f"<s:Header>{block}", 1)


def page(kind: str, body: bytes) -> Callable[[Profile], HttpResponse]:
    """Return what answers with a body of some media type and status 200."""
    headers = (("Content-Type", kind),)
    return lambda profile: HttpResponse(status=200, headers=headers, body=body)


def fault(profile: Profile) -> HttpResponse:
    """Return a fault with status 200."""
    if profile is Profile.WSDL:
        inner = "<faultcode>s:Server</faultcode><faultstring>no</faultstring>"
    else:
        inner = (
            "<s:Code><s:Value>s:Receiver</s:Value></s:Code>"
            '<s:Reason><s:Text xml:lang="en">no</s:Text></s:Reason>'
        )
    text = envelope(profile, blocks="", wrapper="", body=f"<s:Fault>{inner}</s:Fault>")
    return respond(profile, text)


def with_doctype(text: str) -> str:
    """Return the envelope behind a document type declaration."""
    return f"<!DOCTYPE s:Envelope>{text}"


def with_entities(text: str) -> str:
    """Return the envelope with entities before the id that grow to 10 million blanks."""
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else " "}">' for i in range(8))
    return f"<!DOCTYPE x [{entities}]>" + text.replace(str(ID), f"&e7;{ID}")


def other_version(profile: Profile) -> HttpResponse:
    """The names of Services87, which is another contract."""
    return respond(profile, envelope(profile).replace("Services86", "Services87"))
