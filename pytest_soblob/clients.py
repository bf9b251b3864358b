"""The real client that `soblob_client` hands out: zeep, with credentials."""

from typing import Any

import requests
import zeep
from zeep.transports import Transport

from pytest_soblob._text import DRAWN_MARK
from pytest_soblob.settings import SoblobSettings

INVENTED_TICKET = f"7T:{DRAWN_MARK}Ticket=="
INVENTED_TOKEN = f"{DRAWN_MARK}-application-token"


def new_zeep_client(wsdl_url: str, settings: SoblobSettings) -> Any:
    """Return a zeep client for the service that the WSDL describes.

    Args:
        wsdl_url: Of a running endpoint.
        settings: Whose ticket and first token it sends; invented ones where there are none.
    """
    session = requests.Session()
    session.trust_env = False  # a proxy of the environment has no business on loopback
    factory: Any = zeep.Client  # zeep ships no annotations
    transport: Any = Transport
    client = factory(wsdl_url, transport=transport(session=session))
    client.set_default_soapheaders(
        {
            "ApplicationToken": settings.tokens[0] if settings.tokens else INVENTED_TOKEN,
            "Credentials": {"Ticket": settings.ticket or INVENTED_TICKET},
        }
    )
    return client


def close_client(client: Any) -> None:
    """Close the client's connections."""
    client.transport.session.close()
