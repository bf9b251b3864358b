"""Envelopes as values: bytes that know what they were made of, with a short `repr`.

::

    EnvelopeBytes(SaveImageStreamRequest(type="PersonImage", ticket="7T:..."), profile="soap12")
    MalformedBytes("body.empty", SaveImageStreamRequest(ticket="7T:..."))

Both rebuild from their `repr`; both work without Hypothesis.
"""

from typing import Any, Self

from pytest_soblob.binding import Spelling
from pytest_soblob.contract import Installation, Profile
from pytest_soblob.errors import SoblobError
from pytest_soblob.messages import Fault, SaveImageStreamRequest, SaveImageStreamResponse
from pytest_soblob.mutations import Mutation, apply, find_mutations

Message = SaveImageStreamRequest | SaveImageStreamResponse | Fault


class EnvelopeBytes(bytes):
    """The bytes of an envelope.

    Attributes:
        message: The typed message in it.
        profile: The form it has.
        spelling: How it is written.
    """

    message: Message
    profile: Profile
    spelling: Spelling

    def __new__(
        cls,
        message: Message,
        *,
        profile: Profile | str = Profile.WSDL,
        spelling: Spelling | None = None,
    ) -> Self:
        """Write the message in that form and spelling."""
        spelling = spelling or Spelling()
        self = super().__new__(cls, message.to_bytes(profile, spelling))
        self.message, self.profile, self.spelling = message, Profile(profile), spelling
        return self

    def __repr__(self) -> str:
        return f"EnvelopeBytes({self.message!r}{_options(self.profile, self.spelling)})"

    def __reduce__(self) -> Any:
        return _rebuild_envelope, (self.message, self.profile, self.spelling)


class MalformedBytes(bytes):
    """Bytes that break one rule, and were right before.

    Attributes:
        rule: The id of the rule that they break.
        mutation: What was done to the right envelope.
        message: The typed message that was in it.
        profile: The form it has: judge it by this one.
        spelling: How it is written.
    """

    rule: str
    mutation: Mutation
    message: Message
    profile: Profile
    spelling: Spelling

    @property
    def installation(self) -> Installation:
        """The installation to judge it by: `online` where a rule is about that."""
        return self.mutation.installation

    def __new__(
        cls,
        rule: str,
        message: Message,
        *,
        variant: int = 0,
        profile: Profile | str = Profile.WSDL,
        spelling: Spelling | None = None,
    ) -> Self:
        """Write the message, then break the rule in one of the ways to break it.

        Args:
            rule: The rule's id.
            message: Has all that the rule is about, a type, an image, an exception.
            variant: Which of the ways, counted from 0.
            profile: The form.
            spelling: How it is written before it is broken.

        Raises:
            SoblobError: There is no such way to break that rule in such a message.
        """
        kind = "request" if isinstance(message, SaveImageStreamRequest) else "response"
        ways = find_mutations(kind, rule=rule, profile=Profile(profile), message=message)
        if not 0 <= variant < len(ways):
            raise SoblobError(
                f"there are {len(ways)} ways to break {rule!r} in this {kind}, so no variant "
                f"{variant!r}"
            )
        spelling = spelling or Spelling()
        if not (spelling.soap_prefix and spelling.netserver_prefix):
            # A default namespace would take back in what a mutation puts into no namespace.
            raise SoblobError("a malformed message needs prefixes, not default namespaces")
        data = apply(ways[variant], message.to_bytes(profile, spelling))
        self = super().__new__(cls, data)
        self.rule, self.mutation, self.message = rule, ways[variant], message
        self.profile, self.spelling = Profile(profile), spelling
        self._variant = variant
        return self

    def __repr__(self) -> str:
        variant = f", variant={self._variant}" if self._variant else ""
        options = _options(self.profile, self.spelling)
        return f"MalformedBytes({self.rule!r}, {self.message!r}{variant}{options})"

    def __reduce__(self) -> Any:
        arguments = (self.rule, self.message, self._variant, self.profile, self.spelling)
        return _rebuild_malformed, arguments

    _variant: int


def _options(profile: Profile, spelling: Spelling) -> str:
    shown = "" if profile is Profile.WSDL else f", profile={str(profile)!r}"
    return shown + ("" if spelling == Spelling() else f", spelling={spelling!r}")


def _rebuild_envelope(message: Message, profile: Profile, spelling: Spelling) -> EnvelopeBytes:
    return EnvelopeBytes(message, profile=profile, spelling=spelling)


def _rebuild_malformed(
    rule: str, message: Message, variant: int, profile: Profile, spelling: Spelling
) -> MalformedBytes:
    return MalformedBytes(rule, message, variant=variant, profile=profile, spelling=spelling)
