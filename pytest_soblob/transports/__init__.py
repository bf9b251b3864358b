"""In-process transports for zeep, requests and httpx: the same endpoint and exchanges, no socket.

::

    endpoint = StubEndpoint()                      # need not be started
    client = zeep.Client(f"{endpoint.in_process_url}?wsdl", transport=zeep_transport(endpoint))

    session = requests.Session()
    session.mount("http://", requests_adapter(endpoint))

    httpx.Client(transport=httpx_transport(endpoint))        # and httpx.AsyncClient

Connection failures are simulated: each transport raises what its client raises when a connection is
reset, closed or too slow.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_soblob.transports._httpx import httpx_transport
    from pytest_soblob.transports._requests import requests_adapter
    from pytest_soblob.transports._zeep import zeep_transport

# Loaded on first access: an installation rarely has all three clients.
_HOMES = {"httpx_transport": "_httpx", "requests_adapter": "_requests", "zeep_transport": "_zeep"}

__all__ = ["httpx_transport", "requests_adapter", "zeep_transport"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
