"""For each rule a smallest right message and a smallest wrong one, read from `examples.toml`.

The file is written from the hand-written messages of the kit's own tests, which judge them; it is
data, and loaded when somebody asks for it.
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
    """One rule's messages, and how to judge them so that the wrong one breaks it.

    Attributes:
        valid: A right message: an envelope, or a whole HTTP message; empty where there is none.
        invalid: A wrong one.
        is_sequence: Whether they are several messages, as for rules of family `flow`: before each
            envelope a line with three dashes says how it is answered, with a failure by name.
        kind: `request` or `response`.
        profile: As the validator's.
        installation: As the validator's.
        operation: As the validator's.
        max_message_size: As the validator's.
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
    """Return a rule's example."""
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
