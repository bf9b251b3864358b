"""The control API: a suite in another language drives the endpoint by HTTP and JSON.

It has a path of its own and a token. Whoever does not send the token meets what stands at any
other path: nothing.
"""

from pytest_soblob.control._api import PREFIX, ControlApi, check_token
from pytest_soblob.control._fields import as_object, check_known, take, take_texts
from pytest_soblob.control._scripts import REPLY_FIELDS, script
from pytest_soblob.control._values import exchange_to_json

__all__ = [
    "PREFIX",
    "REPLY_FIELDS",
    "ControlApi",
    "as_object",
    "check_known",
    "check_token",
    "exchange_to_json",
    "script",
    "take",
    "take_texts",
]
