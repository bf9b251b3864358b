"""A consumer that is written in Python: callables of its team."""

import io
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from inspect import signature
from typing import Any, Final

from pytest_soblob._text import plural
from pytest_soblob.consumer.calling import Caller, EventLoop, Returned
from pytest_soblob.consumer.foreign import all_texts_of, repr_of, text_of
from pytest_soblob.consumer.leaks import OneLine
from pytest_soblob.consumer.outcomes import Outcome
from pytest_soblob.consumer.scenario import Need, UnmetError
from pytest_soblob.consumer.values import Abilities, Target, Upload
from pytest_soblob.errors import SoblobError
from pytest_soblob.settings import SoblobSettings

# A call counts as hung once it takes so much longer than the client's own time limit.
_LONGER: Final = 1.2
_BEYOND_S: Final = 3.0
_MOST_KEPT_BYTES: Final = 16_000_000
# Standard output belongs to the process: one client at a time is listened to.
_LISTENING: Final = threading.Lock()


# What each callable of a team is called with, after what `self` is in a class.
_ARGUMENTS: Final = {
    "upload": ("uploader", "call"),
    "attach": ("uploader", "call", "person_id"),
    "authenticate": ("uploader", "user", "password"),
    "logs": ("uploader",),
    "close": ("uploader",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonConsumer:
    """The code under test, as callables.

    Attributes:
        connect_to: Returns a client for a target; entered as a context manager.
        upload: Uploads with a client, and returns the blob id.
        failures: The exceptions by which a failure is told.
        abilities: What the team says about the client.
        settings: The settings that an endpoint for it begins with.
        attach: Uploads and attaches the image to a person, or None where there is no such call.
        authenticate: Logs in, or None likewise.
        logs: Returns what the client has logged, or None likewise.
        close: Ends a client, or None likewise.
        loop: Where coroutines run, or None for an event loop for each connection. A client that is
            connected twice needs one of its own, since its connections belong to a loop.

    Raises:
        SoblobError: A value has the wrong type, or a callable does not take its arguments.
    """

    connect_to: Callable[[Target], Any]
    upload: Callable[[Any, Upload], object]
    failures: tuple[type[BaseException], ...]
    abilities: Abilities = field(default_factory=Abilities)
    settings: SoblobSettings = field(default_factory=SoblobSettings)
    attach: Callable[[Any, Upload, int], object] | None = None
    authenticate: Callable[[Any, str, str], object] | None = None
    logs: Callable[[Any], object] | None = None
    close: Callable[[Any], object] | None = None
    loop: EventLoop | None = None

    def __post_init__(self) -> None:
        for name, value, kind in (
            ("abilities", self.abilities, Abilities),
            ("settings", self.settings, SoblobSettings),
        ):
            if not isinstance(value, kind):
                said = f"{kind.__name__}(...), not {repr_of(value):.60}"
                raise SoblobError(f"{name} must be {said}")
        for name, arguments in _ARGUMENTS.items():
            check_callable(name, getattr(self, name), arguments)

    @property
    def offers(self) -> frozenset[Need]:
        """What the consumer can do beyond single calls."""
        methods = {
            Need.ATTACH: self.attach,
            Need.AUTHENTICATE: self.authenticate,
        }
        defined = {need for need, method in methods.items() if method is not None}
        always = {Need.LIVE, Need.THREADS, Need.TICKET, Need.EXCEPTIONS, Need.LOGS}
        return frozenset(always | defined)

    @property
    def limit_s(self) -> float:
        """The time limit of a call, in seconds."""
        return self.abilities.timeout_s * _LONGER + _BEYOND_S

    @contextmanager
    def connect(
        self, target: Target, *, listens: bool = False, alone: bool = False
    ) -> Iterator["PythonClient"]:
        """Return a client for a target."""
        with ExitStack() as stack:
            heard = stack.enter_context(_listening()) if listens else {}
            live = stack.enter_context(self.connect_to(target))
            loop = self.loop or stack.enter_context(EventLoop())
            caller = Caller(self.failures, self.limit_s, loop)
            yield PythonClient(self, live, caller, heard)

    def end(self, live: Any) -> Outcome | None:
        """Call the team's `close`, if there is one; None means that it raised nothing.

        Args:
            live: The client.
        """
        close = self.close
        if close is None:
            return None
        with ExitStack() as stack:
            loop = self.loop or stack.enter_context(EventLoop())
            return Caller(self.failures, self.limit_s, loop).do(lambda: close(live))


class PythonClient:
    """One live client.

    Args:
        consumer: Whose client it is.
        live: The team's own object.
        caller: Runs its calls.
        heard: What it writes, by place, where that is collected.
    """

    shared = False  # calls of other scenarios are other threads' affair

    def __init__(
        self,
        consumer: PythonConsumer,
        live: Any,
        caller: Caller,
        heard: Mapping[str, "_Heard"],
    ) -> None:
        self._consumer = consumer
        self._live = live
        self._caller = caller
        self._heard = heard

    def upload(self, call: Upload) -> Outcome:
        """Upload an image."""
        return self._caller.upload(lambda: self._consumer.upload(self._live, call))

    def attach(self, call: Upload, person_id: int) -> Outcome | None:
        """Upload an image and attach it to a person."""
        attach = self._consumer.attach
        assert attach is not None  # noqa: S101 -- not due otherwise
        return self._caller.do(lambda: attach(self._live, call, person_id))

    def authenticate(self, user: str, password: str) -> Outcome | None:
        """Log in."""
        authenticate = self._consumer.authenticate
        assert authenticate is not None  # noqa: S101 -- not due otherwise
        return self._caller.do(lambda: authenticate(self._live, user, password))

    def said(self) -> Mapping[str, str]:
        """Return what was written and raised so far, by place.

        Raises:
            UnmetError: The team's `logs` raised, hung or returned nothing.
        """
        said = {place: text.read_all() for place, text in self._heard.items()}
        said["exception"] = "\n".join(map(all_texts_of, self._caller.exceptions))
        if self._consumer.logs is not None:
            said["log that logs() returns"] = self._logs(self._consumer.logs)
        return said

    def _logs(self, logs: Callable[[Any], object]) -> str:
        came = self._caller.run(lambda: logs(self._live), _text_or_none)
        if isinstance(came, Returned) and isinstance(came.value, str):
            return came.value
        got = came if not isinstance(came, Returned) else text_of(came.value)
        raise UnmetError(
            "logs() of the test class returned no text",
            str(got),
            production="nothing: this is about the test class, not about the client",
            advice="return what the client has logged, as text; an empty text for nothing",
        )


def check_callable(name: str, given: object, arguments: Sequence[str]) -> None:
    """Check that something can be called with so many arguments; None is left out on purpose.

    Raises:
        SoblobError: It cannot.
    """
    if given is None and name != "upload":
        return
    if not callable(given):
        raise SoblobError(f"{name} must be a function, not {repr_of(given):.60}")
    try:
        takes = signature(given, follow_wrapped=False)  # a decorator may add arguments
    except (TypeError, ValueError):  # of a class in C: only a call would tell
        return
    try:
        takes.bind(*arguments)
    except TypeError:
        raise SoblobError(
            f"{name}() must take {plural(len(arguments), 'argument')}, ({', '.join(arguments)}); "
            f"it takes {takes}"
        ) from None


def _text_or_none(value: object) -> str | None:
    return None if value is None else text_of(value)


class _Kept(io.BytesIO):
    """Bytes that are kept up to a limit; what comes later is dropped."""

    def write(self, data: Any, /) -> int:
        """Keep bytes while there is room."""
        return super().write(data) if self.tell() < _MOST_KEPT_BYTES else len(data)

    def close(self) -> None:
        """Stay open: a client that closes standard output closes it for itself only."""


class _Heard(io.TextIOWrapper):
    """A text stream that keeps what is written to it, and has a `buffer` as a real one has."""

    def __init__(self) -> None:
        self._kept = _Kept()
        super().__init__(self._kept, "utf-8", errors="backslashreplace", write_through=True)

    def close(self) -> None:
        """Stay open, as its buffer does."""

    def read_all(self) -> str:
        """Return what was written so far."""
        return self._kept.getvalue().decode("utf-8", "replace")


@contextmanager
def _listening() -> Iterator[Mapping[str, _Heard]]:
    """Collect what is written to standard output, standard error and all loggers."""
    with _LISTENING:
        yield from _listen()


def _listen() -> Iterator[Mapping[str, _Heard]]:
    heard = {name: _Heard() for name in ("output", "output (standard error)", "log")}
    root = logging.getLogger()
    handler = logging.StreamHandler(heard["log"])
    handler.setFormatter(OneLine())
    level = root.level
    # A logger that hands nothing on is listened to itself.
    known = list(root.manager.loggerDict.values())
    apart = [one for one in known if isinstance(one, logging.Logger) and not one.propagate]
    listened = [root, *apart]
    for logger in listened:
        logger.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with redirect_stdout(heard["output"]), redirect_stderr(heard["output (standard error)"]):
            yield heard
    finally:
        root.setLevel(level)
        for logger in listened:
            logger.removeHandler(handler)
