"""Tickets: their accounts and lifetimes."""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pytest_soblob.accounts import Account

# The account of a ticket that belongs to no named account; it has all rights.
ANYBODY: Final = Account(user="anybody")


@dataclass(frozen=True, slots=True)
class Session:
    """What is known about one ticket.

    Attributes:
        account: Account of the ticket.
        lifetime_s: Lifetime in seconds.
        is_foreign: True if it belongs to another installation.
    """

    account: Account
    lifetime_s: float
    is_foreign: bool = False


class Sessions:
    """The tickets that one endpoint knows as long as it runs, since a client may keep its own.

    Args:
        accounts: Accounts whose tickets are valid from the start.
        tickets: Further valid tickets.
        lifetime_s: Lifetime of a ticket in seconds.
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
        """Return what is known about a ticket, or None."""
        session = self._known.get(ticket)
        if session is None and self.takes_any:
            return Session(ANYBODY, self.lifetime_s)
        return session

    def knows(self, ticket: str) -> bool:
        """Return True if the ticket was issued or configured, rather than just accepted."""
        return ticket in self._known

    def issue(self, account: Account, lifetime_s: float | None, *, is_foreign: bool) -> str:
        """Return a new ticket of an account.

        Args:
            account: Account of the ticket.
            lifetime_s: Lifetime in seconds, or None for the default.
            is_foreign: True for a ticket of another installation.
        """
        self._issued += 1
        name = f"{account.user} {self._issued}".encode("utf-8", "surrogatepass")
        digest = hashlib.sha256(name).digest()
        ticket = f"7T:{base64.b64encode(digest[:24]).decode()}"
        lifetime = self.lifetime_s if lifetime_s is None else lifetime_s
        self._known[ticket] = Session(account, lifetime, is_foreign)
        return ticket
