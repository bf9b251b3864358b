"""For each rule a minimal valid message and a minimal invalid one, read from `examples.toml`.

The file is generated from the hand-written messages of the kit's own tests, which judge them. It is
loaded on first use.
"""

import tomllib
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """The messages of one rule, and the settings with which the invalid one breaks the rule.

    Attributes:
        valid: A valid message: an envelope or a complete HTTP message; empty if there is none.
        invalid: A message that breaks the rule.
        is_sequence: True for rules of family `flow`: `valid` and `invalid` are sequences of
            envelopes. A line of three dashes before each envelope gives the answer to it, with the
            name of the failure if it fails.
        kind: `request` or `response`.
        profile: The profile to judge it by.
        installation: The installation to judge it for.
        operation: The operation that is expected.
        max_message_size: The limit in bytes; None for no limit.
    """

    valid: bytes
    invalid: bytes
    is_sequence: bool = False
    kind: str = "request"
    profile: str = "wsdl"
    installation: str = "onsite"
    operation: str = "SaveImageStream"
    max_message_size: int | None = None


def example_of(rule_id: str) -> Example:
    """Return the example of a rule.

    Raises:
        KeyError: If there is no rule with this id.
    """
    return _load()[rule_id]


@cache
def _load() -> Mapping[str, Example]:
    file = Path(__file__).with_name("examples.toml")
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    return {rule: _example(row, data["valid"]) for rule, row in data["rules"].items()}


def _example(row: dict[str, Any], valid: Mapping[str, str]) -> Example:
    invalid = b64decode(row.pop("base64")) if "base64" in row else row.pop("invalid").encode()
    right = row.pop("right") if "right" in row else valid[row.pop("valid")]
    return Example(valid=right.encode(), invalid=invalid, **row)
