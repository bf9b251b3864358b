"""HTTP statuses, redirects and versions, as proxies and gateways send them."""

from functools import partial
from typing import Final
from urllib.parse import urlsplit

from pytest_soblob.consumer.answers import envelope, respond
from pytest_soblob.consumer.leaks import find_secret, texts_of
from pytest_soblob.consumer.outcomes import Failed, Saved
from pytest_soblob.consumer.scenario import Scenario, UnmetError
from pytest_soblob.consumer.scenarios.answer import read_as_success
from pytest_soblob.consumer.stage import PLAIN, Stage
from pytest_soblob.consumer.unmet import not_told
from pytest_soblob.stub.endpoint import StubEndpoint
from pytest_soblob.wire import HttpResponse

_SOURCE: Final = "RFC 9110, section 15"

STATUSES: Final = {
    "400": "http-400",
    "401": "http-401",
    "403": "http-403",
    "404": "http-404",
    "413-at-quota": "http-413",
    "415": "http-415",
    "429": "http-429",
    "500-html": "http-500",
    "502": "http-502",
    "503-retry-after": "http-503",
}


def _status(failure: str, stage: Stage) -> None:
    stage.endpoint.fail(failure, times=None)
    stage.failed()


def _redirect(status: int, stage: Stage) -> None:
    """Either is right: to post again at the new address, or to fail."""
    moved = f"/moved{urlsplit(stage.target.url).path}"
    stage.endpoint.fail("redirect-307" if status == 307 else "redirect", location=moved)
    stage.is_redirected = True
    outcome = stage.upload()
    stored = [one.blob_id for one in stage.uploads if one.blob_id is not None]
    if isinstance(outcome, Failed) and not stored:
        return
    if isinstance(outcome, Saved) and stored == [outcome.blob_id]:
        stage.arrived(PLAIN, stage.last_upload)
        return
    if isinstance(outcome, Saved):
        what = f"blob ids {stored} are stored" if stored else "nothing is stored"
        raise UnmetError(f"blob id {outcome.blob_id} was returned, and {what}", str(outcome))
    if isinstance(outcome, Failed):
        raise UnmetError(
            "the client followed the redirect, stored the image, and reported a failure",
            str(outcome),
            production="the image is uploaded again, and its first blob is an orphan",
        )
    raise not_told(outcome)


def _redirect_elsewhere(stage: Stage) -> None:
    """Redirect to another origin, and expect that no credential follows."""
    with StubEndpoint() as stranger:
        stage.endpoint.fail("redirect-307", location=stranger.url.replace("127.0.0.1", "localhost"))
        outcome = stage.upload()
        stranger.settle()
        texts = [text for one in stranger.exchanges for text in texts_of(one.request)]
        stranger.discard_findings()
    found = next(filter(None, map(find_secret, texts)), None)
    if found is not None:
        raise UnmetError(f"{found} followed a redirect to another host", f"{found} there")
    if not isinstance(outcome, Failed | Saved):
        raise not_told(outcome)


def _closes(stage: Stage) -> None:
    """Two uploads: the second one needs a connection of its own."""
    plain = respond(stage.profile, envelope(stage.profile))
    headers = (*plain.headers, ("Connection", "close"))
    stage.endpoint.reply(
        response=HttpResponse(status=200, headers=headers, body=plain.body), times=2
    )
    read_as_success(stage)
    read_as_success(stage)


def _old_version(stage: Stage) -> None:
    """An answer without a length: the end of the connection ends it."""
    plain = respond(stage.profile, envelope(stage.profile))
    kind = plain.header("Content-Type")
    head = f"HTTP/1.0 200 OK\r\nContent-Type: {kind}\r\n\r\n"
    stage.endpoint.reply(response=head.encode() + plain.body)
    read_as_success(stage)


REDIRECT_ELSEWHERE: Final = Scenario(
    id="http.redirect-elsewhere",
    play=_redirect_elsewhere,
    played="a redirect with 307 to another host",
    expected="no ticket and no application token reaches the other host",
    production="whoever runs the other host logs in as this user",
    advice="switch redirects off for SOAP calls",
    source=f"{_SOURCE}.4.8",
    settings={"has_token": True},
)
SCENARIOS: Final = (
    *(
        Scenario(
            id=f"http.{name}",
            play=partial(_status, failure),
            played=f"HTTP {name[:3]} to every request",
            expected="the client tells its caller that the upload failed",
            production="the caller believes that the image is stored",
            advice="look at the status before you read the body",
            source=_SOURCE,
        )
        for name, failure in STATUSES.items()
    ),
    *(
        Scenario(
            id=f"http.redirect-{status}",
            play=partial(_redirect, status),
            played=f"a redirect with {status}",
            expected="the upload is posted again and its id returned, or the client fails",
            production="the upload is lost, and the caller holds an id of nothing",
            advice="switch redirects off, or take the id from the last answer only",
            source=f"{_SOURCE}.4",
        )
        for status in (302, 307)
    ),
    REDIRECT_ELSEWHERE,
    Scenario(
        id="http.connection-close",
        play=_closes,
        played="two uploads, each answered with Connection: close",
        expected="both ids are returned",
        production="every second upload fails, or a stored image is uploaded again",
        advice="open a new connection where the server has closed the last one",
        source="RFC 9112, section 9.6",
    ),
    Scenario(
        id="http.http-1.0",
        play=_old_version,
        played="a right answer in HTTP/1.0, without a length",
        expected="the id is returned",
        production="a stored image is taken for lost, and uploaded again",
        advice="let an HTTP library read the answer",
        source="RFC 9112, section 6.3, item 8",
    ),
)
