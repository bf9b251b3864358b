"""`NetServer`: takes typed requests, returns typed responses, and keeps the state."""

import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from pytest_soblob._basics.numbers import is_number
from pytest_soblob.accounts import NEEDED, Account
from pytest_soblob.contract import (
    NAMED_IMAGE_FORMATS,
    SAVE_IMAGE_STREAM,
    Installation,
    Operation,
)
from pytest_soblob.errors import SoblobError
from pytest_soblob.images.inspection import BytesReader, Reader, find_format
from pytest_soblob.settings import SoblobSettings
from pytest_soblob.soap.messages import (
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
from pytest_soblob.stub.netserver._blobs import FIRST_BLOB_ID, Blob, blob_id_after
from pytest_soblob.stub.netserver._business_failures import (
    BUSINESS_FAILURES,
    BusinessFailure,
    failed_response,
)
from pytest_soblob.stub.netserver._clock import Clock
from pytest_soblob.stub.netserver._sessions import ANYBODY, Sessions

# Tickets whose age is remembered if the number of kept exchanges is limited.
_MOST_TICKETS: Final = 10_000
# Bytes of an image that are read to recognise its format.
_HEAD_BYTES: Final = 1_024


@dataclass(frozen=True, slots=True)
class ServiceResult:
    """The result of one call.

    Attributes:
        response: The response.
        blob_id: Id under which an image was stored, or None.
        business_failure: Why `Succeeded` is false, or None if it is true.
    """

    response: Response
    blob_id: int | None = None
    business_failure: BusinessFailure | None = None


class NetServer:
    """The state of one test, or of one Hypothesis example.

    Args:
        settings: Installation, accounts, tokens, licence, and the check of images.
        tickets: Valid tickets beside those of the accounts.
        sessions: Tickets issued before, or None for those of the settings.

    Attributes:
        secrets: Tickets, tokens and passwords of the settings.
        clock: Clock by which tickets expire.
        blobs: Stored images by id.
        person_images: Blob id of each person's picture, by person id.
        project_images: Blob id of each project's picture, by project id.
    """

    def __init__(
        self,
        settings: SoblobSettings,
        tickets: Iterable[str] = (),
        sessions: Sessions | None = None,
    ) -> None:
        self._settings = settings
        self.secrets = settings.secrets
        self._sessions = sessions or Sessions(
            settings.accounts, tickets, settings.ticket_lifetime_s
        )
        # When each ticket was issued, or first seen, by this clock; 0 for those of earlier tests.
        self._since_s: dict[str, float] = {}
        self.clock = Clock()
        self.blobs: dict[int, Blob] = {}
        self.person_images: dict[int, int] = {}
        self.project_images: dict[int, int] = {}
        self._next_id = FIRST_BLOB_ID
        self._forgotten = 0  # the largest id of a blob that is no longer kept

    def renewed(self) -> "NetServer":
        """Return a server without blobs, at time 0, that knows the tickets issued so far."""
        return NetServer(self._settings, sessions=self._sessions)

    # -- tickets -------------------------------------------------------------------------------

    def issue_ticket(
        self, user: str | None = None, *, lifetime_s: float | None = None, foreign: bool = False
    ) -> str:
        """Return a new ticket.

        Args:
            user: User name of an account, or None for a user with all rights.
            lifetime_s: Lifetime in seconds, or None for that of the settings.
            foreign: True for a ticket of another installation.

        Raises:
            SoblobError: There is no such account, or the lifetime is invalid.
        """
        account = ANYBODY if user is None else self._find_account(str(user))
        if account is None:
            raise SoblobError(f"there is no account {user!r}")
        if lifetime_s is not None and not (is_number(lifetime_s) and lifetime_s >= 0):
            raise SoblobError(f"lifetime_s must be 0 or more seconds, not {lifetime_s!r}")
        ticket = self._sessions.issue(account, lifetime_s, is_foreign=foreign)
        self._since_s[ticket] = self.clock.now_s
        return ticket

    def admit(
        self, operation: Operation, ticket: str | None, token: str | None
    ) -> BusinessFailure | None:
        """Return why the caller may not call an operation, or None if they may.

        Args:
            operation: Operation to be called.
            ticket: Ticket as sent, or None.
            token: Application token as sent, or None.
        """
        if not self._knows_application(token):
            return BUSINESS_FAILURES["token-unknown"]
        if not operation.needs_credentials:
            return None if self._settings.licensed else BUSINESS_FAILURES["no-licence"]
        if ticket is None or not ticket.strip():
            return BUSINESS_FAILURES["ticket-missing"]
        session = self._sessions.find(ticket)
        if session is None:
            return BUSINESS_FAILURES["ticket-unknown"]
        if session.is_foreign:
            return BUSINESS_FAILURES["ticket-foreign"]
        if self.clock.now_s >= self._since(ticket) + session.lifetime_s:
            return BUSINESS_FAILURES["ticket-expired"]
        if not self._settings.licensed:
            return BUSINESS_FAILURES["no-licence"]
        may = session.account.may(NEEDED[operation.name])
        return None if may else BUSINESS_FAILURES["no-rights"]

    def _since(self, ticket: str) -> float:
        known = self._sessions.knows(ticket)
        return self._since_s.setdefault(ticket, 0.0 if known else self.clock.now_s)

    def _knows_application(self, token: str | None) -> bool:
        settings = self._settings
        if settings.installation is not Installation.ONLINE:
            return True  # not checked on-site, by the documentation page
        if (
            not settings.application_tokens
        ):  # any is valid, but the page says that one must be specified
            return token is not None and bool(token.strip())
        return token in settings.application_tokens

    def _find_account(self, user: str) -> Account | None:
        wanted = user.casefold()
        return next((a for a in self._settings.accounts if a.user.casefold() == wanted), None)

    # -- calls ---------------------------------------------------------------------------------

    def save(
        self,
        read: Callable[[], SaveImageStreamRequest],
        blob_id: int | None = None,
        image: Callable[[], Reader] | None = None,
    ) -> ServiceResult:
        """Store an image, if it passes the check of the settings.

        Args:
            read: Returns the request.
            blob_id: Id to store it under, or None for the next free one.
            image: Returns a reader of the image's bytes, or None to read the request instead.
        """
        if self._settings.image_check != "none" and not self._is_image(
            BytesReader(read().image or b"") if image is None else image()
        ):
            return fail(SAVE_IMAGE_STREAM, BUSINESS_FAILURES["not-an-image"])
        number = self._new_id() if blob_id is None else blob_id
        self.blobs[number] = Blob.kept(number, read)
        response = SaveImageStreamResponse(blob_id=number, succeeded=True)
        return ServiceResult(response, blob_id=number)

    def perform(self, request: Request) -> ServiceResult:
        """Perform any other operation."""
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
                return fail(request.operation, BUSINESS_FAILURES["blob-unknown"])
            case GetBlobStreamRequest():
                return self._image_of(request.blob_id)
        raise SoblobError(f"nothing here does {type(request).__name__}")

    def forget(self, most: int) -> None:
        """Keep only the newest blobs; the ids of the others stay in use.

        The age of the oldest tickets is forgotten as well, if there are more than 10,000.

        Args:
            most: Number of blobs to keep.
        """
        for number in list(self.blobs)[: max(len(self.blobs) - most, 0)]:
            self._forgotten = max(self._forgotten, number)
            del self.blobs[number]
        for ticket in list(self._since_s)[: max(len(self._since_s) - _MOST_TICKETS, 0)]:
            del self._since_s[ticket]

    def _authenticate(self, request: AuthenticateUsernamePasswordRequest) -> ServiceResult:
        user, password = request.user or "", request.password or ""
        account: Account | None = ANYBODY if user and password else None
        if self._settings.accounts:
            account = self._find_account(user)
            known = (account or ANYBODY).password
            if not hmac.compare_digest(*(_bytes_of(text) for text in (password, known))):
                account = None
        if account is None:
            return fail(request.operation, BUSINESS_FAILURES["wrong-password"])
        ticket = self._sessions.issue(account, None, is_foreign=False)
        self._since_s[ticket] = self.clock.now_s
        said: dict[str, str | int | bool] = {"Associate": user, "IsPerson": True, "FullName": user}
        return ServiceResult(
            AuthenticateResponse(succeeded=True, authenticated=True, ticket=ticket, user=said)
        )

    def _attach(
        self,
        request: ChangePersonImageRequest | ChangeProjectImageRequest,
        images: dict[int, int],
        owner: int | None,
    ) -> ServiceResult:
        """Attach a blob; id 0, or no id, which WCF reads as 0, removes the picture [WSDL]."""
        blob_id = request.blob_id
        if blob_id and blob_id not in self.blobs and not 0 < blob_id <= self._forgotten:
            return fail(request.operation, BUSINESS_FAILURES["blob-unknown"])
        if blob_id:
            images[owner or 0] = blob_id
        else:
            images.pop(owner or 0, None)
        return ServiceResult(Response(succeeded=True))

    def _image_of(self, blob_id: int | None) -> ServiceResult:
        blob = self.blobs.get(blob_id or 0)
        return ServiceResult(
            ImageResponse(succeeded=True, image=None if blob is None else blob.image)
        )

    def _is_image(self, image: Reader) -> bool:
        name = find_format(image.read(0, _HEAD_BYTES))
        if self._settings.image_check == "named":
            return name in NAMED_IMAGE_FORMATS
        return name is not None

    def _new_id(self) -> int:
        while self._next_id in self.blobs or self._next_id <= self._forgotten:
            self._next_id = blob_id_after(self._next_id)
        return self._next_id


def _bytes_of(text: str) -> bytes:
    """Return the bytes to compare; no message can carry a password with a lone surrogate."""
    return text.encode("utf-8", "surrogatepass")


def fail(operation: Operation, business_failure: BusinessFailure) -> ServiceResult:
    """Return the result of a call with a business failure."""
    return ServiceResult(
        failed_response(operation, business_failure), business_failure=business_failure
    )
