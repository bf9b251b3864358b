"""Where a scenario is played: an endpoint, a client, and what is to be expected of both."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from pytest_soblob.accounts import Account
from pytest_soblob.consumer.client import Client, Session
from pytest_soblob.consumer.credentials import PASSWORD as PASSWORD
from pytest_soblob.consumer.credentials import SECRETS as SECRETS
from pytest_soblob.consumer.credentials import TICKET as TICKET
from pytest_soblob.consumer.credentials import TOKEN as TOKEN
from pytest_soblob.consumer.credentials import USER as USER
from pytest_soblob.consumer.diagnosis import diagnose
from pytest_soblob.consumer.outcomes import (
    Crashed,
    Failed,
    Garbled,
    Hung,
    NoId,
    Outcome,
    Refused,
    Saved,
)
from pytest_soblob.consumer.scenario import UnmetError
from pytest_soblob.consumer.values import Abilities, Target, Upload
from pytest_soblob.contract import Installation, Profile
from pytest_soblob.judge.violations import Violation
from pytest_soblob.settings import SoblobSettings
from pytest_soblob.soap.messages import SaveImageStreamRequest
from pytest_soblob.stub.endpoint import StubEndpoint
from pytest_soblob.stub.exchange import Exchange

PNG: Final = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c63600000000200015e2b0ed20000000049454e44ae426082"
)
PLAIN: Final = Upload(image=PNG, description="Portrait")
# The first id of a stage: 16 bits do not hold it, and no client gets it by counting.
FIRST_ID: Final = 70_001
_ID_STEP: Final = 997


class Stage:
    """An endpoint and a client of the consumer for one scenario.

    Args:
        abilities: Those of the consumer.
        ground: The running endpoint.
        client: A client that is connected to it.

    Attributes:
        abilities, client: As given.
        endpoint: The running endpoint.
        target: What the client was told.
        profile: The form in which answers are written by hand.
    """

    def __init__(self, abilities: Abilities, ground: "Ground", client: Client) -> None:
        self.abilities = abilities
        self.endpoint = ground.endpoint
        self.target = ground.target
        self.client = client
        self.profile = Profile.WSDL
        self._next_id = FIRST_ID

    # -- what came -------------------------------------------------------------------------------

    @property
    def exchanges(self) -> Sequence[Exchange]:
        """Every call that came, in order, once all that was sent has been read."""
        self.endpoint.settle()
        return self.endpoint.exchanges

    @property
    def uploads(self) -> list[Exchange]:
        """The calls of SaveImageStream that came."""
        return [one for one in self.exchanges if one.operation == "SaveImageStream"]

    @property
    def last_upload(self) -> Exchange:
        """The last call of SaveImageStream.

        Raises:
            UnmetError: None came.
        """
        uploads = self.uploads
        if not uploads:
            raise UnmetError("no request came", "no upload at all")
        return uploads[-1]

    @property
    def errors(self) -> list[Violation]:
        """The rules of level error that the requests have broken."""
        return [v for one in self.exchanges for v in one.violations if v.is_error]

    @property
    def session(self) -> Session:
        """The client, of a consumer that offers `attach` or `authenticate`."""
        assert isinstance(self.client, Session)  # noqa: S101 -- the scenario is not due otherwise
        return self.client

    # -- calls -----------------------------------------------------------------------------------

    def upload(self, call: Upload = PLAIN) -> Outcome:
        """Have the client upload, and return how that ended."""
        return self.client.upload(call)

    def next_id(self) -> int:
        """Return the id for the next blob, and have the endpoint give it."""
        blob_id, self._next_id = self._next_id, self._next_id + _ID_STEP
        self.endpoint.reply(blob_id=blob_id)
        return blob_id

    def timed(self, call: Upload = PLAIN) -> tuple[Outcome, float]:
        """Return how an upload ended, and after how many seconds."""
        begun = time.monotonic()
        outcome = self.upload(call)
        return outcome, time.monotonic() - begun

    # -- expectations ----------------------------------------------------------------------------

    def saved(self, call: Upload = PLAIN, *, blob_id: int | None = None) -> int:
        """Upload, and expect that the image is stored as given and its id returned.

        Args:
            call: What is uploaded.
            blob_id: The id that the client is to return, or None for the one of the stored blob.

        Returns:
            The id.

        Raises:
            UnmetError: It is otherwise.
        """
        before = len(self.exchanges)
        outcome = self.upload(call)
        came = self.exchanges[before:]
        new = [one for one in came if one.operation == "SaveImageStream"]
        if not isinstance(outcome, Saved):
            if isinstance(outcome, Crashed) and not came:
                raise UnmetError(
                    "no request came: the client crashed before it sent one",
                    str(outcome),
                    advice="make one upload by hand, and see to this crash first",
                )
            summary = _not_saved(outcome) if came else f"no request came: {_not_saved(outcome)}"
            raise UnmetError(summary, f"{outcome}{_broken(came)}", **_of(outcome))
        stored = [one for one in new if one.blob_id is not None] or new[-1:]
        if not stored:
            raise UnmetError(
                "an id was returned, and no request came",
                str(outcome),
                production="the image is nowhere, and its id is somebody else's",
            )
        if len(stored) > 1:
            raise UnmetError(
                "one call stored the image more than once",
                f"{len(stored)} uploads that were stored",
                production="each further one is an orphan that nobody finds or removes",
            )
        self.arrived(call, stored[0])
        wanted = stored[0].blob_id if blob_id is None else blob_id
        if outcome.blob_id != wanted:
            raise UnmetError(
                f"the server gave blob id {wanted}, and the client returned {outcome.blob_id}",
                str(outcome),
                production=f"ChangePersonImage({outcome.blob_id}) shows another picture",
                advice="return the number that stands in Response",
            )
        return outcome.blob_id

    def arrived(self, call: Upload, exchange: Exchange) -> None:
        """Expect that a request carries what was uploaded.

        Raises:
            UnmetError: Something differs; the summary names what probably happened to it.
        """
        message = exchange.message
        if not isinstance(message, SaveImageStreamRequest):
            raise UnmetError("the request cannot be read", f"a request{_broken([exchange])}")
        if str(message.type) != call.type:
            raise UnmetError(f"type {call.type} arrived as {message.type}", f"{message.type}")
        _compare("image", call.image, message.image or b"")
        _compare("description", call.description or "", message.description or "")

    def failed(self, call: Upload = PLAIN, *, seconds: float | None = None) -> Outcome:
        """Upload, and expect that the client tells its caller of the failure.

        Args:
            call: What is uploaded.
            seconds: After how long it has to have ended, or None for no limit but the kit's own.

        Raises:
            UnmetError: It is otherwise.
        """
        outcome, took = self.timed(call)
        if not isinstance(outcome, Failed):
            raise UnmetError(_not_failed(outcome), str(outcome), **_of(outcome))
        if seconds is not None and took > seconds:
            raise UnmetError(
                f"the client gave up after {took:.1f} s, its own limit is "
                f"{self.abilities.timeout_s:g} s",
                f"{outcome} after {took:.1f} s",
            )
        return outcome

    def refused(self, call: Upload) -> None:
        """Upload, and expect that the client refuses the call and sends nothing.

        Raises:
            UnmetError: It is otherwise.
        """
        outcome = self.upload(call)
        if not isinstance(outcome, Refused | Failed):  # a command cannot tell them apart
            raise UnmetError("the client did not refuse the call", str(outcome), **_of(outcome))
        if self.exchanges:
            raise UnmetError(
                "the client refused the call after it had sent a request",
                f"{len(self.exchanges)} requests",
            )

    def stored_once(self, call: Upload = PLAIN) -> Outcome:
        """Upload, and expect that the image is stored once, whatever the client says of it.

        Raises:
            UnmetError: It is stored more often, or the client returns what it cannot know.
        """
        outcome = self.upload(call)
        stored = [one.blob_id for one in self.uploads if one.blob_id is not None]
        if len(stored) > 1:
            raise UnmetError(f"the same image was stored {len(stored)} times", f"blob ids {stored}")
        if isinstance(outcome, Saved) and outcome.blob_id not in stored:
            raise UnmetError(f"no blob has the id {outcome.blob_id}", str(outcome))
        if not isinstance(outcome, Saved | Failed):
            raise UnmetError(_not_failed(outcome), str(outcome), **_of(outcome))
        return outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A running endpoint that a client can be connected to.

    Attributes:
        endpoint: The endpoint.
        target: What a client is told.
        settings: The settings that the endpoint began with, without those of the scenario.
    """

    endpoint: StubEndpoint
    target: Target
    settings: SoblobSettings


