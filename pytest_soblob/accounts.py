"""Who may log in to the endpoint, and what they may do there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from pytest_soblob._text import mask
from pytest_soblob.errors import SoblobError


class Right(StrEnum):
    """What an account may do; a NetServer's own rights are finer, and their names not known.

    `store`: SaveImageStream. `attach`: ChangePersonImage and ChangeProjectImage. `read`:
    GetPersonImage, GetProjectImage and GetBlobStream.
    """

    STORE = "store"
    ATTACH = "attach"
    READ = "read"


# What each operation needs.
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


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Account:
    """A user of the endpoint.

    Attributes:
        user: The name to log in with; compared without regard to case.
        password: Compared exactly.
        tickets: That are good from the start of each test on, without logging in.
        rights: What the account may do, as `Right` or by name; all by default.

    Raises:
        SoblobError: The user is empty, or a right is none.
    """

    user: str
    password: str = ""
    tickets: tuple[str, ...] = ()
    rights: Iterable[Right | str] = tuple(Right)

    def __post_init__(self) -> None:
        for name, value in (("user", self.user), ("password", self.password)):
            if not isinstance(value, str):
                raise SoblobError(f"{name} must be a text, not a {type(value).__name__}")
        if not self.user:
            raise SoblobError("an account needs a user")
        tickets: Any = self.tickets
        if isinstance(tickets, str):  # it would be taken apart into its letters
            raise SoblobError("tickets must be a tuple of strings, not a str")
        object.__setattr__(self, "tickets", tuple(tickets))
        try:
            rights = frozenset(Right(right) for right in self.rights)
        except (ValueError, TypeError):
            names = ", ".join(map(repr, map(str, Right)))
            raise SoblobError(f"rights must be of {names}, not {self.rights!r}") from None
        object.__setattr__(self, "rights", rights)

    def may(self, right: Right) -> bool:
        """Whether the account has that right."""
        return right in frozenset(self.rights)

    def __repr__(self) -> str:
        tickets = tuple(map(mask, self.tickets))
        rights = tuple(str(right) for right in Right if self.may(right))
        return f"Account(user={self.user!r}, tickets={tickets!r}, rights={rights!r})"
