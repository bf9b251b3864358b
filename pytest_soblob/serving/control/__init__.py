"""The control API, by which a suite in another language controls the endpoint with HTTP and JSON.

It has its own path and a token. A request without the valid token is answered with 401 and logged.
If the control API is disabled, the path does not exist.
"""

from pytest_soblob.serving.control._api import PREFIX, ControlApi, check_token
from pytest_soblob.serving.control._fields import as_object, check_known, take, take_texts
from pytest_soblob.serving.control._scripts import REPLY_FIELDS, script
from pytest_soblob.serving.control._values import exchange_to_json

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