@contextmanager
def open_ground(settings: SoblobSettings, changes: Mapping[str, Any]) -> Iterator[Ground]:
    """Start an endpoint, and stop it in the end.

    Args:
        settings: The settings of the suite.
        changes: Fields that the scenario wants otherwise, and `ticket`, the ticket of the client.
    """
    changed = dict(changes)
    ticket = changed.pop("ticket", TICKET)
    wanted = replace(
        settings,
        ticket=None,
        accounts=(Account(user=USER, password=PASSWORD, tickets=(ticket,)),),
        address="127.0.0.1",
        **changed,
    )
    if wanted.installation is Installation.ONLINE:
        wanted = replace(wanted, application_tokens=(TOKEN,))
    endpoint = StubEndpoint(settings=wanted)
    endpoint.start()
    try:
        target = Target(
            url=endpoint.url,
            principal_url=endpoint.principal_url,
            ticket=ticket,
            application_token=TOKEN if wanted.application_tokens else None,
            user=USER,
            password=PASSWORD,
        )
        yield Ground(endpoint=endpoint, target=target, settings=settings)
    finally:
        endpoint.close()


def _compare(name: str, given: bytes | str, got: bytes | str) -> None:
    if given == got:
        return
    size = f"{len(given):,} {'bytes' if isinstance(given, bytes) else 'characters'}"
    raise UnmetError(
        f"the {name} arrived otherwise than it was given: {diagnose(given, got)}",
        f"{len(got):,} instead of {size}",
    )


def _broken(exchanges: Sequence[Exchange]) -> str:
    rules = sorted({v.rule for one in exchanges for v in one.violations if v.is_error})
    return f"; the request broke {', '.join(rules)}" if rules else ""


def _of(outcome: Outcome) -> dict[str, str]:
    return {"production": outcome.production} if isinstance(outcome, NoId) else {}


def _not_saved(outcome: Outcome) -> str:
    match outcome:
        case Failed():
            return "an upload that should work was reported as failed"
        case Refused():
            return "the client refused an upload that it should send"
        case Hung():
            return "the call did not end"
        case NoId():
            return "the client returned something that is no blob id"
        case Garbled():
            return "the worker wrote a line that is no answer"
        case _:
            return "the client crashed on a right answer"


def _not_failed(outcome: Outcome) -> str:
    match outcome:
        case Saved(blob_id):
            return f"a failure was handed on as blob id {blob_id}"
        case Refused():
            return "the client says that it sent nothing, and a request came"
        case Hung():
            return "the call did not end"
        case NoId(shown):
            return f"a failure was handed on as {shown}"
        case Garbled():
            return "the worker wrote a line that is no answer"
        case _:
            return "the client crashed instead of reporting the failure"
