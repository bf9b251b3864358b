"""Exchanges as JSON: what was called, answered and found; secrets are redacted."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from pytest_soblob._text import hide, mask
from pytest_soblob.catalogue import RULES
from pytest_soblob.exchange import Exchange
from pytest_soblob.messages import SECRET_ATTRIBUTES, Request, TimeZone, secrets_of
from pytest_soblob.rendering import by_severity
from pytest_soblob.violations import Violation


def exchange_to_json(exchange: Exchange, number: int) -> dict[str, Any]:
    """Return an exchange.

    Args:
        exchange: That was recorded.
        number: Counted from 1 since the last reset, those that are forgotten included.
    """
    message = exchange.message
    return {
        "number": number,
        "operation": exchange.operation,
        "status": None if exchange.response is None else exchange.response.status,
        "blob_id": exchange.blob_id,
        "refusal": exchange.refusal,
        "failure": exchange.failure,
        "profile": exchange.profile,
        "connection": exchange.connection,
        "dropped": [hide(path, secrets_of(message)) for path in exchange.dropped],
        "violations": [violation.to_json() for violation in exchange.violations],
        "message": None if message is None else message_to_json(message),
    }


def remarks_to_json(remarks: Iterable[Violation]) -> list[dict[str, Any]]:
    """Return each rule that was broken without failing anything, and how often; worst first."""
    counts = Counter((v.rule, str(v.severity)) for v in by_severity(remarks))
    return [
        {"rule": rule, "severity": severity, "count": count, "meaning": RULES[rule].meaning}
        for (rule, severity), count in counts.items()
    ]


def message_to_json(message: Request) -> dict[str, Any]:
    """Return a typed message by attribute; of an image its size and its SHA-256."""
    secrets = secrets_of(message)
    return {
        field.name: _value(field.name, getattr(message, field.name), secrets)
        for field in fields(message)
    }


def _value(name: str, value: Any, secrets: tuple[str, ...]) -> Any:
    if name in SECRET_ATTRIBUTES and isinstance(value, str):
        return mask(value)
    if isinstance(value, bytes):
        return {"bytes": len(value), "sha256": hashlib.sha256(value).hexdigest()}
    if isinstance(value, TimeZone):
        code = value.location_code
        return {"id": value.id, "location_code": code and hide(code, secrets)}
    return value if value is None or isinstance(value, int) else hide(str(value), secrets)
