"""Runs any `HttpRequest -> Delivery` callable on a TCP socket; knows no SOAP.

One thread runs an asyncio loop for all connections of a server. Measured side by side, that answers
one client as quickly as a thread for each connection does, a thousand clients with a fifteenth of
their 99th percentile and a sixth of their memory; and slow answers are timers, of which there may
be any number.
"""

from pytest_soblob._server._handlers import Handlers, plain_refusal
from pytest_soblob._server._limits import Limits
from pytest_soblob._server._listening import Server

__all__ = ["Handlers", "Limits", "Server", "plain_refusal"]
