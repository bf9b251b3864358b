"""`NetServer`: typed requests in, typed responses out, and the state between them."""

import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from pytest_soblob._numbers import is_number
from pytest_soblob._picture import BytesReader, inspect
from pytest_soblob.accounts import NEEDED, Account
from pytest_soblob.contract import (
    NAMED_IMAGE_FORMATS,
    SAVE_IMAGE_STREAM,
    Installation,
    Operation,
)
from pytest_soblob.errors import SoblobError
from pytest_soblob.messages import (
    AuthenticateResponse,
    AuthenticateUsernamePasswordRequest,
    ChangePersonImageRequest,
    ChangeProjectImageRequest,
    GetBlobStreamRequest,
    GetPersonImageRequest,
    GetProjectImageRequest,
    ImageResponse,
    Request,
    Response,
    SaveImageStreamRequest,
    SaveImageStreamResponse,
)
from pytest_soblob.netserver._blobs import Blob
from pytest_soblob.netserver._clock import Clock
from pytest_soblob.netserver._refusals import REFUSALS, Refusal, failed_response
from pytest_soblob.netserver._sessions import ANYBODY, Sessions
from pytest_soblob.settings import SoblobSettings

# Whose time is remembered where not all is kept.
_MOST_TICKETS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one call.

    Attributes:
        response: What is answered.
        blob_id: Under which an image was stored; None where none was.
        refusal: Why it was refused; None where it was not.
    """

    response: Response
    blob_id: int | None = None
    refusal: Refusal | None = None


class NetServer:
    """The state of one test, or of one Hypothesis example.

    Args:
        settings: Installation, accounts, tokens, licence, what is checked of an image.
        tickets: Good ones beside those of the accounts.
        sessions: Tickets that were given out before; None for the settings' own.

    Attributes:
        clock: By which tickets expire.
        blobs: The stored images by id.
        person_images: What each person's picture is: blob ids by person id.
        project_images: Likewise for projects.
    """

    def __init__(
        self,
        settings: SoblobSettings,
        tickets: Iterable[str] = (),
        sessions: Sessions | None = None,
    ) -> None:
        self._settings = settings
        self._sessions = sessions or Sessions(
            settings.accounts, tickets, settings.ticket_lifetime_s
        )
        # When each ticket was given out, or seen first, by this clock; 0 for those from before.
        self._since_s: dict[str, float] = {}
        self.clock = Clock()
        self.blobs: dict[int, Blob] = {}
        self.person_images: dict[int, int] = {}
        self.project_images: dict[int, int] = {}
        self._next_id = 1
        self._forgotten = 0  # the largest id of a blob that was let go

    def renewed(self) -> "NetServer":
        """Return a server without blobs, at time 0, that knows the tickets which were given out."""
        return NetServer(self._settings, sessions=self._sessions)

    # -- tickets -------------------------------------------------------------------------------

    def issue_ticket(
        self, user: str | None = None, *, lifetime_s: float | None = None, foreign: bool = False
    ) -> str:
        """Return a new ticket.

        Args:
            user: Whose; None for anybody, who may do all.
            lifetime_s: Seconds that it is good; None for as long as any.
            foreign: Whether it is one of another installation.

        Raises:
            SoblobError: There is no such account, or the time is none.
        """
        account = ANYBODY if user is None else self._find_account(str(user))
        if account is None:
            raise SoblobError(f"there is no account {user!r}")
        if lifetime_s is not None and not (is_number(lifetime_s) and lifetime_s >= 0):
            raise SoblobError(f"lifetime_s must be 0 or more seconds, not {lifetime_s!r}")
        ticket = self._sessions.issue(account, lifetime_s, is_foreign=foreign)
        self._since_s[ticket] = self.clock.now_s
        return ticket

    def admit(self, operation: Operation, ticket: str | None, token: str | None) -> Refusal | None:
        """Return why the caller may not call that operation, None where they may.

        Args:
            operation: To be called.
            ticket: As sent; None where there was none.
            token: The application token, likewise.
        """
        if not self._knows_application(token):
            return REFUSALS["token-unknown"]
        if not operation.needs_credentials:
            return None if self._settings.licensed else REFUSALS["no-licence"]
        if ticket is None or not ticket.strip():
            return REFUSALS["ticket-missing"]
        session = self._sessions.find(ticket)
        if session is None:
            return REFUSALS["ticket-unknown"]
        if session.is_foreign:
            return REFUSALS["ticket-foreign"]
        if self.clock.now_s >= self._since(ticket) + session.lifetime_s:
            return REFUSALS["ticket-expired"]
        if not self._settings.licensed:
            return REFUSALS["no-licence"]
        may = session.account.may(NEEDED[operation.name])
        return None if may else REFUSALS["no-rights"]

    def _since(self, ticket: str) -> float:
        known = self._sessions.knows(ticket)
        return self._since_s.setdefault(ticket, 0.0 if known else self.clock.now_s)

    def _knows_application(self, token: str | None) -> bool:
        settings = self._settings
        if settings.installation is not Installation.ONLINE:
            return True  # the page: on-site nobody checks it
        if not settings.tokens:  # any is good, but the page: one must be specified
            return token is not None and bool(token.strip())
        return token in settings.tokens

    def _find_account(self, user: str) -> Account | None:
        wanted = user.casefold()
        return next((a for a in self._settings.accounts if a.user.casefold() == wanted), None)

    # -- calls ---------------------------------------------------------------------------------

    def save(
        self, read: Callable[[], SaveImageStreamRequest], blob_id: int | None = None
    ) -> Outcome:
        """Store an image, whatever it is worth to whoever checks it.

        Args:
            read: Gives the request, when it is asked for.
            blob_id: The id to store it under; None for the next free one.
        """
        if self._settings.image_check != "none" and not self._is_image(read().image or b""):
            return refused(SAVE_IMAGE_STREAM, REFUSALS["not-an-image"])
        number = self._new_id() if blob_id is None else blob_id
        self.blobs[number] = Blob.kept(number, read)
        response = SaveImageStreamResponse(blob_id=number, succeeded=True)
        return Outcome(response, blob_id=number)

    def perform(self, request: Request) -> Outcome:
        """Do what any other request asks for."""
        match request:
            case AuthenticateUsernamePasswordRequest():
                return self._authenticate(request)
            case ChangePersonImageRequest():
                return self._attach(request, self.person_images, request.person_id)
            case ChangeProjectImageRequest():
                return self._attach(request, self.project_images, request.project_id)
            case GetPersonImageRequest():
                return self._image_of(self.person_images.get(request.person_id or 0))
            case GetProjectImageRequest():
                return self._image_of(self.project_images.get(request.project_id or 0))
            case GetBlobStreamRequest() if (request.blob_id or 0) not in self.blobs:
                return refused(request.operation, REFUSALS["blob-unknown"])
            case GetBlobStreamRequest():
                return self._image_of(request.blob_id)
        raise SoblobError(f"nothing here does {type(request).__name__}")

    def forget(self, most: int) -> None:
        """Let the oldest blobs go, so that at most so many are kept; their ids stay taken.

        Of many tickets the oldest are then as if they had not been seen.
        """
        for number in list(self.blobs)[: max(len(self.blobs) - most, 0)]:
            self._forgotten = max(self._forgotten, number)
            del self.blobs[number]
        for ticket in list(self._since_s)[: max(len(self._since_s) - _MOST_TICKETS, 0)]:
            del self._since_s[ticket]

    def _authenticate(self, request: AuthenticateUsernamePasswordRequest) -> Outcome:
        user, password = request.user or "", request.password or ""
        account: Account | None = ANYBODY if user and password else None
        if self._settings.accounts:
            account = self._find_account(user)
            known = (account or ANYBODY).password
            if not hmac.compare_digest(password.encode(), known.encode()):
                account = None
        if account is None:
            return refused(request.operation, REFUSALS["wrong-password"])
        ticket = self._sessions.issue(account, None, is_foreign=False)
        self._since_s[ticket] = self.clock.now_s
        said: dict[str, str | int | bool] = {"Associate": user, "IsPerson": True, "FullName": user}
        return Outcome(
            AuthenticateResponse(succeeded=True, authenticated=True, ticket=ticket, user=said)
        )

    def _attach(
        self,
        request: ChangePersonImageRequest | ChangeProjectImageRequest,
        images: dict[int, int],
        owner: int | None,
    ) -> Outcome:
        """Blob id 0, or none, which WCF reads as 0, removes the picture [WSDL]."""
        blob_id = request.blob_id
        if blob_id and blob_id not in self.blobs and not 0 < blob_id <= self._forgotten:
            return refused(request.operation, REFUSALS["blob-unknown"])
        if blob_id:
            images[owner or 0] = blob_id
        else:
            images.pop(owner or 0, None)
        return Outcome(Response(succeeded=True))

    def _image_of(self, blob_id: int | None) -> Outcome:
        blob = self.blobs.get(blob_id or 0)
        return Outcome(ImageResponse(succeeded=True, image=None if blob is None else blob.image))

    def _is_image(self, image: bytes) -> bool:
        picture = inspect(BytesReader(image))
        if self._settings.image_check == "named":
            return picture.format in NAMED_IMAGE_FORMATS
        return picture.format is not None

    def _new_id(self) -> int:
        while self._next_id in self.blobs or self._next_id <= self._forgotten:
            self._next_id += 1
        return self._next_id


def refused(operation: Operation, refusal: Refusal) -> Outcome:
    """Return the outcome of a call that is refused."""
    return Outcome(failed_response(operation, refusal), refusal=refusal)
