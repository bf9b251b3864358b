"""The same message in every legal form: `spellings()`."""

from collections.abc import Collection, Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from pytest_soblob._text import clip
from pytest_soblob.contract import Profile
from pytest_soblob.generate.serialization import Serialization, choices_of
from pytest_soblob.generate.specimens import EnvelopeBytes, Message
from pytest_soblob.soap.messages import Fault, SaveImageStreamRequest, SaveImageStreamResponse
from pytest_soblob.strategies._arguments import check_drawn
from pytest_soblob.strategies._envelopes import PROFILES, checked_profiles
from pytest_soblob.strategies._naming import changed, number_below, shown_as

# Four numbers, each of which says several things, so that they are drawn independently.
_GROUPS = (
    ("prefixes", "nil", "blocks", "xsi_type"),
    ("space", "comments", "cdata", "references", "declarations"),
    ("encoding", "declaration", "wrap", "line_end"),
    ("numbers", "must_understand", "foreign", "tags"),
)
_SEEDS = 251
_PROFILE_NUMBERS = 9
_MESSAGES = (SaveImageStreamRequest, SaveImageStreamResponse, Fault)


def spellings(
    message: Message | st.SearchStrategy[Message],
    *,
    profiles: Collection[Profile | str] = PROFILES,
) -> st.SearchStrategy[EnvelopeBytes]:
    """Draw envelopes that are all the same message, in every legal form.

    Prefixes, places of declarations, white space and comments, CDATA and references, xsi:type and
    xsi:nil, the order of header blocks, mustUnderstand and foreign blocks, encodings and byte order
    marks, XML declarations, wrapped base64, and the forms that numbers and booleans may have.

    Args:
        message: A `SaveImageStreamRequest`, `SaveImageStreamResponse` or `Fault`, or a strategy
            that draws them, such as `responses()`.
        profiles: The forms to choose from: `wsdl`, `soap12`, `documented`.

    Shrinks to the plainest form of the message.

    Raises:
        InvalidArgument: `message` is none of these; `profiles` is empty, or contains an unknown
            profile or `auto`.
    """
    if not isinstance(message, (*_MESSAGES, st.SearchStrategy)):
        raise InvalidArgument(
            f"message={clip(repr(message), 80)} must be a SaveImageStreamRequest, a "
            "SaveImageStreamResponse, a Fault, or a strategy of these"
        )
    given = {"profiles": list(map(str, checked_profiles(profiles)))}
    return _spellings_drawn(message, **changed(given, {"profiles": list(map(str, PROFILES))}))  # type: ignore[arg-type]


@shown_as("spellings")
def _spellings_drawn(
    draw: st.DrawFn,
    message: Message | st.SearchStrategy[Message],
    profiles: Sequence[str] = PROFILES,
) -> EnvelopeBytes:
    if isinstance(message, st.SearchStrategy):
        written = check_drawn("message", message, draw(message), *_MESSAGES)
    else:
        written = message
    profile = profiles[draw(number_below(_PROFILE_NUMBERS)) % len(profiles)]
    chosen: dict[str, Any] = {}
    for names in _GROUPS:
        chosen |= _decoded(draw(number_below(_count(names))), names)
    how = Serialization(**chosen, seed=draw(number_below(_SEEDS)))
    return EnvelopeBytes(written, profile=profile, spelling=how)


def _count(names: Sequence[str]) -> int:
    count = 1
    for name in names:
        count *= len(choices_of(name))
    return count


def _decoded(number: int, names: Sequence[str]) -> dict[str, Any]:
    """Return the choice that the number stands for, of each of these attributes."""
    chosen = {}
    for name in names:
        number, index = divmod(number, len(choices_of(name)))
        chosen[name] = choices_of(name)[index]
    return chosen
