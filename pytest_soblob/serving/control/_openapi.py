"""The OpenAPI 3.1 description of the control API: `openapi.json`, with enumerations filled in."""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

from pytest_soblob.contract import OPERATIONS
from pytest_soblob.stub.failures import FAILURES

_ERROR: Final = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}


@cache
def openapi() -> dict[str, Any]:
    """Return the description of all paths, requests and responses."""
    file = Path(__file__).with_name("openapi.json")
    description: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    schemas = description["components"]["schemas"]
    schemas["Failure"]["properties"]["failure"]["enum"] = list(FAILURES)
    schemas["Call"]["properties"]["operation"]["enum"] = list(OPERATIONS)
    for name in ("Failure", "Reply"):
        schemas[name]["properties"]["operation"]["enum"] = [*OPERATIONS, None]
    # Any request without the valid token.
    unauthorised = {"description": "Missing or wrong token.", "content": _ERROR}
    for methods in description["paths"].values():
        for operation in methods.values():
            operation["responses"]["401"] = unauthorised
    return description
