"""zeep: a transport whose session is connected to the endpoint."""

from typing import Any

import requests
from zeep.transports import Transport

from pytest_soblob.stub.endpoint import StubEndpoint
from pytest_soblob.transports._requests import requests_adapter


def zeep_transport(endpoint: StubEndpoint, **options: Any) -> Any:
    """Return a `zeep.Transport` that reaches the endpoint without a socket.

    Args:
        endpoint: Endpoint that answers; it need not be running.
        **options: Arguments of `zeep.Transport`, such as `operation_timeout`.

    Raises:
        SoblobError: The endpoint is not a `StubEndpoint`.
    """
    session = requests.Session()
    session.trust_env = False  # a proxy set in the environment must not be used
    for scheme in ("http://", "https://"):
        session.mount(scheme, requests_adapter(endpoint))
    factory: Any = Transport  # zeep ships no annotations
    return factory(session=session, **options)
