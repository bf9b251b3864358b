"""Exchanges as JSON: the call, the answer and the findings; secrets are redacted."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from pytest_soblob._text import KnownSecrets, hide, mask
from pytest_soblob.judge.catalogue import RULES
from pytest_soblob.judge.rendering import by_severity
from pytest_soblob.judge.violations import Violation
from pytest_soblob.soap.messages import SECRET_ATTRIBUTES, Request, TimeZone
from pytest_soblob.stub.exchange import Exchange


def exchange_to_json(exchange: Exchange, number: int) -> dict[str, Any]:
    """Return an exchange as JSON.

    Args:
        exchange: The recorded exchange.
        number: Its number, counted from 1 since the last reset, including exchanges that are no
            longer kept.
    """
    message = exchange.message
    secrets = exchange.secrets(message)
    return {
        "number": number,
        "operation": exchange.operation,
        "status": None if exchange.response is None else exchange.response.status,
        "blob_id": exchange.blob_id,
        "business_failure_text": exchange.business_failure_text
        and hide(exchange.business_failure_text, secrets),
        "failure_name": exchange.failure_name,
        "profile": exchange.profile,
        "connection": exchange.connection,
        "dropped": [hide(path, secrets) for path in exchange.dropped],
        "violations": [violation.to_json() for violation in exchange.violations],
        "message": None if message is None else message_to_json(message, secrets),
    }


def remarks_to_json(remarks: Iterable[Violation]) -> list[dict[str, Any]]:
    """Return each rule that was broken without failing, and how often; most severe first."""
    counts = Counter((v.rule, str(v.severity)) for v in by_severity(remarks))
    return [
        {"rule": rule, "severity": severity, "count": count, "meaning": RULES[rule].meaning}
        for (rule, severity), count in counts.items()
    ]


def message_to_json(message: Request, secrets: KnownSecrets) -> dict[str, Any]:
    """Return the fields of a typed message; an image as its size and SHA-256."""
    return {
        field.name: _value(field.name, getattr(message, field.name), secrets)
        for field in fields(message)
    }


def _value(name: str, value: Any, secrets: KnownSecrets) -> Any:
    if name in SECRET_ATTRIBUTES and isinstance(value, str):
        return mask(value)
    if isinstance(value, bytes):
        return {"bytes": len(value), "sha256": hashlib.sha256(value).hexdigest()}
    if isinstance(value, TimeZone):
        code = value.location_code
        return {"id": value.id, "location_code": code and hide(code, secrets)}
    return value if value is None or isinstance(value, int) else hide(str(value), secrets)
