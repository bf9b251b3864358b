"""How a call of a consumer can end."""

from dataclasses import dataclass
from typing import Final

from pytest_soblob._basics.numbers import LARGEST_INT
from pytest_soblob._text import clip

_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Saved:
    """The client returned a blob id.

    Attributes:
        blob_id: The id.
    """

    blob_id: int

    def __str__(self) -> str:
        return f"blob id {self.blob_id}"


@dataclass(frozen=True, slots=True)
class Failed:
    """The client told its caller that the call failed.

    Attributes:
        text: The exception, or the last lines of what a command wrote.
    """

    text: str

    def __str__(self) -> str:
        return f"a failure ({clip(self.text, _SHOWN)})"


@dataclass(frozen=True, slots=True)
class Refused:
    """The client refused the call before it sent a request.

    Attributes:
        text: The reason that it gave.
    """

    text: str

    def __str__(self) -> str:
        return f"a refusal before sending ({clip(self.text, _SHOWN)})"


@dataclass(frozen=True, slots=True)
class Crashed:
    """The client ended in a way that is not among its failures.

    Attributes:
        text: The exception with its class, or how the process ended.
    """

    text: str

    def __str__(self) -> str:
        return f"a crash ({clip(self.text, _SHOWN)})"


@dataclass(frozen=True, slots=True)
class NoId:
    """The client returned something that is no blob id.

    Attributes:
        shown: What it returned.
        production: What production does with it.
    """

    shown: str
    production: str

    def __str__(self) -> str:
        return f"{clip(self.shown, _SHOWN)}, which is no blob id"


@dataclass(frozen=True, slots=True)
class Hung:
    """The call did not end in time.

    Attributes:
        seconds: How long it was waited for.
    """

    seconds: float

    def __str__(self) -> str:
        return f"nothing: the call had not ended after {self.seconds:g} s"


Outcome = Saved | Failed | Refused | Crashed | NoId | Hung


def read_result(value: object) -> Saved | NoId:
    """Return the outcome of a call that returned a value.

    A bool is no id, although Python counts it as an int.
    """
    if value is None:
        return NoId("None", "the caller stores no id, and nobody finds the image again")
    if isinstance(value, bool):
        return NoId(repr(value), f"{value} counts as {int(value)}: the image of another person")
    if not isinstance(value, int):
        kind = type(value).__name__
        return NoId(clip(repr(value), _SHOWN), f"the caller needs an int and gets a {kind}")
    if value == 0:
        return NoId("0", "ChangePersonImage(0) deletes the picture of the person")
    if not 0 < value <= LARGEST_INT:
        return NoId(str(value), "no blob has such an id: attaching it fails, or shows nothing")
    return Saved(value)
