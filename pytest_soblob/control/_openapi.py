"""The control API's own description, in OpenAPI 3.1: `openapi.json`, with the names filled in."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from pytest_soblob.contract import OPERATIONS
from pytest_soblob.failures import FAILURES


@cache
def openapi() -> dict[str, Any]:
    """Return the description of every path, request and response."""
    file = Path(__file__).with_name("openapi.json")
    description: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    schemas = description["components"]["schemas"]
    schemas["Failure"]["properties"]["failure"]["enum"] = list(FAILURES)
    schemas["Call"]["properties"]["operation"]["enum"] = list(OPERATIONS)
    for name in ("Failure", "Reply"):
        schemas[name]["properties"]["operation"]["enum"] = [*OPERATIONS, None]
    return description
