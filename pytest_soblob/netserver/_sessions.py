"""Tickets: whose they are, and how long they are good."""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pytest_soblob.accounts import Account

# Who is behind a ticket that nobody was given by name: it may do all.
ANYBODY: Final = Account(user="anybody")


@dataclass(frozen=True, slots=True)
class Session:
    """What is known of one ticket.

    Attributes:
        account: Whose it is.
        lifetime_s: Seconds that it is good.
        is_foreign: Whether it is another installation's.
    """

    account: Account
    lifetime_s: float
    is_foreign: bool = False


class Sessions:
    """The tickets that one endpoint knows, for as long as it runs: a client may keep its own.

    Args:
        accounts: Whose tickets are good from the start.
        tickets: Further good ones.
        lifetime_s: How long a ticket is good.
    """

    def __init__(
        self, accounts: Iterable[Account], tickets: Iterable[str], lifetime_s: float
    ) -> None:
        self.lifetime_s = lifetime_s
        self._issued = 0
        self._known = {ticket: Session(ANYBODY, lifetime_s) for ticket in tickets}
        for account in accounts:
            self._known |= {ticket: Session(account, lifetime_s) for ticket in account.tickets}
        self.takes_any = not self._known and not tuple(accounts)

    def find(self, ticket: str) -> Session | None:
        """Return what is known of a ticket, None where nothing is."""
        session = self._known.get(ticket)
        if session is None and self.takes_any:
            return Session(ANYBODY, self.lifetime_s)
        return session

    def knows(self, ticket: str) -> bool:
        """Whether it was given out, and not only taken as it came."""
        return ticket in self._known

    def issue(self, account: Account, lifetime_s: float | None, *, is_foreign: bool) -> str:
        """Return a new ticket of that account."""
        self._issued += 1
        digest = hashlib.sha256(f"{account.user} {self._issued}".encode()).digest()
        ticket = f"7T:{base64.b64encode(digest[:24]).decode()}"
        lifetime = self.lifetime_s if lifetime_s is None else lifetime_s
        self._known[ticket] = Session(account, lifetime, is_foreign)
        return ticket
