"""What a test sees of the endpoint: exchanges, stored images, pictures, the clock."""

from pytest_soblob.endpoint._ledger import Ledger
from pytest_soblob.exchange import Exchange
from pytest_soblob.messages import SaveImageStreamRequest
from pytest_soblob.netserver import Blob, Clock


class Observed:
    """The part of an endpoint that is looked at; all of it is the current view's."""

    _ledger: Ledger

    def _settle(self) -> None:
        """Wait for what is under way; a socket has something to wait for."""

    @property
    def exchanges(self) -> list[Exchange]:
        """Every request and its reply, in the order answered; GETs are not recorded."""
        return self._ledger.view.exchanges

    @property
    def forgotten(self) -> int:
        """How many exchanges came before those, and are not kept any more; with them their blobs.

        0 unless the endpoint was told how many to `keep`.
        """
        view = self._ledger.view
        return view.count - len(view.exchanges)

    @property
    def last_request(self) -> SaveImageStreamRequest | None:
        """The newest SaveImageStream request, as far as it could be read; None without one."""
        messages = (exchange.message for exchange in reversed(self.exchanges))
        return next((m for m in messages if isinstance(m, SaveImageStreamRequest)), None)

    @property
    def blobs(self) -> dict[int, Blob]:
        """The stored images by blob id. A test may put some in."""
        return self._ledger.view.netserver.blobs

    @property
    def orphans(self) -> list[Blob]:
        """Stored images whose id no answer has told anybody."""
        self._settle()  # a client may have hung up a moment ago
        view = self._ledger.view
        return [blob for number, blob in self.blobs.items() if number in view.flow.untold]

    @property
    def person_images(self) -> dict[int, int]:
        """What each person's picture is now: blob ids by person id. A test may put some in."""
        return self._ledger.view.netserver.person_images

    @property
    def project_images(self) -> dict[int, int]:
        """What each project's picture is now: blob ids by project id. A test may put some in."""
        return self._ledger.view.netserver.project_images

    @property
    def clock(self) -> Clock:
        """The clock by which tickets expire; it stands still until a test moves it."""
        return self._ledger.view.netserver.clock

    def issue_ticket(
        self, user: str | None = None, *, lifetime_s: float | None = None, foreign: bool = False
    ) -> str:
        """Return a new ticket, as `SoPrincipal.svc` gives them.

        Args:
            user: An account's; None for anybody, who may do all.
            lifetime_s: Seconds that it is good; None for as long as the settings say.
            foreign: Whether it is one of another installation, which this one refuses.

        Raises:
            SoblobError: There is no such account.
        """
        return self._ledger.view.netserver.issue_ticket(
            user, lifetime_s=lifetime_s, foreign=foreign
        )
