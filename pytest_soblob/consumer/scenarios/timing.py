"""Servers that answer late, slowly, or not at all."""

from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from pytest_soblob.consumer.outcomes import Failed, Hung, Saved
from pytest_soblob.consumer.pictures import png_of_size
from pytest_soblob.consumer.resetting import resetting
from pytest_soblob.consumer.scenario import Level, Need, Scenario, UnmetError
from pytest_soblob.consumer.stage import PLAIN, Stage
from pytest_soblob.consumer.unmet import TELL, not_told
from pytest_soblob.consumer.values import Upload

# A client that notices its own limit gives up before this multiple of it.
_NOTICED: Final = 1.5
# What a call takes beside its wait, as a multiple of a plain upload: a command starts anew.
_BESIDE: Final = 3
# Bytes a second at least, and bytes within the client's limit: each read ends in time.
_SLOWEST: Final = 2
_BYTES_PER_LIMIT: Final = 10
# An answer after this part of the limit is in time.
_PART: Final = 5
# More than a connection holds before the first bytes are read.
_LARGE: Final = 1_000_000


def _says(stage: Stage) -> str:
    return f"the ability timeout_s says {stage.abilities.timeout_s:g} s"


def _gives_up_in_time(stage: Stage, play: Callable[[], None]) -> None:
    """Upload, and expect a failure within the client's own limit.

    What a call takes beside its wait is measured: by the plain upload, and once more where the
    client seems late, since the machine may be busier now. A client has to be late twice.

    Args:
        stage: Where it is played.
        play: Has the endpoint answer late from now on.
    """
    late = UnmetError("", "")
    for _ in range(2):
        play()
        before = len(stage.exchanges)
        outcome, took = stage.timed()
        if isinstance(outcome, Hung):
            still = f"the client still waited after {outcome.seconds:g} s; {_says(stage)}"
            raise UnmetError(still, str(outcome))
        if not isinstance(outcome, Failed):
            raise not_told(outcome, advice=TELL)
        count = len(stage.exchanges) - before
        allowed = stage.abilities.timeout_s * _NOTICED
        if took <= allowed + _BESIDE * stage.gate_s:
            return
        stage.endpoint.clear()
        _, plain_s = stage.timed()
        if took <= allowed + _BESIDE * max(plain_s, stage.gate_s):
            return
        after = f"{took:.1f} s" + (f" and {count} requests" if count > 1 else "")
        summary = f"the client gave up after {after}; {_says(stage)}"
        late = UnmetError(summary, f"{outcome} after {took:.1f} s")
    raise late


def _never(stage: Stage) -> None:
    _gives_up_in_time(stage, lambda: stage.endpoint.fail("half-open", times=None))


def _dribble(stage: Stage) -> None:
    pace = max(_SLOWEST, _BYTES_PER_LIMIT / stage.abilities.timeout_s)
    _gives_up_in_time(stage, lambda: stage.endpoint.fail("slow-body", bytes_per_s=pace, times=None))


def _within_limit(stage: Stage) -> None:
    """Wait for less than the client's own limit; a limit that is another is not a wrong client."""
    delay_s = stage.abilities.timeout_s / _PART
    stage.endpoint.fail("delay", seconds=delay_s)
    try:
        stage.saved()
    except UnmetError as error:
        raise UnmetError(
            f"{error.summary}, with an answer after {delay_s:g} s; {_says(stage)}",
            error.got,
            production=error.production,
        ) from None


def _stale(stage: Stage) -> None:
    stage.endpoint.fail("stale-keep-alive")
    stage.saved()
    before = len(stage.endpoint.blobs)
    outcome = stage.upload(PLAIN)
    stored = len(stage.endpoint.blobs) - before
    if isinstance(outcome, Saved) and stored != 1:
        raise UnmetError("an id was returned, and nothing was stored", str(outcome))
    if stored > 1:
        raise UnmetError("the image was stored twice", f"{stored} blobs")


def _reset(stage: Stage) -> None:
    parts = urlsplit(stage.target.url)
    stage.endpoint.close()
    size = min(stage.abilities.max_image_bytes or _LARGE, _LARGE)
    call = Upload(image=png_of_size(size), description="reset")
    with resetting(parts.hostname or "", parts.port or 0) as brought:
        stage.failed(call)
    if not brought:
        raise UnmetError("no request came", "no connection")


_OTHER_LIMIT: Final = (
    "where the client has another limit, say so: Abilities(timeout_s=...), --ability timeout_s=..."
)

SCENARIOS: Final = (
    Scenario(
        id="time.never-answers",
        play=_never,
        played="the request is taken, and no byte is answered",
        expected="the client fails within its own time limit, the ability timeout_s",
        production="a worker hangs for good, and after some hours all do",
        advice="give your HTTP library a time limit for reading, and do not try again after it; "
        f"{_OTHER_LIMIT}",
        source="[inferred] an application pool that hangs",
        waits=True,
    ),
    Scenario(
        id="time.dribble",
        play=_dribble,
        played="the answer comes at two bytes a second, or ten within the client's limit",
        expected="the client fails within its own time limit, the ability timeout_s",
        production="a worker waits for minutes: most libraries count from read to read",
        advice=f"bound the whole call, not each read; {_OTHER_LIMIT}",
        source="[inferred] a proxy that is overloaded",
        level=Level.SHOULD,
        waits=True,
    ),
    Scenario(
        id="time.slow-within-limit",
        play=_within_limit,
        played="the answer comes after a fifth of the client's time limit, the ability timeout_s",
        expected="the id is returned",
        production="large images are never stored, as the client gives up too early",
        advice=f"see that your time limit is the one that you think it is; {_OTHER_LIMIT}",
        source="[inferred] a busy server",
        waits=True,
    ),
    Scenario(
        id="time.stale-keep-alive",
        play=_stale,
        played="a right answer, and the kept connection is reset when it is used again",
        expected="the second upload is stored once, or the client tells its caller that it failed",
        production="an upload is lost, or stored twice",
        advice="a request that met a reset before a byte of the answer may be sent again once",
        source="RFC 9112, section 9.3.1",
        needs=frozenset({Need.LIVE}),
    ),
    Scenario(
        id="time.reset-during-request",
        play=_reset,
        played="the connection is reset while the client sends its request",
        expected="the client tells its caller that the upload failed",
        production="the caller sees a traceback of the HTTP library",
        advice="turn the errors of your HTTP library into your own",
        source="RFC 9112, section 9.5",
        sends_nothing=True,
        alone=True,
    ),
)
