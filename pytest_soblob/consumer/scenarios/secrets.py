"""Where tickets, tokens and passwords must not turn up."""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from pytest_soblob.consumer.scenario import Need, Scenario, UnmetError
from pytest_soblob.consumer.scenarios.http import REDIRECT_ELSEWHERE
from pytest_soblob.consumer.stage import PASSWORD, TICKET, TOKEN, Stage
from pytest_soblob.contract import Installation

_SOURCE: Final = "OWASP Logging Cheat Sheet, data to exclude"
# A ticket is a prefix and base64: what follows the prefix is secret as well.
_SECRETS: Final = {
    "the ticket": TICKET.partition(":")[2].rstrip("="),
    "the application token": TOKEN,
    "the password": PASSWORD,
}


def spellings(secret: str) -> Iterable[str]:
    """Return a secret in the encodings in which clients show it, in lower case."""
    data = secret.encode()
    yield secret.lower()
    yield quote(secret, safe="").lower()
    yield data.hex()
    for start in range(3):  # wherever it stands in a larger text
        encoded = b64encode(b"\x00" * start + data).decode()
        yield encoded[4 * bool(start) : -4].lower()


def find_secret(text: str) -> str | None:
    """Return which secret stands in a text, in words, or None."""
    lowered = text.lower()
    for name, secret in _SECRETS.items():
        if any(spelling in lowered for spelling in spellings(secret)):
            return name
    return None


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
            raise UnmetError(f"{found} stands in the {where}", f"{found} in the {where}")


def _scenario(name: str, place: str, needs: frozenset[Need] = frozenset()) -> Scenario:
    return Scenario(
        id=f"secrets.not-in-{name}",
        play=lambda stage: _not_said(place, stage),
        played="an upload that works, one that fails, and one that is answered by HTML",
        expected=f"no ticket, token or password stands in the {place}, in any encoding",
        production="whoever reads the log logs in as this user",
        advice="redact the Credentials and ApplicationToken blocks before you write",
        source=_SOURCE,
        needs=needs,
        settings={"installation": Installation.ONLINE},
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
        settings={"installation": Installation.ONLINE},
    ),
    _scenario("output", "output"),
    _scenario("exception", "exception"),
    _scenario("logs", "log"),
    replace(REDIRECT_ELSEWHERE, id="secrets.not-in-redirect"),
)
