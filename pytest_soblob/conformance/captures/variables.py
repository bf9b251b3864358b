"""Variables of a tool in its messages: filled in where the export holds their values."""

import re
from collections.abc import Callable
from typing import Final

from pytest_soblob._text import ascii_controls, clip
from pytest_soblob.errors import SoblobError

# `{{name}}`, and `${name}`, `${#Project#name}`, `${=code}`.
OF_POSTMAN: Final = re.compile(r"\{\{([^{}\n]{1,200})\}\}")
OF_SOAPUI: Final = re.compile(r"\$\{([^{}\n]{1,200})\}")
# Values may have variables in them; those of a name inside itself never end.
_MOST_ROUNDS: Final = 5
_LARGEST_TEXT: Final = 40_000_000


def fill_in(
    text: str, pattern: re.Pattern[str], value_of: Callable[[str], str | None]
) -> tuple[str, str]:
    """Return a text with the values of its variables, and why it is not whole, or an empty text.

    Args:
        text: Text with variables.
        pattern: How the tool writes one; its group is the name.
        value_of: Returns the value of a name, or None if the export does not hold it.

    Raises:
        SoblobError: The text is too large with the values in it.
    """
    for _ in range(_MOST_ROUNDS):
        pieces: list[str] = []
        at = size = 0
        for found in pattern.finditer(text):
            value = value_of(found[1])
            if value:  # an empty one was left out when the export was shared
                pieces += (text[at : found.start()], value)
                at = found.end()
                size += len(value)
            if size > _LARGEST_TEXT:
                raise SoblobError(
                    f"with its variables, a text is over {_LARGEST_TEXT:,} characters"
                )
        if not at:
            break
        text = "".join((*pieces, text[at:]))
    left = pattern.search(text)
    if left is None:
        return text, ""
    return text, f"its variable {clip(ascii_controls(left[0]), 60)} has no value in the export"
