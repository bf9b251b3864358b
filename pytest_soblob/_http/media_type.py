"""The value of a Content-Type: a media type and its parameters (RFC 9110, 8.3.1)."""

import re
from dataclasses import dataclass
from typing import Final

# No real value is nearly as long.
_LONGEST: Final = 8_000
# A parameter name with an optional value, quoted or not. Anything else is skipped in linear time.
_PARAMETER: Final = re.compile(r';[\s;]*+([^;="]*+)(?:=\s*+("(?:[^"\\]|\\.)*+"?+|[^;]*+))?+')
_ESCAPED: Final = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class ContentType:
    """A parsed Content-Type.

    Attributes:
        media_type: Media type in lower case, such as `text/xml`; empty if there is none.
        parameters: Parameter names in lower case with their unquoted values; the first value of a
            repeated name.
    """

    media_type: str
    parameters: dict[str, str]

    def get(self, name: str) -> str | None:
        """Return the value of a parameter, or None if it is not given."""
        return self.parameters.get(name)


def parse_content_type(value: str) -> ContentType:
    """Return the parsed value; never fails.

    Args:
        value: Any text. Of a very long one only the first 8,000 characters are read.
    """
    value = value[:_LONGEST]
    parameters: dict[str, str] = {}
    for found in _PARAMETER.finditer(value):
        name = found[1].strip().lower()
        if name:
            parameters.setdefault(name, _unquoted(found[2] or ""))
    return ContentType(value.partition(";")[0].strip().lower(), parameters)


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value.strip()
    return _ESCAPED.sub(r"\1", value[1:].removesuffix('"'))
