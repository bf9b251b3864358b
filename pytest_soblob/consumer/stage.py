"""Where a scenario is played: an endpoint, a client, and what is to be expected of both."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from pytest_soblob._basics.clock import now
from pytest_soblob._text import plural
from pytest_soblob.accounts import Account
from pytest_soblob.consumer.client import Client, Session
from pytest_soblob.consumer.credentials import PASSWORD as PASSWORD
from pytest_soblob.consumer.credentials import SECRETS as SECRETS
from pytest_soblob.consumer.credentials import TICKET as TICKET
from pytest_soblob.consumer.credentials import TOKEN as TOKEN
from pytest_soblob.consumer.credentials import USER as USER
from pytest_soblob.consumer.outcomes import Failed, Outcome, Refused, Saved
from pytest_soblob.consumer.pictures import PNG as PNG
from pytest_soblob.consumer.scenario import UnmetError
from pytest_soblob.consumer.unmet import (
    TELL,
    broken_rules,
    compare,
    errors_of,
    not_told,
    not_uploaded,
)
from pytest_soblob.consumer.values import Abilities, Target, Upload
from pytest_soblob.contract import Installation, Profile
from pytest_soblob.judge.violations import Violation
from pytest_soblob.settings import SoblobSettings
from pytest_soblob.soap.messages import SaveImageStreamRequest
from pytest_soblob.stub.endpoint import StubEndpoint
from pytest_soblob.stub.exchange import Exchange

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
        profile: The form of the client's requests, and so of the answers written by hand.
        gate_s: How long the plain upload took, in seconds; 0 where it was not played.

    Attributes:
        abilities, client, profile, gate_s: As given.
        endpoint: The running endpoint.
        target: What the client was told.
        is_refused: Whether a call was refused that had to be, so that no request came.
        is_redirected: Whether a POST was answered by a redirect, which many HTTP libraries follow
            with GET (RFC 9110, section 15.4.3): such a GET is not judged.
    """

    def __init__(
        self,
        abilities: Abilities,
        ground: "Ground",
        client: Client,
        profile: Profile = Profile.WSDL,
        gate_s: float = 0.0,
    ) -> None:
        self.abilities = abilities
        self.endpoint = ground.endpoint
        self.target = ground.target
        self.client = client
        self.profile = profile
        self.gate_s = gate_s
        self.is_refused = False
        self.is_redirected = False
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
        return errors_of(
            [
                one
                for one in self.exchanges
                if not (self.is_redirected and one.recording.head.method == "GET")
            ]
        )

    @property
    def session(self) -> Session:
        """The client, of a consumer that offers `attach` or `authenticate`."""
        assert isinstance(self.client, Session)  # noqa: S101 -- the scenario is not due otherwise
        return self.client

    # -- calls -----------------------------------------------------------------------------------

    def fit(self, call: Upload) -> Upload:
        """Return a call with a type that the client uploads."""
        types = self.abilities.types
        return call if call.type in types else replace(call, type=types[0])

    def upload(self, call: Upload = PLAIN) -> Outcome:
        """Have the client upload, and return how that ended."""
        return self.client.upload(self.fit(call))

    def next_id(self) -> int:
        """Return the id for the next blob, and have the endpoint give it."""
        blob_id, self._next_id = self._next_id, self._next_id + _ID_STEP
        self.endpoint.reply(blob_id=blob_id)
        return blob_id

    def timed(self, call: Upload = PLAIN) -> tuple[Outcome, float]:
        """Return how an upload ended, and after how many seconds."""
        begun = now()
        outcome = self.upload(call)
        return outcome, now() - begun

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
            raise not_uploaded(outcome, came)
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
        call, message = self.fit(call), exchange.message
        if not isinstance(message, SaveImageStreamRequest):
            raise UnmetError("the request cannot be read", f"a request{broken_rules([exchange])}")
        if str(message.type) != call.type:
            raise UnmetError(f"type {call.type} arrived as {message.type}", f"{message.type}")
        compare("image", call.image, message.image or b"")
        compare("description", call.description or "", message.description or "")

    def failed(self, call: Upload = PLAIN) -> Outcome:
        """Upload, and expect that the client tells its caller of the failure.

        Raises:
            UnmetError: It is otherwise.
        """
        outcome = self.upload(call)
        if not isinstance(outcome, Failed):
            raise not_told(outcome)
        return outcome

    def refused(self, call: Upload) -> None:
        """Upload, and expect that the client refuses the call and sends nothing.

        Raises:
            UnmetError: It is otherwise.
        """
        outcome = self.upload(call)
        if not isinstance(outcome, Refused | Failed):  # a command cannot tell them apart
            raise not_told(outcome, "the client did not refuse the call")
        if self.exchanges:
            raise UnmetError(
                "a request was sent for a call that the client had to refuse",
                plural(len(self.exchanges), "request"),
            )
        self.is_refused = True

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
            raise not_told(outcome, advice=TELL)
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
        changes: Fields that the scenario wants otherwise, and `ticket`, the ticket of the client;
            `has_token`, whether it is given an application token on-site too.
    """
    changed = dict(changes)
    has_token = changed.pop("has_token", False)
    ticket = changed.pop("ticket", TICKET)
    wanted = replace(
        settings,
        ticket=None,
        accounts=(Account(user=USER, password=PASSWORD, tickets=(ticket,)),),
        address="127.0.0.1",
        **changed,
    )
    if has_token or wanted.application_tokens or wanted.installation is Installation.ONLINE:
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
