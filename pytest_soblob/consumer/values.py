"""What a consumer is given, and what a team says about it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pytest_soblob._basics.numbers import is_number, is_whole
from pytest_soblob._redacted import Redacted
from pytest_soblob._text import did_you_mean
from pytest_soblob.consumer.foreign import repr_of
from pytest_soblob.contract import BlobLinkType, find_link_type
from pytest_soblob.errors import SoblobError

RETRIES: Final = ("never", "once-if-not-stored")
EMPTY_IMAGES: Final = ("either", "sent", "refused")


class NotUploaded(Exception):  # noqa: N818 -- an outcome, not an error of the kit
    """Raised by `upload` where the client refused the call before it sent a request."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Upload(Redacted):
    """One call that a scenario makes.

    Attributes:
        image: The bytes to upload.
        type: The name of the link type, such as `PersonImage`.
        description: The text, or None for no description.
    """

    image: bytes
    type: str = "PersonImage"
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Target(Redacted):
    """Where a client connects to, and with which credentials.

    Attributes:
        url: The URL of the BLOB service.
        principal_url: The URL of the SoPrincipal service, which gives out tickets.
        ticket: The ticket to send, or None where the client logs in by itself.
        application_token: The application token to send, or None for none.
        user: The user to log in as.
        password: The password of that user.
    """

    url: str
    principal_url: str
    ticket: str | None
    application_token: str | None
    user: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What a client can do, where a right client may differ from another.

    Attributes:
        max_image_bytes: The largest image that the client accepts, in bytes, or None for no limit.
            A larger one must be refused with `NotUploaded`, and no request may be sent.
        types: The names of the link types that the client uploads. The scenarios of the others are
            not due.
        empty_image: What the client does with an image of 0 bytes: `sent`, `refused`, or `either`.
        images_only: Whether the client refuses bytes that are no image.
        retries: `never`, or `once-if-not-stored`: a second request is right where the first one
            stored nothing.
        timeout_s: The client's own time limit for a call, in seconds.
        property_examples: The number of generated examples of each property scenario; 0 leaves
            these scenarios out.
        memory: Whether the scenario that measures the memory of this process is played.
        online: Whether the client is also for Online installations, which require an application
            token. Where False, `auth.token-sent-online` is not due.

    Raises:
        SoblobError: A value is invalid.
    """

    max_image_bytes: int | None = None
    types: Sequence[str] = tuple(str(one) for one in BlobLinkType)
    empty_image: str = "either"
    images_only: bool = False
    retries: str = "once-if-not-stored"
    timeout_s: float = 5.0
    property_examples: int = 0
    memory: bool = False
    online: bool = True

    def __post_init__(self) -> None:
        _check_choice("retries", self.retries, RETRIES)
        _check_choice("empty_image", self.empty_image, EMPTY_IMAGES)
        limit = self.max_image_bytes
        if limit is not None and not (is_whole(limit) and limit >= 1):
            raise SoblobError(
                f"max_image_bytes must be 1 or more, or None, not {repr_of(limit):.60}"
            )
        if not (is_number(self.timeout_s) and self.timeout_s > 0):
            said = repr_of(self.timeout_s)
            raise SoblobError(f"timeout_s must be more than 0 seconds, not {said:.60}")
        if not (is_whole(self.property_examples) and self.property_examples >= 0):
            said = repr_of(self.property_examples)
            raise SoblobError(f"property_examples must be 0 or more, not {said:.60}")
        for name in ("images_only", "memory", "online"):
            value = getattr(self, name)
            if not isinstance(value, bool):
                raise SoblobError(f"{name} must be True or False, not {repr_of(value):.60}")
        object.__setattr__(self, "types", _link_types(self.types))

    def accepts(self, image: bytes) -> bool:
        """Return whether the client uploads an image of this size."""
        return self.max_image_bytes is None or len(image) <= self.max_image_bytes


def _check_choice(name: str, value: object, choices: Sequence[str]) -> None:
    if not isinstance(value, str) or value not in choices:
        hint = did_you_mean(value, choices) if isinstance(value, str) else ""
        raise SoblobError(
            f"{name} must be one of {', '.join(choices)}, not {repr_of(value):.60}{hint}"
        )


def _link_types(given: object) -> tuple[str, ...]:
    if isinstance(given, str):
        given = (given,)
    if not isinstance(given, Iterable) or isinstance(given, Mapping | bytes):
        raise SoblobError(f"types must be a list of link types, not {repr_of(given):.60}")
    names = tuple(str(find_link_type(one)) for one in given)
    if not names:
        raise SoblobError("types must name at least one link type: leave it out for all 16")
    return names
