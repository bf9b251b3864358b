"""`Provider`: a running provider as the fixture `soblob_provider` gives it to a test."""

from dataclasses import replace

from pytest_soblob._basics.numbers import is_whole
from pytest_soblob.conformance.providers.answers import Reading
from pytest_soblob.conformance.providers.pacing import GaveUpError, SpentError
from pytest_soblob.conformance.providers.reads import probe_login
from pytest_soblob.conformance.providers.report import Report
from pytest_soblob.conformance.providers.session import Session
from pytest_soblob.conformance.providers.uploads import Uploader
from pytest_soblob.conformance.providers.values import Credentials, Options
from pytest_soblob.conformance.providers.verifying import open_session, verify_provider
from pytest_soblob.contract import BlobLinkType, find_link_type
from pytest_soblob.errors import ContractViolationError, SoblobError


class Provider:
    """A running provider of `BLOB.svc`, such as an installation that a team tests against.

    Args:
        url: URL of `BLOB.svc`.
        credentials: What to call it with; None for nothing.
        options: How to call it; None for the defaults, which allow no uploads.

    Raises:
        SoblobError: The URL is invalid.
    """

    def __init__(
        self, url: str, credentials: Credentials | None = None, options: Options | None = None
    ) -> None:
        self._session = open_session(url, credentials, options)
        self._uploader = Uploader(self._session)

    def __repr__(self) -> str:
        return f"<Provider {self.url}>"

    @property
    def url(self) -> str:
        """URL of `BLOB.svc`, without a query."""
        return self._session.address.url

    @property
    def credentials(self) -> Credentials:
        """What it is called with; the ticket may come from a log-in."""
        return self._session.credentials

    @property
    def blob_ids(self) -> tuple[int, ...]:
        """Ids of the blobs that `upload` has stored."""
        return tuple(self._session.blob_ids)

    def upload(
        self,
        image: bytes | None = None,
        *,
        type: BlobLinkType | str = BlobLinkType.PersonImage,
        description: str = "",
    ) -> int:
        """Upload an image, and return its blob id.

        Args:
            image: Bytes of the image; None for a small PNG that no other upload has.
            type: Link type or its name.
            description: What follows the prefix `soblob-verify-` and the run's id, which each
                description has.

        Returns:
            The blob id, over 0.

        Raises:
            ContractViolationError: The provider refuses it, or answers without a blob id.
            SoblobError: An argument is invalid; uploads are not allowed, or their limit is
                reached; or the log-in fails.
        """
        __tracebackhide__ = True
        if image is not None and not isinstance(image, bytes):
            raise SoblobError(f"image must be bytes, not a {image.__class__.__name__}")
        if not self._session.options.allow_writes:
            raise SoblobError(
                "uploads are not allowed: give --soblob-allow-writes=yes to pytest, or "
                "Options(allow_writes=True)"
            )
        session = self._ready()
        request = replace(self._uploader.request(image, description), type=find_link_type(type))
        try:
            sent = session.call(request.to_http_request("wsdl"), is_upload=True)
        except (SpentError, GaveUpError) as error:
            raise SoblobError(session.hidden(str(error))) from None
        reading, blob_id = self._uploader.note(sent)
        if blob_id is None:
            raise _failed(session, "the upload is refused or has no blob id", reading)
        return blob_id

    def get_blob(self, blob_id: int) -> bytes:
        """Return the bytes of a blob, by GetBlobStream.

        Raises:
            ContractViolationError: The provider refuses it, or answers without an image.
            SoblobError: `blob_id` is no int; the provider does not answer, or the log-in fails.
        """
        __tracebackhide__ = True
        if not is_whole(blob_id):
            raise SoblobError(f"blob_id must be an int, not {blob_id!r:.60}")
        session = self._ready()
        try:
            _, reading = self._uploader.get(blob_id)
        except GaveUpError as error:
            raise SoblobError(session.hidden(str(error))) from None
        if reading.image is None:
            raise _failed(session, f"blob {blob_id} cannot be read", reading)
        return reading.image

    def verify(self, *, only: tuple[str, ...] = (), behaviour: str | None = None) -> Report:
        """Send the probes of `soblob verify`, and return the report.

        Args:
            only: Patterns of the ids of probes to send, as `refusal.*`; empty for all.
            behaviour: `wcf` to compare the rows of a .NET host; None for no comparison.

        Returns:
            The report: `.findings`, `.is_clean`, `.to_text()`, `.to_json()`.

        Raises:
            SoblobError: An argument is invalid, or the provider cannot be reached.
        """
        session = self._session
        options = replace(session.options, only=only, behaviour=behaviour, run_id=session.run_id)
        return verify_provider(self.url, session.credentials, options)

    def _ready(self) -> Session:
        """Return the session, logged in if there is a user and no ticket."""
        self._session.probe = "soblob_provider"
        probe_login(self._session)
        return self._session


def _failed(session: Session, what: str, reading: Reading) -> ContractViolationError:
    return ContractViolationError(f"{what}: {session.hidden(reading.text)}")
