"""The endpoint's clock, which stands still until a test advances it."""

from pytest_soblob._basics.numbers import is_number
from pytest_soblob.errors import SoblobError


class Clock:
    """The seconds since the test began.

    ::

        soblob_endpoint.clock.advance(hours=7)  # every ticket has expired now
    """

    def __init__(self) -> None:
        self._now_s = 0.0

    @property
    def now_s(self) -> float:
        """Seconds since the test, or example, began."""
        return self._now_s

    def advance(self, seconds: float = 0.0, *, minutes: float = 0.0, hours: float = 0.0) -> None:
        """Advance the clock by the sum of the arguments.

        Raises:
            SoblobError: The sum is not over 0, or an argument is not a number.
        """
        for name, value in (("seconds", seconds), ("minutes", minutes), ("hours", hours)):
            if not is_number(value):
                raise SoblobError(f"{name} must be a number, not {value!r:.60}")
        step = seconds + 60 * minutes + 3600 * hours
        if step <= 0:
            raise SoblobError(f"the clock only moves forward, not by {step:g} seconds")
        self._now_s += step

    def __repr__(self) -> str:
        return f"<Clock {self._now_s:g} s>"
