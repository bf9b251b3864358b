"""The value of a Content-Type, taken apart by the standard library (RFC 2045, 5.1)."""

from email.message import Message
from typing import Final

# The library takes quadratic time for parameters; no real value is nearly as long.
_LONGEST: Final = 1_000


def parse_content_type(value: str) -> Message:
    """Return something to ask for the media type and its parameters.

    Args:
        value: From anyone; of a very long one the beginning counts.
    """
    message = Message()
    message["Content-Type"] = " ".join(value[:_LONGEST].split())
    return message
