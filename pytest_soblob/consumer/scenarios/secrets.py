"""Where tickets, tokens and passwords must not turn up."""

from dataclasses import replace
from typing import Final

from pytest_soblob.consumer.leaks import find_line, find_secret
from pytest_soblob.consumer.scenario import Need, Scenario, UnmetError
from pytest_soblob.consumer.scenarios.http import REDIRECT_ELSEWHERE
from pytest_soblob.consumer.stage import Stage

_SOURCE: Final = "OWASP Logging Cheat Sheet, data to exclude"


def _not_in_url(stage: Stage) -> None:
    stage.upload()
    for exchange in stage.exchanges:
        found = find_secret(exchange.request.target)
        if found is not None:
            raise UnmetError(f"{found} stands in the URL", "a URL that every proxy logs")


def _not_said(place: str, stage: Stage) -> None:
    """One upload that works, one that fails, and one whose answer is no XML."""
    stage.upload()
    stage.endpoint.fail("ticket-unknown")
    stage.upload()
    stage.endpoint.fail("http-500", times=None)
    stage.upload()
    for where, text in stage.client.said().items():
        found = find_secret(text) if where.startswith(place) else None
        if found is not None:
            raise UnmetError(
                f"{found} stands in the {where}", f"{find_line(text)!r} in the {where}"
            )


_REDACT: Final = "redact the Credentials and ApplicationToken blocks before you write"


def _scenario(
    name: str, place: str, needs: frozenset[Need] = frozenset(), advice: str = _REDACT
) -> Scenario:
    return Scenario(
        id=f"secrets.not-in-{name}",
        play=lambda stage: _not_said(place, stage),
        played="three uploads: one works, one fails, one is answered by HTML; then the "
        f"{place} is searched",
        expected=f"no ticket, token or password stands in the {place}, in any encoding",
        production="whoever reads the log logs in as this user",
        advice=advice,
        source=_SOURCE,
        needs=needs,
        alone=True,
        settings={"has_token": True},
    )


SCENARIOS: Final = (
    Scenario(
        id="secrets.not-in-url",
        play=_not_in_url,
        played="an upload",
        expected="neither path nor query of a request has a ticket, token or password",
        production="every proxy and web server on the way logs it",
        advice="send credentials in header blocks only",
        source="RFC 9110, section 17.9",
        settings={"has_token": True},
    ),
    _scenario("output", "output"),
    _scenario("exception", "exception", frozenset({Need.EXCEPTIONS})),
    _scenario(
        "logs",
        "log",
        frozenset({Need.LOGS}),
        f"{_REDACT}; where a library logs them at DEBUG, give its logger a higher level",
    ),
    replace(REDIRECT_ELSEWHERE, id="secrets.not-in-redirect"),
)
