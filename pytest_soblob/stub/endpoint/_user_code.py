"""Runs code of the test that the endpoint calls: `matching=`, `intercept=`, `on_exchange=`.

It runs outside all locks, so it may use this endpoint. What it raises is an error of the test, not
of the stub. If the caller is the server's thread, which serves no other request meanwhile, the code
runs in a thread of its own with a time limit: code that calls this endpoint through its socket
would wait for the server, and the server for it.
"""

import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from pytest_soblob._http.server import doing
from pytest_soblob.errors import SoblobError

T = TypeVar("T")
LONGEST_S: Final = 5.0
_here = threading.local()  # marks threads of code for which the server waits
_OURS: Final = __name__.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Raised:
    """An error raised by code of the test.

    Attributes:
        error: The error; its traceback begins with the test's own frame.
        what: Name of the code, such as `matching= of a scripted answer`.
    """

    error: BaseException
    what: str

    @property
    def text(self) -> str:
        """The error and its place in one line; secrets in its text are not redacted."""
        last = traceback.extract_tb(self.error.__traceback__)[-1:]
        where = "".join(f" ({frame.filename}:{frame.lineno}, in {frame.name})" for frame in last)
        return f"{self.what} raised {type(self.error).__name__}: {self.error}{where}"


class UserCodeError(Exception):
    """Code of the test has raised; for the caller inside the endpoint.

    Attributes:
        raised: The error.
    """

    def __init__(self, raised: Raised) -> None:
        super().__init__(raised.what)
        self.raised = raised


@dataclass(slots=True)
class _Run(Generic[T]):
    """One call of a function in a thread of its own."""

    call: Callable[[], T]
    result: list[T] = field(default_factory=list)
    error: BaseException | None = None

    def in_thread(self) -> None:
        """Run it in a thread that is marked, so that it never waits for the server."""
        _here.serves = True
        self.run()

    def run(self) -> None:
        """Run it, and keep its result or its error."""
        try:
            self.result.append(self.call())
        except BaseException as error:  # noqa: BLE001 -- the caller raises it
            self.error = error


def run(what: str, call: Callable[[], T], *, in_server: bool) -> T:
    """Call code of the test, and return its result.

    Args:
        what: Name of the code, for error messages.
        call: Calls the code.
        in_server: True in the server's thread, where the time is limited; False in the thread of a
            client in the same process.

    Raises:
        UserCodeError: The code has raised an exception, or has taken more than 5 s.
        KeyboardInterrupt: The user has interrupted a client's thread.
    """
    work = _Run(call)
    if in_server:
        thread = threading.Thread(target=work.in_thread, name=f"soblob {what}", daemon=True)
        thread.start()
        thread.join(LONGEST_S)
        if thread.is_alive():
            raise UserCodeError(Raised(_too_long(what, thread), what))
    else:
        work.run()
    error = work.error
    if error is None:
        return work.result[0]
    if isinstance(error, KeyboardInterrupt) and not in_server:
        raise error
    raise UserCodeError(Raised(_from_its_frame(error), what)) from None


def keeps_server_waiting() -> bool:
    """Return True in code for which the server waits, and which must not wait for the server."""
    return getattr(_here, "serves", False)


def is_ours(function: Callable[..., object]) -> bool:
    """Return True for a callable of this package, as those of `soblob serve` are."""
    return (getattr(function, "__module__", None) or "").partition(".")[0] == _OURS


def _from_its_frame(error: BaseException) -> BaseException:
    """Return an error without the frames of this package at the start of its traceback."""
    traceback_ = error.__traceback__
    while (
        traceback_ is not None
        and traceback_.tb_next is not None
        and traceback_.tb_frame.f_globals.get("__name__", "").partition(".")[0] == _OURS
    ):
        traceback_ = traceback_.tb_next
    return error.with_traceback(traceback_)


def _too_long(what: str, thread: threading.Thread) -> SoblobError:
    return SoblobError(
        f"{what} has not returned within {LONGEST_S:g} s: {doing(thread)}. The server waits while "
        "it runs, so it must not call this endpoint through its socket; it may read exchanges and "
        "blobs, or call handle"
    )
