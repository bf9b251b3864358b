"""Tickets and application tokens: sent where they belong, and not beyond their time."""

from typing import Final

from pytest_soblob.consumer.outcomes import Failed, Saved
from pytest_soblob.consumer.scenario import Need, Scenario, UnmetError
from pytest_soblob.consumer.stage import PASSWORD, TOKEN, USER, Stage
from pytest_soblob.consumer.unmet import not_told
from pytest_soblob.consumer.values import Abilities
from pytest_soblob.contract import Installation
from pytest_soblob.soap.messages import SaveImageStreamRequest

_PLUS_AND_SLASH: Final = "7T:ab+cd/ef+gh/ij=="
_MOST_REQUESTS: Final = 5
_HOURS: Final = 7
_LOGS_IN: Final = "AuthenticateUsernamePassword"
_SOURCE: Final = "[page] Credentials and ApplicationToken"


def _message(stage: Stage) -> SaveImageStreamRequest:
    stage.saved()
    message = stage.last_upload.message
    if not isinstance(message, SaveImageStreamRequest):
        raise UnmetError("the request cannot be read", "another message")
    return message


def _ticket_sent(stage: Stage) -> None:
    """Twice: the ticket belongs to each call. A client that logs in by itself has its own."""
    for _ in range(2):
        ticket = _message(stage).ticket
        logs_in = any(one.operation == _LOGS_IN for one in stage.exchanges)
        if ticket != stage.target.ticket and not logs_in:
            raise UnmetError("another ticket was sent than the one given", "another ticket")


def _token_sent(stage: Stage) -> None:
    if _message(stage).application_token != TOKEN:
        raise UnmetError("the application token was not sent as given", "another token, or none")


def _online_is_not_due(abilities: Abilities) -> str | None:
    return None if abilities.online else "abilities.online is False"


def _no_token(stage: Stage) -> None:
    if _message(stage).application_token:
        raise UnmetError("a token was sent that nobody gave", "an application token")


def _expired_once(stage: Stage) -> None:
    """After the ticket's end a client logs in again, where it can, or fails."""
    stage.saved()
    stage.endpoint.clock.advance(hours=_HOURS)
    outcome = stage.upload()
    if isinstance(outcome, Saved) and outcome.blob_id in stage.endpoint.blobs:
        return
    if not isinstance(outcome, Failed):
        raise not_told(outcome, "the end of the ticket was not told as a failure")


def _expired_for_ever(stage: Stage) -> None:
    stage.saved()
    before = len(stage.exchanges)
    stage.endpoint.fail("ticket-expired", times=None)
    outcome = stage.upload()
    if not isinstance(outcome, Failed):
        raise not_told(outcome, "the end of the ticket was not told as a failure")
    count = len(stage.exchanges) - before
    if count > _MOST_REQUESTS:
        raise UnmetError("the client logs in and retries without an end", f"{count} requests")


def _not_kept(stage: Stage) -> None:
    """A new ticket, once there is one, is the one that is sent."""
    _log_in(stage)
    stage.saved()
    stage.endpoint.clock.advance(hours=_HOURS)
    _log_in(stage)
    stage.saved()


def _log_in(stage: Stage) -> None:
    outcome = stage.session.authenticate(USER, PASSWORD)
    if outcome is not None:
        raise UnmetError("a right log-in failed", str(outcome))


def _wrong_password(stage: Stage) -> None:
    outcome = stage.session.authenticate(USER, "not the password")
    if not isinstance(outcome, Failed):
        raise UnmetError("a wrong password was not told as a failure", str(outcome or "no error"))


def _relogin_fails(stage: Stage) -> None:
    _log_in(stage)
    stage.saved()
    stage.endpoint.clock.advance(hours=_HOURS)
    stage.endpoint.fail("wrong-password", operation=_LOGS_IN, times=None)
    outcome = stage.upload()
    if not isinstance(outcome, Failed):
        raise not_told(outcome, "a log-in that fails was not told as a failure")
    count = len(stage.exchanges)
    if count > _MOST_REQUESTS + 2:
        raise UnmetError("the client logs in without an end", f"{count} requests")


