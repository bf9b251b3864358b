"""When a client may send an upload again, and when it must not."""

from functools import partial
from typing import Final
from urllib.parse import urlsplit

from pytest_soblob.consumer.outcomes import Failed
from pytest_soblob.consumer.refusing import refusing
from pytest_soblob.consumer.scenario import Scenario, UnmetError
from pytest_soblob.consumer.stage import Stage
from pytest_soblob.consumer.unmet import not_told

_SOURCE: Final = "SaveImageStream has no idempotency key: each retry may store a further blob"
_ORPHAN: Final = "a second blob that nobody finds or removes"
_ADVICE: Final = "do not send an upload again when you cannot know that it was not stored"
# Of a client that may send once more, counted with care: a log-in may come between.
_MOST_REQUESTS: Final = 5


def _stored_once(failure: str, stage: Stage) -> None:
    stage.endpoint.fail(failure)
    stage.stored_once()


def _slow(stage: Stage) -> None:
    stage.endpoint.fail("delay", seconds=stage.abilities.timeout_s * 2 + 1)
    stage.stored_once()


def _refused_connection(stage: Stage) -> None:
    parts = urlsplit(stage.target.url)
    stage.endpoint.close()
    with refusing(parts.hostname or "", parts.port or 0):
        outcome = stage.upload()
    if not isinstance(outcome, Failed):
        raise not_told(outcome, "a refused connection was not told as a failure")


def _not_for_ever(stage: Stage) -> None:
    stage.endpoint.fail("http-503", times=None, retry_after_s=0)
    stage.failed()
    count = len(stage.uploads)
    if count > 1 and stage.abilities.retries == "never":
        raise UnmetError(
            f"the client sent an upload {count} times; the ability retries says never",
            f"{count} requests for one upload",
            advice="do not send it again; where the client may, leave the ability retries out",
        )
    if count > _MOST_REQUESTS:
        raise UnmetError("the client retries without an end", f"{count} requests for one upload")


SCENARIOS: Final = (
    *(
        Scenario(
            id=f"retry.{name}",
            play=partial(_stored_once, failure),
            played=f"the upload is stored, and {what}",
            expected="the image is stored once: the client fails and does not send it again",
            production=_ORPHAN,
            advice=_ADVICE,
            source=_SOURCE,
        )
        for name, failure, what in (
            ("saved-but-503", "saved-but-503", "answered by 503"),
            ("saved-but-reset", "reset-during-answer", "the connection is reset in the answer"),
        )
    ),
    Scenario(
        id="retry.saved-but-slow",
        play=_slow,
        played="the upload is stored, and answered after the client's own time limit",
        expected="the image is stored once: the client fails and does not send it again",
        production=_ORPHAN,
        advice=_ADVICE,
        source=_SOURCE,
        waits=True,
    ),
    Scenario(
        id="retry.refused-connection",
        play=_refused_connection,
        played="nobody listens at the address",
        expected="the client tells its caller that the upload failed",
        production="the caller sees a traceback of the HTTP library, or waits",
        advice="turn the errors of your HTTP library into your own",
        source="RFC 9293, section 3.10.7.1: a closed port answers with a reset",
        sends_nothing=True,
        alone=True,
    ),
    Scenario(
        id="retry.not-for-ever",
        play=_not_for_ever,
        played="503 with Retry-After 0, to every request",
        expected=f"the client gives up after {_MOST_REQUESTS} requests at most",
        production="a server that recovers is kept down by its clients",
        advice="bound the number of retries",
        source="RFC 9110, section 15.6.4",
    ),
)
