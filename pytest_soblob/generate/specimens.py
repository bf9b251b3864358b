"""Envelopes as values: bytes that keep the message they were made of, with a short `repr`.

::

    EnvelopeBytes(SaveImageStreamRequest(type="PersonImage", ticket="7T:..."), profile="soap12")
    MalformedBytes("body.empty", SaveImageStreamRequest(ticket="7T:..."))

Evaluating the `repr` of either rebuilds it. Hypothesis is not needed.
"""

from typing import Any, Self

from pytest_soblob.contract import Installation, Profile
from pytest_soblob.errors import SoblobError
from pytest_soblob.generate.mutations import Mutation, apply, find_mutations
from pytest_soblob.generate.serialization import Serialization, serialize
from pytest_soblob.soap.binding import Spelling
from pytest_soblob.soap.messages import Fault, SaveImageStreamRequest, SaveImageStreamResponse

Message = SaveImageStreamRequest | SaveImageStreamResponse | Fault


class EnvelopeBytes(bytes):
    """The bytes of a valid envelope.

    Attributes:
        message: The typed message.
        profile: Profile in whose form it is written.
        spelling: XML form in which it is written.
    """

    message: Message
    profile: Profile
    spelling: Spelling | Serialization

    def __new__(
        cls,
        message: Message,
        *,
        profile: Profile | str = Profile.WSDL,
        spelling: Spelling | Serialization | None = None,
    ) -> Self:
        """Write the message in that form and spelling.

        Args:
            message: Typed message.
            profile: Form of the envelope.
            spelling: Way of writing it, or None for `Spelling()`.

        Raises:
            SoblobError: A text holds a character that XML 1.0 cannot carry.
        """
        spelling = spelling or Spelling()
        if isinstance(spelling, Serialization):
            self = super().__new__(cls, serialize(message, profile, spelling))
        else:
            self = super().__new__(cls, message.to_bytes(profile, spelling))
        self.message, self.profile, self.spelling = message, Profile(profile), spelling
        return self

    def __repr__(self) -> str:
        return f"EnvelopeBytes({self.message!r}{_options(self.profile, self.spelling)})"

    def __reduce__(self) -> Any:
        return _rebuild_envelope, (self.message, self.profile, self.spelling)


class MalformedBytes(bytes):
    """The bytes of a message that breaks one rule, made from a valid envelope.

    Attributes:
        rule: Id of the rule that the message breaks.
        mutation: The change to the valid envelope.
        message: The typed message before the change.
        profile: Profile in whose form it is written, and by which to judge it.
        spelling: XML form in which it was written before the change.
    """

    rule: str
    mutation: Mutation
    message: Message
    profile: Profile
    spelling: Spelling

    @property
    def installation(self) -> Installation:
        """The installation to judge it for: `online` if the rule applies only there."""
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
        """Write the message, then apply one of the mutations that break the rule.

        Args:
            rule: The rule's id.
            message: Has all that the rule is about, a type, an image, an exception.
            variant: Which of the ways, counted from 0.
            profile: The form.
            spelling: Way of writing it before it is broken, or None for `Spelling()`.

        Raises:
            SoblobError: If there is no such mutation for the message, if the spelling lacks a
                prefix, or if a text has a character that XML 1.0 does not allow.
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
            # A default namespace would apply to the elements that a mutation puts in no namespace.
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


def _options(profile: Profile, spelling: Spelling | Serialization) -> str:
    shown = "" if profile is Profile.WSDL else f", profile={str(profile)!r}"
    return shown + ("" if spelling == Spelling() else f", spelling={spelling!r}")


def _rebuild_envelope(
    message: Message, profile: Profile, spelling: Spelling | Serialization
) -> EnvelopeBytes:
    return EnvelopeBytes(message, profile=profile, spelling=spelling)


def _rebuild_malformed(
    rule: str, message: Message, variant: int, profile: Profile, spelling: Spelling
) -> MalformedBytes:
    return MalformedBytes(rule, message, variant=variant, profile=profile, spelling=spelling)
