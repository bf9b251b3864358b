"""The real client that `soblob_client` hands out: zeep, with credentials."""

from typing import Any

import requests
import zeep
from zeep.transports import Transport

from pytest_soblob._text import DRAWN_MARK
from pytest_soblob.settings import SoblobSettings

INVENTED_TICKET = f"7T:{DRAWN_MARK}Ticket=="
INVENTED_TOKEN = f"{DRAWN_MARK}-application-token"


def new_zeep_client(
    wsdl_url: str, settings: SoblobSettings, transport: Any = None, ticket: str | None = None
) -> Any:
    """Return a zeep client for the service that the WSDL describes.

    Args:
        wsdl_url: Of an endpoint.
        settings: Whose ticket and first token it sends; invented ones where there are none.
        transport: A zeep transport; None: one with a session of its own, and a socket.
        ticket: To send instead of the settings'.
    """
    factory: Any = zeep.Client  # zeep ships no annotations
    if transport is None:
        session = requests.Session()
        session.trust_env = False  # a proxy of the environment has no business on loopback
        new_transport: Any = Transport
        transport = new_transport(session=session)
    client = factory(wsdl_url, transport=transport)
    client.set_default_soapheaders(
        {
            "ApplicationToken": settings.tokens[0] if settings.tokens else INVENTED_TOKEN,
            "Credentials": {"Ticket": ticket or settings.ticket or INVENTED_TICKET},
        }
    )
    return client


def close_client(client: Any) -> None:
    """Close the client's connections."""
    client.transport.session.close()
