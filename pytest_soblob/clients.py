"""The client behind the fixture `soblob_client`: zeep, with credentials."""

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
    """Return a zeep client for the service that a WSDL describes.

    Args:
        wsdl_url: URL of an endpoint's WSDL.
        settings: Settings whose ticket and first application token the client sends; invented ones
            if the settings have none.
        transport: zeep transport, or None for one with its own session on a socket.
        ticket: Ticket to send instead of that of the settings, or None.
    """
    factory: Any = zeep.Client  # zeep ships no annotations
    if transport is None:
        session = requests.Session()
        session.trust_env = False  # no proxy of the environment for loopback
        new_transport: Any = Transport
        transport = new_transport(session=session)
    client = factory(wsdl_url, transport=transport)
    client.set_default_soapheaders(
        {
            "ApplicationToken": next(iter(settings.application_tokens), INVENTED_TOKEN),
            "Credentials": {"Ticket": ticket or settings.ticket or INVENTED_TICKET},
        }
    )
    return client


def close_client(client: Any) -> None:
    """Close the client's connections."""
    client.transport.session.close()
