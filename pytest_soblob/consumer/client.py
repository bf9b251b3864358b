"""A consumer as the runner sees it, in whatever language it is written."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from pytest_soblob.consumer.outcomes import Outcome
from pytest_soblob.consumer.scenario import Need
from pytest_soblob.consumer.values import Abilities, Target, Upload
from pytest_soblob.settings import SoblobSettings


class Client(Protocol):
    """One client, connected to one endpoint."""

    @property
    def shared(self) -> bool:
        """Whether calls of other scenarios were open beside its own, in the same process."""

    def upload(self, call: Upload) -> Outcome:
        """Upload an image. May be called in several threads at once with `Need.THREADS`."""

    def said(self) -> Mapping[str, str]:
        """Return what the client has made readable so far, by the place where it stands."""


@runtime_checkable
class Session(Client, Protocol):
    """A client of a consumer that offers `attach` or `authenticate`."""

    def attach(self, call: Upload, person_id: int) -> Outcome | None:
        """Upload an image and attach it to a person; None means that the client is content."""

    def authenticate(self, user: str, password: str) -> Outcome | None:
        """Log in; None means that the client is content."""


class Consumer(Protocol):
    """The code under test."""

    @property
    def abilities(self) -> Abilities:
        """What its team says about it."""

    @property
    def settings(self) -> SoblobSettings:
        """The settings that an endpoint for it begins with."""

    @property
    def offers(self) -> frozenset[Need]:
        """What it can do beyond single calls."""

    @property
    def limit_s(self) -> float:
        """The time limit of a call, in seconds."""

    def connect(
        self, target: Target, *, listens: bool = False, alone: bool = False
    ) -> AbstractContextManager[Client]:
        """Return a client for a target.

        Args:
            target: Where it connects to.
            listens: Whether what it writes to standard output, standard error and its logs is
                collected for `Client.said`.
            alone: Whether it shares no process with clients of other scenarios.
        """