_LIVE: Final = frozenset({Need.LIVE})
_LOG_IN: Final = frozenset({Need.LIVE, Need.AUTHENTICATE})

SCENARIOS: Final = (
    Scenario(
        id="auth.ticket-sent",
        play=_ticket_sent,
        played="two uploads with the ticket that the client was given",
        expected="the ticket stands in Credentials/Ticket, unchanged",
        production="every call fails, or is made as somebody else",
        advice="send the ticket as it is",
        source=_SOURCE,
        needs=frozenset({Need.TICKET}),
    ),
    Scenario(
        id="auth.token-sent-online",
        play=_token_sent,
        played="an upload to an Online installation",
        expected="the application token stands in ApplicationToken",
        production="every call to an Online installation fails",
        advice="send the application token with each call; where the client is for installations "
        "on-site alone, set the ability online to False",
        source=_SOURCE,
        settings={"installation": Installation.ONLINE},
        not_due=_online_is_not_due,
    ),
    Scenario(
        id="auth.no-token-onsite",
        play=_no_token,
        played="an upload to an installation on-site, with no application token",
        expected="the upload works, and no token is sent",
        production="the client cannot be used on-site",
        advice="leave ApplicationToken out where there is none",
        source=_SOURCE,
        settings={"installation": Installation.ONSITE, "application_tokens": ()},
    ),
    Scenario(
        id="auth.ticket-with-plus-and-slash",
        play=_ticket_sent,
        played="a ticket with + and / in its base64",
        expected="the ticket arrives unchanged",
        production="some tickets work and others do not",
        advice="do not URL-encode or -decode the ticket",
        source="[page] a ticket is 7T: and base64",
        needs=frozenset({Need.TICKET}),
        settings={"ticket": _PLUS_AND_SLASH},
    ),
    Scenario(
        id="auth.expired-once",
        play=_expired_once,
        played="the ticket expires between two uploads",
        expected="the client logs in again and uploads, or tells its caller of the failure",
        production="from the seventh hour on no image is stored, and nobody is told",
        advice="take SoSessionException for a failure, and log in again once",
        source="vendor documentation: a ticket lasts six hours",
        needs=_LIVE,
    ),
    Scenario(
        id="auth.expired-for-ever",
        play=_expired_for_ever,
        played="every upload is answered by an expired ticket",
        expected=f"the client fails after {_MOST_REQUESTS} requests at most",
        production="a client that logs in without an end locks the account",
        advice="log in again once",
        source=_SOURCE,
        needs=_LIVE,
    ),
    Scenario(
        id="auth.ticket-not-kept-past-its-end",
        play=_not_kept,
        played="a second log-in after the first ticket has expired",
        expected="the new ticket is sent",
        production="the client works until the first ticket expires, and never again",
        advice="replace the ticket wherever the client keeps it",
        source=_SOURCE,
        needs=_LOG_IN,
    ),
    Scenario(
        id="auth.wrong-password",
        play=_wrong_password,
        played="a log-in with a wrong password: HTTP 200, AuthenticationSucceeded false",
        expected="the client tells its caller that the log-in failed",
        production="the client goes on with an empty ticket, and fails elsewhere",
        advice="test AuthenticationSucceeded",
        source="Services86-SoPrincipal.wsdl, AuthenticateResponse",
        needs=_LOG_IN,
    ),
    Scenario(
        id="auth.relogin-fails",
        play=_relogin_fails,
        played="the ticket expires, and the password is not good any more",
        expected="the client fails and does not log in again and again",
        production="the account is locked",
        advice="log in again once, and fail then",
        source=_SOURCE,
        needs=_LOG_IN,
    ),
)
