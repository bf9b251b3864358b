"""The accounts that can log in to the endpoint, and their rights."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from pytest_soblob._redacted import Redacted
from pytest_soblob._text import mask
from pytest_soblob.contract import NamedEnum
from pytest_soblob.errors import SoblobError


class Right(NamedEnum):
    """A right of an account. A NetServer has finer rights, whose names are not known.

    `store`: SaveImageStream. `attach`: ChangePersonImage and ChangeProjectImage. `read`:
    GetPersonImage, GetProjectImage and GetBlobStream.
    """

    STORE = "store"
    ATTACH = "attach"
    READ = "read"


# The right that each operation requires.
NEEDED: Final[Mapping[str, Right]] = MappingProxyType(
    {
        "SaveImageStream": Right.STORE,
        "ChangePersonImage": Right.ATTACH,
        "ChangeProjectImage": Right.ATTACH,
        "GetPersonImage": Right.READ,
        "GetProjectImage": Right.READ,
        "GetBlobStream": Right.READ,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Account(Redacted):
    """An account of the endpoint.

    Attributes:
        user: User name to log in with, not empty; compared without regard to case.
        password: Password to log in with; compared exactly.
        tickets: Tickets that are valid from the start of each test, without logging in.
        rights: Rights of the account, as members of `Right` or their names; all by default.

    Raises:
        SoblobError: `user` is empty, a value has the wrong type, or a right is unknown.
    """

    user: str
    password: str = ""
    tickets: tuple[str, ...] = ()
    rights: Iterable[Right | str] = tuple(Right)

    def __post_init__(self) -> None:
        for name, value in (("user", self.user), ("password", self.password)):
            if not isinstance(value, str):
                raise SoblobError(f"{name} must be a str, not a {type(value).__name__}")
        if not self.user:
            raise SoblobError("user must not be empty")
        tickets: Any = self.tickets
        if isinstance(tickets, str):  # it would be read as a tuple of its characters
            raise SoblobError("tickets must be a tuple of strings, not a str")
        object.__setattr__(self, "tickets", tuple(tickets))
        try:
            rights = frozenset(Right(right) for right in self.rights)
        except (ValueError, TypeError):
            names = ", ".join(map(repr, map(str, Right)))
            raise SoblobError(f"rights must be among {names}, not {self.rights!r}") from None
        object.__setattr__(self, "rights", rights)

    def may(self, right: Right) -> bool:
        """Whether the account has a right."""
        return right in frozenset(self.rights)

    def __repr__(self) -> str:
        tickets = tuple(map(mask, self.tickets))
        rights = tuple(str(right) for right in Right if self.may(right))
        return f"Account(user={self.user!r}, tickets={tickets!r}, rights={rights!r})"
