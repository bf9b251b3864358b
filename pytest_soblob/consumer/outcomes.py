"""How a call of a consumer can end."""

from dataclasses import dataclass

from pytest_soblob._basics.numbers import LARGEST_INT
from pytest_soblob.consumer.foreign import presentable, repr_of


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
        return f"a failure ({presentable(self.text)})"


@dataclass(frozen=True, slots=True)
class Refused:
    """The client refused the call before it sent a request.

    Attributes:
        text: The reason that it gave.
    """

    text: str

    def __str__(self) -> str:
        return f"a refusal before sending ({presentable(self.text)})"


@dataclass(frozen=True, slots=True)
class Crashed:
    """The client ended in a way that is not among its failures.

    Attributes:
        text: The exception with its class, or how the process ended.
    """

    text: str

    def __str__(self) -> str:
        return f"a crash ({presentable(self.text)})"


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
        return f"{presentable(self.shown)}, which is no blob id"


@dataclass(frozen=True, slots=True)
class Garbled:
    """A worker's line cannot be read as an answer.

    Attributes:
        text: What it wrote, and what is wrong with it.
    """

    text: str

    def __str__(self) -> str:
        return f"no answer: {presentable(self.text)}"


@dataclass(frozen=True, slots=True)
class Hung:
    """The call did not end in time.

    Attributes:
        seconds: How long it was waited for.
        hint: What may be the reason, or empty.
    """

    seconds: float
    hint: str = ""

    def __str__(self) -> str:
        hint = f" ({presentable(self.hint)})" if self.hint else ""
        return f"nothing: the call had not ended after {self.seconds:g} s{hint}"


Outcome = Saved | Failed | Refused | Crashed | NoId | Garbled | Hung


def read_result(value: object) -> Saved | NoId:
    """Return the outcome of a call that returned a value.

    A bool is no id, although Python counts it as an int. Nothing of a foreign class is called but
    its `repr`, which may raise.
    """
    if value is None:
        return NoId("None", "the caller stores no id, and nobody finds the image again")
    if isinstance(value, bool):
        return NoId(repr(value), f"{value} counts as {int(value)}: the image of another person")
    kind = type(value)
    if not issubclass(kind, int):
        shown = presentable(repr_of(value))
        return NoId(shown, f"the caller needs an int and gets a {kind.__name__}")
    blob_id = int.__index__(value)  # type: ignore[arg-type]  # it is an int, whatever it overrides
    if blob_id == 0:
        return NoId("0", "ChangePersonImage(0) deletes the picture of the person")
    if not 0 < blob_id <= LARGEST_INT:
        return NoId(
            repr_of(blob_id), "no blob has such an id: attaching it fails, or shows nothing"
        )
    return Saved(blob_id)
