"""zeep: a transport whose session goes to the endpoint."""

from typing import Any

import requests
from zeep.transports import Transport

from pytest_soblob.endpoint import StubEndpoint
from pytest_soblob.transports._requests import requests_adapter


def zeep_transport(endpoint: StubEndpoint, **options: Any) -> Any:
    """Return a `zeep.Transport` that reaches the endpoint without a socket.

    Args:
        endpoint: That answers; it need not be running.
        **options: For `zeep.Transport`, such as `operation_timeout`.
    """
    session = requests.Session()
    session.trust_env = False  # a proxy of the environment has no business here
    for scheme in ("http://", "https://"):
        session.mount(scheme, requests_adapter(endpoint))
    factory: Any = Transport  # zeep ships no annotations
    return factory(session=session, **options)
