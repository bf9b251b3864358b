"""Runs any `HttpRequest -> Delivery` callable on a TCP socket, without knowledge of SOAP.

One thread runs an asyncio loop for all connections of a server. Measured in turn with one thread
per connection, it answers a single client as fast; with a thousand clients it takes a fifteenth of
the 99th percentile and a sixth of the memory. Slow answers are timers, of which there may be any
number.
"""

from pytest_soblob._http.server._handlers import Handlers, plain_refusal
from pytest_soblob._http.server._limits import Limits
from pytest_soblob._http.server._listening import PATIENCE_S, Server, doing
from pytest_soblob._http.server._unfinished import Unfinished

__all__ = ["PATIENCE_S", "Handlers", "Limits", "Server", "Unfinished", "doing", "plain_refusal"]
